/** Changes the page only where something changed, so that focus, selection and scrolling stay. */
import { UNKNOWN } from "./text.js";

/** An element with its attributes and what is in it. Texts become text, never markup. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** The element with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** Puts a text where another one stands. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute; `null` takes it away. */
export function setAttribute(node, name, value) {
  if (node.getAttribute(name) === value) return;
  if (value === null) node.removeAttribute(name);
  else node.setAttribute(name, value);
}

/** Shows a value; `null` is not known, and `reason` says why. */
export function setValue(node, text, reason = null) {
  setText(node, text ?? UNKNOWN);
  setAttribute(node, "title", reason);
  node.classList.toggle("not-known", text === null);
}

/** Shows or hides. */
export function setShown(node, isShown) {
  if (node.hidden === isShown) node.hidden = !isShown;
}

/**
 * A list whose entries stay the same elements while their key is there. `make` gives `{ root, update }` for a new
 * entry. The function returned takes the items in their order; with `keepsOrder` entries that are there do not move.
 */
export function keyedList(parent, keyOf, make) {
  const entries = new Map();
  return (items, keepsOrder = false) => {
    const keys = new Set(items.map(keyOf));
    for (const [key, { root }] of entries) {
      if (keys.has(key)) continue;
      root.remove();
      entries.delete(key);
    }
    const roots = items.map((item) => {
      const key = keyOf(item);
      let entry = entries.get(key);
      if (entry === undefined) entries.set(key, entry = make(item));
      entry.update(item);
      return entry.root;
    });
    if (keepsOrder) parent.append(...roots.filter(({ parentNode }) => parentNode !== parent));
    else putInOrder(parent, roots);
  };
}

/** Moves as few as it can: one that fell goes to the end, one that rose comes forward. */
function putInOrder(parent, roots) {
  roots.forEach((root, i) => {
    const there = parent.children[i];
    if (there === root) return;
    if (there !== undefined && there.nextElementSibling === root) parent.append(there);
    else parent.insertBefore(root, there ?? null);
  });
}
