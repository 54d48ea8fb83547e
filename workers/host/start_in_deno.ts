/**
 * Starts a program in Deno, through `Deno.Command`, which needs `--allow-run` of the program and nothing
 * else, where `node:child_process` also wants `--allow-env`.
 */
import { HostError } from "./host.ts";
import { hostError, type OutputSink, type RunningProgram } from "./running_program.ts";

/** Starts it in a process group of its own, with an empty stdin. See {@linkcode StartProgram}. */
// It is async only to be of one type with the other; `Deno.Command` throws at once.
// deno-lint-ignore require-await
export async function startInDeno(
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  sink: OutputSink,
): Promise<RunningProgram> {
  const windows = Deno.build.os === "windows";
  const spawn = (withEnv: Readonly<Record<string, string>>) =>
    new Deno.Command(path, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // On Windows: without a console, so without a window that flashes, and in no job of Deno's.
      detached: true,
      ...(windows ? {} : { cwd: "/" }),
      clearEnv: true,
      env: { ...withEnv },
    }).spawn();
  if (isMissingInDeno(path)) throw new HostError("ENOENT", path, "no such file");
  let child: Deno.ChildProcess;
  try {
    child = spawn(env);
  } catch (error) {
    // A loader variable needs plain --allow-run; with a list of programs the run goes on without it.
    const { LD_LIBRARY_PATH, ...rest } = env;
    if (LD_LIBRARY_PATH === undefined || !(error instanceof Deno.errors.NotCapable)) {
      throw hostError(path, error);
    }
    try {
      child = spawn(rest);
    } catch (again) {
      throw hostError(path, again);
    }
  }
  const readers = { stdout: child.stdout.getReader(), stderr: child.stderr.getReader() };
  const ends = (["stdout", "stderr"] as const).map(async (name) => {
    try {
      for (;;) {
        const { done, value } = await readers[name].read();
        if (done) return;
        sink(name, value);
      }
    } catch {
      // The pipe broke: there is no more to come.
    }
  });
  let killed = false;
  return {
    pid: child.pid,
    exited: child.status.then(({ code, signal }) => {
      // What Deno kills on Windows ends with code 1 and no signal.
      if (windows && killed && code === 1) return { exitCode: null, signal: "SIGKILL" };
      return { exitCode: signal === null ? code : null, signal };
    }),
    outputEnded: Promise.all(ends),
    killGroup() {
      killed = true;
      killGroupInDeno(child, windows);
    },
    letGo() {
      for (const reader of Object.values(readers)) reader.cancel().catch(() => {});
      child.unref();
    },
  };
}

/**
 * True where the file is known not to be there. A failed spawn costs much more than a look; and where no
 * run is allowed, "there is no such program" is the truer answer. Unknown without `--allow-read`.
 */
function isMissingInDeno(path: string): boolean {
  try {
    Deno.statSync(path);
    return false;
  } catch (error) {
    // A folder of the PATH that this user may not look into holds nothing for this user.
    return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied;
  }
}

/**
 * `Deno.kill` wants plain `--allow-run`; where only the program is allowed, libc's `kill` reaches the
 * group if FFI is allowed, and else the program alone is killed.
 */
function killGroupInDeno(child: Deno.ChildProcess, windows: boolean): void {
  const ways: (() => void)[] = [() => child.kill("SIGKILL")];
  if (!windows) {
    const libc = Deno.build.os === "darwin" ? "libSystem.B.dylib" : "libc.so.6";
    ways.unshift(
      () => Deno.kill(-child.pid, "SIGKILL"),
      () => {
        const signature = { parameters: ["i32", "i32"], result: "i32" } as const;
        Deno.dlopen(libc, { kill: signature }).symbols.kill(-child.pid, 9);
      },
    );
  }
  for (const way of ways) {
    try {
      return way();
    } catch (error) {
      // Ended already: there is nothing left to kill.
      if (error instanceof Deno.errors.NotFound) return;
    }
  }
}
