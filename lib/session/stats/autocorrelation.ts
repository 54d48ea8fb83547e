/** How much less a number of neighbours tell than as many independent ones. */
import { spearman } from "./correlation.ts";

/** Above this the formula of the bias says nothing. */
const HIGHEST_PHI = 0.98;

/**
 * The correlation of neighbours in a series without its trend, by ranks so that an outlier weighs no more than its
 * place. What a short series shows is too low, by (2 + 4φ) / n where a line was taken off (Kendall and Marriott and
 * Pope, 1954), so that is added back: uncorrected, short series would seem to grow far too often. Never below 0, since
 * numbers that alternate must not count as more than there are. 0 where nothing varies.
 */
export function neighbourCorrelation(residuals: Float64Array): number {
  const byRanks = spearman(residuals.subarray(0, -1), residuals.subarray(1));
  if (byRanks === null) return 0;
  const seen = 2 * Math.sin(Math.PI * byRanks / 6);
  return Math.max(0, Math.min(HIGHEST_PHI, seen + (2 + 4 * seen) / residuals.length));
}

/** What a first-order autoregression with given φ and residuals of variance 1 does to a fitted slope. */
export interface Inflation {
  /** The variance of the slope over the one it would have if the residuals were independent, at least 1. */
  readonly ofSlope: number;
  /** How many independent points would give the slope the same error over the variance that the fit leaves. */
  readonly worth: number;
}

/** The inflation for the very times, exact also for few: the variance of Σ(t-t̄)e over Σ(t-t̄)². */
export function inflationAt(times: Float64Array, phi: number): Inflation {
  const count = times.length;
  if (phi <= 0 || count < 3) return { ofSlope: 1, worth: count };
  const mean = times.reduce((sum, time) => sum + time, 0) / count;
  const centred = times.map((time) => time - mean);
  const squares = centred.reduce((sum, x) => sum + x * x, 0);
  const ofSlope = autoregressiveVariance(centred, phi) / squares;
  const ofMean = autoregressiveVariance(new Float64Array(count).fill(1), phi) / count;
  const leftOver = (count - ofMean - ofSlope) / (count - 2);
  return { ofSlope: Math.max(1, ofSlope), worth: Math.min(count, count * leftOver / ofSlope) };
}

/** The variance of Σ weight·e where e has variance 1 and neighbours correlate with phi. */
function autoregressiveVariance(weights: Float64Array, phi: number): number {
  let [carried, sum] = [0, 0];
  for (const weight of weights) {
    sum += weight * weight + 2 * weight * carried;
    carried = phi * (carried + weight);
  }
  return sum;
}
