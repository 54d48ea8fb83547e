/**
 * Runs a program and never waits for the kernel: whatever the program, its children or the driver do, the
 * answer is there when the limits say so.
 */
import { programCandidates, searchFolders, usualFolders } from "./find_program.ts";
import { HostError, type RunLimits, type RunOutcome } from "./host.ts";
import type { Job } from "./job_object.ts";
import {
  inJob,
  type OutputSink,
  type RunningProgram,
  type StartProgram,
} from "./running_program.ts";
import { startInBun } from "./start_in_bun.ts";
import { startInDeno } from "./start_in_deno.ts";
import { superviseRun } from "./supervise_run.ts";

const startProgram: StartProgram = "Deno" in globalThis ? startInDeno : startInBun;

/**
 * What a program finds in its environment: the driver's library in some containers, for which our own loader heeds it
 * too; and where Windows is.
 */
const PASSED_ON = {
  unix: ["LD_LIBRARY_PATH"],
  windows: ["SystemRoot", "SystemDrive", "ProgramFiles", "ProgramData", "TEMP", "TMP"],
};

/**
 * Runs `program` (an absolute path, or a name on the PATH) with an empty stdin in a process group of its own, on
 * Windows in a job of its own. All of it is killed at the limits. Throws {@linkcode HostError} where it can't be
 * started.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  limits: RunLimits,
  openJob: () => Job | null = () => null,
): Promise<RunOutcome> {
  const windows = "Deno" in globalThis ? Deno.build.os === "windows" : process.platform === "win32";
  const pathVariable = variable("PATH") ?? "";
  const usual = usualFolders(windows, variable);
  const env: Record<string, string> = {
    LC_ALL: "C",
    PATH: searchFolders(pathVariable, windows, usual).join(windows ? ";" : ":"),
  };
  for (const name of windows ? PASSED_ON.windows : PASSED_ON.unix) {
    const value = variable(name);
    if (value) env[name] = value;
  }
  const candidates = programCandidates(program, pathVariable, windows, usual);
  const start = (sink: OutputSink) =>
    startFirst(program, candidates, (path) => startProgram(path, args, env, sink));
  return await superviseRun(program, limits, async (sink) => {
    // Made before: what a program starts before it is in the job is not in it.
    const job = openJob();
    if (job === null) return await start(sink);
    try {
      return inJob(await start(sink), job);
    } catch (error) {
      job.close();
      throw error;
    }
  });
}

/** Starts the first candidate there is; like a shell, it goes on past one that may not be run. */
async function startFirst(
  program: string,
  candidates: readonly string[],
  start: (path: string) => Promise<RunningProgram>,
): Promise<RunningProgram> {
  let refused: HostError | null = null;
  for (const path of candidates) {
    try {
      return await start(path);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      if (error.code === "ENOENT") continue;
      refused ??= error;
    }
  }
  if (refused !== null) throw refused;
  const where = candidates.length === 0
    ? "it is neither a bare name nor an absolute path"
    : candidates.length === 1
    ? "no such file"
    : "it is in no absolute folder of the PATH";
  throw new HostError("ENOENT", program, where);
}

/** An environment variable; absent where the runtime refuses to tell. */
function variable(name: string): string | undefined {
  try {
    return "Deno" in globalThis ? Deno.env.get(name) : process.env[name];
  } catch {
    return undefined;
  }
}
