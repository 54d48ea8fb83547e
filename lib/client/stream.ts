/** The readings of a server as they come. */
import { HypomnesisError } from "../errors.ts";
import type { LiveReading } from "../http/live/live_reading.ts";
import { liveReading } from "../http/schema/live.ts";
import { toCamelCase } from "../json_case.ts";
import { pause } from "../schedule.ts";
import { eventsOf, type ServerEvent } from "./events.ts";
import type { Requests } from "./requests.ts";

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

/**
 * Readings, for as long as the loop goes on. A connection that is lost is opened anew, and what was missed comes
 * first, as far as the server kept it.
 *
 * @throws {HypomnesisError} what the server refuses the stream with; `unreachable` where the first connection fails
 */
export async function* streamReadings(
  requests: Requests,
  { intervalMs = 1_000, signal }: StreamOptions = {},
): AsyncGenerator<LiveReading, void, void> {
  let lastId: string | null = null;
  let retryMs = 0;
  for (;;) {
    signal?.throwIfAborted();
    const over = new AbortController();
    const stop = () => over.abort(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      const body = await open(requests, { intervalMs, lastId, signal: over.signal });
      for await (const event of eventsOf(body)) {
        retryMs = 0;
        lastId = event.id ?? lastId;
        const reading = readingOf(event);
        if (reading !== null) yield reading;
      }
    } catch (error) {
      signal?.throwIfAborted();
      const isLost = !(error instanceof HypomnesisError) || error.code === "unreachable";
      // One that never was there will not come back.
      if (!isLost || lastId === null) throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
      over.abort();
    }
    retryMs = Math.min(Math.max(RETRY_MS, retryMs * 2), LONGEST_RETRY_MS);
    await pause(retryMs, signal).over;
  }
}

async function open(
  requests: Requests,
  { intervalMs, lastId, signal }: {
    readonly intervalMs: number;
    readonly lastId: string | null;
    readonly signal: AbortSignal;
  },
): Promise<ReadableStream<Uint8Array>> {
  const headers = lastId === null ? undefined : { "last-event-id": lastId };
  const path = `v1/stream?interval=${intervalMs}ms`;
  const { body } = await requests.open(path, { headers, signal });
  return body ?? new ReadableStream({ start: (controller) => controller.close() });
}

function readingOf({ event, data }: ServerEvent): LiveReading | null {
  if (event !== "reading") return null;
  try {
    const { success, data: reading } = liveReading.safeParse(toCamelCase(JSON.parse(data)));
    return success ? reading as LiveReading : null;
  } catch {
    return null;
  }
}
