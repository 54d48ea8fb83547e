/** Finds the moments at which a GPU slowed down while it had work to do. Pure. */

/** A GPU with less work lowers its clock by itself. */
const BUSY_RATIO = 0.5;
/** The clock has dropped below this share of its median … */
const DROPPED = 0.9;
/** … and is back above this one. */
const BACK = 0.95;
/** The median is of so many busy samples, the latest ones. */
const WINDOW = 61;
/** Before there are so many of them, nothing is told. */
const LEAST = 5;

/**
 * The moments at which the SM clock fell by 10 % or more below the running median of its busy samples, for two busy
 * samples or more. Samples in which the GPU was less than half busy, or of which something is not known, are left
 * out. A clock that stays low is one drop.
 */
export function clockDropsOf(
  timesMs: Float64Array,
  clockMhz: Float64Array,
  utilization: Float64Array,
): Float64Array {
  const drops: number[] = [];
  const window = new RunningMedian(WINDOW);
  let isLow = false;
  let lowSinceMs: number | null = null;
  for (let i = 0; i < timesMs.length; i++) {
    const clock = clockMhz[i]!;
    // NaN compares as false, so this leaves out what is not known.
    if (!(utilization[i]! >= BUSY_RATIO) || Number.isNaN(clock)) continue;
    const median = window.size < LEAST ? null : window.median;
    window.push(clock);
    if (median === null) continue;
    if (isLow) {
      isLow = clock < BACK * median;
    } else if (clock <= DROPPED * median) {
      if (lowSinceMs === null) lowSinceMs = timesMs[i]!;
      else {
        drops.push(lowSinceMs);
        isLow = true;
        lowSinceMs = null;
      }
    } else lowSinceMs = null;
  }
  return Float64Array.from(drops);
}

/** The median of the latest numbers. In fixed arrays, because it goes through every row. */
class RunningMedian {
  readonly #latest: Float64Array;
  readonly #sorted: Float64Array;
  #count = 0;

  constructor(length: number) {
    this.#latest = new Float64Array(length);
    this.#sorted = new Float64Array(length);
  }

  get size(): number {
    return Math.min(this.#count, this.#latest.length);
  }

  /** Of an even number of values the upper one of the two in the middle. */
  get median(): number {
    return this.#sorted[this.size >> 1]!;
  }

  push(value: number): void {
    const sorted = this.#sorted;
    const at = this.#count % this.#latest.length;
    let size = this.size;
    if (size === sorted.length) {
      const oldest = sorted.indexOf(this.#latest[at]!);
      sorted.copyWithin(oldest, oldest + 1);
      size -= 1;
    }
    this.#latest[at] = value;
    this.#count += 1;
    let place = size;
    for (; place > 0 && sorted[place - 1]! > value; place--) sorted[place] = sorted[place - 1]!;
    sorted[place] = value;
  }
}
