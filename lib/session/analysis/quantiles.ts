/** Quantiles of many columns with one copy at a time. */
import { quantileOfSorted } from "../stats/quantile.ts";
import type { IndexRange } from "./samples.ts";

/**
 * Tells quantiles, in a buffer that is used again: a copy for each column of a million rows would stay in memory until
 * the runtime collects it.
 */
export class Quantiles {
  #buffer = new Float64Array(0);

  /**
   * Quantiles of the known values of some ranges, linear between neighbours (type 7 of Hyndman and Fan); all `null`
   * where nothing is known.
   *
   * @param shares between 0 and 1
   */
  of<const Shares extends readonly number[]>(
    values: Float64Array,
    ranges: readonly IndexRange[],
    shares: Shares,
  ): { readonly [I in keyof Shares]: number | null } {
    const length = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
    if (length > this.#buffer.length) this.#buffer = new Float64Array(length);
    let count = 0;
    for (const { from, to } of ranges) {
      for (let i = from; i < to; i++) {
        const value = values[i]!;
        if (!Number.isNaN(value)) this.#buffer[count++] = value;
      }
    }
    const sorted = this.#buffer.subarray(0, count).sort();
    const told = shares.map((share) => count === 0 ? null : quantileOfSorted(sorted, share));
    return told as { readonly [I in keyof Shares]: number | null };
  }
}
