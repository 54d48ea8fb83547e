/** Swapped-out memory of several processes. Pure. */
import type { Bytes, ProcessMemory } from "../records.ts";

/**
 * The sum. A process without resident memory has ended, or is the kernel's, and adds nothing; `null` where that of one
 * that has some is not told, as on Windows.
 */
export function swapOf(processes: readonly ProcessMemory[]): Bytes {
  let bytes = 0;
  for (const { rssBytes, swapBytes } of processes) {
    if (swapBytes === null && rssBytes !== null) return null;
    bytes += swapBytes ?? 0;
  }
  return bytes;
}
