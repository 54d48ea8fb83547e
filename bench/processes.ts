/** Other processes: starting them, and what they cost in CPU time and memory, from `/proc`. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { fakeMachine } from "../test/support/native.ts";

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

/** The runtime's own command line for the built `hmn`. */
export function hmnCommand(): string[] {
  const cli = new URL("../dist/cli.js", import.meta.url).pathname;
  return "Bun" in globalThis
    ? [process.execPath, cli]
    : [process.execPath, "run", "-A", "--no-check", cli];
}

/** Starts a program without input, whose output is dropped unless `stdout` is `"pipe"`. */
export function start(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdout: "ignore" | "pipe" = "ignore",
): ChildProcess {
  const [program, ...args] = command;
  return spawn(program!, args, {
    stdio: ["ignore", stdout, "ignore"],
    env: { ...process.env, ...env },
  });
}

/** Processes that sleep, as rows of a fake driver with some GPUs. */
export function sleepers(count: number, gpus: number) {
  const children = Array.from({ length: count }, () => start(["sleep", "3600"]));
  const pids = children.map(({ pid }) => String(pid));
  const machine = fakeMachine({
    gpus,
    reload: 0,
    process: pids.map((pid, i) => `${i % gpus},${pid},1073741824`),
  });
  return {
    pids,
    env: { HMN_NVML_PATH: machine.nvmlPath, HMN_NVIDIA_SMI_PATH: "/nonexistent/nvidia-smi" },
    end: () => {
      children.forEach((child) => child.kill());
      machine.cleanup();
    },
  };
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
