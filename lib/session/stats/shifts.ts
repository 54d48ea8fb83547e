/** The time and size of the level shifts that were found among a series' windows. */
import { median } from "./quantile.ts";
import { type GrowthSeries, type IndexSpan, lowsOf } from "./windows.ts";

/** A shift from one level to another. */
export interface Shift {
  /** Time of the first sample on the new level. */
  readonly atMs: number;
  /** The new level less the old one, as the medians of the lower envelope. */
  readonly bytes: number;
}

/** The shifts at the windows `starts`, each with the time at which the samples there go over. */
export function shiftsOf(
  series: GrowthSeries,
  windows: readonly IndexSpan[],
  starts: readonly number[],
): readonly Shift[] {
  const bounds = [0, ...starts, windows.length];
  const lows = lowsOf(series, windows).values;
  const levels = bounds.slice(1).map((to, i) => median(lows.subarray(bounds[i]!, to))!);
  return starts.map((start, i) => ({
    atMs: timeOfShift(series, windows[start - 1]!.from, windows[start]!.to),
    bytes: levels[i + 1]! - levels[i]!,
  }));
}

/** Where two levels describe these samples best. */
function timeOfShift({ timesMs, values }: GrowthSeries, from: number, to: number): number {
  const total = values.subarray(from, to).reduce((sum, value) => sum + value - values[from]!, 0);
  let [best, at, before] = [-1, from + 1, 0];
  for (let i = from + 1; i < to; i++) {
    before += values[i - 1]! - values[from]!;
    const [left, right] = [i - from, to - i];
    const between = left * right * (before / left - (total - before) / right) ** 2;
    if (between > best) [best, at] = [between, i];
  }
  return timesMs[at]!;
}
