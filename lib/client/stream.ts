/** The readings of a server as they come. */
import type { FailureCode } from "../errors.ts";
import type { LiveReading } from "../http/live/live_reading.ts";
import { liveReading } from "../http/schema/live.ts";
import { pause } from "../schedule.ts";
import { eventsOf, type ServerEvent } from "./events.ts";
import { jsonOf, type Requests } from "./requests.ts";

/** How the readings come. */
export interface StreamOptions {
  /** Time from one reading to the next, 100 ms to an hour. */
  readonly intervalMs?: number;
  /** Ends the loop with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Between two attempts to connect again: this, twice this, … */
const RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;
/** A server that restarts, or a network that was away. What it refuses in other words, it will refuse again. */
const LOST: readonly FailureCode[] = ["unreachable", "slow", "closed"];

/**
 * Readings, for as long as the loop goes on. A connection that is lost is opened anew, and what was missed comes
 * first, as far as the server kept it.
 *
 * @throws {HypomnesisError} what the server refuses the stream with; `unreachable` or `slow` where the first connection
 * fails; `bad_value` where what answers is no server of ours
 */
export async function* streamReadings(
  requests: Requests,
  { intervalMs = 1_000, signal }: StreamOptions = {},
): AsyncGenerator<LiveReading, void, void> {
  let lastId: string | null = null;
  let retryMs = 0;
  let hasMet = false;
  for (;;) {
    signal?.throwIfAborted();
    const over = new AbortController();
    const stop = () => over.abort(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      const body = await open(requests, { intervalMs, lastId, over });
      hasMet = true;
      for await (const event of eventsOf(piecesOf(body, requests, over))) {
        retryMs = 0;
        if (event.id !== null && ID.test(event.id)) lastId = event.id;
        if (event.event === "reading") yield readingOf(event, requests);
      }
    } catch (error) {
      signal?.throwIfAborted();
      const told = requests.told(error);
      // One that never was there will not come back.
      if (!hasMet || !LOST.includes(told.code)) throw told;
    } finally {
      signal?.removeEventListener("abort", stop);
      over.abort();
    }
    retryMs = Math.min(Math.max(RETRY_MS, retryMs * 2), LONGEST_RETRY_MS);
    const wait = pause(retryMs, signal);
    await wait.over;
    wait.cancel();
  }
}

/** What can be sent back in a header. */
const ID = /^[!-~]{1,200}$/;

async function open(
  requests: Requests,
  { intervalMs, lastId, over }: {
    readonly intervalMs: number;
    readonly lastId: string | null;
    readonly over: AbortController;
  },
): Promise<ReadableStream<Uint8Array>> {
  const headers = lastId === null ? undefined : { "last-event-id": lastId };
  const path = `v1/stream?interval=${intervalMs}ms`;
  const opened = requests.open(path, { headers, signal: over.signal });
  const { body, headers: answered } = await inTime(opened, requests, over);
  const isStream = answered.get("content-type")?.startsWith("text/event-stream") === true;
  if (isStream && body !== null) return body;
  throw requests.noneOfOurs("its answer is no stream of events");
}

/** The pieces of a body. The server is never silent for as long as an answer is waited for. */
async function* piecesOf(
  body: ReadableStream<Uint8Array>,
  requests: Requests,
  over: AbortController,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read(), requests, over);
      if (done) return;
      yield value;
    }
  } finally {
    // Deno keeps the connection for a while where only the request is aborted.
    reader.cancel().catch(() => {});
  }
}

async function inTime<T>(what: Promise<T>, requests: Requests, over: AbortController): Promise<T> {
  const timer = setTimeout(() => over.abort(requests.slow(requests.timeoutMs)), requests.timeoutMs);
  try {
    return await what;
  } finally {
    clearTimeout(timer);
  }
}

function readingOf({ data }: ServerEvent, requests: Requests): LiveReading {
  const { success, data: reading } = liveReading.safeParse(jsonOf(data));
  if (success) return reading as LiveReading;
  throw requests.noneOfOurs("its readings have another form");
}
