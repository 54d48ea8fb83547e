/** The slope of a line through points of which up to 29 % may be anything: Theil, 1950, and Sen, 1968. */
import { varianceOfS } from "./mann_kendall.ts";
import { type Numbers, selectInPlace } from "./quantile.ts";
import { normalQuantile } from "./special.ts";

/** A slope and its confidence interval, in the unit of the values per unit of time. */
export interface SlopeInterval {
  readonly slope: number;
  /** Minus or plus infinity where so few points tell nothing at this confidence. */
  readonly low: number;
  readonly high: number;
}

/** The median slope of all pairs of points at different times; `null` where there is no such pair. */
export function theilSenSlope(times: Numbers, values: Numbers): number | null {
  const slopes = pairSlopes(times, values);
  return slopes.length === 0 ? null : middle(slopes);
}

/**
 * The median slope and Sen's confidence interval, which assumes no distribution: with C the normal quantile times the
 * standard deviation of Kendall's S (ties counted), the slopes ranked (N - C) / 2 and (N + C) / 2 + 1 of all N. Holds
 * for points that are independent of one another. `null` where all points are at the same time.
 */
export function theilSenInterval(
  times: Numbers,
  values: Numbers,
  confidence: number,
): SlopeInterval | null {
  const slopes = pairSlopes(times, values);
  const count = slopes.length;
  if (count === 0) return null;
  const c = normalQuantile((1 + confidence) / 2) * Math.sqrt(varianceOfS(values));
  const below = Math.floor((count - c) / 2) - 1;
  const above = Math.ceil((count + c) / 2);
  return {
    slope: middle(slopes),
    low: below < 0 ? -Infinity : selectInPlace(slopes, below),
    high: above >= count ? Infinity : selectInPlace(slopes, above),
  };
}

function middle(slopes: Float64Array): number {
  const half = slopes.length >> 1;
  const upper = selectInPlace(slopes, half);
  return slopes.length % 2 === 1 ? upper : (selectInPlace(slopes, half - 1) + upper) / 2;
}

function pairSlopes(times: Numbers, values: Numbers): Float64Array {
  const slopes = new Float64Array(times.length * (times.length - 1) / 2);
  let count = 0;
  for (let i = 0; i < times.length; i++) {
    for (let j = i + 1; j < times.length; j++) {
      const passed = times[j]! - times[i]!;
      if (passed !== 0) slopes[count++] = (values[j]! - values[i]!) / passed;
    }
  }
  return slopes.subarray(0, count);
}
