/** `/proc/meminfo`: https://docs.kernel.org/filesystems/proc.html#meminfo. */
import type { Bytes, SystemMemory } from "../../lib/records.ts";
import { kibField } from "./fields.ts";

/** The part of the machine's memory that stands in this file. */
export type Meminfo = Pick<
  SystemMemory,
  | "totalBytes"
  | "availableBytes"
  | "usedBytes"
  | "freeBytes"
  | "swapTotalBytes"
  | "swapUsedBytes"
  | "commitBytes"
  | "commitLimitBytes"
>;

/** Parses it. Available memory is not told before Linux 3.14. */
export function parseMeminfo(text: string): Meminfo {
  const totalBytes = kibField(text, "MemTotal") || null;
  const availableBytes = kibField(text, "MemAvailable");
  const swapTotalBytes = kibField(text, "SwapTotal");
  return {
    totalBytes,
    availableBytes,
    usedBytes: less(totalBytes, availableBytes),
    freeBytes: kibField(text, "MemFree"),
    swapTotalBytes,
    swapUsedBytes: less(swapTotalBytes, kibField(text, "SwapFree")),
    commitBytes: kibField(text, "Committed_AS"),
    commitLimitBytes: kibField(text, "CommitLimit"),
  };
}

/** The kernel's names of the fields that could not be understood; empty when all is well. */
export function garbledMeminfo(memory: Meminfo): string[] {
  const names = new Set<string>();
  if (memory.totalBytes === null) names.add("MemTotal");
  if (memory.availableBytes === null) names.add("MemAvailable");
  if (memory.freeBytes === null) names.add("MemFree");
  if (memory.swapTotalBytes === null) names.add("SwapTotal");
  // A part larger than its whole is wrong, whichever of the two it is.
  if (memory.usedBytes === null && memory.totalBytes !== null) names.add("MemAvailable");
  if (memory.swapUsedBytes === null && memory.swapTotalBytes !== null) names.add("SwapFree");
  return [...names];
}

function less(whole: Bytes, part: Bytes): Bytes {
  return whole === null || part === null || part > whole ? null : whole - part;
}
