/**
 * GPUs that share the system's RAM (GB10, Jetson, Grace): the driver has no memory figures for them, so the
 * system's stand in their place, and are flagged.
 */
import type { Bytes, DeviceInfo } from "../../../lib/records.ts";
import { type Host, HostError } from "../../host/host.ts";
import { parseMeminfo } from "../../proc/meminfo.ts";
import type { MemoryReading } from "./memory.ts";
import type { ProcessReading } from "./processes.ts";
import { NOT_SUPPORTED, SUCCESS } from "./return_codes.ts";

const INTEGRATED = /\b(GB10|Orin|Thor|Xavier|Tegra|Jetson|Grace)\b/i;

/**
 * Tells whether a device without memory figures is integrated: its name says so, or its process list works.
 * A GPU that is lost answers neither, so it is not taken for one.
 */
export function isUnified(
  memory: MemoryReading,
  name: string | null,
  processes: ProcessReading | null,
): boolean {
  const hasNoMemory = memory.code === NOT_SUPPORTED ||
    (memory.code === SUCCESS && memory.totalBytes === 0);
  return hasNoMemory && (INTEGRATED.test(name ?? "") || processes?.code === SUCCESS);
}

/** The fields of a device that shares the system's RAM. */
export function unifiedMemory(
  host: Host,
  processes: ProcessReading | null,
): Pick<
  DeviceInfo,
  | "totalBytes"
  | "freeBytes"
  | "usedBytes"
  | "reservedBytes"
  | "usedIncludesReserved"
  | "memoryKind"
> {
  const system = readSystem(host);
  const usedBytes = processes?.code === SUCCESS ? sumOf(processes) : null;
  return {
    totalBytes: system.totalBytes,
    freeBytes: system.availableBytes,
    usedBytes,
    reservedBytes: null,
    usedIncludesReserved: usedBytes === null ? null : false,
    memoryKind: "unified",
  };
}

function readSystem(host: Host): { totalBytes: Bytes; availableBytes: Bytes } {
  try {
    return parseMeminfo(host.readText("/proc/meminfo"));
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { totalBytes: null, availableBytes: null };
  }
}

/** What all processes hold together; `null` where one has no figure. */
function sumOf({ rows }: ProcessReading): Bytes {
  let sum = 0;
  for (const { usedBytes } of rows) {
    if (usedBytes === null) return null;
    sum += usedBytes;
  }
  return sum;
}
