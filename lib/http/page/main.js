/** Brings the page to life: what the server tells is known, and what is known is drawn while somebody looks. */
import { setUpTheme } from "../../session/report/page/colors.js";
import { allocatorCards } from "./allocators.js";
import { historyPlots } from "./charts.js";
import { keepConnected } from "./connection.js";
import { deviceCards } from "./devices.js";
import { byId, setShown, setText } from "./dom.js";
import { incidentLists } from "./incidents.js";
import { Known } from "./known.js";
import { machineCard } from "./machine.js";
import { processTable } from "./process_table.js";
import { sourceTable } from "./sources.js";
import { spanText } from "./text.js";
import { tokenKeeper } from "./token.js";
import { troubleBoard } from "./trouble.js";

byId("where").textContent = location.host;
document.title = `hypomnesis ${location.host}`;

const known = new Known();
const root = document.documentElement;
const MINUTE_MS = 60_000;
/** How often the age of old data is written anew. */
const AGE_MS = 500;

const parts = [
  troubleBoard(),
  deviceCards(),
  machineCard(),
  processTable(() => wantDrawing()),
  incidentLists(),
  allocatorCards(),
  sourceTable(),
];
const plots = historyPlots();
let spanMs = 15 * MINUTE_MS;

let isWanted = false;
/** Draws before the next frame; while nobody looks, when somebody does again. */
function wantDrawing() {
  if (isWanted || document.hidden) return;
  isWanted = true;
  requestAnimationFrame(() => {
    isWanted = false;
    if (document.hidden) return;
    if (known.reading !== null) {
      root.classList.add("has-data");
      for (const drawPart of parts) alone(() => drawPart(known));
    }
    alone(() => plots.draw(known, spanMs));
    setText(byId("no-history"), known.noHistory ?? "");
    setShown(byId("no-history"), known.noHistory !== null);
    showAge();
  });
}

/** What can't be drawn must not keep the rest from it. */
function alone(draw) {
  try {
    draw();
  } catch (error) {
    reportError(error);
  }
}

/** Whole seconds, so that it counts evenly. */
const ageText = (ms) => ms < MINUTE_MS ? `${Math.floor(ms / 1000)} s` : spanText(ms);

/** Says how old the data is, once it is too old. */
function showAge() {
  const { isStale, ageMs } = known;
  if (root.classList.contains("stale") !== isStale) {
    root.classList.toggle("stale", isStale);
    showState();
    wantDrawing();
  }
  setShown(byId("stale"), isStale);
  if (isStale) {
    setText(byId("stale"), `The data is ${ageText(ageMs)} old.`);
  }
}

/** The same text again is nothing new to whoever listens. */
function showState() {
  const { connection } = root.dataset;
  const state = connection === "live" && known.isStale ? "silent" : connection;
  setText(byId("connection"), STATES_OF_LINE[state]);
}

const STATES_OF_LINE = {
  connecting: "connecting …",
  live: "live",
  silent: "connected, but nothing comes",
  reconnecting: "reconnecting …",
  token: "waiting for the token",
};

keepConnected(tokenKeeper(), {
  state: (state, why) => {
    root.dataset.connection = state;
    showState();
    setText(byId("connection-why"), why === null ? "" : why);
  },
  history: (told) => {
    known.takeHistory(told);
    wantDrawing();
  },
  noHistory: (why) => {
    known.noHistory = `There is no history from before this page: ${why}.`;
    wantDrawing();
  },
  reading: (reading) => {
    known.takeReading(reading);
    wantDrawing();
  },
});

document.addEventListener("visibilitychange", wantDrawing);
setInterval(() => document.hidden || showAge(), AGE_MS);
setUpTheme(byId("theme"), () => plots.recolor());
byId("spans").addEventListener("click", ({ target }) => {
  const minutes = Number(target.closest("button")?.dataset.minutes);
  if (!(minutes > 0)) return;
  spanMs = minutes * MINUTE_MS;
  for (const button of byId("spans").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.minutes) === minutes));
  }
  wantDrawing();
});
root.classList.add("alive");
// For whoever wants more of the numbers in the browser's console.
globalThis.hypomnesis = { known, plots };
