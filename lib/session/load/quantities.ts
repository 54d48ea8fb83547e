/** The quantities of the tracks, and which numbers can be true for each. */
import type { AllocatorQuantity, GpuQuantity, ProcessQuantity, SystemQuantity } from "./data.ts";

/** In the order in which sinks take them. */
export const GPU_QUANTITIES: readonly GpuQuantity[] = [
  "usedBytes",
  "freeBytes",
  "totalBytes",
  "reservedBytes",
  "utilizationRatio",
  "temperatureCelsius",
  "powerWatts",
  "smClockMhz",
  "memoryClockMhz",
];
/** Those of the machine. */
export const SYSTEM_QUANTITIES: readonly SystemQuantity[] = [
  "usedBytes",
  "availableBytes",
  "totalBytes",
  "swapUsedBytes",
  "cpuUtilizationRatio",
  "processCount",
  "pressureSomeRatio",
  "cgroupUsedBytes",
  "cgroupLimitBytes",
  "ownCpuRatio",
  "ownRssBytes",
  "gpuProbeMs",
  "systemProbeMs",
];
/** Those of a watched group or process. */
export const PROCESS_QUANTITIES: readonly ProcessQuantity[] = [
  "processCount",
  "rssBytes",
  "swapBytes",
  "vramBytes",
  "cpuRatio",
];
/** Those of an allocator. */
export const ALLOCATOR_QUANTITIES: readonly AllocatorQuantity[] = [
  "allocatedBytes",
  "reservedBytes",
  "peakBytes",
];

/** The smallest and the largest number that can be true. */
export interface Plausible {
  readonly least: number;
  readonly most: number;
}

const ABSOLUTE_ZERO_CELSIUS = -273.15;
/** More than any part of a computer survives. */
const MOST_CELSIUS = 1_000;
/** Ratios of time that can't be above 1; CPU time in cores can. */
const SHARES: ReadonlySet<string> = new Set([
  "utilizationRatio",
  "cpuUtilizationRatio",
  "pressureSomeRatio",
]);
/** What a ratio may be above 1 because it was rounded, or because two counters were read one after the other. */
const MOST_SHARE = 1.01;

/** Which numbers can be true for a quantity; anything else is not known. */
export function plausible(quantity: string): Plausible {
  if (quantity === "temperatureCelsius") {
    return { least: ABSOLUTE_ZERO_CELSIUS, most: MOST_CELSIUS };
  }
  if (SHARES.has(quantity)) return { least: 0, most: MOST_SHARE };
  return { least: 0, most: Number.MAX_SAFE_INTEGER };
}
