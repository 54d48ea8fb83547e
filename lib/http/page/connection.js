/** Keeps the page connected: the stream, the history at its beginning, and trying again. */
import { eventReader } from "./events.js";
import { safe } from "./text.js";

/** Pauses between tries: the first one, then twice as long each time. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** The server says at least that it is there more often than this; a line that is silent for longer is dead. */
const SILENCE_MS = 40_000;

/** The folder that the page is in, wherever the application is mounted. With the origin no path can lead elsewhere. */
const BASE = `${location.origin}${location.pathname.replace(/\/?$/, "/")}`;

/** An answer that was not what was asked for. */
class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/**
 * Never ends. `on.state(state, why)` tells `connecting`, `live`, `reconnecting` and `token`; `on.history` and
 * `on.reading` take what came, `on.noHistory` why none did.
 */
export async function keepConnected(tokens, on) {
  let lastId = null;
  let pauseMs = FIRST_PAUSE_MS;
  const ask = async (path, headers, signal) => {
    const token = tokens.current();
    const response = await fetch(`${BASE}${path}`, {
      headers: { ...headers, ...token === null ? {} : { Authorization: `Bearer ${token}` } },
      cache: "no-store",
      redirect: "error",
      signal,
    }).catch(() => {
      // Browsers say no more about it.
      throw signal.reason ?? new Error("the server does not answer");
    });
    if (!response.ok) throw new Refused(response.status, await detailOf(response));
    return response;
  };
  const loadHistory = async (signal) => {
    try {
      const response = await ask("v1/history", { Accept: "application/json" }, signal);
      on.history(await response.json());
    } catch (error) {
      if (!signal.aborted) on.noHistory(safe(error.message));
    }
  };
  const follow = async (over) => {
    const headers = { Accept: "text/event-stream" };
    if (lastId !== null) headers["Last-Event-ID"] = lastId;
    const response = await patiently(over, ask("v1/stream?interval=1s", headers, over.signal));
    // Not before: a server that refuses the stream is not asked twice.
    loadHistory(over.signal);
    await readEvents(response, over, ({ type, data, id }) => {
      if (type !== "reading") return;
      on.reading(JSON.parse(data));
      if (id !== null) lastId = id;
      pauseMs = FIRST_PAUSE_MS;
      on.state("live", null);
    });
  };
  on.state("connecting", null);
  for (;;) {
    const over = new AbortController();
    let why = "the server ended the stream";
    try {
      await follow(over);
    } catch (error) {
      if (error instanceof Refused && error.status === 401) {
        on.state("token", null);
        await tokens.ask();
        on.state("connecting", null);
        continue;
      }
      why = safe(error.message);
    } finally {
      over.abort();
    }
    on.state("reconnecting", why);
    await pause(pauseMs);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  }
}

async function readEvents(response, over, onEvent) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const take = eventReader(onEvent);
  for (;;) {
    const { done, value } = await patiently(over, reader.read()).catch(() => {
      throw over.signal.reason ?? new Error("the line to the server broke");
    });
    if (done) return;
    take(value);
  }
}

/** Gives up on what never comes. */
async function patiently(over, awaited) {
  const patience = setTimeout(() => {
    over.abort(new Error("the server was silent for too long"));
  }, SILENCE_MS);
  try {
    return await awaited;
  } finally {
    clearTimeout(patience);
  }
}

/** A problem's own words, or the status. */
async function detailOf(response) {
  const text = `the server answered ${response.status}`;
  try {
    const { detail } = await response.json();
    return typeof detail === "string" ? `${text}: ${safe(detail)}` : text;
  } catch {
    return text;
  }
}

/** Waits, a little more or less, so that not all pages come back at once; a page that is looked at again goes first. */
function pause(ms) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      document.removeEventListener("visibilitychange", seen);
      resolve();
    };
    const seen = () => document.hidden || end();
    const timer = setTimeout(end, ms * (0.8 + 0.2 * Math.random()));
    addEventListener("online", end);
    document.addEventListener("visibilitychange", seen);
  });
}
