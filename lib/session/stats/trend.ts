/** Whether the points of a series rise or fall over time, by how much, and from what slope on that would show. */
import { inflationAt, neighbourCorrelation } from "./autocorrelation.ts";
import { slowVariance } from "./long_waves.ts";
import { mannKendall } from "./mann_kendall.ts";
import { median, medianAbsoluteDeviation } from "./quantile.ts";
import { studentCdf, studentQuantile } from "./special.ts";
import { theilSenInterval, theilSenSlope } from "./theil_sen.ts";
import type { GrowthSeries } from "./windows.ts";

const HOUR_MS = 3_600_000;
/** With fewer points there is neither a neighbour's correlation nor a slow movement to tell. */
const LEAST_POINTS = 8;
/** Polynomials that tell the slow noise: more of them, and those of higher frequency would hide how slow it is. */
const SLOW_WAVES = 6;
/** Degrees of freedom that the slope and the level take, and the fewest that may be left. */
const FITTED = 2;
const LEAST_FREEDOM = 3;
/** The share of slopes of the stated size that shows. */
const POWER = 0.95;
/** The stated slope is this much above what the errors say, since it must show in all tests, ranks included. */
const MARGIN = 1.4;
/** Residuals further off than this many standard deviations (by the MAD) count as this far. */
const WIDEST_DEVIATIONS = 6;
const MAD_PER_DEVIATION = 0.6745;

/** The trend of a series; slopes in bytes per hour. */
export interface Trend {
  /** Theil and Sen's. */
  readonly slope: number;
  /**
   * Its interval at 1 - α: the wider of Sen's and Student's, each widened for the correlation of the points. Infinite
   * where so few points tell nothing at this α.
   */
  readonly low: number;
  readonly high: number;
  /** The larger of the two below: a trend must show in both. */
  readonly p: number;
  /** Of the Mann–Kendall test, corrected for the correlation of the points. */
  readonly pKendall: number;
  /** Of the slope over its error, as Student's. */
  readonly pSlope: number;
  /** The smallest slope that shows in at least 95 of 100 series of this length and noise. */
  readonly minimumDetectable: number;
  /** The level that the line through the points has at a time, in bytes. */
  readonly levelAt: (atMs: number) => number;
}

/** The noise of a slope: what it may be by chance. */
interface SlopeError {
  readonly error: number;
  /** Degrees of freedom of Student's distribution. */
  readonly freedom: number;
}

/**
 * Judges the trend of points that may be correlated with their neighbours. Taken as independent, they would seem to
 * rise or fall far too often.
 *
 * - The Mann–Kendall test is made on the points after pre-whitening with correction of the variance (Wang and others,
 *   2015): on the innovations of the residuals' first-order autoregression, scaled so that as independent noise they
 *   give the slope the error that it has, the slope is laid again. To divide S by a larger variance (Hamed and Rao,
 *   1998) shows no trend in points that are worth few independent ones, however clear of the noise; pre-whitening
 *   without the correction shows too many.
 * - The slope is compared with two errors, that of the autoregression and that of the slow movements really seen.
 *   Both are known from little, so Student's distribution takes the place of the normal one.
 *
 * `null` for fewer than 8 points, and where all are at one time.
 */
export function trendOf({ timesMs, values }: GrowthSeries, alpha: number): Trend | null {
  const [startMs, first] = [timesMs[0]!, values[0]!];
  const hours = timesMs.map((at) => (at - startMs) / HOUR_MS);
  const offsets = values.map((value) => value - first);
  const slope = timesMs.length < LEAST_POINTS ? null : theilSenSlope(hours, offsets);
  if (slope === null) return null;
  const flat = offsets.map((value, i) => value - slope * hours[i]!);
  const level = median(flat)!;
  const residuals = withoutOutliers(flat.map((value) => value - level));
  const phi = neighbourCorrelation(residuals);
  const innovations = innovationsOf(residuals, phi);
  const mean = hours.reduce((sum, hour) => sum + hour, 0) / hours.length;
  const spread = hours.reduce((sum, hour) => sum + (hour - mean) ** 2, 0);
  const byModel = modelError(hours, innovations, phi, spread);
  const slow = slowVariance(hours, residuals, SLOW_WAVES);
  const errors = [byModel, { error: Math.sqrt(slow / spread), freedom: SLOW_WAVES }];
  const white = whitened(hours, innovations, byModel.error * Math.sqrt(spread), slope);
  const pKendall = mannKendall(white).p;
  const pSlope = Math.max(...errors.map((error) => pOf(slope, error)));
  const times = (quantile: (freedom: number) => number) =>
    Math.max(...errors.map(({ error, freedom }) => error * quantile(freedom)));
  const student = times((freedom) => studentQuantile(1 - alpha / 2, freedom));
  const sen = theilSenInterval(hours, white, 1 - alpha);
  return {
    slope,
    low: slope - Math.max(student, sen === null ? 0 : sen.slope - sen.low),
    high: slope + Math.max(student, sen === null ? 0 : sen.high - sen.slope),
    p: Math.max(pKendall, pSlope),
    pKendall,
    pSlope,
    minimumDetectable: MARGIN *
      times((freedom) => studentQuantile(1 - alpha / 2, freedom) + studentQuantile(POWER, freedom)),
    levelAt: (atMs) => first + level + slope * (atMs - startMs) / HOUR_MS,
  };
}

/**
 * The error of the slope if the noise is the autoregression. Its variance is taken from the innovations: those of the
 * residuals themselves would count a smooth curve as noise that wanders as far at random.
 */
function modelError(
  hours: Float64Array,
  innovations: Float64Array,
  phi: number,
  spread: number,
): SlopeError {
  const { ofSlope, worth } = inflationAt(hours, phi);
  const squares = innovations.reduce((sum, e) => sum + e * e, 0);
  const variance = squares / (innovations.length - FITTED) / (1 - phi * phi);
  return {
    error: Math.sqrt(variance * ofSlope / spread),
    freedom: Math.max(LEAST_FREEDOM, worth - FITTED),
  };
}

/** The probability of a slope this far from 0 by chance; where there is no noise, any slope is none. */
function pOf(slope: number, { error, freedom }: SlopeError): number {
  if (slope === 0) return 1;
  return error === 0 ? 0 : 2 * studentCdf(-Math.abs(slope) / error, freedom);
}

/** What each residual does not take over from the one before; the first is scaled alike (Prais and Winsten, 1954). */
function innovationsOf(residuals: Float64Array, phi: number): Float64Array {
  return residuals.map((r, i) =>
    i === 0 ? r * Math.sqrt(1 - phi * phi) : r - phi * residuals[i - 1]!
  );
}

/** Independent noise of the size that gives the slope its error, in the order of the innovations, on the slope. */
function whitened(
  hours: Float64Array,
  innovations: Float64Array,
  size: number,
  slope: number,
): Float64Array {
  const mean = innovations.reduce((sum, e) => sum + e, 0) / innovations.length;
  const squares = innovations.reduce((sum, e) => sum + (e - mean) ** 2, 0);
  const scale = squares > 0 ? size / Math.sqrt(squares / innovations.length) : 0;
  return innovations.map((e, i) => e * scale + slope * hours[i]!);
}

function withoutOutliers(residuals: Float64Array): Float64Array {
  const widest = WIDEST_DEVIATIONS * medianAbsoluteDeviation(residuals)! / MAD_PER_DEVIATION;
  if (widest === 0) return residuals;
  return residuals.map((r) => Math.max(-widest, Math.min(widest, r)));
}
