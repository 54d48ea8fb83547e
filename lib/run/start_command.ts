/**
 * Starts the command a person wants measured, with the terminal, pipes and environment it would have without us. The
 * worker's child is started elsewhere (`lib/isolation/child.ts`): its pipes are ours, and it must never be held.
 */
import { readEnv } from "../env.ts";
import type { Bytes } from "../records.ts";
import { checkExecutable, refused } from "./find_command.ts";

/** How a command ended. */
export interface CommandEnd {
  /** Exit code; 128 and the signal's number where a signal ended it, as shells have it. */
  readonly exitCode: number;
  /** The signal that ended it, such as `SIGTERM`; `null` where it exited. */
  readonly signal: string | null;
  /**
   * Highest resident memory of the largest single process among the command and those it waited for (`ru_maxrss` of
   * wait4(2)). `null` on Deno, which does not tell, and where it is not above our own: a program inherits the peak of
   * the one that started it.
   */
  readonly maxRssBytes: Bytes;
}

/** A running command. */
export interface RunningCommand {
  readonly pid: number;
  /** Sends a signal such as `SIGTERM`; does nothing once it has ended. */
  kill(signal: string): void;
  /** How it ended. Never rejects. */
  readonly ended: Promise<CommandEnd>;
  /** What it writes, where that was asked for; `null`: it has our own stdout and stderr. */
  readonly output: CommandOutput | null;
}

/** What a command writes. Both have to be read to their ends, or it waits. */
export interface CommandOutput {
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
}

/** How a command is started. */
export interface StartOptions {
  /** Working directory; ours by default. */
  readonly cwd?: string | undefined;
  /** Environment; ours by default. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** `"inherit"`: it has our stdin, stdout and stderr; `"null"`: none. */
  readonly stdio?: "inherit" | "null" | undefined;
  /** `true`: its stdout and stderr come to us, as {@linkcode RunningCommand.output}. */
  readonly piped?: boolean | undefined;
  /** `true`: it leads a session of its own, apart from our terminal, and `kill` reaches everything in it. */
  readonly ownSession?: boolean | undefined;
  /** File to write its PID to before it runs, so that all of it is in a cgroup; `null`: none. */
  readonly cgroupFile?: string | null;
  /** Open files above stderr that it shall have, under the same numbers. Deno hands them on by itself. */
  readonly descriptors?: readonly number[] | undefined;
  /** Signals that it shall ignore from the start, as we do; Bun would have it heed them. */
  readonly ignored?: readonly string[] | undefined;
}

/** Joins the cgroup, if any, and becomes the command. A cgroup that can't be joined is done without. */
const JOIN = '{ echo $$ > "$0"; } 2>/dev/null; exec "$@"';
const BECOME = 'exec "$@"';
const SHELL = "/bin/sh";
/** Where execvp(3) looks without a PATH. */
const DEFAULT_PATH = "/bin:/usr/bin";

/**
 * Starts `command`, found as execvp(3) finds it.
 *
 * @throws {HypomnesisError} `command_not_found` or `command_not_executable`
 */
export function startCommand(
  command: readonly string[],
  options: StartOptions = {},
): RunningCommand {
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
