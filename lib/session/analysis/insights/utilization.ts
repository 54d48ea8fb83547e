/** Memory that waits: a GPU that holds a model and does nothing, or little. Pure. */
import type { Insight } from "../records.ts";
import type { Series } from "../series.ts";
import { type FindInsights, type InsightContext, percent, size, time } from "./context.ts";
import { type HeldMemory, heldMemoryOf } from "./held_memory.ts";

/** Shorter times are not worth a word. */
const LONG_MS = 300_000;
/** A GPU that works less than this on average has room. */
const LOW_RATIO = 0.3;

/** `idle_vram_held`: memory was held for five minutes or more in which the GPU did nothing. */
export const idleVramHeld: FindInsights = (context) =>
  overGpus(context, (vram, { idleMs, longestMs, longestAtMs, heldBytes }) => {
    if (idleMs < LONG_MS) return null;
    return {
      kind: "idle_vram_held",
      severity: "info",
      subject: vram.id.label,
      finding:
        `GPU ${vram.gpu} held memory for ${time(idleMs)} without working; the longest time ` +
        `was ${time(longestMs)} with at least ${size(heldBytes)}, from ${time(longestAtMs)} on`,
      advice: "Unload the model when it is not used (a shorter keep-alive), or give the GPU " +
        "other work in that time",
      numbers: { idleMs, longestMs, longestAtMs, heldBytes },
    };
  });

/** `low_utilization`: the GPU held memory and worked, but less than 30 % on average over five minutes or more. */
export const lowUtilization: FindInsights = (context) =>
  overGpus(context, (vram, { workMs, workRatio }) => {
    if (workMs < LONG_MS || workRatio === null || workRatio >= LOW_RATIO) return null;
    return {
      kind: "low_utilization",
      severity: "info",
      subject: vram.id.label,
      finding: `GPU ${vram.gpu} was ${percent(workRatio)} busy on average in the ${time(workMs)} ` +
        `in which it held memory and had work`,
      advice: "Look for what it waits for (loading of data, one request at a time); larger " +
        "batches or several workers use it better",
      numbers: { meanUtilizationRatio: workRatio, workMs },
    };
  });

function overGpus(
  context: InsightContext,
  tell: (vram: Series, held: HeldMemory) => Insight | null,
): readonly Insight[] {
  return context.series.filter(({ kind }) => kind === "vram").flatMap((vram) => {
    const held = heldMemoryOf(context, vram);
    return held === null ? [] : tell(vram, held) ?? [];
  });
}
