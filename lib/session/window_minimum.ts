/** The lowest number of the last while, in little memory. */

/** A number, and when it was. */
export interface TimedNumber {
  readonly value: number;
  readonly atMs: number;
}

/** Parts of the window of which each keeps its lowest number. */
const PARTS = 40;

/**
 * Keeps the lowest number of a window, exactly where there are no more than 40 in it. Of more, the lowest of each
 * part of the window is kept, so that a low one may be forgotten a fortieth of the window too early.
 */
export class WindowMinimum {
  readonly #windowMs: number;
  #lowest: TimedNumber[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Takes the next number and returns the lowest of the window, itself included. */
  observe(value: number, atMs: number): TimedNumber {
    const partMs = this.#windowMs / PARTS;
    // What is later and lower makes a number superfluous, so that they rise from the oldest to the latest.
    const kept = this.#lowest.filter((low) =>
      atMs - low.atMs <= this.#windowMs && low.value < value
    );
    const latest = kept.at(-1);
    // A number that comes soon after a lower one waits for nothing: the lower one outlives it by next to nothing.
    if (latest === undefined || atMs - latest.atMs >= partMs) kept.push({ value, atMs });
    this.#lowest = kept;
    return kept[0]!;
  }
}
