/** How each source of numbers does: what is wrong, and since when. */
import { byId, element, keyedList, setAttribute, setShown, setText, setValue } from "./dom.js";
import { clockText, NONE, safe, spanText, words } from "./text.js";

/** What a machine may well be without. */
const HARMLESS = ["ok", "absent", "not_supported"];

/** `good`, `caution`, `critical`, or `unknown` for what is only not there. */
export function toneOfState(state) {
  if (state === "ok") return "good";
  if (state === "slow") return "caution";
  return HARMLESS.includes(state) ? "unknown" : "critical";
}

/** Draws the table. */
export function sourceTable() {
  const list = keyedList(byId("source-rows"), ({ source }) => source, sourceRow);
  const times = byId("probe-times");
  const general = byId("failures");
  const failureList = keyedList(general, ({ text }) => text, failureEntry);
  return ({ reading }) => {
    list(reading.sources.map((one) => ({ ...one, atMs: reading.at_ms })));
    const { system, driver } = reading.probe_ms;
    setText(
      times,
      `The system answered after ${tookText(system)}, the driver after ${tookText(driver)}.`,
    );
    const told = new Set(reading.sources.map(({ message }) => message));
    const counts = new Map();
    for (const { message } of reading.failures) {
      if (!told.has(message)) counts.set(message, (counts.get(message) ?? 0) + 1);
    }
    const items = [...counts].map(([message, count]) => ({
      text: `${safe(message)}${count > 1 ? ` (${count} times)` : ""}`,
    }));
    failureList(items);
    setShown(byId("failures-part"), items.length > 0);
  };
}

const tookText = (ms) => ms === null ? "? (no answer)" : spanOrMs(ms);
const spanOrMs = (ms) => ms < 1000 ? `${Math.round(ms)} ms` : spanText(ms);

function sourceRow() {
  const name = element("th", { scope: "row" });
  const state = element("td");
  const word = element("span");
  state.append(word);
  const message = element("td", { class: "long" });
  const since = element("td");
  const success = element("td");
  const hangs = element("td", { class: "number" });
  const root = element("tr", {}, name, state, since, success, hangs, message);
  const update = (one) => {
    setText(name, safe(one.source));
    setText(word, words(one.state));
    setAttribute(word, "class", `tone ${toneOfState(one.state)}`);
    setText(message, one.message === null ? "" : safe(one.message));
    setText(since, `${clockText(one.since_ms)} (${spanText(one.atMs - one.since_ms)})`);
    if (one.last_success_ms === null) setValue(success, NONE, "never");
    else if (one.state === "ok") setValue(success, "now");
    else setValue(success, `${spanText(one.atMs - one.last_success_ms)} ago`);
    setText(hangs, String(one.hangs));
  };
  return { root, update };
}

function failureEntry({ text }) {
  return { root: element("li", {}, text), update() {} };
}
