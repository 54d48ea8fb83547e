/** The verdict on a series of bytes: whether memory leaks, or only steps up, warms up or goes up and down. */
import { reasonOf } from "./growth_text.ts";
import { type GrowthVerdict, judge, type Judgement, unjudged } from "./judgement.ts";
import type { Shift } from "./shifts.ts";
import { NEVER, timeToLimit } from "./time_to_limit.ts";
import type { GrowthSeries } from "./windows.ts";

export type { GrowthVerdict } from "./judgement.ts";
export type { Shift } from "./shifts.ts";
export type { GrowthSeries } from "./windows.ts";

/**
 * What is known of a series' growth. Slopes, p and the minimum are those of the part that decided: all of it, or what
 * is left after a warm-up, or the longest level between steps.
 *
 * The verdicts:
 *
 * - `leak`: the lower envelope rises (p below α, the interval above 0, four units or more), and neither steps nor a
 *   warm-up explain it. A staircase of more than three steps that goes on to the end is one too.
 * - `step`: at most three level shifts explain the growth, and it is flat on the longest level.
 * - `warm-up`: it grew at first and is flat for the rest, at least a quarter of the time.
 * - `sawtooth`: it goes up and down by at least 1 MiB and 5 % of its median, and the lower envelope does not rise.
 * - `stable`: none of these.
 * - `too-short`: fewer samples than asked for, or so short and unsteady that even a growth by twice the median would
 *   go unseen.
 * - `not-judged`: the number grows by itself, whatever memory does, as Windows' count of a process's GPU memory does.
 */
export interface Growth {
  readonly verdict: GrowthVerdict;
  /** One sentence with the numbers that decided. */
  readonly reason: string;
  /** Theil and Sen's slope of the lower envelope; `null` where it is too short. */
  readonly slopeBytesPerHour: number | null;
  /** Its interval at the confidence 1 - α, widened for autocorrelation; `null`: not bounded, or not known. */
  readonly slopeLow: number | null;
  readonly slopeHigh: number | null;
  /** The slope of the medians; `null` where it is too short. */
  readonly rawSlopeBytesPerHour: number | null;
  /** Probability of such a trend of the medians by chance, see {@linkcode trendOf}; `null` where it is too short. */
  readonly pRaw: number | null;
  /** The same of the lower envelope. */
  readonly pEnvelope: number | null;
  /** The one that decided: that of the envelope. */
  readonly p: number | null;
  /**
   * The smallest slope that this length and noise show with a probability of at least 95 %: the error of the slope of
   * the envelope times (the quantiles of Student's distribution at 1 - α/2 and 95 %, added), times 1.4 for the ranks'
   * sake; but at least eight units (pages, or what the source counts in) over the span. `null` where it is too short.
   */
  readonly minimumDetectableBytesPerHour: number | null;
  /** Level shifts, up and down, also where they do not decide. */
  readonly steps: readonly Shift[];
  /** The median of the large drops; `null` where there are fewer than three. */
  readonly sawtoothAmplitudeBytes: number | null;
  /** Of the whole series. */
  readonly samples: number;
  readonly spanMs: number;
  /** The samples that decided; `null` where there are none. */
  readonly judgedFromMs: number | null;
  readonly judgedToMs: number | null;
  /** From the last sample until the peaks reach the limit; `null`: it does not grow, or there is no limit. */
  readonly timeToLimitMs: number | null;
  /** At the steepest slope of the interval. */
  readonly timeToLimitLowMs: number | null;
  /** At the least one; `null` too where it may never come. */
  readonly timeToLimitHighMs: number | null;
}

/** Options of {@linkcode judgeGrowth}. */
export interface GrowthOptions {
  /**
   * Probability of taking chance for growth.
   * @default 0.01
   */
  readonly alpha?: number;
  /** What the memory must stay below, in bytes; `null`: nothing is known of one. */
  readonly limitBytes?: number | null;
  /**
   * A series of fewer samples is too short. Down to 8, where each sample stands for a whole repetition of
   * something. With 8 or 9 the least slope stated shows less surely than in 95 of 100 cases.
   * @default 30
   */
  readonly leastSamples?: number;
}

const FEWEST_SAMPLES = 8;

/**
 * Judges how a series grows. Takes some milliseconds, for 100,000 samples some ten.
 *
 * @throws {RangeError} when `alpha` is not between 0 and 0.5, or `leastSamples` below 8
 *
 * @example
 * ```ts ignore
 * const timesMs = Float64Array.from({ length: 600 }, (_, i) => i * 1000);
 * const growth = judgeGrowth({ timesMs, values: timesMs.map((at) => 2 ** 30 + at * 100) });
 * console.log(growth.verdict); // leak
 * ```
 */
export function judgeGrowth(series: GrowthSeries, options: GrowthOptions = {}): Growth {
  const { alpha = 0.01, limitBytes = null, leastSamples = 30 } = options;
  if (!(alpha > 0 && alpha < 0.5)) {
    throw new RangeError(`Cannot judge growth at alpha ${alpha}: give 0 < alpha < 0.5`);
  }
  if (!(leastSamples >= FEWEST_SAMPLES)) {
    throw new RangeError(`Cannot judge growth of ${leastSamples} samples: give 8 or more`);
  }
  const samples = series.values.length;
  const judgement = samples < leastSamples ? unjudged(series) : judge(series, alpha);
  const spanMs = samples === 0 ? 0 : series.timesMs.at(-1)! - series.timesMs[0]!;
  const { verdict, part, trend, rawTrend, minimumDetectable, shifts, teeth } = judgement;
  return {
    verdict,
    reason: reasonOf(judgement, { samples, leastSamples, spanMs, alpha }),
    slopeBytesPerHour: trend?.slope ?? null,
    slopeLow: finite(trend?.low),
    slopeHigh: finite(trend?.high),
    rawSlopeBytesPerHour: rawTrend?.slope ?? null,
    pRaw: rawTrend?.p ?? null,
    pEnvelope: trend?.p ?? null,
    p: trend?.p ?? null,
    minimumDetectableBytesPerHour: minimumDetectable,
    steps: shifts,
    sawtoothAmplitudeBytes: teeth?.amplitude ?? null,
    samples,
    spanMs,
    judgedFromMs: part.timesMs[0] ?? null,
    judgedToMs: part.timesMs.at(-1) ?? null,
    ...untilLimit(judgement, limitBytes),
  };
}

/** The place of a verdict on a series that must not be judged. */
export function notJudged({ timesMs }: GrowthSeries, reason: string): Growth {
  return {
    verdict: "not-judged",
    reason,
    slopeBytesPerHour: null,
    slopeLow: null,
    slopeHigh: null,
    rawSlopeBytesPerHour: null,
    pRaw: null,
    pEnvelope: null,
    p: null,
    minimumDetectableBytesPerHour: null,
    steps: [],
    sawtoothAmplitudeBytes: null,
    samples: timesMs.length,
    spanMs: timesMs.length === 0 ? 0 : timesMs.at(-1)! - timesMs[0]!,
    judgedFromMs: null,
    judgedToMs: null,
    ...NEVER,
  };
}

function untilLimit({ verdict, part, trend }: Judgement, limitBytes: number | null) {
  const grows = verdict === "leak" && trend !== null && limitBytes !== null;
  return grows ? timeToLimit(part, trend, limitBytes) : NEVER;
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
