/** A series cut into windows of equal time, so that neither its rate of sampling nor a gap weighs in. */
import { median } from "./quantile.ts";

/** A series of a quantity in bytes. */
export interface GrowthSeries {
  /** Ascending, in milliseconds from any moment on. */
  readonly timesMs: Float64Array;
  /** Without NaN: samples that are not known are left out by the caller. */
  readonly values: Float64Array;
}

/** The samples of one window: those from `from` on and before `to`. */
export interface IndexSpan {
  readonly from: number;
  readonly to: number;
}

/** The windows that hold a sample, in order; windows of a gap are left out. */
export function windowsOf(series: GrowthSeries, count: number): readonly IndexSpan[] {
  const { timesMs } = series;
  if (timesMs.length === 0) return [];
  const [start, end] = [timesMs[0]!, timesMs.at(-1)!];
  const windows: IndexSpan[] = [];
  for (let from = 0, window = 0; window < count && from < timesMs.length; window++) {
    const limit = window === count - 1 ? Infinity : start + (end - start) * (window + 1) / count;
    let to = from;
    while (to < timesMs.length && timesMs[to]! < limit) to += 1;
    if (to > from) windows.push({ from, to });
    from = to;
  }
  return windows;
}

/** The median of each window, at the mean time of its samples. */
export function mediansOf(series: GrowthSeries, windows: readonly IndexSpan[]): GrowthSeries {
  const { timesMs, values } = series;
  return {
    timesMs: Float64Array.from(windows, ({ from, to }) => meanTime(timesMs, from, to)),
    values: Float64Array.from(windows, ({ from, to }) => median(values.subarray(from, to))!),
  };
}

/**
 * The lowest sample of each window, at its own time: at the windows' middles, the lows of teeth a little shorter than
 * the windows would seem to wander, and a slope with them.
 */
export function lowsOf(series: GrowthSeries, windows: readonly IndexSpan[]): GrowthSeries {
  const { timesMs, values } = series;
  const places = windows.map(({ from, to }) => {
    let lowest = from;
    for (let i = from + 1; i < to; i++) if (values[i]! < values[lowest]!) lowest = i;
    return lowest;
  });
  return {
    timesMs: Float64Array.from(places, (i) => timesMs[i]!),
    values: Float64Array.from(places, (i) => values[i]!),
  };
}

function meanTime(timesMs: Float64Array, from: number, to: number): number {
  const first = timesMs[from]!;
  let sum = 0;
  for (let i = from; i < to; i++) sum += timesMs[i]! - first;
  return first + sum / (to - from);
}
