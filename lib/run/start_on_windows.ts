/**
 * Starts a command on Windows. There is no shell between, no signal but the end, and no session to send it to: who has
 * to end, ends with everything it started. What is typed into the console reaches the command by itself.
 */
import { readEnv } from "../env.ts";
import type { CommandOutput, RunningCommand, StartOptions } from "./command.ts";
import type { ProcessOfRun } from "./process_of_run.ts";
import { modeOf, refused } from "./find_command.ts";
import { windowsCandidates } from "./find_on_windows.ts";

/** The signals that mean an end, and what a shell makes of them. */
const ENDS: Readonly<Record<string, number>> = { SIGTERM: 143, SIGKILL: 137 };

/** A process, of either runtime. */
interface Child {
  readonly pid: number;
  /** Ends it alone. */
  end(): void;
  /** Its exit code, and whether the runtime ended it. */
  readonly ended: Promise<{ readonly code: number; readonly wasEnded: boolean }>;
  readonly output: CommandOutput | null;
}

/**
 * Starts `command`.
 *
 * @throws {HypomnesisError} `command_not_found` or `command_not_executable`
 */
export function startOnWindows(
  command: readonly string[],
  options: StartOptions,
): RunningCommand {
  const name = command[0] ?? "";
  const argv = [findOnWindows(name, options), ...command.slice(1)];
  let child: Child;
  try {
    child = "Bun" in globalThis ? startInBun(argv, options) : startInDeno(argv, options);
  } catch (error) {
    throw refused(name, error);
  }
  const held = options.held ?? null;
  // Before the runtime can have told of its end, and let go of it.
  held?.hold(child.pid);
  let hasEnded = false;
  let endedBy: string | null = null;
  return {
    pid: child.pid,
    kill: (signal) => {
      if (hasEnded || !Object.hasOwn(ENDS, signal)) return;
      endedBy = signal;
      void endTree(child, held);
    },
    ended: child.ended.then(async ({ code: told, wasEnded }) => {
      hasEnded = true;
      const code = await held?.exitCode(told) ?? told >>> 0;
      // Who is ended with all of it has 1; another code is the command's own, which was faster.
      const signal = endedBy !== null && (wasEnded || code === 1) ? endedBy : null;
      const exitCode = signal === null ? code : ENDS[signal]!;
      return { exitCode, signal, maxRssBytes: null };
    }),
    output: child.output,
  };
}

/** The file that `name` means. Where Deno may not look, the name itself, and starting it will tell. */
function findOnWindows(name: string, { env, cwd }: StartOptions): string {
  const told = (variable: string) => env === undefined ? readEnv(variable) : anyCase(env, variable);
  const ours = "Deno" in globalThis ? Deno.cwd() : process.cwd();
  if (cwd !== undefined && modeOf(cwd) === "nothing") {
    throw refused(name, new Error(`there is no folder ${JSON.stringify(cwd)} to run it in`));
  }
  const places = { path: told("Path"), pathExt: told("PATHEXT"), cwd: cwd ?? ours };
  for (const file of windowsCandidates(name, places)) {
    const mode = modeOf(file);
    if (mode === "not told") return name;
    if (mode === "executable") return file;
  }
  // It is there, and is nothing that Windows starts.
  throw refused(name, { code: modeOf(name) === "executable" ? "EACCES" : "ENOENT" });
}

/** The names of Windows' variables have no case. */
function anyCase(env: Readonly<Record<string, string>>, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(env).find(([key]) => key.toLowerCase() === wanted)?.[1];
}

/**
 * `cmd.exe` reads its line in a way of its own: behind `/d /s /c` it takes off the first and the last quote, and the
 * rest as it stands.
 */
function rawLine(argv: readonly string[]): readonly string[] | null {
  const [program = "", ...args] = argv;
  const isShell = /(?:^|[\\/])cmd\.exe$/i.test(program) && args.length === 4 &&
    args.slice(0, 3).join(" ").toLowerCase() === "/d /s /c";
  return isShell ? [...args.slice(0, 3), `"${args[3]}"`] : null;
}

function startInBun(argv: readonly string[], options: StartOptions): Child {
  const stdio = options.stdio === "null" ? "ignore" : "inherit";
  const output = options.piped ? "pipe" : stdio;
  const raw = rawLine(argv);
  const child = Bun.spawn([argv[0]!, ...raw ?? argv.slice(1)], {
    stdio: [stdio, output, output] as [typeof stdio, "inherit", "inherit"],
    // Who is apart from our console gets one of its own, and that needs no window.
    windowsHide: options.ownSession === true,
    windowsVerbatimArguments: raw !== null,
    ...options.cwd === undefined ? {} : { cwd: options.cwd },
    ...options.env === undefined ? {} : { env: { ...options.env } },
  });
  return {
    pid: child.pid,
    end: () => child.kill("SIGKILL"),
    ended: child.exited.then((code) => ({ code, wasEnded: child.signalCode !== null })),
    output: options.piped ? child as unknown as CommandOutput : null,
  };
}

function startInDeno(argv: readonly string[], options: StartOptions): Child {
  const stdio = options.stdio ?? "inherit";
  const raw = rawLine(argv);
  const child = new Deno.Command(argv[0]!, {
    args: [...raw ?? argv.slice(1)],
    windowsRawArguments: raw !== null,
    stdin: stdio,
    stdout: options.piped ? "piped" : stdio,
    stderr: options.piped ? "piped" : stdio,
    ...options.cwd === undefined ? {} : { cwd: options.cwd },
    ...options.env === undefined ? {} : { env: { ...options.env }, clearEnv: true },
  }).spawn();
  return {
    pid: child.pid,
    end: () => {
      try {
        child.kill("SIGKILL");
      } catch { /* it has ended */ }
    },
    ended: child.status.then(({ code }) => ({ code, wasEnded: false })),
    output: options.piped ? child : null,
  };
}

/**
 * Ends a process and all it started, directly or not. Where nobody holds it, `taskkill` does, which misses those whose
 * parent has gone; where that can't, it ends alone.
 */
async function endTree(child: Child, held: ProcessOfRun | null): Promise<void> {
  if (await held?.end()) return;
  const program = `${readEnv("SystemRoot") ?? "C:\\Windows"}\\System32\\taskkill.exe`;
  const args = ["/T", "/F", "/PID", String(child.pid)];
  try {
    const code = "Bun" in globalThis
      ? await Bun.spawn([program, ...args], {
        stdio: ["ignore", "ignore", "ignore"],
        windowsHide: true,
      }).exited
      : (await new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" })
        .spawn().status).code;
    if (code !== 0) child.end();
  } catch {
    child.end();
  }
}
