/** What is wrong now, at the head of the page and in the title of the window: alarms, alerts, sources. */
import { ratioOf, zoneOf } from "./bars.js";
import { byId, element, keyedList, setAttribute, setShown, setText } from "./dom.js";
import { fullestOf } from "./known.js";
import { toneOfState } from "./sources.js";
import { clockText, rounded, safe, spanText, words } from "./text.js";

/** Draws the badge, the title and the list. */
export function troubleBoard() {
  const badge = byId("badge");
  const badgeOf = byId("badge-of");
  const list = keyedList(byId("troubles"), ({ key }) => key, troubleEntry);
  const name = document.title;
  return (known) => {
    const { reading, isStale } = known;
    const memory = isStale ? null : fullestMemory(reading);
    const text = memory === null ? "[Mem:?]" : `[Mem:${rounded(memory.ratio * 100, 0)}%]`;
    setText(badge, text);
    setAttribute(badge, "class", `badge tone ${zoneOf(memory?.ratio ?? null)}`);
    const why = isStale ? "the data is old" : "no memory is known";
    setText(badgeOf, memory === null ? why : memory.of);
    const alarm = reading.has_memory_alarm && !isStale ? "⚠ " : "";
    const title = `${text} ${alarm}${name}`;
    if (document.title !== title) document.title = title;
    const items = troublesOf(reading);
    list(items);
    setShown(byId("troubles"), items.length > 0);
  };
}

/** The allocator nearest to its end; without one the fullest GPU or RAM. */
function fullestMemory(reading) {
  const allocator = fullestOf(reading);
  if (allocator !== null) {
    const owner = allocator.pid === null ? "" : ` of process ${allocator.pid}`;
    return { ratio: allocator.memory_usage_percent / 100, of: `allocator${owner}` };
  }
  const memories = [
    ...(reading.gpu?.devices ?? []).map((device) => ({
      ratio: ratioOf(device.used_bytes, device.total_bytes),
      of: `GPU ${device.index}`,
    })),
    { ratio: ratioOf(reading.system?.used_bytes, reading.system?.total_bytes), of: "RAM" },
  ];
  return memories.reduce(
    (found, one) => one.ratio !== null && one.ratio > (found?.ratio ?? -1) ? one : found,
    null,
  );
}

function troublesOf({ alarms, alerts, sources, at_ms }) {
  return [
    ...alarms.map(({ part, device, pid, message }, i) => ({
      key: `alarm ${part} ${device} ${pid} ${i}`,
      tone: "critical",
      word: "MEMORY",
      text: safe(message),
    })),
    ...alerts.map(({ id, severity, message }) => ({
      key: `alert ${id}`,
      tone: severity === "critical" ? "critical" : "caution",
      word: words(severity).toUpperCase(),
      text: safe(message),
    })),
    ...sources.filter(({ state }) => ["critical", "caution"].includes(toneOfState(state)))
      .map(({ source, state, message, since_ms }) => ({
        key: `source ${source}`,
        tone: toneOfState(state),
        word: words(state).toUpperCase(),
        text: `${safe(source)} since ${clockText(since_ms)} (${spanText(at_ms - since_ms)})${
          message === null ? "" : `: ${safe(message)}`
        }`,
      })),
  ];
}

function troubleEntry() {
  const word = element("span", { class: "word" });
  const text = element("span");
  const root = element("li", {}, word, text);
  const update = (trouble) => {
    setAttribute(root, "class", `verdict ${trouble.tone}`);
    setText(word, trouble.word);
    setText(text, trouble.text);
  };
  return { root, update };
}
