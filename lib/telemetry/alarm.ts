/** The composite memory alarm: allocators, devices and the machine together, in one yes or no with its reasons. */
import { formatPercent } from "../format.ts";
import type { DeviceInfo, SystemMemory } from "../records.ts";
import type { AllocatorState } from "./board.ts";
import { CRITICAL_PERCENT } from "./pressure.ts";

/** Above this share of a memory there is an alarm: what is critical for an allocator is so for a GPU and for RAM. */
export const ALARM_RATIO = CRITICAL_PERCENT / 100;

/** Which memory an alarm is about. */
export type AlarmPart = "allocator" | "device" | "system";

/** One memory that is about to be full. */
export interface MemoryAlarm {
  readonly part: AlarmPart;
  /** Index of the GPU, also for a slice; of an allocator, as its program counts them. `null`: the machine, or not told. */
  readonly device: number | null;
  /** The process whose allocator it is; `null` for the others. */
  readonly pid: number | null;
  /** Used as a share of what there is, 0…1. */
  readonly ratio: number;
  /** One English sentence. */
  readonly message: string;
}

/** The alarm over all memories. */
export interface MemoryAlarms {
  /** One of them is above its limit; `null` where nothing is known about any of them. */
  readonly hasMemoryAlarm: boolean | null;
  readonly alarms: readonly MemoryAlarm[];
}

/** What the alarm is computed from. */
export interface AlarmInput {
  readonly allocators: readonly AllocatorState[];
  readonly devices: readonly DeviceInfo[];
  readonly system: SystemMemory | null;
}

type Judged = Omit<MemoryAlarm, "message"> & { readonly what: string };

/** Judges every memory. Pure. */
export function memoryAlarms({ allocators, devices, system }: AlarmInput): MemoryAlarms {
  const judged = [
    ...allocators.flatMap(judgeAllocator),
    ...devices.flatMap(judgeDevice),
    ...judgeSystem(system),
  ];
  const alarms = judged.filter(({ ratio }) => ratio > ALARM_RATIO)
    .map(({ what, ...alarm }) => ({
      ...alarm,
      message: `${what} is ${formatPercent(alarm.ratio)} full, above ${formatPercent(ALARM_RATIO)}`,
    }));
  return { hasMemoryAlarm: judged.length === 0 ? null : alarms.length > 0, alarms };
}

function judgeAllocator({ memoryUsagePercent, device, pid }: AllocatorState): readonly Judged[] {
  if (memoryUsagePercent === null) return [];
  const owner = pid === null ? "" : ` of process ${pid}`;
  const place = device === null ? "" : ` on its GPU ${device}`;
  const what = `The allocator's reserve${owner}${place}`;
  return [{ part: "allocator", device, pid, ratio: memoryUsagePercent / 100, what }];
}

/** A process in a MIG slice has that slice alone, however much is free beside it. */
function judgeDevice(device: DeviceInfo): readonly Judged[] {
  const { index, migSlices } = device;
  const gpu = `GPU ${index}`;
  const memories = [
    { memory: device, what: gpu },
    ...migSlices.map((slice) => ({ memory: slice, what: `MIG slice ${slice.index} of ${gpu}` })),
  ];
  return memories.flatMap(({ memory, what }) => {
    const ratio = deviceUseRatio(memory);
    return ratio === null ? [] : [{ part: "device", device: index, pid: null, ratio, what }];
  });
}

function judgeSystem(system: SystemMemory | null): readonly Judged[] {
  if (system === null) return [];
  const { usedBytes, totalBytes, cgroup } = system;
  const part = { part: "system", device: null, pid: null } as const;
  const judged: Judged[] = [];
  const ratio = shareOf(usedBytes, totalBytes);
  if (ratio !== null) judged.push({ ...part, ratio, what: "RAM" });
  const limited = shareOf(cgroup?.workingSetBytes ?? null, cgroup?.limitBytes ?? null);
  if (limited !== null) judged.push({ ...part, ratio: limited, what: "The container's limit" });
  return judged;
}

/**
 * How full a GPU, or a slice of it, is: used as a share of the total, as the zones and nvidia-smi have it. `null` where
 * that is not known.
 */
export function deviceUseRatio(
  { usedBytes, totalBytes }: Pick<DeviceInfo, "usedBytes" | "totalBytes">,
): number | null {
  return shareOf(usedBytes, totalBytes);
}

function shareOf(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole <= 0 ? null : part / whole;
}
