/** What each rule of an expectation measures. Pure. */
import { quantileOfSorted } from "../stats/quantile.ts";
import { alignedTo } from "./align.ts";
import { retainedIn, startLevel } from "./levels.ts";
import { highestIn, knownValues, levelAt, rangeOf, type TimeSpan } from "./samples.ts";
import type { Series } from "./series.ts";
import { meanOf } from "./series_stats.ts";
import { leastStep, stepsOf } from "./steps.ts";

/** A phase that took less has nothing to clean up. */
const TAKEN_LEAST_BYTES = 16 * 2 ** 20;

/** A load that begins so soon is that of the phase. */
const FIRST_MS = 60_000;

/** The lowest and the highest number that a rule measured; equal where it measures one. */
export interface Measurement {
  readonly low: number;
  readonly high: number;
}

/** The rise of each time span: from its start to its highest point. */
export function spikes(series: Series, spans: readonly TimeSpan[]): readonly Measurement[] {
  return spans.flatMap((span) => {
    const start = startLevel(series, span);
    const peak = highestIn(series.values, rangeOf(series, span));
    return start === null || peak === null ? [] : one(Math.max(0, peak - start));
  });
}

/** The highest point of each time span. */
export function peaks(series: Series, spans: readonly TimeSpan[]): readonly Measurement[] {
  return spans.flatMap((span) => {
    const peak = highestIn(series.values, rangeOf(series, span));
    return peak === null ? [] : one(peak);
  });
}

/**
 * The range in which 90 % of the samples of each time span lie. Where a load begins within its first minute, the
 * samples before the end of that are left out: they are the spike and not the steady state.
 */
export function steadyRanges(series: Series, spans: readonly TimeSpan[]): readonly Measurement[] {
  return spans.flatMap((span) => {
    const range = rangeOf(series, span);
    // The sample before belongs to the rise that begins with the phase.
    const widened = { from: Math.max(0, range.from - 1), to: range.to };
    const load = stepsOf(series, leastStep(series.limit), [], widened)
      .find(({ bytes, startMs }) => bytes > 0 && startMs < span.startMs + FIRST_MS);
    const steady = load === undefined
      ? range
      : rangeOf(series, { startMs: load.endMs, endMs: span.endMs });
    const sorted = knownValues(series.values, [steady]).sort();
    if (sorted.length === 0) return [];
    return [{ low: quantileOfSorted(sorted, 0.05), high: quantileOfSorted(sorted, 0.95) }];
  });
}

/** What all time spans retained, divided by their number. */
export function growthPerStep(series: Series, spans: readonly TimeSpan[]): readonly Measurement[] {
  const retained = spans.flatMap((span) => retainedIn(series, span) ?? []);
  if (retained.length === 0) return [];
  return one(retained.reduce((a, b) => a + b) / retained.length);
}

/**
 * Of what each time span took above its start, the share that was given back when the next one began. The last one is
 * not measured, nor is one that took less than 16 MiB.
 */
export function cleanups(series: Series, spans: readonly TimeSpan[]): readonly Measurement[] {
  return spans.slice(0, -1).flatMap((span, i) => {
    const start = startLevel(series, span);
    const peak = highestIn(series.values, rangeOf(series, span));
    const next = spans[i + 1]!;
    const behind = levelAt(series, next.startMs) ?? startLevel(series, next);
    if (start === null || peak === null || behind === null) return [];
    const taken = peak - start;
    return taken < TAKEN_LEAST_BYTES ? [] : one((peak - behind) / taken);
  });
}

/** The mean of each time span, weighted by time. */
export function means(series: Series, spans: readonly TimeSpan[]): readonly Measurement[] {
  return spans.flatMap((span) => {
    const { mean } = meanOf(series, [{ range: rangeOf(series, span), endMs: span.endMs }]);
    return mean === null ? [] : one(mean);
  });
}

/** The utilisation of the busiest GPU at each tick, of the GPUs that tell it; `null`: none does. */
export function busiest(all: readonly Series[]): Series | null {
  const gpus = all.filter(({ kind }) => kind === "utilization");
  const [first] = gpus;
  if (first === undefined) return null;
  const aligned = gpus.map((gpu) => alignedTo(first.timesMs, gpu));
  const values = first.values.map((_, i) =>
    aligned.reduce((most, { [i]: value = NaN }) => most >= value ? most : value, NaN)
  );
  return { ...first, values };
}

function one(value: number): readonly [Measurement] {
  return [{ low: value, high: value }];
}
