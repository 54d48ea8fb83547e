/** Colours of the page, from its style sheet, so that both themes have their own. */

/** The value of a custom property now. */
export function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Colours of curves; the style sheet has as many. */
const CURVE_COLORS = 8;
/** Colours of phases. */
const PHASE_COLORS = 6;

/** The colour of the nth curve of a plot. */
export function curveColor(index) {
  return color(`curve-${index % CURVE_COLORS}`);
}

/** Once through the colours, curves are told apart by their dashes. */
export function curveDash(index) {
  return [undefined, [6, 4], [2, 3], [10, 3, 2, 3]][Math.floor(index / CURVE_COLORS) % 4];
}

/** The colour of a phase: the same for every phase of a name. */
export function phaseColor(names, name) {
  return color(`phase-${names.indexOf(name) % PHASE_COLORS}`);
}

/** Follows the system until the button is pressed. */
export function setUpTheme(button, onChange) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
  const show = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    onChange();
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  system.addEventListener("change", show);
  // Paper is white, whatever the screen is.
  let before;
  addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    root.dataset.theme = "light";
    onChange();
  });
  addEventListener("afterprint", () => {
    if (before === undefined) delete root.dataset.theme;
    else root.dataset.theme = before;
    onChange();
  });
  button.setAttribute("aria-pressed", String(isDark()));
}
