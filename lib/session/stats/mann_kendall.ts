/** The Mann–Kendall test for a trend: whether later numbers tend to be higher, however they are distributed. */
import type { Numbers } from "./quantile.ts";
import { tiesOf } from "./ranks.ts";
import { normalCdf } from "./special.ts";

/** The result of {@linkcode mannKendall}. */
export interface MannKendall {
  /** Pairs in which the later number is higher, less those in which it is lower. */
  readonly s: number;
  /** Variance of `s` where there is no trend, lessened for equal numbers (Kendall, 1975). */
  readonly variance: number;
  /** `s` in its standard deviations, by 1 closer to 0 since it is a whole number; 0 where nothing differs. */
  readonly z: number;
  /** Probability of a `z` this far from 0 where there is no trend, for numbers independent of one another. */
  readonly p: number;
}

/** Tests numbers in order of time. Compares all pairs, so give it at most a few thousand. */
export function mannKendall(values: Numbers): MannKendall {
  let s = 0;
  for (let i = 0; i < values.length; i++) {
    const earlier = values[i]!;
    for (let j = i + 1; j < values.length; j++) s += Math.sign(values[j]! - earlier);
  }
  const variance = varianceOfS(values);
  const z = variance > 0 ? Math.sign(s) * Math.max(0, Math.abs(s) - 1) / Math.sqrt(variance) : 0;
  return { s, variance, z, p: 2 * normalCdf(-Math.abs(z)) };
}

/** The variance of Kendall's S where there is no trend: n(n-1)(2n+5)/18, less the same of each group of equal ones. */
export function varianceOfS(values: Numbers): number {
  const ofGroup = (n: number) => n * (n - 1) * (2 * n + 5);
  const ofTies = tiesOf(values).reduce((sum, count) => sum + ofGroup(count), 0);
  return (ofGroup(values.length) - ofTies) / 18;
}
