/** The lower envelope of a series: what memory comes back to. */
import type { Teeth } from "./teeth.ts";
import { type GrowthSeries, type IndexSpan, windowsOf } from "./windows.ts";

/** More windows tell hardly more, and pairs of points grow with the square. */
export const MOST_WINDOWS = 120;
/** With fewer windows, one that is out of order hides any trend at 1 %. */
const LEAST_WINDOWS = 14;
/** How many windows there are where the teeth are too long for windows that cover them. */
const UNCOVERED_WINDOWS = 28;
/** So many samples or fewer are taken one by one. */
const FEW_SAMPLES = 32;

/**
 * The windows whose minima are the lower envelope: of equal time, and as long as the longest usual tooth, so that each
 * holds a low. Where fewer than 14 of those fit, the windows are shorter and the envelope keeps some of the teeth: they
 * then count as what they are there, slow noise that a trend must stand out from.
 */
export function envelopeWindows(series: GrowthSeries, teeth: Teeth | null): readonly IndexSpan[] {
  const { timesMs } = series;
  const samples = timesMs.length;
  const most = Math.min(MOST_WINDOWS, samples <= FEW_SAMPLES ? samples : samples >> 1);
  if (samples === 0) return [];
  const span = timesMs.at(-1)! - timesMs[0]!;
  const covering = teeth === null ? most : Math.floor(span / teeth.longestMs);
  return windowsOf(
    series,
    Math.min(most, covering >= LEAST_WINDOWS ? covering : UNCOVERED_WINDOWS),
  );
}
