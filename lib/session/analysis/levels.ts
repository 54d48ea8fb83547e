/** The level of a series at the beginning and the end of a time span. Pure. */
import { firstAtOrAfter, levelAt, type Samples, type TimeSpan } from "./samples.ts";

/**
 * The level at the beginning of a time span: of the sample at that moment, of the last one before it while it counts,
 * or else of the first known one in it; `null`: nothing in it is known.
 */
export function startLevel(series: Samples, { startMs, endMs }: TimeSpan): number | null {
  const before = levelAt(series, startMs);
  if (before !== null) return before;
  const { timesMs, values } = series;
  for (let i = firstAtOrAfter(timesMs, startMs); i < timesMs.length && timesMs[i]! <= endMs; i++) {
    if (!Number.isNaN(values[i]!)) return values[i]!;
  }
  return null;
}

/**
 * The level at the end of a time span: of the last known sample in it, one at its very end included; `null`: nothing
 * in it is known.
 */
export function endLevel(
  { timesMs, values }: Samples,
  { startMs, endMs }: TimeSpan,
): number | null {
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
  const end = endLevel(series, span);
  return end === null ? null : end - startLevel(series, span)!;
}
