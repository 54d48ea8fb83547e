/** How busy the processors are. */
import type { Windows } from "./libraries.ts";
import { FILETIME } from "./structs.ts";
import { failed } from "./trouble.ts";
import { viewOf } from "./values.ts";

/** Time of all processors since the system started, in 100 ns. */
export interface CpuTimes {
  readonly total: bigint;
  readonly idle: bigint;
}

/** `GetSystemTimes`, whose kernel time holds the idle time too. Throws {@linkcode HostError}. */
export function readCpuTimes(windows: Windows): CpuTimes {
  const [idle, kernel, user] = [0, 1, 2].map(() => new Uint8Array(FILETIME.size));
  const isTold = windows.get("GetSystemTimes")(idle!, kernel!, user!) !== 0;
  if (!isTold) throw failed("GetSystemTimes");
  const read = (time: Uint8Array) => viewOf(time).getBigUint64(0, true);
  return { total: read(kernel!) + read(user!), idle: read(idle!) };
}

/** The share of the time between two readings that was not idle; `null` where no time went by, or it ran backwards. */
export function cpuRatio(before: CpuTimes, after: CpuTimes): number | null {
  const total = after.total - before.total;
  if (total <= 0n) return null;
  const busy = total - (after.idle - before.idle);
  return Math.min(1, Math.max(0, Number(busy) / Number(total)));
}
