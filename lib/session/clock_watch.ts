/** Finds out when the wall clock and the steady clock went apart: after a suspend, or when somebody set the clock. */

/** Less than this is the clock being slewed. */
const TELLING_MS = 1_000;

/** Compares the two clocks from tick to tick. */
export class ClockWatch {
  #offsetMs: number | null = null;

  /**
   * How far the wall clock has jumped since the last tick, in milliseconds, forwards where positive; `null`: it has
   * not. The steady clock stands still while the machine sleeps, so a suspend is a jump forwards.
   */
  observe(atMs: number, elapsedMs: number): number | null {
    const offsetMs = atMs - elapsedMs;
    const jumpMs = this.#offsetMs === null ? 0 : offsetMs - this.#offsetMs;
    // A slow drift is followed, so that it does not add up to a jump.
    this.#offsetMs = offsetMs;
    return Math.abs(jumpMs) >= TELLING_MS ? Math.round(jumpMs) : null;
  }
}
