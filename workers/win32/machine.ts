/** RAM and commit of the machine. */
import type { Bytes, SystemMemory } from "../../lib/records.ts";
import type { Windows } from "./libraries.ts";
import { MEMORY_STATUS, PERFORMANCE } from "./structs.ts";
import { failed, garbled } from "./trouble.ts";
import { readCount, sized, timesCount, viewOf } from "./values.ts";

/** What `GlobalMemoryStatusEx` tells. */
export type Ram = Pick<SystemMemory, "totalBytes" | "availableBytes" | "usedBytes">;

/** What `K32GetPerformanceInfo` tells. */
export type Commit = Pick<SystemMemory, "commitBytes" | "commitLimitBytes" | "processCount">;

/** Commit, and the size of a page that other counts need. */
export interface Performance {
  readonly commit: Commit;
  readonly pageSize: Bytes;
}

/** `GlobalMemoryStatusEx`. Throws {@linkcode HostError}. */
export function readRam(windows: Windows): Ram {
  const bytes = sized(MEMORY_STATUS.size);
  if (windows.get("GlobalMemoryStatusEx")(bytes) === 0) throw failed("GlobalMemoryStatusEx");
  const ram = parseRam(bytes);
  if (ram === null) throw garbled("GlobalMemoryStatusEx");
  return ram;
}

/** `MEMORYSTATUSEX`; `null` where it can't be true. */
export function parseRam(bytes: Uint8Array): Ram | null {
  const view = viewOf(bytes);
  const totalBytes = readCount(view, MEMORY_STATUS.totalPhys);
  const availableBytes = readCount(view, MEMORY_STATUS.availPhys);
  if (totalBytes === null || availableBytes === null) return null;
  if (totalBytes === 0 || availableBytes > totalBytes) return null;
  return { totalBytes, availableBytes, usedBytes: totalBytes - availableBytes };
}

/** `K32GetPerformanceInfo`. Throws {@linkcode HostError}. */
export function readPerformance(windows: Windows): Performance {
  const bytes = sized(PERFORMANCE.size);
  const get = windows.get("K32GetPerformanceInfo");
  if (get(bytes, bytes.length) === 0) throw failed("K32GetPerformanceInfo");
  const performance = parsePerformance(bytes);
  if (performance === null) throw garbled("K32GetPerformanceInfo");
  return performance;
}

/** `PERFORMANCE_INFORMATION`, which counts memory in pages; `null` where it can't be true. */
export function parsePerformance(bytes: Uint8Array): Performance | null {
  const view = viewOf(bytes);
  const pageSize = readCount(view, PERFORMANCE.pageSize);
  const pages = (at: number): Bytes => timesCount(readCount(view, at), pageSize);
  const commitBytes = pages(PERFORMANCE.commitTotal);
  const commitLimitBytes = pages(PERFORMANCE.commitLimit);
  const processCount = view.getUint32(PERFORMANCE.processCount, true);
  // Our own process is one, and has committed memory.
  if (!commitBytes || !commitLimitBytes || processCount === 0) return null;
  return { commit: { commitBytes, commitLimitBytes, processCount }, pageSize };
}
