/** Runs a command and tells what memory it took: the library's `time(1)`. */
import { Meter } from "../meter.ts";
import { followCommand } from "./follow.ts";
import type { RunSample } from "./look.ts";
import type { RunReport } from "./report.ts";
import type { RunningCommand } from "./start_command.ts";
import { RunTracker } from "./tracker.ts";

/** Options of {@linkcode runCommand}. */
export interface RunOptions {
  /**
   * Time from one sample to the next, in milliseconds.
   * @default 100
   */
  readonly intervalMs?: number;
  /** Ends the command with SIGTERM; the report tells that signal, unless the command chose to exit otherwise. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The meter that measures.
   * @default one of its own, closed at the end
   */
  readonly meter?: Meter;
  /**
   * Working directory of the command.
   * @default ours
   */
  readonly cwd?: string;
  /**
   * Environment of the command.
   * @default ours
   */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * `"inherit"`: it has our stdin, stdout and stderr; `"null"`: none.
   * @default "inherit"
   */
  readonly stdio?: "inherit" | "null";
  /**
   * Run it in a memory cgroup of its own, a child of ours, where that is permitted: the kernel then keeps its true
   * peak.
   * @default true
   */
  readonly cgroup?: boolean;
  /**
   * Tell the history too.
   * @default false
   */
  readonly series?: boolean;
  /** Called when it runs. What this or `onSample` throws ends the command, and is thrown on. */
  readonly onStart?: (running: RunningCommand) => void;
  /** Called with each sample. */
  readonly onSample?: (sample: RunSample) => void;
}

/**
 * Runs `command`, an executable and its arguments, and resolves when it has ended to what it took: the RAM of all its
 * processes together, their memory on each GPU, when each was highest, and which processes were the largest.
 *
 * @throws {HypomnesisError} `command_not_found` or `command_not_executable`; whatever else fails is in the report
 * @throws {TypeError} when the command is not a list of strings
 * @throws {RangeError} naming a wrong interval
 */
export async function runCommand(
  command: readonly string[],
  options: RunOptions = {},
): Promise<RunReport> {
  if (!Array.isArray(command) || command.some((word) => typeof word !== "string")) {
    throw new TypeError("Cannot run the command: give a list of strings, the executable first");
  }
  const { signal, onStart, onSample, intervalMs = 100, series = false } = options;
  signal?.throwIfAborted();
  const meter = options.meter ?? new Meter({});
  const tracker = new RunTracker();
  let abort = () => {};
  try {
    const end = await followCommand((request) => meter.ask(request), command, {
      intervalMs,
      baselineMs: 0,
      cgroup: options.cgroup ?? true,
      cwd: options.cwd,
      env: options.env,
      stdio: options.stdio,
      onStart: (running) => {
        abort = () => running.kill("SIGTERM");
        if (signal?.aborted) abort();
        signal?.addEventListener("abort", abort, { once: true });
        onStart?.(running);
      },
      onSample: (sample) => {
        tracker.observe(sample);
        onSample?.(sample);
      },
    });
    return tracker.report(command, intervalMs, end, series);
  } finally {
    signal?.removeEventListener("abort", abort);
    if (options.meter === undefined) await meter.close();
  }
}
