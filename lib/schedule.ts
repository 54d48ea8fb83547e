/** Measuring on a schedule that does not drift, and does not wait for a measurement that is late. */

/** When to measure. */
export interface Schedule {
  /** Time from one tick to the next, 1 millisecond to a day. */
  readonly intervalMs: number;
  /**
   * Look more often at first: after this time, twice, four times … it, until `intervalMs` is reached. Left out: no.
   */
  readonly firstMs?: number | undefined;
  /** After this time comes the last tick, also between two others; left out: it goes on until it is stopped. */
  readonly durationMs?: number | undefined;
  /** Ends it: the loop gets the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** One measurement on the schedule. */
export interface Beat<T> {
  /** Number of the tick, from 0; a gap means that ticks were skipped. */
  readonly tick: number;
  /** How many ticks before this one were due while nobody took one; those before the first interval do not count. */
  readonly skipped: number;
  /** Milliseconds since the start, on a monotonic clock, when the measurement began. */
  readonly elapsedMs: number;
  readonly result: T;
}

const LONGEST_MS = 86_400_000;
/** What the last measurement of a limited time may take. */
const LAST_MS = 1_000;

/**
 * Refuses what can't be a schedule.
 *
 * @throws {RangeError} naming the number and what is allowed
 */
export function checkSchedule({ intervalMs, durationMs }: Schedule): void {
  if (typeof intervalMs !== "number" || !(intervalMs >= 1 && intervalMs <= LONGEST_MS)) {
    throw new RangeError(
      `Cannot watch every ${intervalMs} ms: an interval is between 1 and ${LONGEST_MS} milliseconds`,
    );
  }
  if (durationMs !== undefined && !(typeof durationMs === "number" && durationMs > 0)) {
    throw new RangeError(`Cannot watch for ${durationMs} ms: a duration is more than 0`);
  }
}

/**
 * Measures at 0, `intervalMs`, 2 × `intervalMs`, … after the start. `measure` is told when its time is over
 * (`cutoff`): at the next tick, and not before the first interval ends; and when it begins, in milliseconds since the start. A slow reader skips ticks and stays on the schedule. `isOver` is asked before each.
 */
export async function* beats<T>(
  measure: (cutoff: Promise<void>, elapsedMs: number) => Promise<T>,
  { intervalMs, firstMs = intervalMs, durationMs = Infinity, signal }: Schedule,
  isOver: () => boolean = () => false,
): AsyncGenerator<Beat<T>, void, void> {
  const startMs = performance.now();
  const now = () => performance.now() - startMs;
  const early = doubling(firstMs, intervalMs);
  const dueMs = (tick: number) =>
    Math.min(early[tick] ?? (tick - early.length + 1) * intervalMs, durationMs);
  /** The latest tick that was due at a time. */
  const tickAt = (ms: number) =>
    ms < intervalMs
      ? early.findLastIndex((due) => due <= ms)
      : early.length - 1 + Math.floor(ms / intervalMs);
  const lastTick = early.length - 1 + Math.ceil(durationMs / intervalMs);
  let tick = 0;
  let last = -1;
  while (!isOver()) {
    signal?.throwIfAborted();
    const isLast = dueMs(tick) >= durationMs;
    const endMs = isLast
      ? durationMs + Math.min(intervalMs, LAST_MS)
      : Math.max(dueMs(tick + 1), Math.min(intervalMs, durationMs));
    const cutoff = pause(endMs - now(), signal);
    const elapsedMs = now();
    const result = await measure(cutoff.over, elapsedMs).finally(cutoff.cancel);
    signal?.throwIfAborted();
    const skipped = Math.max(0, tick - Math.max(last, early.length - 1) - 1);
    yield { tick, skipped, elapsedMs, result };
    if (isLast) return;
    last = tick;
    // A last tick that is overdue is taken late rather than not.
    tick = Math.max(tick + 1, Math.min(tickAt(now()), lastTick));
    const wait = pause(dueMs(tick) - now(), signal);
    await wait.over;
    wait.cancel();
  }
}

/** The start, then `firstMs`, 2 × `firstMs`, … below `limitMs`. */
function doubling(firstMs: number, limitMs: number): number[] {
  const times = [0];
  for (let ms = firstMs; ms < limitMs; ms *= 2) times.push(ms);
  return times;
}

/** A wait that also ends when the signal aborts. */
export function pause(
  ms: number,
  signal: AbortSignal | undefined,
): { over: Promise<void>; cancel: () => void } {
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const timer = setTimeout(end, Math.max(0, ms));
  if (signal?.aborted) end();
  signal?.addEventListener("abort", end, { once: true });
  const cancel = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  };
  return { over, cancel };
}
