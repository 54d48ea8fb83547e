/**
 * Starts the command a person wants measured, with the terminal, pipes and environment it would have without us. The
 * worker's child is started elsewhere (`lib/isolation/child.ts`): its pipes are ours, and it must never be held.
 */
import { readEnv } from "../env.ts";
import type { Bytes } from "../records.ts";
import { isWindows } from "../system.ts";
import type { CommandOutput, RunningCommand, StartOptions } from "./command.ts";
import { checkExecutable, refused } from "./find_command.ts";
import { startOnWindows } from "./start_on_windows.ts";

export type { CommandEnd, CommandOutput, RunningCommand, StartOptions } from "./command.ts";

/** Joins the cgroup, if any, and becomes the command. A cgroup that can't be joined is done without. */
const JOIN = '{ echo $$ > "$0"; } 2>/dev/null; exec "$@"';
const BECOME = 'exec "$@"';
const SHELL = "/bin/sh";
/** Where execvp(3) looks without a PATH. */
const DEFAULT_PATH = "/bin:/usr/bin";

/**
 * Starts `command`, found as execvp(3) finds it; on Windows in the folders of `Path`, with an ending of `PATHEXT` where
 * the name has none, and not in the current folder.
 *
 * @throws {HypomnesisError} `command_not_found` or `command_not_executable`
 */
export function startCommand(
  command: readonly string[],
  options: StartOptions = {},
): RunningCommand {
  if (isWindows()) return startOnWindows(command, options);
  const name = command[0] ?? "";
  const path = options.env === undefined ? readEnv("PATH") : options.env.PATH;
  checkExecutable(name, path ?? DEFAULT_PATH, options.cwd ?? ".");
  const argv = launchedBy(command, options);
  const start = "Bun" in globalThis ? startInBun : startInDeno;
  try {
    return start(argv, options);
  } catch (error) {
    throw refused(name, error);
  }
}

/** The command behind the shell that prepares for it, where there is something to prepare. */
function launchedBy(
  command: readonly string[],
  { cgroupFile, ignored = [] }: StartOptions,
): readonly string[] {
  const names = ignored.map((signal) => signal.replace(/^SIG/, ""));
  if (!cgroupFile && names.length === 0) return command;
  const trap = names.length === 0 ? "" : `trap '' ${names.join(" ")}; `;
  return [SHELL, "-c", trap + (cgroupFile ? JOIN : BECOME), cgroupFile || SHELL, ...command];
}

function startInBun(argv: readonly string[], options: StartOptions): RunningCommand {
  const stdio = options.stdio === "null" ? "ignore" : "inherit";
  const output = options.piped ? "pipe" : stdio;
  // A hole in the list is a number that stays closed.
  const more: (number | null)[] = [];
  for (const descriptor of options.descriptors ?? []) {
    while (more.length + 3 < descriptor) more.push(null);
    more[descriptor - 3] = descriptor;
  }
  const spawn = (argv: readonly string[]) =>
    Bun.spawn([...argv], {
      stdio: [stdio, output, output, ...more] as [typeof stdio, "inherit", "inherit"],
      ...options.ownSession ? { detached: true } : {},
      ...options.cwd === undefined ? {} : { cwd: options.cwd },
      ...options.env === undefined ? {} : { env: { ...options.env } },
    });
  let child: ReturnType<typeof spawn>;
  try {
    child = spawn(argv);
  } catch (error) {
    // A script without a first line that names its interpreter: execvp(3) hands it to the shell.
    if ((error as { code?: unknown }).code !== "ENOEXEC") throw error;
    child = spawn([SHELL, ...argv]);
  }
  return {
    pid: child.pid,
    kill: (signal) => {
      if (options.ownSession) killSession(child.pid, signal);
      else if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal as "SIGTERM");
      }
    },
    ended: child.exited.then((exitCode) => ({
      exitCode,
      signal: child.signalCode === null ? null : String(child.signalCode),
      maxRssBytes: aboveOurs(child.resourceUsage()?.maxRSS),
    })),
    output: options.piped ? child as unknown as CommandOutput : null,
  };
}

/** Also when the leader has ended: what it started may be there still. */
function killSession(leader: number, signal: string): void {
  try {
    if ("Deno" in globalThis) Deno.kill(-leader, signal as Deno.Signal);
    else process.kill(-leader, signal);
  } catch { /* nobody is left */ }
}

function aboveOurs(maxRss: number | undefined): Bytes {
  const ourBytes = process.resourceUsage().maxRSS * 1024;
  return maxRss !== undefined && maxRss > ourBytes ? maxRss : null;
}

function startInDeno(argv: readonly string[], options: StartOptions): RunningCommand {
  const stdio = options.stdio ?? "inherit";
  const [program, ...args] = argv;
  const child = new Deno.Command(program!, {
    args,
    stdin: stdio,
    stdout: options.piped ? "piped" : stdio,
    stderr: options.piped ? "piped" : stdio,
    ...options.ownSession ? { detached: true } : {},
    ...options.cwd === undefined ? {} : { cwd: options.cwd },
    ...options.env === undefined ? {} : { env: { ...options.env }, clearEnv: true },
  }).spawn();
  return {
    pid: child.pid,
    kill: (signal) => {
      if (options.ownSession) return killSession(child.pid, signal);
      try {
        child.kill(signal as Deno.Signal);
      } catch (error) {
        // It ended before the signal reached it.
        if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
      }
    },
    ended: child.status.then(({ code, signal }) => ({
      exitCode: code,
      signal,
      maxRssBytes: null,
    })),
    output: options.piped ? child : null,
  };
}
