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
  const [fromMeanA, fromMeanB] = [centred(a), centred(b)];
  let [products, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [fromMeanA[i]!, fromMeanB[i]!];
    products += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  const scale = Math.sqrt(squaresA * squaresB);
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

/** The first number is taken off before all else, so that huge ones that differ little keep their digits. */
function centred(values: Numbers): Float64Array {
  const offsets = Float64Array.from(values, (value) => value - values[0]!);
  const mean = offsets.reduce((sum, offset) => sum + offset, 0) / offsets.length;
  return offsets.map((offset) => offset - mean);
}
