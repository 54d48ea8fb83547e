/** `/proc/PID/stat` and `/proc/stat`: proc(5). */
import { wholeNumber } from "./fields.ts";

/** Fields of `/proc/PID/stat`. */
const UTIME = 14;
const STIME = 15;
const STARTTIME = 22;

/** Times of one process in clock ticks; `null` where one is not told. */
export interface ProcessTimes {
  /** Its start, since boot. */
  readonly startTicks: number | null;
  /** CPU time of all its threads, user and system. */
  readonly cpuTicks: number | null;
}

/**
 * Times of a process. The name in the line may contain spaces, parentheses and line feeds, so it ends at the last
 * `)`.
 */
export function parseProcessTimes(text: string): ProcessTimes {
  const close = text.lastIndexOf(")");
  // After the name comes field 3.
  const fields = close < 0 ? [] : text.slice(close + 2).split(" ");
  const field = (number: number) => wholeNumber(fields[number - 3]?.trim());
  const user = field(UTIME);
  const system = field(STIME);
  return {
    startTicks: field(STARTTIME),
    cpuTicks: user === null || system === null ? null : user + system,
  };
}

/** CPU time since boot, in clock ticks, all cores together. */
export interface CpuTimes {
  readonly busyTicks: number;
  readonly totalTicks: number;
}

/** The `cpu` line of `/proc/stat`; `null` where it is not one. Waiting for I/O counts as idle. */
export function parseCpuTimes(text: string): CpuTimes | null {
  const line = /^cpu +([\d ]+)/.exec(text)?.[1];
  if (line === undefined) return null;
  // user nice system idle iowait irq softirq steal; guest time is contained in user.
  const ticks = line.trim().split(" ").slice(0, 8).map(Number);
  const totalTicks = ticks.reduce((sum, value) => sum + value, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  if (ticks.length < 4 || !Number.isSafeInteger(totalTicks)) return null;
  return { totalTicks, busyTicks: totalTicks - idle };
}

/** Time of boot in milliseconds since the epoch, the `btime` line of `/proc/stat`. */
export function parseBootTime(text: string): number | null {
  const seconds = wholeNumber(/^btime (\d+)$/m.exec(text)?.[1]);
  return seconds === null || seconds > Number.MAX_SAFE_INTEGER / 1000 ? null : seconds * 1000;
}
