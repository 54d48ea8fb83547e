/** The teeth of a series that rises and falls again and again, as a collected heap does. */
import { median, quantileOfSorted } from "./quantile.ts";
import type { GrowthSeries } from "./windows.ts";

/** Fewer large drops than this are no teeth: one or two may be anything. */
const LEAST_DROPS = 3;

/** What {@linkcode teethOf} finds. */
export interface Teeth {
  /** Large drops seen. */
  readonly count: number;
  /** The median of them, in bytes. */
  readonly amplitude: number;
  /**
   * The longest usual time from one low to the next: the longest of few, the 95th percentile of many, and in either
   * case no more than twice the median.
   */
  readonly longestMs: number;
}

/**
 * Finds the teeth of a series without its trend. The drops that count are those of at least half the third largest, so
 * one or two odd falls set no measure. Noise has such teeth too, which are close together. `null` where there are fewer
 * than three.
 */
export function teethOf({ timesMs, values }: GrowthSeries): Teeth | null {
  const ranges = Float64Array.from(dropsOf(values)).sort();
  if (ranges.length < LEAST_DROPS) return null;
  const { drops, lows } = swingsOf(values, ranges.at(-LEAST_DROPS)! / 2);
  if (drops.length < LEAST_DROPS) return null;
  const passed = lows.slice(1).map((low, i) => timesMs[low]! - timesMs[lows[i]!]!);
  const sorted = Float64Array.from(passed).sort();
  return {
    count: drops.length,
    amplitude: median(drops)!,
    longestMs: Math.min(
      quantileOfSorted(sorted, sorted.length < 20 ? 1 : 0.95),
      2 * quantileOfSorted(sorted, 0.5),
    ),
  };
}

/**
 * Every drop, a small one within a larger rise or drop by itself: the cycles of a rainflow count (Endo and Matsuishi,
 * 1968) and the drops that are left when all cycles are taken out.
 */
function dropsOf(values: Float64Array): number[] {
  const drops: number[] = [];
  const open: number[] = [];
  for (const turn of turnsOf(values)) {
    open.push(turn);
    while (open.length >= 4) {
      const [first, low, high, last] = open.slice(-4) as [number, number, number, number];
      const inner = Math.abs(high - low);
      if (inner > Math.abs(low - first) || inner > Math.abs(last - high)) break;
      drops.push(inner);
      open.splice(-3, 2);
    }
  }
  open.forEach((value, i) => {
    if (i > 0 && value < open[i - 1]!) drops.push(open[i - 1]! - value);
  });
  return drops;
}

/** The first value, each at which the direction changes, and the last. */
function turnsOf(values: Float64Array): number[] {
  const turns: number[] = [];
  for (const value of values) {
    const [before, last] = [turns.at(-2), turns.at(-1)];
    if (value === last) continue;
    const goesOn = before !== undefined && last !== undefined &&
      (last - before) * (value - last) > 0;
    if (goesOn) turns[turns.length - 1] = value;
    else turns.push(value);
  }
  return turns;
}

/** Drops of at least `least` and the lows they end in (as indices), rises of as much between them. */
function swingsOf(values: Float64Array, least: number): { drops: number[]; lows: number[] } {
  const drops: number[] = [];
  const lows: number[] = [];
  let [high, low, lowAt, falls] = [values[0]!, values[0]!, 0, false];
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!;
    if (falls ? value < low : value > high) {
      if (falls) [low, lowAt] = [value, i];
      else high = value;
    } else if (!falls && high - value >= least) {
      [falls, low, lowAt] = [true, value, i];
    } else if (falls && value - low >= least) {
      drops.push(high - low);
      lows.push(lowAt);
      [falls, high] = [false, value];
    }
  }
  if (falls) {
    drops.push(high - low);
    lows.push(lowAt);
  }
  return { drops, lows };
}
