/** When a growing series reaches its limit. */
import { quantileOfSorted } from "./quantile.ts";
import type { Trend } from "./trend.ts";
import type { GrowthSeries } from "./windows.ts";

const HOUR_MS = 3_600_000;
/** A peak is what one sample of a hundred exceeds: the highest may be one odd sample. */
const PEAK_SHARE = 0.99;

/** Milliseconds from the last sample on. */
export interface TimeToLimit {
  readonly timeToLimitMs: number | null;
  readonly timeToLimitLowMs: number | null;
  readonly timeToLimitHighMs: number | null;
}

/** The answer where nothing grows, or there is no limit. */
export const NEVER: TimeToLimit = {
  timeToLimitMs: null,
  timeToLimitLowMs: null,
  timeToLimitHighMs: null,
};

/**
 * The time until the peaks reach the limit if the lower envelope rises on as it did, and they stay as far above it as
 * they were. Low and high are those of the slope's interval; high is `null` where it may as well not rise. 0 where the
 * peaks are there already.
 */
export function timeToLimit(series: GrowthSeries, trend: Trend, limitBytes: number): TimeToLimit {
  const { timesMs, values } = series;
  const above = values.map((value, i) => value - trend.levelAt(timesMs[i]!)).sort();
  const peak = trend.levelAt(timesMs.at(-1)!) + quantileOfSorted(above, PEAK_SHARE);
  const room = Math.max(0, limitBytes - peak);
  const timeAt = (slope: number) => slope > 0 ? room / slope * HOUR_MS : null;
  return {
    timeToLimitMs: timeAt(trend.slope),
    timeToLimitLowMs: timeAt(trend.high),
    timeToLimitHighMs: timeAt(trend.low),
  };
}
