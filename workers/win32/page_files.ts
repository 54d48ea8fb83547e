/** The page files, Windows' swap. */
import type { SystemMemory } from "../../lib/records.ts";
import type { Windows } from "./libraries.ts";
import { CONSTANTS, PAGE_FILE, STATUS } from "./structs.ts";
import { querySystem } from "./system_query.ts";
import { failedWith } from "./trouble.ts";
import { timesCount, viewOf } from "./values.ts";

/** All page files together. */
export type PageFiles = Pick<SystemMemory, "swapTotalBytes" | "swapUsedBytes">;

/**
 * `NtQuerySystemInformation(SystemPagefileInformation)`, which counts in pages. Both `null` on a system that does not
 * have it, as Wine does not. Throws {@linkcode HostError}.
 */
export function readPageFiles(windows: Windows, pageSize: number | null): PageFiles {
  const { status, bytes } = querySystem(windows, CONSTANTS.systemPageFiles);
  if (status === STATUS.notImplemented || status === STATUS.invalidInfoClass) {
    return { swapTotalBytes: null, swapUsedBytes: null };
  }
  if (status !== 0) throw failedWith("NtQuerySystemInformation", status);
  return parsePageFiles(bytes, pageSize);
}

/** The sums over the list; 0 where there is no page file. */
export function parsePageFiles(bytes: Uint8Array, pageSize: number | null): PageFiles {
  let total = 0;
  let used = 0;
  for (let at = 0; at + PAGE_FILE.size <= bytes.length;) {
    const entry = viewOf(bytes.subarray(at, at + PAGE_FILE.size));
    total += entry.getUint32(PAGE_FILE.totalSize, true);
    used += entry.getUint32(PAGE_FILE.totalInUse, true);
    const next = entry.getUint32(PAGE_FILE.nextEntryOffset, true);
    // The last one says 0. A step into the entry itself can't be true.
    if (next < PAGE_FILE.size) break;
    at += next;
  }
  return { swapTotalBytes: timesCount(total, pageSize), swapUsedBytes: timesCount(used, pageSize) };
}
