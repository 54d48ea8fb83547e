/** What the rules of phases are about, taken from one tick. Pure. */
import { known, knownTotal } from "../alerts/limits.ts";
import type { GrowthRates } from "./growth.ts";
import type { GpuSample, SessionTick, WatchedSample } from "../tick.ts";

/** A number of which a part may not be known: it is at least this, and exactly this where all parts are known. */
export interface AtLeast {
  readonly least: number;
  readonly isExact: boolean;
}

/** What is known of a group; `null`: it is not. */
export interface GroupFacts {
  readonly isPresent: boolean | null;
  readonly isActive: boolean | null;
}

/** One tick, as conditions see it. */
export interface PhaseFacts {
  /** Of the fullest GPU. */
  readonly vramRatio: AtLeast;
  /** Of all GPUs. */
  readonly vramBytes: AtLeast;
  /** Of all GPUs; `null`: not known. */
  readonly vramGrowth: GrowthRates | null;
  /** Of the busiest GPU. */
  readonly utilization: AtLeast;
  readonly groups: ReadonlyMap<string, GroupFacts>;
}

/** A group that uses less of a core is not active. */
export const ACTIVE_CORES = 0.05;

/** GPU memory in use of all GPUs; `null` where a part is not known, or there is no GPU. */
export function usedVram(gpus: readonly GpuSample[]): number | null {
  const { least, isExact } = total(gpus.map(({ device }) => known(device?.usedBytes)));
  return isExact ? least : null;
}

/** The facts of a tick at which the GPUs were asked. `vramGrowth` comes from several ticks. */
export function factsOf(
  { gpus, watched }: Pick<SessionTick, "gpus" | "watched">,
  vramGrowth: GrowthRates | null,
): PhaseFacts {
  const devices = (gpus ?? []).map(({ device }) => device);
  return {
    vramRatio: highest(devices.map((device) => {
      const used = known(device?.usedBytes);
      const size = knownTotal(device?.totalBytes);
      return used === null || size === null ? null : used / size;
    })),
    vramBytes: total(devices.map((device) => known(device?.usedBytes))),
    vramGrowth,
    utilization: highest(devices.map((device) => known(device?.utilizationRatio))),
    groups: new Map(watched.map((sample) => [sample.target, groupFacts(sample)])),
  };
}

function groupFacts({ processCount, cpuRatio, gap }: WatchedSample): GroupFacts {
  const count = gap === null ? known(processCount) : null;
  const cores = gap === null ? known(cpuRatio) : null;
  const isActive = cores === null ? null : cores >= ACTIVE_CORES;
  return {
    isPresent: count === null ? null : count > 0,
    // Who is not there does nothing, also before CPU times can be compared.
    isActive: count === 0 ? false : isActive,
  };
}

function total(parts: readonly (number | null)[]): AtLeast {
  return {
    least: parts.reduce<number>((sum, part) => sum + (part ?? 0), 0),
    isExact: areAllKnown(parts),
  };
}

function highest(parts: readonly (number | null)[]): AtLeast {
  return {
    least: parts.reduce<number>((most, part) => Math.max(most, part ?? 0), 0),
    isExact: areAllKnown(parts),
  };
}

/** Without any GPU nothing is known: its driver may not have answered yet. */
function areAllKnown(parts: readonly (number | null)[]): boolean {
  return parts.length > 0 && !parts.includes(null);
}
