/**
 * A child process with pipes, the same for both runtimes. This is the only file of the library that starts
 * processes. It uses the runtime's own call: `node:child_process` costs more to import than the child to
 * start.
 *
 * On Windows a child is detached: it has no console, so that Ctrl+C and Ctrl+Break reach the host alone and no window
 * flashes, and it is in none of the runtime's jobs, which would hide the memory limit of a container's. (It ends with
 * its host by a job of its own.) On Linux it leaves the process group by itself.
 */
import { readEnv } from "../env.ts";
import { isWindows } from "../system.ts";
import { type Launch, launchBun, launchDeno } from "./launch.ts";

/** How a child ended. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A running child. */
export interface Child {
  readonly pid: number;
  /** Writes to its stdin. Does nothing once it is gone. */
  write(text: string): void;
  closeStdin(): void;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
  /** Whether it keeps the host's event loop alive. */
  hold(on: boolean): void;
  /** Text of its stdout, piece by piece. */
  readonly stdout: AsyncIterable<string>;
  /** How it ended. Never rejects. */
  readonly ended: Promise<ChildEnd>;
}

/** Starts the worker as a child. Throws where the runtime refuses. The child starts unheld. */
export function startChild(): Child {
  return "Bun" in globalThis ? startInBun() : startInDeno();
}

/** A folder that is always there, so that the child holds no other one open. */
function homeFolder(): string {
  return isWindows() ? readEnv("SystemRoot") ?? "C:\\Windows" : "/";
}

function startInBun(): Child {
  const { program, args, env, preamble } = launchBun(process.execPath);
  const child = Bun.spawn([program, ...args], {
    argv0: "bun",
    env,
    cwd: homeFolder(),
    stdin: "pipe",
    stdout: "pipe",
    stderr: "ignore",
    detached: isWindows(),
    windowsHide: true,
  });
  child.unref();
  // Writing to a child that just died fails at once or later; its end is told by `ended`.
  const write = (text: string) => {
    try {
      child.stdin.write(text);
      Promise.resolve(child.stdin.flush()).catch(() => {});
    } catch { /* gone */ }
  };
  if (preamble !== "") write(preamble);
  return {
    pid: child.pid,
    write,
    closeStdin: () => {
      try {
        Promise.resolve(child.stdin.end()).catch(() => {});
      } catch { /* gone */ }
    },
    kill: (signal) => child.kill(signal),
    hold: (on) => on ? child.ref() : child.unref(),
    stdout: decode(child.stdout),
    ended: child.exited.then(() => ({
      code: child.exitCode,
      signal: child.signalCode === null ? null : String(child.signalCode),
    })),
  };
}

function startInDeno(): Child {
  const launch = launchDeno(Deno.execPath());
  const child = spawnInDeno(launch);
  child.unref();
  const stdin = child.stdin.getWriter();
  const encoder = new TextEncoder();
  const write = (text: string) => {
    stdin.write(encoder.encode(text)).catch(() => {});
  };
  if (launch.preamble !== "") write(launch.preamble);
  return {
    pid: child.pid,
    write,
    closeStdin: () => {
      stdin.close().catch(() => {});
    },
    kill: (signal) => {
      try {
        child.kill(signal);
      } catch { /* gone */ }
    },
    hold: (on) => {
      try {
        if (on) child.ref();
        else child.unref();
      } catch { /* gone */ }
    },
    stdout: decode(child.stdout),
    ended: child.status.then(
      ({ code, signal }) => ({ code: signal === null ? code : null, signal }),
      () => ({ code: null, signal: null }),
    ),
  };
}

function spawnInDeno({ program, args, env }: Launch): Deno.ChildProcess {
  const command = (env: Record<string, string>) =>
    new Deno.Command(program, {
      args: [...args],
      env,
      clearEnv: true,
      cwd: homeFolder(),
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      detached: isWindows(),
    });
  try {
    return command(env).spawn();
  } catch (error) {
    // With a list of programs that may run, Deno refuses to pass LD_LIBRARY_PATH on.
    if (!("LD_LIBRARY_PATH" in env)) throw error;
    const { LD_LIBRARY_PATH: _, ...rest } = env;
    return command(rest).spawn();
  }
}

async function* decode(bytes: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = bytes.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } catch {
    return; // The pipe broke; `ended` says how the child ended.
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Tells whether a child may be started here, without asking anybody. */
export function mayStartChild(): boolean {
  if ("Bun" in globalThis) return true;
  // A compiled Deno program holds no `deno` that could run the worker.
  if ((Deno.build as { standalone?: boolean }).standalone === true) return false;
  return Deno.permissions.querySync({ name: "run", command: Deno.execPath() }).state === "granted";
}
