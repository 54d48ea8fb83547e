/** What programs' allocators hold from the driver and do not use; needs their telemetry. Pure. */
import { quantileOfSorted } from "../../stats/quantile.ts";
import { type FindInsights, percent, size } from "./context.ts";

/** Less is not worth a word. */
const LEAST_BYTES = 256 * 2 ** 20;
/** Part of the reserve that was never used. */
const UNUSED_RATIO = 0.2;
/** Part of the reserve that is not in use, half of the time or more. */
const FRAGMENTED_RATIO = 0.3;

/** `reserve_unused`: an allocator held memory that not even its highest point needed. */
export const reserveUnused: FindInsights = ({ data }) =>
  data.allocators.flatMap(({ pid, columns }) => {
    const reservedBytes = highest(columns.reservedBytes);
    const used = [highest(columns.allocatedBytes), highest(columns.peakBytes)]
      .filter((bytes) => bytes !== null);
    if (reservedBytes === null || used.length === 0) return [];
    const usedBytes = Math.max(...used);
    const unusedBytes = reservedBytes - usedBytes;
    if (unusedBytes < Math.max(LEAST_BYTES, UNUSED_RATIO * reservedBytes)) return [];
    const subject = nameOf(pid);
    return [{
      kind: "reserve_unused",
      severity: "info",
      subject,
      finding: `${subject} reserved up to ${size(reservedBytes)} and never used more than ` +
        `${size(usedBytes)}: ${size(unusedBytes)} were held for nothing`,
      advice: "Lower what it reserves in advance (its share of the GPU's memory, or " +
        "its pool), or empty its cache when the largest work is done",
      numbers: { reservedBytes, usedBytes, unusedBytes },
    }];
  });

/**
 * `fragmentation`: half of its reports or more found over 30 % of the reserve not in use. Reports with a reserve below
 * 256 MiB are left out.
 */
export const fragmentation: FindInsights = ({ data }) =>
  data.allocators.flatMap(({ pid, columns }) => {
    const { allocatedBytes, reservedBytes } = columns;
    const ratios = reservedBytes.map((reserved, i) =>
      reserved >= LEAST_BYTES ? (reserved - allocatedBytes[i]!) / reserved : NaN
    ).filter((ratio) => !Number.isNaN(ratio)).sort();
    if (ratios.length === 0) return [];
    const fragmentationRatio = quantileOfSorted(ratios, 0.5);
    if (fragmentationRatio <= FRAGMENTED_RATIO) return [];
    const subject = nameOf(pid);
    return [{
      kind: "fragmentation",
      severity: "warning",
      subject,
      finding: `${subject} had ${percent(fragmentationRatio)} of its reserved memory not in use, ` +
        `in the median of ${ratios.length} reports`,
      advice: "Let the allocator use expandable segments " +
        "(PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True), or make the sizes of its blocks " +
        "more alike",
      numbers: { fragmentationRatio, reports: ratios.length },
    }];
  });

function nameOf(pid: number | null): string {
  return pid === null ? "The allocator" : `The allocator of process ${pid}`;
}

function highest(values: Float64Array): number | null {
  let most: number | null = null;
  for (const value of values) {
    if (!Number.isNaN(value) && (most === null || value > most)) most = value;
  }
  return most;
}
