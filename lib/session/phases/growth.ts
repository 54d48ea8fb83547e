/** How fast an amount grew and shrank of late. */
import { WindowMinimum } from "../window_minimum.ts";

/** Bytes a second over the window; both are from 0. */
export interface GrowthRates {
  /** From the lowest amount of the window to the latest. */
  readonly rise: number;
  /** From the highest to the latest. */
  readonly fall: number;
}

/**
 * Keeps the last seconds of one amount. It rises from its lowest point, and not from where it was when the window
 * began: a model that is loaded where another has just been given back rises too.
 */
export class RecentGrowth {
  readonly #windowMs: number;
  #lowest: WindowMinimum;
  #negatedHighest: WindowMinimum;
  #last: { readonly bytes: number; readonly atMs: number } | null = null;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
    this.#lowest = new WindowMinimum(windowMs);
    this.#negatedHighest = new WindowMinimum(windowMs);
  }

  /**
   * Takes the next amount; `null` is not known. Returns `null` for an amount that is not known, and for the first one
   * that is. Samples that are further apart than the window are compared with the one before.
   */
  observe(bytes: number | null, atMs: number): GrowthRates | null {
    if (bytes === null) {
      // What was before it is not "of late" any more when the next number comes.
      this.#forget();
      return null;
    }
    const low = this.#lowest.observe(bytes, atMs).value;
    const high = -this.#negatedHighest.observe(-bytes, atMs).value;
    const last = this.#last;
    this.#last = { bytes, atMs };
    if (last === null) return null;
    const seconds = Math.max(this.#windowMs, atMs - last.atMs) / 1000;
    return {
      rise: (bytes - Math.min(low, last.bytes)) / seconds,
      fall: (Math.max(high, last.bytes) - bytes) / seconds,
    };
  }

  #forget(): void {
    this.#last = null;
    this.#lowest = new WindowMinimum(this.#windowMs);
    this.#negatedHighest = new WindowMinimum(this.#windowMs);
  }
}
