/** How closely two series move together. */
import type { Numbers } from "./quantile.ts";
import { ranksOf } from "./ranks.ts";

/**
 * Pearson's correlation of paired numbers, between -1 and 1. `null` where it is not defined: for fewer than two pairs,
 * and where one side does not change.
 *
 * @throws {RangeError} when the two are not equally long
 */
export function pearson(a: Numbers, b: Numbers): number | null {
  if (a.length !== b.length) {
    throw new RangeError(`Cannot correlate ${a.length} with ${b.length} numbers: give pairs`);
  }
  if (a.length < 2 || isConstant(a) || isConstant(b)) return null;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [products, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [fromA, fromB] = [a[i]! - meanA, b[i]! - meanB];
    products += fromA * fromB;
    squaresA += fromA * fromA;
    squaresB += fromB * fromB;
  }
  const scale = Math.sqrt(squaresA) * Math.sqrt(squaresB);
  return scale > 0 ? Math.max(-1, Math.min(1, products / scale)) : null;
}

/** Spearman's correlation: Pearson's of the ranks, where equal numbers share a mean rank. `null` as there. */
export function spearman(a: Numbers, b: Numbers): number | null {
  return pearson(ranksOf(a), ranksOf(b));
}

/** Asked of the numbers themselves: their mean is rounded, so they may seem to vary around it. */
function isConstant(values: Numbers): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

/** The first number is taken off before summing, so that huge ones that differ little keep their digits. */
function mean(values: Numbers): number {
  const first = values[0]!;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! - first;
  return first + sum / values.length;
}
