/** What is left to judge of a series once its warm-up or its steps are known. */
import type { Shape } from "./shape.ts";
import type { GrowthSeries, IndexSpan } from "./windows.ts";

/** A staircase of which the last stair is before this share of the time has ended, if no stair took nearly as long. */
const ENDED_SHARE = 2 / 3;
const LONGER = 1.5;

/** What is left to judge when the shape is known: `null` where it is the whole. */
export function restOf(
  series: GrowthSeries,
  windows: readonly IndexSpan[],
  shape: Shape,
): GrowthSeries | null {
  const slice = (from: number, to: number) => {
    const [first, last] = [windows[from]!.from, windows[to - 1]!.to];
    return {
      timesMs: series.timesMs.subarray(first, last),
      values: series.values.subarray(first, last),
    };
  };
  if (shape.kind === "line") return null;
  if ("at" in shape) return slice(shape.at, windows.length);
  const bounds = [0, ...shape.starts, windows.length];
  const segments = bounds.slice(1).map((to, i) => ({
    from: bounds[i]!,
    to,
    length: to - bounds[i]!,
  }));
  const longest = segments.reduce((a, b) => b.length >= a.length ? b : a);
  if (shape.kind === "steps") return slice(longest.from, longest.to);
  const last = segments.at(-1)!;
  const before = Math.max(...segments.slice(0, -1).map(({ length }) => length));
  const hasEnded = last.from <= ENDED_SHARE * windows.length && last.length >= LONGER * before;
  return hasEnded ? slice(last.from, last.to) : null;
}
