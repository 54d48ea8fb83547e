/** The calling process's own RSS as its runtime counts it: needs no native code, worker or permission. */
import type { Bytes, ProcessMemory } from "./records.ts";

/** Resident set of this process, from `process.memoryUsage.rss()`. */
export function ownRssBytes(): Bytes {
  const bytes = process.memoryUsage.rss();
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}

/** The little that is known about the calling process without reading `/proc`. */
export function ownMemory(): ProcessMemory {
  return {
    pid: process.pid,
    parentPid: null,
    name: null,
    startTicks: null,
    startedAtMs: null,
    rssBytes: ownRssBytes(),
    peakRssBytes: null,
    anonBytes: null,
    fileBytes: null,
    shmemBytes: null,
    swapBytes: null,
    pssBytes: null,
    uid: null,
    user: null,
    container: null,
    command: null,
  };
}
