/** The highest of many measurements, and when it was. */
import type { Bytes } from "./records.ts";

/**
 * Follows one number: what it was first and last, its highest value and when that was first reached. Numbers that
 * are not known are counted as gaps and change nothing else. Holds no history, so it may run for weeks.
 *
 * @example
 * ```ts
 * import { PeakTracker } from "hypomnesis";
 *
 * const peak = new PeakTracker();
 * peak.observe(100, 0);
 * peak.observe(null, 1000);
 * peak.observe(300, 2000);
 * console.log(peak.peakBytes, peak.peakAtMs, peak.gaps); // 300 2000 1
 * ```
 */
export class PeakTracker {
  #first: Bytes = null;
  #last: Bytes = null;
  #peak: Bytes = null;
  #peakAtMs: number | null = null;
  #observations = 0;
  #gaps = 0;

  /**
   * Takes one measurement, made at `atMs` on whatever clock the caller uses.
   *
   * @throws {RangeError} when `bytes` is negative or no number; `null` is "not known"
   */
  observe(bytes: Bytes, atMs: number): void {
    if (bytes === null) {
      this.#gaps += 1;
      return;
    }
    if (typeof bytes !== "number" || !(bytes >= 0)) {
      throw new RangeError(`Cannot observe ${bytes} bytes: give a number from 0, or null`);
    }
    this.#observations += 1;
    this.#first ??= bytes;
    this.#last = bytes;
    if (this.#peak === null || bytes > this.#peak) {
      this.#peak = bytes;
      this.#peakAtMs = atMs;
    }
  }

  /** The first known number; `null` before there is one. */
  get baselineBytes(): Bytes {
    return this.#first;
  }

  /** The latest known number; `null` before there is one. */
  get lastBytes(): Bytes {
    return this.#last;
  }

  /** The highest number; `null` before there is one. */
  get peakBytes(): Bytes {
    return this.#peak;
  }

  /** When {@linkcode peakBytes} was first measured, on the caller's clock. */
  get peakAtMs(): number | null {
    return this.#peakAtMs;
  }

  /** How many known numbers were observed. */
  get observations(): number {
    return this.#observations;
  }

  /** How many measurements were not known. */
  get gaps(): number {
    return this.#gaps;
  }
}
