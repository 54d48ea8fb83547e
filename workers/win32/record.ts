/** The record of one process. */
import type { ProcessMemory } from "../../lib/records.ts";
import { toMilliseconds } from "./values.ts";

/** What Windows tells of a process. */
export type Told = Pick<
  ProcessMemory,
  | "pid"
  | "parentPid"
  | "name"
  | "startTicks"
  | "rssBytes"
  | "peakRssBytes"
  | "privateBytes"
  | "cpuTimeMs"
>;

/** The whole of it; what is `null` here Windows does not count, or keeps in the process's own memory (`command`). */
export function makeProcess(told: Told): ProcessMemory {
  return {
    pid: told.pid,
    parentPid: told.parentPid,
    zombie: false,
    name: told.name,
    startTicks: told.startTicks,
    startedAtMs: toMilliseconds(told.startTicks),
    rssBytes: told.rssBytes,
    peakRssBytes: told.peakRssBytes,
    privateBytes: told.privateBytes,
    anonBytes: null,
    fileBytes: null,
    shmemBytes: null,
    swapBytes: null,
    pssBytes: null,
    cpuTimeMs: told.cpuTimeMs,
    uid: null,
    user: null,
    container: null,
    command: null,
  };
}
