/** `/proc/PID/stat` and `/proc/stat`: proc(5). */
import { wholeNumber } from "./fields.ts";

/** What is read of `/proc/PID/stat`. */
export interface ProcessStat {
  /** Name of the program, at most 15 bytes of anything but NUL. */
  readonly name: string | null;
  /** Field 22, `starttime`, in clock ticks since boot. */
  readonly startTicks: number | null;
}

const STARTTIME = 22;

/** Parses it. The name may contain spaces, parentheses and line feeds, so it ends at the last `)`. */
export function parseProcessStat(text: string): ProcessStat {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return { name: null, startTicks: null };
  // After the name comes field 3.
  const fields = text.slice(close + 2).split(" ");
  return {
    name: text.slice(open + 1, close),
    startTicks: wholeNumber(fields[STARTTIME - 3]?.trim()),
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
