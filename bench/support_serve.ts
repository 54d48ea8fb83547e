/** What the benchmarks of the endpoint share: a machine with 8 GPUs, `hmn serve` on it, and wrk. */
import { type ChildProcess, execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { type Conf, fakeMachine } from "../test/support/native.ts";
import { hmnCommand, start, treeOf } from "./processes.ts";
import { RUNTIME } from "./support.ts";

/** A machine with 8 GPUs and 20 processes on them, whose driver can be changed while it runs. */
export interface BusyMachine {
  readonly env: Readonly<Record<string, string>>;
  /** Adds lines to the driver's configuration, such as a fault; `{}`: none. */
  fault(conf: Readonly<Record<string, string | number>>): void;
  end(): void;
}

const GPUS = 8;
const PROCESSES = 20;

/** Makes one. `isFaulty`: it reads its configuration at every call, so that `fault` takes effect. */
export function busyMachine({ isFaulty = false } = {}): BusyMachine {
  const sleeping = Array.from({ length: PROCESSES }, () => start(["sleep", "7200"]));
  const conf = {
    gpus: GPUS,
    reload: Number(isFaulty),
    process: sleeping.map(({ pid }, i) => `${i % GPUS},${pid},1073741824`),
  } satisfies Conf;
  const machine = fakeMachine(conf);
  return {
    env: { HMN_NVML_PATH: machine.nvmlPath, HMN_NVIDIA_SMI_PATH: "/nonexistent/nvidia-smi" },
    fault: (more) => machine.setConf({ ...conf, ...more }),
    end: () => {
      sleeping.forEach((child) => child.kill());
      machine.cleanup();
    },
  };
}

/** A server in a process of its own. */
export interface Server {
  /** What it printed first, as JSON. */
  readonly told: Readonly<Record<string, string>>;
  readonly pid: number;
  /** It and its workers. */
  tree(): number[];
  end(): Promise<void>;
}

/** Starts a server that prints one line of JSON when it listens. */
export async function startServer(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Server> {
  const child = start(command, env, "pipe");
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const told = JSON.parse(await firstLine(child)) as Record<string, string>;
  return {
    told,
    pid: child.pid!,
    tree: () => treeOf(child.pid!),
    end: () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

/** Starts the built `hmn serve`; `told.url` is where it listens. */
export function startHmn(machine: BusyMachine): Promise<Server> {
  return startServer([...hmnCommand(), "serve", "--port", "0", "--json"], machine.env);
}

/** The command line of this runtime for a file of this folder. */
export function benchCommand(file: string, ...args: readonly string[]): string[] {
  const path = new URL(file, import.meta.url).pathname;
  return RUNTIME === "bun"
    ? [process.execPath, path, ...args]
    : [process.execPath, "run", "-A", "--no-check", path, ...args];
}

async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  for await (const line of lines) {
    child.stdout!.resume();
    return line;
  }
  throw new Error("Cannot measure: the server ended before it listened");
}

/** Descriptors that a process has open. */
export function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** What wrk found. */
export interface Load {
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** How wrk asks. */
export interface LoadOptions {
  readonly seconds: number;
  readonly connections: number;
}

/** Its own report rounds; this gives whole microseconds. */
const SCRIPT = `
done = function(summary, latency)
  local e = summary.errors
  print(string.format(
    '\\n{"requests":%d,"us":%d,"p50Us":%f,"p99Us":%f,"errors":%d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout
  ))
end
`;

/** Loads an address as fast as it answers. Any answer that is an error ends the measurement. */
export type Wrk = (url: string, options: LoadOptions) => Promise<Load>;

/** wrk, where the machine has it. */
export function openWrk(): { readonly wrk: Wrk; end(): void } {
  try {
    execFileSync("sh", ["-c", "command -v wrk"]);
  } catch {
    throw new Error("Cannot measure: wrk is missing; get it with: apt-get install wrk");
  }
  const folder = mkdtempSync(join(tmpdir(), "hypomnesis-bench-"));
  const script = join(folder, "told.lua");
  writeFileSync(script, SCRIPT);
  const wrk: Wrk = (url, { seconds, connections }) =>
    new Promise((resolve, reject) => {
      const args = [`-t1`, `-c${connections}`, `-d${seconds}s`, "-s", script, url];
      execFile("wrk", args, (error, out) => {
        if (error !== null) return reject(error);
        const line = out.trimEnd().split("\n").at(-1)!;
        const { requests, us, p50Us, p99Us, errors } = JSON.parse(line) as Record<string, number>;
        if (errors! > 0) return reject(new Error(`Cannot measure: ${url} gave ${errors} errors`));
        resolve({ perSecond: requests! / us! * 1e6, p50Us: p50Us!, p99Us: p99Us! });
      });
    });
  return { wrk, end: () => rmSync(folder, { recursive: true, force: true }) };
}
