/** Measuring on a schedule that does not drift. */
import type { SnapshotReply } from "./protocol.ts";

/** One measurement of a {@linkcode Meter.watch}. */
export interface Tick {
  /** Number of the tick on the schedule, from 0; a gap means that ticks were skipped. */
  readonly tick: number;
  /** How many ticks before this one were due while nobody took one. */
  readonly skipped: number;
  /** Milliseconds since the watch began, on a monotonic clock, when the measurement began. */
  readonly elapsedMs: number;
  /** What was measured; a part that had not arrived when the interval ended is a failure in it. */
  readonly snapshot: SnapshotReply;
}

const LONGEST_MS = 86_400_000;

/** Ticks at 0, `intervalMs`, 2 × `intervalMs`, … after the start. Ends when `isClosed`. */
export function watchTicks(
  measure: (cutoff: Promise<void>) => Promise<SnapshotReply>,
  intervalMs: number,
  signal: AbortSignal | undefined,
  isClosed: () => boolean,
): AsyncGenerator<Tick, void, void> {
  if (typeof intervalMs !== "number" || !(intervalMs >= 1 && intervalMs <= LONGEST_MS)) {
    throw new RangeError(
      `Cannot watch every ${intervalMs} ms: an interval is between 1 and ${LONGEST_MS} milliseconds`,
    );
  }
  return run(measure, intervalMs, signal, isClosed);
}

async function* run(
  measure: (cutoff: Promise<void>) => Promise<SnapshotReply>,
  intervalMs: number,
  signal: AbortSignal | undefined,
  isClosed: () => boolean,
): AsyncGenerator<Tick, void, void> {
  const startMs = performance.now();
  let tick = 0;
  let last = -1;
  while (!isClosed()) {
    signal?.throwIfAborted();
    const cutoff = pause(startMs + (tick + 1) * intervalMs - performance.now(), signal);
    const elapsedMs = performance.now() - startMs;
    const snapshot = await measure(cutoff.over).finally(cutoff.cancel);
    signal?.throwIfAborted();
    yield { tick, skipped: tick - last - 1, elapsedMs, snapshot };
    last = tick;
    tick = Math.max(tick + 1, Math.floor((performance.now() - startMs) / intervalMs));
    const wait = pause(startMs + tick * intervalMs - performance.now(), signal);
    await wait.over;
    wait.cancel();
  }
}

/** A wait that also ends when the signal aborts. */
function pause(
  ms: number,
  signal: AbortSignal | undefined,
): { over: Promise<void>; cancel: () => void } {
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const timer = setTimeout(end, Math.max(0, ms));
  signal?.addEventListener("abort", end, { once: true });
  const cancel = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  };
  return { over, cancel };
}
