/** Models that were loaded and unloaded: what stayed behind, and what was there twice. Pure. */
import type { LoadCycle, Overlap } from "../records.ts";
import { counted, type FindInsights, isOfLoads, percent, size, time } from "./context.ts";

/** Less than this, or than this share of the model, is not worth a word: contexts and caches stay. */
const LEFT_LEAST_BYTES = 128 * 2 ** 20;
const LEFT_LEAST_RATIO = 0.1;

/** `not_returned`: after an unload, part of what the load had taken stayed behind. */
export const notReturned: FindInsights = (context) =>
  [...bySeries(context.cycles)].filter(([id]) => isOfLoads(context, id)).flatMap(([, cycles]) => {
    const ended = cycles.filter(({ unload }) => unload !== null);
    const incomplete = ended.filter(({ leftBytes, load }) =>
      leftBytes! >= Math.max(LEFT_LEAST_BYTES, LEFT_LEAST_RATIO * load.bytes)
    );
    if (incomplete.length === 0) return [];
    const worst = incomplete.reduce((a, b) => b.leftBytes! > a.leftBytes! ? b : a);
    const { load, unload } = worst;
    const leftBytes = worst.leftBytes!;
    return [{
      kind: "not_returned",
      severity: "warning",
      subject: load.series.label,
      finding: `${load.series.label}: ${incomplete.length} of ${counted(ended.length, "unload")} ` +
        `did not give everything back; after the one at ${time(unload!.startMs)}, ` +
        `${size(leftBytes)} more were held than before ${size(load.bytes)} were loaded ` +
        `(${percent(worst.returnedRatio!)} came back)`,
      advice: "Look for what still refers to the model (caches, contexts, a second worker); " +
        "ending the process that loaded it gives everything back",
      numbers: {
        unloads: ended.length,
        incompleteUnloads: incomplete.length,
        loadedBytes: load.bytes,
        leftBytes,
        returnedRatio: worst.returnedRatio!,
      },
    }];
  });

/** `model_overlap`: the next model was loaded before the one before was gone. */
export const modelOverlap: FindInsights = (context) =>
  [...bySeries(context.overlaps)].filter(([id]) => isOfLoads(context, id))
    .flatMap(([id, overlaps]) => {
      const index = context.series.findIndex((one) => one.id.id === id);
      const series = context.series[index]!;
      const worst = overlaps.reduce((a, b) => b.extraBytes > a.extraBytes ? b : a);
      const overlapMs = overlaps.reduce((ms, { startMs, endMs }) => ms + endMs - startMs, 0);
      const peak = context.stats[index]!.peak;
      const isTight = series.critical !== null && peak !== null && peak > series.critical;
      return [{
        kind: "model_overlap",
        severity: isTight ? "warning" : "info",
        subject: series.id.label,
        finding: `${series.id.label}: ${counted(overlaps.length, "overlap")} of two models, ` +
          `${time(overlapMs)} in all; the one at ${time(worst.startMs)} took ` +
          `${size(worst.extraBytes)} more than was in use before and after it`,
        advice: "Unload a model before the next one is loaded, so that the peak is that of the " +
          "larger one",
        numbers: { overlaps: overlaps.length, overlapMs, extraBytes: worst.extraBytes },
      }];
    });

function bySeries<T extends LoadCycle | Overlap>(all: readonly T[]): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(one.series.id, [...groups.get(one.series.id) ?? [], one]);
  return groups;
}
