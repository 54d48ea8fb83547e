/** How far the memory stays from its limits. Pure. */
import type { Insight, SeriesStats } from "../records.ts";
import type { Series } from "../series.ts";
import { msAtOrAbove } from "../zones.ts";
import { type FindInsights, type InsightContext, percent, size, time } from "./context.ts";
import { leastHeld } from "./held_memory.ts";

/** Where no critical level is set, this share of the limit is near. */
const NEAR_RATIO = 0.9;
/** From here on the next allocation may fail. */
const FULL_RATIO = 0.95;
/** Less than this was ever in use: the rest is room. */
const ROOM_RATIO = 0.5;

/** `near_limit`: the peak was above the critical level, or above 90 % of a limit without one. */
export const nearLimit: FindInsights = (context) =>
  withLimit(context, ({ series, limit, peak, isTarget }) => {
    // What is above a group's own limit is told as that.
    if (isTarget && peak > limit) return null;
    const level = series.critical ?? NEAR_RATIO * limit;
    if (peak <= level) return null;
    const nearMs = msAtOrAbove(series, level, { startMs: 0, endMs: context.data.durationMs });
    return {
      kind: "near_limit",
      severity: peak >= FULL_RATIO * limit ? "critical" : "warning",
      subject: series.id.label,
      finding: `${series.id.label} came to ${size(peak)} of ${size(limit)} ` +
        `(${percent(peak / limit)}), and was above ${size(level)} for ${time(nearMs)}`,
      advice: "Lower the peak (smaller batches or contexts, one model at a time) before the load " +
        "grows",
      numbers: {
        peakBytes: peak,
        limitBytes: limit,
        peakRatio: peak / limit,
        levelBytes: level,
        nearMs,
      },
    };
  });

/** `headroom`: a GPU, container or group that was in use never took half of what it may. */
export const headroom: FindInsights = (context) =>
  withLimit(context, ({ series, limit, peak }) => {
    const isInUse = peak >= leastHeld(limit);
    if (series.kind === "ram" || !isInUse || peak > ROOM_RATIO * limit) return null;
    return {
      kind: "headroom",
      severity: "info",
      subject: series.id.label,
      finding: `${series.id.label} never took more than ${size(peak)} of ${size(limit)} ` +
        `(${percent(peak / limit)}): ${size(limit - peak)} were free all the time`,
      advice: "There is room for larger batches, longer contexts or another model beside it",
      numbers: { peakBytes: peak, limitBytes: limit, freeBytes: limit - peak },
    };
  });

/** `group_over_limit`: a watched group took more than the settings allow it. */
export const groupOverLimit: FindInsights = (context) =>
  withLimit(context, ({ series, limit, peak, isTarget }) => {
    if (!isTarget || peak <= limit) return null;
    const overMs = msAtOrAbove(series, limit, { startMs: 0, endMs: context.data.durationMs });
    return {
      kind: "group_over_limit",
      severity: "warning",
      subject: series.id.label,
      finding:
        `${series.id.label} came to ${size(peak)}; its limit is ${size(limit)}, and it was ` +
        `over it for ${time(overMs)}`,
      advice: "Give the group less to do at once, or raise its limit if the machine has room",
      numbers: { peakBytes: peak, limitBytes: limit, overMs },
    };
  });

interface Limited {
  readonly series: Series;
  readonly limit: number;
  readonly peak: number;
  readonly isTarget: boolean;
}

function withLimit(
  { series, stats }: InsightContext,
  tell: (limited: Limited) => Insight | null,
): readonly Insight[] {
  return series.flatMap((one, i) => {
    const { peak }: SeriesStats = stats[i]!;
    // The sum over all GPUs says nothing that the GPUs do not say.
    if (one.limit === null || peak === null || one.kind === "vram_all") return [];
    const isTarget = one.kind === "target_rss" || one.kind === "target_vram";
    return tell({ series: one, limit: one.limit, peak, isTarget }) ?? [];
  });
}
