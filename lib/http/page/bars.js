/** Bars of a memory: used, reserve, free, and the limits of its zones. */
import { element, setAttribute, setShown, setText, setValue } from "./dom.js";
import { shareText, sizeText } from "./text.js";

/** From this share on caution, above this one critical. */
export const CAUTION = 0.75;
export const CRITICAL = 0.9;

/** `good`, `caution` or `critical`; `unknown` where the share is. */
export function zoneOf(ratio) {
  if (ratio === null || !Number.isFinite(ratio)) return "unknown";
  if (ratio > CRITICAL) return "critical";
  return ratio >= CAUTION ? "caution" : "good";
}

/** A part of a whole; `null` where one of them is not known, or there is nothing to be part of. */
export function ratioOf(part, whole) {
  return typeof part === "number" && typeof whole === "number" && whole > 0 ? part / whole : null;
}

/**
 * A bar with its numbers below it. `update({ label, usedBytes, reservedBytes, totalBytes, remark, reason })`:
 * what is not known is hatched.
 */
export function memoryBar() {
  const used = element("div", { class: "used" });
  const reserve = element("div", { class: "reserve" });
  const track = element(
    "div",
    { class: "track" },
    used,
    reserve,
    element("i", { class: "tick at-caution" }),
    element("i", { class: "tick at-critical" }),
  );
  const label = element("span", { class: "label" });
  const percent = element("span", { class: "value share" });
  const amounts = element("span", { class: "value" });
  const remark = element("span", { class: "soft" });
  const root = element(
    "div",
    { class: "memory" },
    element("div", { class: "line" }, label, percent),
    track,
    element("div", { class: "line small" }, amounts, remark),
  );
  const update = (memory) => {
    const { usedBytes, totalBytes, reservedBytes = null, reason = null } = memory;
    const ratio = ratioOf(usedBytes, totalBytes);
    const zone = zoneOf(ratio);
    setAttribute(root, "data-zone", zone);
    setText(label, memory.label);
    setValue(percent, shareText(ratio, 1), reason);
    // The words stand there even where no number does.
    setValue(amounts, amountsText(usedBytes, totalBytes), usedBytes === null ? reason : null);
    setText(remark, memory.remark ?? "");
    setShown(remark, (memory.remark ?? "") !== "");
    used.style.width = widthOf(ratio);
    reserve.style.width = widthOf(ratioOf(reservedBytes, totalBytes));
    meter(track, memory.label, ratio, amounts.textContent);
  };
  return { root, update };
}

const widthOf = (ratio) => `${Math.min(100, Math.max(0, (ratio ?? 0) * 100)).toFixed(2)}%`;

function amountsText(usedBytes, totalBytes) {
  return `${sizeText(usedBytes) ?? "?"} of ${sizeText(totalBytes) ?? "?"}`;
}

/** A meter without a number is none, so that nobody is told 0. */
function meter(track, label, ratio, text) {
  setAttribute(track, "role", ratio === null ? "img" : "meter");
  setAttribute(track, "aria-label", ratio === null ? `${label}: not known` : label);
  setAttribute(track, "aria-valuemin", ratio === null ? null : "0");
  setAttribute(track, "aria-valuemax", ratio === null ? null : "100");
  setAttribute(
    track,
    "aria-valuenow",
    ratio === null ? null : String(Math.min(100, Math.round(ratio * 100))),
  );
  setAttribute(track, "aria-valuetext", ratio === null ? null : text);
}

/** A list of small facts: `update([[label, text, reason], …])`. */
export function factList() {
  const root = element("dl", { class: "numbers" });
  const entries = new Map();
  const update = (facts) => {
    for (const [label, text, reason] of facts) {
      let entry = entries.get(label);
      if (entry === undefined) {
        const value = element("dd", { class: "value" });
        const pair = element("div", {}, element("dt", {}, label), value);
        entries.set(label, entry = { value, pair });
        root.append(pair);
      }
      setValue(entry.value, text, text === null ? reason : null);
    }
    const labels = new Set(facts.map(([label]) => label));
    for (const [label, { pair }] of entries) setShown(pair, labels.has(label));
  };
  return { root, update };
}

/** Sentences that say why, folded together: `update(sentences)`. */
export function reasonList() {
  const summary = element("summary");
  const list = element("ul");
  const root = element("details", { class: "reasons" }, summary, list);
  const update = (sentences) => {
    setShown(root, sentences.length > 0);
    setText(summary, `Why something is not known (${sentences.length})`);
    while (list.children.length > sentences.length) list.lastChild.remove();
    sentences.forEach((sentence, i) => {
      if (list.children[i] === undefined) list.append(element("li"));
      setText(list.children[i], sentence);
    });
  };
  return { root, update };
}
