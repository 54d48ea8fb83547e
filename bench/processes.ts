/** What other processes cost: CPU time and memory, from `/proc`. */
import { readdirSync, readFileSync } from "node:fs";

/** `USER_HZ` */
const TICKS_PER_SECOND = 100;

/** A process and everything below it. */
export function treeOf(root: number): number[] {
  const pids = [root];
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const text = readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").trim();
      pids.push(...text.split(" ").filter(Boolean).map(Number));
    }
  }
  return pids;
}

/** CPU time of these processes so far, in seconds. */
export function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Fields 14 and 15: user and system time.
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_PER_SECOND;
}

/** Their proportional set sizes, in MB of 2^20 bytes. */
export function pssMb(pids: readonly number[]): number {
  let kib = 0;
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    kib += Number(/^Pss:\s+(\d+)/m.exec(text)![1]);
  }
  return kib / 1024;
}

/** Waits. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Share of one core that `pids` use in the next `seconds`. */
export async function coreShare(pids: readonly number[], seconds: number): Promise<number> {
  const startMs = performance.now();
  const before = cpuSeconds(pids);
  await sleep(seconds * 1000);
  return (cpuSeconds(pids) - before) / ((performance.now() - startMs) / 1000);
}
