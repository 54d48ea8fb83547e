/** Whether a recording could have shown a leak. Pure. */
import type { GrowthReport, SeriesStats } from "./records.ts";

/** A leak that would have taken more than this share of the peak without showing is not ruled out … */
const HIDDEN_RATIO = 0.1;
/** … nor one that would double the peak within an hour: a few seconds show nothing else. */
const HIDDEN_RATIO_AN_HOUR = 1;
const HOUR_MS = 3_600_000;

/**
 * The verdict says something: a leak of a size that matters would have shown. It does not where the series is so
 * unsteady, or was seen so shortly, that a growth by a tenth of its peak would have gone unseen.
 */
export function isTelling({ growth }: GrowthReport, stats: SeriesStats | undefined): boolean {
  const { verdict, minimumDetectableBytesPerHour: least, judgedFromMs, judgedToMs } = growth;
  if (verdict === "leak") return true;
  if (verdict === "too-short" || verdict === "not-judged" || least === null) return false;
  const spanMs = judgedFromMs === null || judgedToMs === null
    ? growth.spanMs
    : judgedToMs - judgedFromMs;
  const peak = stats?.peak ?? 0;
  return least * spanMs / HOUR_MS <= HIDDEN_RATIO * peak && least <= HIDDEN_RATIO_AN_HOUR * peak;
}
