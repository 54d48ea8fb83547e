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
>;

/** Parses it. */
export function parseMeminfo(text: string): Meminfo {
  const totalBytes = kibField(text, "MemTotal");
  const availableBytes = kibField(text, "MemAvailable");
  const swapTotalBytes = kibField(text, "SwapTotal");
  return {
    totalBytes,
    availableBytes,
    usedBytes: less(totalBytes, availableBytes),
    freeBytes: kibField(text, "MemFree"),
    swapTotalBytes,
    swapUsedBytes: less(swapTotalBytes, kibField(text, "SwapFree")),
  };
}

function less(whole: Bytes, part: Bytes): Bytes {
  return whole === null || part === null || part > whole ? null : whole - part;
}
