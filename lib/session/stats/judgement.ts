/** The judgement of a series by its lower envelope: on the whole, or on what is left without a warm-up or steps. */
import { envelopeWindows, MOST_WINDOWS } from "./envelope.ts";
import { granularityOf } from "./granularity.ts";
import { median } from "./quantile.ts";
import { restOf } from "./rest.ts";
import { type Shape, shapeOf } from "./shape.ts";
import { type Shift, shiftsOf } from "./shifts.ts";
import { climbTrend, stairTrend } from "./stairs.ts";
import { type Teeth, teethOf } from "./teeth.ts";
import { theilSenSlope } from "./theil_sen.ts";
import { type Trend, trendOf } from "./trend.ts";
import { type GrowthSeries, lowsOf, mediansOf, windowsOf } from "./windows.ts";

/** The kinds of growth; what each means stands at `Growth` in growth.ts. */
export type GrowthVerdict = JudgedVerdict | "not-judged";
/** Those that are judged. */
type JudgedVerdict = "leak" | "step" | "sawtooth" | "warm-up" | "stable" | "too-short";

/** A verdict and what it rests on. */
export interface Judgement {
  readonly verdict: JudgedVerdict;
  /** The samples that decided: all, or those after a warm-up, or on the longest level between steps. */
  readonly part: GrowthSeries;
  /** Of the lower envelope and of the medians of that part; `null` where it is too short. */
  readonly trend: Trend | null;
  readonly rawTrend: Trend | null;
  /** The smallest slope that would show in that part, in bytes per hour. */
  readonly minimumDetectable: number | null;
  /** The level shifts of the whole series, with those of the part. */
  readonly shifts: readonly Shift[];
  /** Of the whole series. */
  readonly teeth: Teeth | null;
}

const HOUR_MS = 3_600_000;
const MIB = 1024 ** 2;
/** A growth of fewer units than this is a step or two; one of twice as many shows for sure. */
const LEAST_UNITS = 4;
/** Teeth below this share of the level, or below 1 MiB, are the unrest that every process has. */
const LARGE_TEETH_SHARE = 0.05;
/** The rest of a series is judged when it takes this share of all the time: less may lie within one tooth. */
const LEAST_REST_SHARE = 0.2;
/** How often the rest of a series is judged by the rest of it: a curve that flattens has no end of rests. */
const DEEPEST = 4;

/** Judges a series of at least 8 samples. */
export function judge(series: GrowthSeries, alpha: number): Judgement {
  return judgePart(series, alpha, LEAST_REST_SHARE * spanOf(series), 0);
}

/** The verdict on a series of which nothing can be told. */
export function unjudged(series: GrowthSeries): Judgement {
  return {
    verdict: "too-short",
    part: series,
    trend: null,
    rawTrend: null,
    minimumDetectable: null,
    shifts: [],
    teeth: null,
  };
}

