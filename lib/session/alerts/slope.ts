/**
 * Theil–Sen: the median of the slopes between all pairs of points, with Sen's interval at 99 %. Pure.
 *
 * It is told only where the growth is steady. A step (a model that was loaded) has a positive median slope too, when
 * it stands in the middle of the window; but it rises in one part of the window only, while growth that goes on rises
 * in all of them.
 */

/** A point in time. */
export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** A slope in units a millisecond, with its interval. All are 0 where nothing grows steadily. */
export interface Slope {
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

const NONE: Slope = { rate: 0, low: 0, high: 0 };
/** Of the normal distribution, two-sided at 99 %. */
const Z = 2.576;
/** Parts of the window of which each has to be above the one before, by at least this share of the whole rise. */
const PARTS = 4;
const LEAST_SHARE = 0.2;
/** More is taken for a curve and not for noise: growth that speeds up is growth. */
const MOST_AUTOCORRELATION = 0.6;

/** The slope of points in the order of time. At least four. */
export function steadySlope(points: readonly Point[]): Slope {
  if (!risesThroughout(points)) return NONE;
  const slopes = pairSlopes(points);
  const rate = medianOf(slopes);
  const half = halfWidth(points, rate);
  const middle = slopes.length / 2;
  const low = slopes[Math.floor(middle - half)] ?? -Infinity;
  const high = slopes[Math.ceil(middle + half)] ?? slopes.at(-1)!;
  return low > 0 ? { rate, low, high } : NONE;
}

function risesThroughout(points: readonly Point[]): boolean {
  const size = points.length / PARTS;
  const medians = Array.from({ length: PARTS }, (_, part) => {
    const values = points.slice(Math.round(part * size), Math.round((part + 1) * size))
      .map(({ value }) => value);
    return medianOf(Float64Array.from(values).sort());
  });
  const rise = medians.at(-1)! - medians[0]!;
  return rise > 0 &&
    medians.every((median, part) =>
      part === 0 || median - medians[part - 1]! >= LEAST_SHARE * rise
    );
}

/** Sorted. */
function pairSlopes(points: readonly Point[]): Float64Array {
  const slopes = new Float64Array(points.length * (points.length - 1) / 2);
  let count = 0;
  for (let i = 0; i < points.length; i++) {
    for (let j = i + 1; j < points.length; j++) {
      const [a, b] = [points[i]!, points[j]!];
      if (b.atMs > a.atMs) slopes[count++] = (b.value - a.value) / (b.atMs - a.atMs);
    }
  }
  return slopes.subarray(0, count).sort();
}

/** Ranks from the median to the end of the interval. */
function halfWidth(points: readonly Point[], rate: number): number {
  const n = points.length;
  const variance = n * (n - 1) * (2 * n + 5) / 18;
  const r = Math.min(autocorrelation(points, rate), MOST_AUTOCORRELATION);
  // Neighbours that resemble each other are fewer observations than they seem.
  return Z * Math.sqrt(variance * (1 + r) / (1 - r)) / 2;
}

/** Of the residuals, between neighbours; 0 where it is negative or there are none. */
function autocorrelation(points: readonly Point[], rate: number): number {
  const residuals = points.map(({ atMs, value }) => value - rate * atMs);
  const center = medianOf(Float64Array.from(residuals).sort());
  let squares = 0;
  let products = 0;
  for (let i = 0; i < residuals.length; i++) {
    const residual = residuals[i]! - center;
    squares += residual ** 2;
    if (i > 0) products += residual * (residuals[i - 1]! - center);
  }
  return squares > 0 ? Math.max(0, products / squares) : 0;
}

function medianOf(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
