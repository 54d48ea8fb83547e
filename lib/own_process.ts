/**
 * The calling process, as its runtime knows it: no native code, no worker, no permission.
 *
 * On Deno, touching the global `process` loads Node's compatibility layer, which takes longer than the
 * question; so Deno is asked in its own words.
 */
import type { Bytes, ProcessMemory } from "./records.ts";

/** The calling process. */
export function ownPid(): number {
  return "Deno" in globalThis ? Deno.pid : process.pid;
}

/** The runtime and its version, such as `bun 1.4.5`. */
export function ownRuntime(): string {
  return "Deno" in globalThis ? `deno ${Deno.version.deno}` : `bun ${Bun.version}`;
}

/** Resident set of the calling process: `process.memoryUsage.rss()`, `Deno.memoryUsage().rss`. */
export function ownRssBytes(): Bytes {
  const bytes = "Deno" in globalThis ? Deno.memoryUsage().rss : process.memoryUsage.rss();
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}

/** The little that is known about the calling process without reading `/proc`. */
export function ownMemory(): ProcessMemory {
  return {
    pid: ownPid(),
    parentPid: null,
    zombie: false,
    name: null,
    startTicks: null,
    startedAtMs: null,
    rssBytes: ownRssBytes(),
    peakRssBytes: null,
    privateBytes: null,
    anonBytes: null,
    fileBytes: null,
    shmemBytes: null,
    swapBytes: null,
    pssBytes: null,
    cpuTimeMs: null,
    uid: null,
    user: null,
    container: null,
    command: null,
  };
}
