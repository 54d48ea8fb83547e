/** The shape of a growth: a line, a rise that ends, one that begins late, or a few steps between flat levels. */
import { inflationAt, neighbourCorrelation } from "./autocorrelation.ts";
import { median } from "./quantile.ts";
import { bestLevels } from "./steps.ts";
import type { GrowthSeries } from "./windows.ts";

/** More level shifts than this are no few steps any more: a staircase that may well go on. */
const MOST_STEPS = 3;
/** More shifts than count as steps are tried, so that a staircase is not taken for its three largest stairs. */
const MOST_SHIFTS = 8;
/** A flat part takes at least this share of the time. */
const LEAST_FLAT_SHARE = 0.25;
/** A rise or a part before a rise has at least so many points. */
const LEAST_POINTS = 2;

/** What a series of points looks like. */
export type Shape =
  /** Nothing describes it better than a straight line, which may be flat. */
  | { readonly kind: "line" }
  /** It changes by `bytes` up to the point `at` and is flat from there on. */
  | { readonly kind: "ends"; readonly at: number; readonly bytes: number }
  /** It is flat up to the point `at` and changes by `bytes` from there on. */
  | { readonly kind: "begins"; readonly at: number; readonly bytes: number }
  /** It is flat but for shifts, of which the indices are the first points. */
  | { readonly kind: "steps" | "staircase"; readonly starts: readonly number[] };

/** However correlated the residuals of the closest fit, it does not count for less than this many points. */
const LEAST_WORTH = 3;
/** A shift below this share of the largest is the edge or the unrest of a level. */
const LEAST_SHIFT_SHARE = 0.2;
/** Time constants of an exponential saturation, as shares of the time; it counts as over after four of them. */
const SATURATION_SHARES = [0.02, 0.03, 0.045, 0.07, 0.1, 0.14, 0.18];
/** The difference of BIC that counts: evidence is strong from 6 on and very strong from 10 (Kass and Raftery, 1995). */
const STRONG = 8;

interface Candidate {
  readonly shape: Shape;
  readonly fitted: Float64Array;
  /** What its fit costs: 2 for a line, 2 more for a bend that is searched for, 3 for each shift. */
  readonly parameters: number;
}

/**
 * The shape that describes the points best for its number of parameters: the least BIC (Schwarz, 1978), where as many
 * points count as the residuals, being correlated, are worth. Anything but the line must be better than the line by
 * a difference that is strong evidence: what cannot be told apart is a line.
 *
 * @param floor standard deviation in bytes below which differences are rounding
 */
export function shapeOf(points: GrowthSeries, floor: number): Shape {
  const values = despiked(points.values);
  const times = points.timesMs.map((at) => at - points.timesMs[0]!);
  const line = regression(times, times, values);
  const candidates: Candidate[] = [
    { shape: { kind: "line" }, fitted: line, parameters: 2 },
    ...bends(times, values),
    ...levels(values),
  ];
  const judged = candidates.map(({ shape, fitted, parameters }) => {
    const residuals = values.map((value, i) => value - fitted[i]!);
    return { shape, parameters, residuals, cost: costOf(residuals, floor) };
  });
  const closest = judged.reduce((a, b) => b.cost < a.cost ? b : a);
  const correlation = neighbourCorrelation(closest.residuals);
  const worth = Math.max(LEAST_WORTH, inflationAt(times, correlation).worth);
  const lineCost = judged[0]!.cost;
  let best: { shape: Shape; gain: number } = { shape: { kind: "line" }, gain: STRONG };
  for (const { shape, parameters, cost } of judged.slice(1)) {
    const gain = worth * Math.log(lineCost / cost) - (parameters - 2) * Math.log(worth);
    if (gain > best.gain) best = { shape, gain };
  }
  return best.shape;
}

function costOf(residuals: Float64Array, floor: number): number {
  return residuals.reduce((sum, r) => sum + r * r, 0) / residuals.length + floor * floor;
}

/** The best fits of a rise that ends, at once or by and by, and of one that begins. */
function bends(times: Float64Array, values: Float64Array): Candidate[] {
  const [count, end] = [times.length, times.at(-1)!];
  const knees = times.slice(LEAST_POINTS, count - LEAST_POINTS);
  const ends = knees.filter((knee) => end - knee >= LEAST_FLAT_SHARE * end);
  const begins = knees.filter((knee) => knee >= LEAST_FLAT_SHARE * end);
  const fit = (kind: "ends" | "begins", knee: number, along: Float64Array): Bend => {
    const fitted = regression(times, along, values);
    const cost = costOf(values.map((value, i) => value - fitted[i]!), 0);
    return { kind, at: times.findIndex((time) => time >= knee), fitted, cost };
  };
  return [
    [...ends].map((knee) => fit("ends", knee, times.map((time) => Math.min(time, knee)))),
    SATURATION_SHARES.map((share) =>
      fit("ends", 4 * share * end, times.map((time) => 1 - Math.exp(-time / (share * end))))
    ),
    [...begins].map((knee) => fit("begins", knee, times.map((time) => Math.max(time, knee)))),
  ].filter((fits) => fits.length > 0).map((fits) => {
    const { kind, at, fitted } = fits.reduce((a, b) => b.cost < a.cost ? b : a);
    const bytes = fitted.at(-1)! - fitted[0]!;
    return { shape: { kind, at, bytes }, fitted, parameters: 4 };
  });
}

interface Bend {
  readonly kind: "ends" | "begins";
  readonly at: number;
  readonly fitted: Float64Array;
  readonly cost: number;
}

function levels(values: Float64Array): Candidate[] {
  return bestLevels(values, MOST_SHIFTS).slice(1).map(({ starts }) => {
    const fitted = new Float64Array(values.length);
    const means = [0, ...starts].map((from, i) => {
      const segment = values.subarray(from, starts[i] ?? values.length);
      const rise = segment.reduce((sum, value) => sum + (value - segment[0]!), 0);
      const mean = segment[0]! + rise / segment.length;
      fitted.fill(mean, from, from + segment.length);
      return mean;
    });
    const shifts = starts.map((_, i) => Math.abs(means[i + 1]! - means[i]!));
    const largest = Math.max(...shifts);
    const clear = starts.filter((_, i) => shifts[i]! >= LEAST_SHIFT_SHARE * largest);
    const kind = clear.length <= MOST_STEPS ? "steps" : "staircase";
    return { shape: { kind, starts: clear }, fitted, parameters: 1 + 3 * starts.length };
  });
}

/** The least-squares line of `values` over `along`, at each point. */
function regression(times: Float64Array, along: Float64Array, values: Float64Array): Float64Array {
  const count = times.length;
  const meanOf = (numbers: Float64Array) => {
    const first = numbers[0]!;
    return first + numbers.reduce((sum, x) => sum + (x - first), 0) / count;
  };
  const [meanAlong, meanValue] = [meanOf(along), meanOf(values)];
  let [products, squares] = [0, 0];
  for (let i = 0; i < count; i++) {
    products += (along[i]! - meanAlong) * (values[i]! - meanValue);
    squares += (along[i]! - meanAlong) ** 2;
  }
  const slope = squares > 0 ? products / squares : 0;
  return along.map((x) => meanValue + slope * (x - meanAlong));
}

/** Single points off both their neighbours replaced by the median of the three. */
function despiked(values: Float64Array): Float64Array {
  return values.map((value, i) =>
    i === 0 || i === values.length - 1 ? value : median(values.subarray(i - 1, i + 2))!
  );
}