function judgePart(
  series: GrowthSeries,
  alpha: number,
  leastRestMs: number,
  depth: number,
): Judgement {
  const rawTrend = trendOf(medianPoints(series), alpha);
  if (rawTrend === null) return unjudged(series);
  const teeth = teethOf(without(series, rawTrend));
  const windows = envelopeWindows(series, teeth);
  const envelope = lowsOf(series, windows);
  const trend = trendOf(envelope, alpha);
  if (trend === null) return unjudged(series);
  const hours = spanOf(series) / HOUR_MS;
  const unit = granularityOf(series.values);
  const minimumDetectable = Math.max(trend.minimumDetectable, 2 * LEAST_UNITS * unit / hours);
  const shape = shapeOf(envelope, unit / Math.sqrt(12));
  const shifts = "starts" in shape ? shiftsOf(series, windows, shape.starts) : [];
  const own = { part: series, trend, rawTrend, minimumDetectable, shifts, teeth };
  const quiet = quietVerdict(series, teeth, trend.minimumDetectable * hours);
  // What is left after a warm-up still flattens for a while; only what does not is a leak.
  const risen = depth > 0 && slowsDown(envelope)
    ? null
    : risingTrend({ trend, envelope, shape, shifts, alpha, leastBytes: LEAST_UNITS * unit });
  const plain: Judgement = risen === null
    ? { ...own, verdict: quiet }
    : { ...own, trend: risen, verdict: "leak" };
  const rest = restOf(series, windows, shape);
  if (rest === null) return plain;
  const isJudged = depth < DEEPEST && spanOf(rest) >= leastRestMs;
  const later = isJudged ? judgePart(rest, alpha, leastRestMs, depth + 1) : unjudged(rest);
  const both = { ...later, shifts: [...shifts, ...later.shifts], teeth };
  if (later.verdict === "leak") return both;
  if (shape.kind === "begins") {
    return later.verdict === "step" || later.verdict === "warm-up" ? both : plain;
  }
  const net = "bytes" in shape ? shape.bytes : shifts.reduce((sum, { bytes }) => sum + bytes, 0);
  if (net <= 0) {
    if (later.trend === null) return { ...own, verdict: quiet };
    const unseen = later.trend.minimumDetectable * spanOf(later.part) / HOUR_MS;
    return { ...both, verdict: quietVerdict(series, teeth, unseen) };
  }
  return { ...both, verdict: shape.kind === "steps" ? "step" : "warm-up" };
}

/** The trend by which a whole series rises: straight, or in stairs, or in parts that each lie above the one before. */
function risingTrend(
  { trend, envelope, shape, shifts, alpha, leastBytes }: {
    readonly trend: Trend;
    readonly envelope: GrowthSeries;
    readonly shape: Shape;
    readonly shifts: readonly Shift[];
    readonly alpha: number;
    readonly leastBytes: number;
  },
): Trend | null {
  const stairs = shape.kind === "staircase"
    ? stairTrend(trend, shifts, middlesOf(envelope, shape.starts))
    : null;
  const candidates = [trend, stairs, climbTrend(trend, envelope)];
  const leastSlope = leastBytes / spanOf(envelope) * HOUR_MS;
  return candidates.find((one) =>
    one !== null && one.p < alpha && one.low > 0 && one.slope >= leastSlope
  ) ?? null;
}

/** Whether the second half rises less than half as fast as the first. */
function slowsDown({ timesMs, values }: GrowthSeries): boolean {
  const half = timesMs.length >> 1;
  const early = theilSenSlope(timesMs.subarray(0, half), values.subarray(0, half)) ?? 0;
  const late = theilSenSlope(timesMs.subarray(half), values.subarray(half)) ?? 0;
  return early > 0 && late < early / 2;
}

/** The middle of the time of each level. */
function middlesOf({ timesMs }: GrowthSeries, starts: readonly number[]): number[] {
  const bounds = [0, ...starts, timesMs.length];
  return bounds.slice(1).map((to, i) => (timesMs[bounds[i]!]! + timesMs[to - 1]!) / 2);
}

function spanOf({ timesMs }: GrowthSeries): number {
  return timesMs.at(-1)! - timesMs[0]!;
}

/** The series without its trend: the same drops are found with and without a leak. */
function without({ timesMs, values }: GrowthSeries, trend: Trend): GrowthSeries {
  return { timesMs, values: values.map((value, i) => value - trend.levelAt(timesMs[i]!)) };
}

/** Medians of equal windows, so many that nothing but the finest noise is lost. */
function medianPoints(series: GrowthSeries): GrowthSeries {
  const count = Math.min(MOST_WINDOWS, series.values.length);
  return mediansOf(series, windowsOf(series, count));
}

function quietVerdict(
  { values }: GrowthSeries,
  teeth: Teeth | null,
  unseenBytes: number,
): JudgedVerdict {
  const level = median(values)!;
  if (teeth !== null && teeth.amplitude >= Math.max(MIB, LARGE_TEETH_SHARE * level)) {
    return "sawtooth";
  }
  return unseenBytes > Math.max(MIB, 2 * level) ? "too-short" : "stable";
}
