/** The numbers of a series within a time span. Pure. */
import type { Quantiles } from "./quantiles.ts";
import type { SeriesStats } from "./records.ts";
import { heldMs, type IndexRange, rangeOf, type Samples, type TimeSpan } from "./samples.ts";
import type { Series } from "./series.ts";

/** Numbers of a series, with how much time stands behind them. */
export interface Measured {
  readonly stats: SeriesStats;
  /** Time for which samples with a number count. */
  readonly knownMs: number;
}

/** The numbers of a time span; all `null` where there is no sample with a number. */
export function measure(series: Series, span: TimeSpan, quantiles: Quantiles): Measured {
  const range = rangeOf(series, span);
  const { peak, peakAtMs, minimum, first, last, known } = extremes(series, range);
  const { mean, knownMs } = meanOf(series, [{ range, endMs: span.endMs }]);
  const [p50, p95, p99] = quantiles.of(series.values, [range], [0.5, 0.95, 0.99]);
  return {
    knownMs,
    stats: {
      series: series.id,
      samples: known,
      unknown: range.to - range.from - known,
      peak,
      peakAtMs,
      minimum,
      mean,
      p50,
      p95,
      p99,
      first,
      last,
      limit: series.limit,
      peakRatio: share(peak, series.limit),
      meanRatio: share(mean, series.limit),
    },
  };
}

/** Where a mean is taken. */
export interface MeanPart {
  readonly range: IndexRange;
  /** The last sample counts no longer than until here. */
  readonly endMs: number;
}

/**
 * The mean over some time spans, weighted by time; of samples that count for no time (the only one of a session) the
 * plain mean. `null`: nothing is known.
 */
export function meanOf(
  series: Samples,
  parts: readonly MeanPart[],
): { readonly mean: number | null; readonly knownMs: number } {
  const { values } = series;
  let weighted = 0;
  let knownMs = 0;
  let sum = 0;
  let known = 0;
  for (const { range, endMs } of parts) {
    for (let i = range.from; i < range.to; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      const ms = heldMs(series, i, endMs);
      weighted += value * ms;
      knownMs += ms;
      sum += value;
      known += 1;
    }
  }
  if (known === 0) return { mean: null, knownMs: 0 };
  return { mean: knownMs > 0 ? weighted / knownMs : sum / known, knownMs };
}

/** Part of the whole; `null` where one of them is not known, or the whole is nothing. */
export function share(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole <= 0 ? null : part / whole;
}

function extremes({ timesMs, values }: Series, { from, to }: IndexRange) {
  let peak = -Infinity;
  let peakAt = -1;
  let minimum = Infinity;
  let firstAt = -1;
  let lastAt = -1;
  let known = 0;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    known += 1;
    if (firstAt < 0) firstAt = i;
    lastAt = i;
    if (value > peak) {
      peak = value;
      peakAt = i;
    }
    if (value < minimum) minimum = value;
  }
  if (known === 0) {
    return { known, peak: null, peakAtMs: null, minimum: null, first: null, last: null };
  }
  const first = values[firstAt]!;
  const last = values[lastAt]!;
  return { known, peak, peakAtMs: timesMs[peakAt]!, minimum, first, last };
}
