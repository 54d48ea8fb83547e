/** A card for each allocator that told what it holds. */
import { factList, memoryBar } from "./bars.js";
import { byId, element, keyedList, setAttribute, setShown, setText } from "./dom.js";
import { safe, shareText, sizeText, spanText } from "./text.js";

const TONES_OF_HEALTH = { healthy: "good", warning: "caution", critical: "critical" };

/** Draws the cards; the whole section is away where nobody told anything. */
export function allocatorCards() {
  const none = byId("no-allocators");
  const list = keyedList(
    byId("allocator-cards"),
    ({ pid, device }) => `${pid} ${device}`,
    allocatorCard,
  );
  return ({ reading: { allocators } }) => {
    list(allocators);
    setShown(none, allocators.length === 0);
  };
}

function allocatorCard() {
  const title = element("span");
  const health = element("span", { class: "tone" });
  const state = element("p", { class: "state tone caution" });
  const bar = memoryBar();
  const facts = factList();
  const advice = element("p", { class: "advice" });
  const root = element(
    "article",
    { class: "card" },
    element("h3", { class: "line" }, title, health),
    state,
    bar.root,
    facts.root,
    advice,
  );
  const update = (one) => {
    const { pid, device, is_stale, age_ms } = one;
    const age = spanText(age_ms);
    setText(
      title,
      `${pid === null ? "Process ?" : `Process ${pid}`}, ${
        device === null ? "GPU ?" : `its GPU ${device}`
      }`,
    );
    setText(health, one.health ?? "?");
    setAttribute(health, "class", `tone ${TONES_OF_HEALTH[one.health] ?? "unknown"}`);
    setShown(state, is_stale);
    setText(state, is_stale ? `stale: the last report is ${age} old` : "");
    root.classList.toggle("stale-report", is_stale);
    const reason = "the last report is too old to say anything about now";
    // What is stale is no number of now.
    bar.update({
      label: "Allocated of reserved",
      usedBytes: is_stale ? null : one.allocated_bytes,
      totalBytes: is_stale ? null : one.reserved_bytes,
      reason: one.reserved_bytes === 0 && !is_stale ? "nothing is reserved" : reason,
    });
    facts.update([
      ["Allocated", is_stale ? null : sizeText(one.allocated_bytes), reason],
      ["Reserved", is_stale ? null : sizeText(one.reserved_bytes), reason],
      ["Fragmentation", shareText(one.fragmentation, 1), reason],
      ["Highest allocated", sizeText(one.peak_bytes), "it was not told"],
      ["Step", one.step === null ? null : safe(one.step), "it was not told"],
      ["Report", `${age} old`],
    ]);
    setShown(advice, one.advice !== null);
    setText(advice, one.advice === null ? "" : safe(one.advice));
  };
  return { root, update };
}
