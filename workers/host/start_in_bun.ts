/**
 * Starts a program in Bun, through `node:child_process`: the streams of `Bun.spawn` can't be given up while
 * a grandchild holds the pipe open.
 */
import { HostError } from "./host.ts";
import {
  type ExitStatus,
  hostError,
  type OutputSink,
  type RunningProgram,
} from "./running_program.ts";

/** Starts it in a process group of its own, with an empty stdin. See {@linkcode StartProgram}. */
export async function startInBun(
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  sink: OutputSink,
): Promise<RunningProgram> {
  const { spawn } = process.getBuiltinModule("node:child_process");
  const { accessSync, constants, statSync } = process.getBuiltinModule("node:fs");
  try {
    statSync(path);
  } catch {
    // A folder of the PATH that this user may not look into holds nothing for this user.
    throw new HostError("ENOENT", path, "no such file");
  }
  try {
    // A failed spawn costs a hundred times as much as a look, and most folders of a PATH lack the program.
    accessSync(path, constants.X_OK);
  } catch (error) {
    throw hostError(path, error);
  }
  const windows = process.platform === "win32";
  const child = spawn(path, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    // On Windows: without a console, so without a window that flashes, and in no job of Bun's.
    detached: true,
    windowsHide: true,
    cwd: windows ? undefined : "/",
    env: { ...env },
  });
  const ends = (["stdout", "stderr"] as const).map((name) =>
    new Promise<void>((ended) => {
      child[name].on("data", (bytes: Uint8Array) => sink(name, bytes));
      child[name].once("close", ended);
      child[name].on("error", () => ended());
    })
  );
  const exited = new Promise<ExitStatus>((ended) => {
    child.once("exit", (exitCode, signal) => ended({ exitCode, signal }));
  });
  await new Promise<void>((started, refuse) => {
    child.once("spawn", started);
    child.on("error", (error) => refuse(hostError(path, error)));
  });
  return {
    pid: child.pid!,
    exited,
    outputEnded: Promise.all(ends),
    killGroup() {
      try {
        if (windows) child.kill("SIGKILL");
        else process.kill(-child.pid!, "SIGKILL");
      } catch {
        // It has ended already.
      }
    },
    letGo() {
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
    },
  };
}
