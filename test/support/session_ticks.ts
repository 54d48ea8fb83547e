/** Ticks of a session, written by hand: what the recorder would have seen. */
import { aDevice, aPressure, aPressureLine, aSystemMemory } from "../../lib/testing.ts";
import type { DeviceInfo, SystemMemory } from "../../lib/records.ts";
import type { GpuSample, SessionTick, WatchedSample } from "../../lib/session/tick.ts";

export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

/** A tick at time 0, at which nothing is known and no GPU is there. */
export function aTick(fields: Partial<SessionTick> = {}): SessionTick {
  return {
    tick: 0,
    skipped: 0,
    atMs: 0,
    elapsedMs: 0,
    gpus: [],
    system: null,
    systemGap: null,
    watched: [],
    own: { cpuRatio: null, rssBytes: null },
    systemProbeMs: null,
    gpuProbeMs: null,
    failures: [],
    ...fields,
  };
}

/** A GPU of 12 GiB that was read. */
export function aGpu(fields: Partial<DeviceInfo> = {}): GpuSample {
  const device = aDevice({ totalBytes: 12 * GIB, uuid: `GPU-${fields.index ?? 0}`, ...fields });
  return { index: device.index, uuid: device.uuid, device, gap: null };
}

/** The same GPU where it can't be read. */
export function aGpuGap(gap = "nvml hung", index = 0): GpuSample {
  return { index, uuid: `GPU-${index}`, device: null, gap };
}

/** A machine of 100 GiB with so much in use. */
export function aMachine(usedBytes: number, fields: Partial<SystemMemory> = {}): SystemMemory {
  return aSystemMemory({ totalBytes: 100 * GIB, usedBytes, ...fields });
}

/** A machine with so much pressure. */
export function underPressure(avg10Ratio: number): SystemMemory {
  return aMachine(0, { pressure: aPressure({ some: aPressureLine({ avg10Ratio }) }) });
}

/** A watched group of one process that does nothing and holds nothing. */
export function aGroup(target: string, fields: Partial<WatchedSample> = {}): WatchedSample {
  return {
    target,
    kind: "group",
    pid: null,
    name: target,
    processCount: 1,
    rssBytes: 0,
    swapBytes: 0,
    vramBytes: 0,
    vramSource: "nvml",
    cpuRatio: 0,
    gap: null,
    ...fields,
  };
}

/** The same group where it can't be read. */
export function aGroupGap(target: string, gap = "proc slow"): WatchedSample {
  const nothing = {
    processCount: null,
    rssBytes: null,
    swapBytes: null,
    vramBytes: null,
    vramSource: null,
    cpuRatio: null,
  };
  return aGroup(target, { ...nothing, gap });
}

/** Ticks on the schedule, from 0. */
export function everyMs(
  intervalMs: number,
  contents: readonly Partial<SessionTick>[],
): readonly SessionTick[] {
  return contents.map((content, tick) => aTick({ tick, elapsedMs: tick * intervalMs, ...content }));
}

/** `count` times what `at` gives for 0, 1, 2, …. */
export function times<T>(count: number, at: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => at(index));
}
