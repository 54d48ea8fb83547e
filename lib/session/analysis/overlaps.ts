/** Finds the times in which two models were in memory at once. Pure. */
import type { LevelStep } from "./cycles.ts";
import type { LoadCycle, Overlap } from "./records.ts";
import type { TimeSpan } from "./samples.ts";

/**
 * The rotations in which the next was loaded before the one before was gone: of one series, an unload that comes
 * after a later load than its own. The level between them stood above those before and behind.
 *
 * @param least less extra memory than this is no overlap
 */
export function overlapsOf(
  steps: readonly LevelStep[],
  cycles: readonly LoadCycle[],
  peakIn: (span: TimeSpan) => number | null,
  least: number,
): readonly Overlap[] {
  return steps.flatMap((step, i) => {
    const before = steps[i - 1];
    if (step.kind !== "unload" || before?.kind !== "load") return [];
    const isOwn = cycles.some(({ load, unload }) =>
      unload?.startMs === step.startMs && load.startMs === before.startMs
    );
    if (isOwn) return [];
    const peak = peakIn({ startMs: before.endMs, endMs: step.startMs });
    if (peak === null) return [];
    const extraBytes = peak - Math.max(before.before, step.settled);
    if (extraBytes < least) return [];
    return [{ series: step.series, startMs: before.startMs, endMs: step.endMs, extraBytes }];
  });
}
