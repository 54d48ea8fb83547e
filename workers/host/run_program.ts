/**
 * Runs a program and never waits for the kernel: whatever the program, its children or the driver do, the
 * answer is there when the limits say so.
 */
import { programCandidates, searchFolders } from "./find_program.ts";
import { HostError, type RunLimits, type RunOutcome } from "./host.ts";
import type { OutputSink, RunningProgram, StartProgram } from "./running_program.ts";
import { startInBun } from "./start_in_bun.ts";
import { startInDeno } from "./start_in_deno.ts";
import { superviseRun } from "./supervise_run.ts";

const startProgram: StartProgram = "Deno" in globalThis ? startInDeno : startInBun;

/**
 * Runs `program` (an absolute path, or a name on the PATH) with an empty stdin in a process group of its
 * own. The group gets SIGKILL at the limits. Throws {@linkcode HostError} where it can't be started.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  limits: RunLimits,
): Promise<RunOutcome> {
  const windows = "Deno" in globalThis ? Deno.build.os === "windows" : process.platform === "win32";
  const pathVariable = variable("PATH") ?? "";
  const env: Record<string, string> = {
    LC_ALL: "C",
    PATH: searchFolders(pathVariable, windows).join(windows ? ";" : ":"),
  };
  // In some containers the driver's library is found through this alone; our own loader heeds it too.
  for (const name of ["LD_LIBRARY_PATH", ...(windows ? ["SystemRoot"] : [])]) {
    const value = variable(name);
    if (value) env[name] = value;
  }
  const candidates = programCandidates(program, pathVariable, windows);
  return await superviseRun(
    program,
    limits,
    (sink) => startFirst(program, candidates, args, env, sink),
  );
}

/** Starts the first candidate there is; like a shell, it goes on past one that may not be run. */
async function startFirst(
  program: string,
  candidates: readonly string[],
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  sink: OutputSink,
): Promise<RunningProgram> {
  let refused: HostError | null = null;
  for (const path of candidates) {
    try {
      return await startProgram(path, args, env, sink);
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
