/** Phases and alerts: those that are on, and those of the last hour. */
import { byId, element, keyedList, setAttribute, setShown, setText } from "./dom.js";
import { clockText, safe, spanText, words } from "./text.js";

/** Draws both lists. */
export function incidentLists() {
  const phases = keyedList(byId("phase-list"), ({ key }) => key, phaseEntry);
  const alerts = keyedList(byId("alert-list"), ({ key }) => key, alertEntry);
  return (known) => {
    const atMs = known.reading.at_ms;
    const every = [[known.phases.all, phases, "no-phases"], [
      known.alerts.all,
      alerts,
      "no-alerts",
    ]];
    for (const [all, list, none] of every) {
      list(all.map((one) => ({ ...one, atMs })));
      setShown(byId(none), all.length === 0);
    }
  };
}

/** `since 14:03:21 (2 min 5 s)`, `14:03:21 to 14:05:26 (2 min 5 s)`. */
function timesText({ began_at_ms, ended_at_ms, atMs }) {
  const span = spanText((ended_at_ms ?? atMs) - began_at_ms);
  const began = clockText(began_at_ms);
  return ended_at_ms === null
    ? `since ${began} (${span})`
    : `${began} to ${clockText(ended_at_ms)} (${span})`;
}

function entry() {
  const word = element("span", { class: "word" });
  const text = element("span", { class: "what" });
  const beside = element("span", { class: "soft small" });
  const root = element("li", { class: "verdict" }, word, element("span", {}, text, " ", beside));
  return { root, word, text, beside };
}

function phaseEntry() {
  const { root, word, text, beside } = entry();
  const update = (phase) => {
    const isOn = phase.ended_at_ms === null;
    setAttribute(root, "class", `verdict ${isOn ? "on" : "over"}`);
    setText(word, isOn ? "NOW" : "ENDED");
    setText(text, safe(phase.path));
    const told = [
      ...phase.type === null ? [] : [`type ${safe(phase.type)}`],
      ...phase.step === null ? [] : [`step ${safe(phase.step)}`],
      ...Object.entries(phase.labels).map(([name, value]) => `${safe(name)}=${safe(value)}`),
      timesText(phase),
    ];
    setText(beside, told.join(" · "));
  };
  return { root, update };
}

const TONES = { warning: "caution", critical: "critical" };

function alertEntry() {
  const { root, word, text, beside } = entry();
  const update = (alert) => {
    const isOn = alert.ended_at_ms === null;
    const tone = TONES[alert.severity] ?? "unknown";
    setAttribute(root, "class", `verdict ${isOn ? tone : "over"}`);
    setText(word, isOn ? words(alert.severity).toUpperCase() : "ENDED");
    setText(text, safe(alert.message));
    const kind = isOn ? words(alert.kind) : `${words(alert.severity)}, ${words(alert.kind)}`;
    setText(beside, `${safe(alert.subject)} · ${kind} · ${timesText(alert)}`);
  };
  return { root, update };
}
