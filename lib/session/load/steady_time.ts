/** Steady time made from a wall clock, for files that have nothing else. */

/** Clocks that are kept right by the network go back by less than this. */
const JITTER_MS = 1_000;

/**
 * Turns times of day into times that never go back: where the clock was put back (at the end of summer time, or by
 * hand), time goes on from where it was, one step later.
 */
export class SteadyTime {
  #offsetMs = 0;
  #lastMs = -Infinity;
  #stepMs = 0;
  readonly #jitterMs: number;
  /** How often the clock was put back. */
  jumps = 0;

  /** Going back by `jitterMs` or less is no change of the clock. */
  constructor(jitterMs: number = JITTER_MS) {
    this.#jitterMs = jitterMs;
  }

  /** The steady time of the next row. */
  at(wallMs: number): number {
    let timeMs = wallMs + this.#offsetMs;
    if (timeMs < this.#lastMs - this.#jitterMs) {
      timeMs = this.#lastMs + this.#stepMs;
      this.#offsetMs = timeMs - wallMs;
      this.jumps += 1;
    } else if (timeMs < this.#lastMs) timeMs = this.#lastMs;
    else if (timeMs > this.#lastMs && this.#lastMs !== -Infinity) {
      this.#stepMs = timeMs - this.#lastMs;
    }
    this.#lastMs = timeMs;
    return timeMs;
  }
}
