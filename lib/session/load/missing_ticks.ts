/** Ticks that are not in the files at all: the machine or the recorder stood still, or a part was lost. */
import type { Gap } from "./data.ts";

/** The reason of such a gap. */
export const SKIPPED = "ticks skipped";
/** Farther apart than this many intervals, two rows have a tick missing between them. */
const LATE_INTERVALS = 1.5;

/** Sees the ticks of one table. */
export class MissingTicks {
  /** Beginnings and ends of the jumps. */
  readonly #jumps: number[] = [];
  #lastMs = NaN;
  #lastTick = NaN;

  /** A row. `tick` is NaN where the file does not tell it: then only time can say that one is missing. */
  see(timeMs: number, tick: number): void {
    // Rows of one tick have one time.
    if (timeMs > this.#lastMs && tick !== this.#lastTick + 1) {
      this.#jumps.push(this.#lastMs, timeMs);
    }
    this.#lastMs = timeMs;
    this.#lastTick = tick;
  }

  /** The jumps that took longer than ticks `intervalMs` apart may. */
  gaps(intervalMs: number, lateIntervals = LATE_INTERVALS): Gap[] {
    const found: Gap[] = [];
    for (let at = 0; at < this.#jumps.length; at += 2) {
      const startMs = this.#jumps[at]!, endMs = this.#jumps[at + 1]!;
      if (endMs - startMs > lateIntervals * intervalMs) {
        found.push({ subject: "all", startMs, endMs, reason: SKIPPED });
      }
    }
    return found;
  }
}

/** Differences looked at for the median. */
const MOST_DIFFERENCES = 10_001;

/** The median time between two rows, of up to 10,001 differences from the whole; `null`: there are fewer than two. */
export function medianInterval(timesMs: Float64Array): number | null {
  const count = timesMs.length - 1;
  const stride = Math.max(1, Math.floor(count / MOST_DIFFERENCES));
  const differences: number[] = [];
  for (let at = 0; at < count; at += stride) {
    const difference = timesMs[at + 1]! - timesMs[at]!;
    if (difference > 0) differences.push(difference);
  }
  differences.sort((a, b) => a - b);
  return differences[Math.floor(differences.length / 2)] ?? null;
}
