/** What Windows counts of one open process. */
import type { Bytes, ProcessMemory } from "../../lib/records.ts";
import type { Windows } from "./libraries.ts";
import { FILETIME, PROCESS_COUNTERS } from "./structs.ts";
import { failed, garbled } from "./trouble.ts";
import { readCount, readDurations, readMoment, sized, viewOf } from "./values.ts";

/** What `K32GetProcessMemoryInfo` tells. */
export type Memory = Pick<ProcessMemory, "rssBytes" | "peakRssBytes" | "privateBytes">;

/** What `GetProcessTimes` tells. */
export type Times = Pick<ProcessMemory, "startTicks" | "cpuTimeMs">;

/** `K32GetProcessMemoryInfo`. Throws {@linkcode HostError}. */
export function readMemory(windows: Windows, handle: bigint): Memory {
  const counters = sized(PROCESS_COUNTERS.size);
  const get = windows.get("K32GetProcessMemoryInfo");
  if (get(handle, counters, counters.length) === 0) throw failed("K32GetProcessMemoryInfo");
  const memory = parseMemory(counters);
  if (memory.rssBytes === null) throw garbled("K32GetProcessMemoryInfo");
  return memory;
}

/** `PROCESS_MEMORY_COUNTERS_EX`. */
export function parseMemory(counters: Uint8Array): Memory {
  const view = viewOf(counters);
  return {
    rssBytes: readCount(view, PROCESS_COUNTERS.workingSetSize),
    peakRssBytes: readCount(view, PROCESS_COUNTERS.peakWorkingSetSize),
    privateBytes: toldPrivate(readCount(view, PROCESS_COUNTERS.privateUsage)),
  };
}

/** No process has none, so 0 is a system that does not tell it, as Wine is. Only the doctor says so, not each answer. */
export function toldPrivate(bytes: Bytes): Bytes {
  return bytes === 0 ? null : bytes;
}

/** `GetProcessTimes`. Throws {@linkcode HostError}. */
export function readTimes(windows: Windows, handle: bigint): Times {
  const [start, end, kernel, user] = [0, 1, 2, 3].map(() => new Uint8Array(FILETIME.size));
  const get = windows.get("GetProcessTimes");
  if (get(handle, start!, end!, kernel!, user!) === 0) throw failed("GetProcessTimes");
  return {
    startTicks: readMoment(viewOf(start!), 0),
    cpuTimeMs: readDurations(viewOf(kernel!), viewOf(user!)),
  };
}
