/** The evidence of a curve that is no line but only ever rises: its stairs. */
import type { Shift } from "./shifts.ts";
import { median } from "./quantile.ts";
import type { Trend } from "./trend.ts";
import type { GrowthSeries } from "./windows.ts";

const HOUR_MS = 3_600_000;

/** A rise of which the last stretch has less than this of the mean slope has ended. */
const LEAST_LAST_SHARE = 0.2;
/** So many parts stand in order by chance in one of 720 cases. */
const PARTS = 6;

/** The trend of points of which no one in a sixth is below one of the sixth before; `null` for any other. */
export function climbTrend(trend: Trend, { timesMs, values }: GrowthSeries): Trend | null {
  if (timesMs.length < 2 * PARTS) return null;
  const bounds = Array.from(
    { length: PARTS + 1 },
    (_, i) => Math.round(i * timesMs.length / PARTS),
  );
  const parts = bounds.slice(1).map((to, i) => {
    const own = values.slice(bounds[i]!, to).sort();
    return {
      low: own[0]!,
      middle: median(own)!,
      high: own.at(-1)!,
      middleMs: (timesMs[bounds[i]!]! + timesMs[to - 1]!) / 2,
    };
  });
  if (parts.some(({ low }, i) => i > 0 && low < parts[i - 1]!.high)) return null;
  const shifts = parts.slice(1).map(({ middle, middleMs }, i) => ({
    atMs: middleMs,
    bytes: middle - parts[i]!.middle,
  }));
  return stairTrend(trend, shifts, parts.map(({ middleMs }) => middleMs));
}

/**
 * The trend of a staircase that goes up at each stair, `null` for any other. Levels in no order would stand in this one
 * with the probability 1/levels!, which is its p. The interval is from its slowest to its fastest stretch, between the
 * middles of neighbouring levels. A rise that is not straight is far from any line, so it takes this to be seen. `null`
 * too where it hardly rises at the end.
 *
 * @param trend that of the whole, which gives the slope in the middle of the interval
 * @param middlesMs the middle of each level's time
 */
export function stairTrend(
  trend: Trend,
  shifts: readonly Shift[],
  middlesMs: readonly number[],
): Trend | null {
  const slopes = shifts.map(({ bytes }, i) =>
    bytes / (middlesMs[i + 1]! - middlesMs[i]!) * HOUR_MS
  );
  if (slopes.length === 0 || slopes.some((slope) => slope <= 0)) return null;
  const passed = middlesMs.at(-1)! - middlesMs[0]!;
  const mean = shifts.reduce((sum, { bytes }) => sum + bytes, 0) / passed * HOUR_MS;
  if (slopes.at(-1)! < LEAST_LAST_SHARE * mean) return null;
  const p = middlesMs.reduce((product, _, i) => product / (i + 1), 1);
  const [low, high] = [Math.min(...slopes), Math.max(...slopes)];
  return {
    ...trend,
    slope: Math.max(low, Math.min(high, trend.slope)),
    low,
    high,
    p,
    pKendall: p,
    pSlope: p,
  };
}
