/** All insights of a session. Pure. */
import type { Insight, InsightKind } from "../records.ts";
import type { Severity } from "../../rows.ts";
import { fragmentation, reserveUnused } from "./allocator.ts";
import type { FindInsights, InsightContext } from "./context.ts";
import { leak } from "./leak.ts";
import { groupOverLimit, headroom, nearLimit } from "./limits.ts";
import { modelOverlap, notReturned } from "./models.ts";
import { missingData, recorderCost } from "./recording.ts";
import { pressureDuringPhase, swapDuringPhase } from "./strain.ts";
import { throttling } from "./throttling.ts";
import { idleVramHeld, lowUtilization } from "./utilization.ts";

/** Who finds which kind; the order is that of insights of the same severity. */
const FINDERS: Readonly<Record<InsightKind, FindInsights>> = {
  leak,
  near_limit: nearLimit,
  group_over_limit: groupOverLimit,
  pressure_during_phase: pressureDuringPhase,
  swap_during_phase: swapDuringPhase,
  not_returned: notReturned,
  model_overlap: modelOverlap,
  fragmentation,
  throttling,
  missing_data: missingData,
  idle_vram_held: idleVramHeld,
  low_utilization: lowUtilization,
  reserve_unused: reserveUnused,
  headroom,
  recorder_cost: recorderCost,
};

const ORDER: readonly Severity[] = ["critical", "warning", "info"];

/** What the numbers of a session suggest, the gravest first. */
export function findInsights(context: InsightContext): readonly Insight[] {
  const all = Object.values(FINDERS).flatMap((find) => find(context));
  return ORDER.flatMap((severity) => all.filter((insight) => insight.severity === severity));
}
