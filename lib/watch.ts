/** A process, the machine and its GPUs, measured again and again. */
import type { SnapshotReply } from "./protocol.ts";
import { beats, checkSchedule, type Schedule } from "./schedule.ts";

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

/** Ticks on the schedule. Ends when `isClosed`. */
export function watchTicks(
  measure: (cutoff: Promise<void>) => Promise<SnapshotReply>,
  schedule: Schedule,
  isClosed: () => boolean,
): AsyncGenerator<Tick, void, void> {
  checkSchedule(schedule);
  return run(measure, schedule, isClosed);
}

async function* run(
  measure: (cutoff: Promise<void>) => Promise<SnapshotReply>,
  schedule: Schedule,
  isClosed: () => boolean,
): AsyncGenerator<Tick, void, void> {
  for await (const { result, ...beat } of beats(measure, schedule, isClosed)) {
    yield { ...beat, snapshot: result };
  }
}
