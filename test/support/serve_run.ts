/** Runs `hmn serve` as a process of its own, and waits until it says where it listens. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import process from "node:process";
import { repositoryFile, SCRIPT_ENV, scriptCommand } from "./run_script.ts";

const CLI = repositoryFile("cli.ts");

/** How a program ended. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs. */
export interface RunningProgram {
  readonly pid: number;
  /** What it wrote so far. */
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<ProgramEnd>;
}

/** A server that runs. At the end of its scope it is killed where it still does. */
export interface RunningServer extends RunningProgram, AsyncDisposable {
  /** `http://127.0.0.1:40000` */
  readonly url: string;
  readonly port: number;
}

/** How a program is run. */
export interface ProgramOptions {
  /** Beside that of the test; no driver is there unless it says where. */
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of `deno run`. */
  readonly denoFlags?: readonly string[];
}

/** Nobody's server and no driver, whatever the environment of the test says. */
const NOWHERE = {
  HMN_NVML_PATH: "/nonexistent/libnvidia-ml.so.1",
  HMN_NVIDIA_SMI_PATH: "/nonexistent/nvidia-smi",
  HMN_URL: "",
  HMN_TOKEN: "",
  HMN_SOURCES: "",
  OTEL_EXPORTER_OTLP_HEADERS: "",
};

/** No program of a test runs longer than this. */
const LONGEST_MS = 90_000;

/** Starts `hmn`. */
export function startHmn(args: readonly string[], options: ProgramOptions = {}): RunningProgram {
  return startProgram(scriptCommand(CLI, { ...flagsOf(options), args }), options.env);
}

/** Runs `hmn` to its end. */
export function runHmn(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramEnd> {
  return startHmn(args, options).ended;
}

/** Starts a script of this repository. */
export function startScript(
  path: string,
  args: readonly string[] = [],
  options: ProgramOptions = {},
): RunningProgram {
  return startProgram(scriptCommand(repositoryFile(path), { args }), options.env);
}

/** Starts `hmn serve` on any free port, or on the one that `args` name. */
export async function startServer(
  args: readonly string[] = [],
  options: ProgramOptions = {},
): Promise<RunningServer> {
  const port = args.includes("--port") ? [] : ["--port", "0"];
  const run = startHmn(["serve", ...port, "--json", ...args], options);
  const line = await firstLine(run);
  const { url, port: listens } = JSON.parse(line) as { url: string; port: number };
  return {
    ...run,
    url,
    port: listens,
    [Symbol.asyncDispose]: async () => {
      if (isAlive(run.pid)) run.kill("SIGKILL");
      await run.ended;
    },
  };
}

/** The first line on a program's stdout. */
export async function firstLine(run: RunningProgram): Promise<string> {
  let hasEnded = false;
  run.ended.then(() => hasEnded = true);
  await until("its first line", () => hasEnded || run.stdout().includes("\n"));
  const [line, ...others] = run.stdout().split("\n");
  if (others.length === 0) throw new Error(`it has ended: ${run.stderr()}`);
  return line!;
}

function startProgram(
  [program, ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningProgram {
  const child = spawn(program!, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...SCRIPT_ENV, ...NOWHERE, ...env },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout!.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr!.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const pid = child.pid!;
  const timer = setTimeout(() => process.kill(pid, "SIGKILL"), LONGEST_MS);
  const ended = new Promise<ProgramEnd>((resolve) =>
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    })
  );
  return {
    pid,
    stdout: () => stdout,
    stderr: () => stderr,
    kill: (signal) => void process.kill(pid, signal),
    ended,
  };
}

function flagsOf({ denoFlags }: ProgramOptions) {
  return denoFlags === undefined ? {} : { denoFlags };
}

/** The process is there, and no zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** The children of a process. */
export function childrenOf(pid: number): number[] {
  const tasks = fs.readdirSync(`/proc/${pid}/task`);
  return tasks.flatMap((task) =>
    fs.readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean)
  ).map(Number);
}

/** How many descriptors a process has open. */
export function descriptorsOf(pid: number): number {
  return fs.readdirSync(`/proc/${pid}/fd`).length;
}

/** Waits until something holds. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  forMs = 40_000,
): Promise<void> {
  const startMs = performance.now();
  while (!await holds()) {
    if (performance.now() - startMs > forMs) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
