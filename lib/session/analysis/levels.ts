/** The level of a series at the beginning and the end of a time span. Pure. */
import { firstAtOrAfter, isKnown, rangeOf, type Samples, type TimeSpan } from "./samples.ts";

/**
 * The level at a boundary of a time span: the lower one of the last known sample before it and the first from it on,
 * while they count. What is loaded just behind a beginning, or given back just before or behind an end, then lies on
 * the right side, although a phase and a tick never fall together. `null`: neither is known.
 */
function boundaryLevel(series: Samples, atMs: number): number | null {
  const { timesMs, values, holdMs } = series;
  const next = firstAtOrAfter(timesMs, atMs);
  const isNear = (i: number) =>
    i >= 0 && i < timesMs.length && Math.abs(timesMs[i]! - atMs) <= holdMs &&
    !Number.isNaN(values[i]!);
  const around = [next - 1, next].filter(isNear).map((i) => values[i]!);
  return around.length === 0 ? null : Math.min(...around);
}

/**
 * The level at the beginning of a time span, or else of the first known sample in it; `null`: nothing in it is known.
 */
export function startLevel(series: Samples, { startMs, endMs }: TimeSpan): number | null {
  const before = boundaryLevel(series, startMs);
  if (before !== null) return before;
  const { timesMs, values } = series;
  for (let i = firstAtOrAfter(timesMs, startMs); i < timesMs.length && timesMs[i]! <= endMs; i++) {
    if (!Number.isNaN(values[i]!)) return values[i]!;
  }
  return null;
}

/**
 * The level at the end of a time span, or else of the last known sample in it; `null`: nothing in it is known.
 */
export function endLevel(series: Samples, { startMs, endMs }: TimeSpan): number | null {
  const behind = boundaryLevel(series, endMs);
  if (behind !== null) return behind;
  const { timesMs, values } = series;
  const after = firstAtOrAfter(timesMs, endMs);
  for (
    let i = timesMs[after] === endMs ? after : after - 1;
    i >= 0 && timesMs[i]! >= startMs;
    i--
  ) {
    if (!Number.isNaN(values[i]!)) return values[i]!;
  }
  return null;
}

/**
 * What a time span holds more at its end than at its start; `null`: nothing in it is known. The levels are those at
 * its two ends, so of spans that follow each other what they retained adds up.
 */
export function retainedIn(series: Samples, span: TimeSpan): number | null {
  const { from, to } = rangeOf(series, span);
  if (!isKnown(series.values.subarray(from, to))) return null;
  const end = endLevel(series, span);
  return end === null ? null : end - startLevel(series, span)!;
}
