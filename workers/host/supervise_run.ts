/**
 * Bounds a running program in time and output. It knows no runtime, so that tests can hand in a process that
 * no signal ends.
 */
import { HostError, type RunLimits, type RunOutcome } from "./host.ts";
import type { ExitStatus, OutputSink, RunningProgram } from "./running_program.ts";

/** How long a process may take to end after SIGKILL before it counts as unkillable. */
const DEATH_MS = 200;
/** How long a pipe may stay open after the program ended; a grandchild may hold it for ever. */
const PIPE_GRACE_MS = 100;
/** So many processes that SIGKILL does not end may be left behind, in all. */
const MAX_UNKILLABLE = 2;

let unkillable = 0;

/**
 * Starts a program and tells how its run ended, at the latest when the limits say so and 0.2 s more. Throws
 * {@linkcode HostError} where it can't be started, and where too many earlier ones did not die.
 */
export async function superviseRun(
  program: string,
  limits: RunLimits,
  start: (sink: OutputSink) => Promise<RunningProgram>,
): Promise<RunOutcome> {
  if (unkillable >= MAX_UNKILLABLE) {
    throw new HostError(
      "EIO",
      program,
      `${unkillable} earlier processes do not end although they were killed`,
    );
  }
  const began = performance.now();
  const chunks = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  let room = limits.maxBytes;
  let overflow = () => {};
  const tooMuch = new Promise<"too_much_output">((full) => {
    overflow = () => full("too_much_output");
  });
  const timers: ReturnType<typeof setTimeout>[] = [];
  const after = <T>(ms: number, value: T) =>
    new Promise<T>((ring) => timers.push(setTimeout(() => ring(value), Math.max(0, ms))));
  const timeUp = after(limits.timeoutMs, "timeout" as const);

  function answer(
    ended: RunOutcome["ended"],
    status?: ExitStatus,
  ) {
    return {
      ended,
      exitCode: ended === "exited" ? status?.exitCode ?? null : null,
      signal: status?.signal ?? null,
      stdout: decode(chunks.stdout),
      stderr: decode(chunks.stderr),
      durationMs: performance.now() - began,
    };
  }

  let running: RunningProgram | undefined;
  try {
    running = await start((stream, bytes) => {
      if (room > 0) chunks[stream].push(bytes.length > room ? bytes.slice(0, room) : bytes);
      room -= bytes.length;
      if (room < 0) overflow();
    });
    const { exited, outputEnded } = running;
    const first = await Promise.race([exited.then(() => "exited" as const), tooMuch, timeUp]);
    if (first === "exited") {
      const grace = after(PIPE_GRACE_MS, "grace" as const);
      const then = await Promise.race([outputEnded.then(() => null), tooMuch, timeUp, grace]);
      if (then !== null) running.killGroup();
      return answer(then === "too_much_output" ? then : "exited", await exited);
    }
    running.killGroup();
    const deadline = after(DEATH_MS, null);
    const status = await Promise.race([exited, deadline]);
    if (status === null) {
      unkillable++;
      exited.then(() => unkillable--);
      return answer("unkillable");
    }
    // A code and no signal: it had ended by itself, and it was we who came late to look.
    if (first === "timeout" && status.exitCode !== null) {
      await Promise.race([outputEnded, deadline]);
      return answer("exited", status);
    }
    return answer(first, status);
  } finally {
    for (const timer of timers) clearTimeout(timer);
    running?.letGo();
  }
}

function decode(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return chunks.map((bytes) => decoder.decode(bytes, { stream: true })).join("") + decoder.decode();
}
