/** Runs a command and looks at its processes and at the GPUs on a schedule, until it ends. */
import type { Failure } from "../errors.ts";
import type { GpuReply } from "../protocol.ts";
import type { Bytes, ProcessMemory } from "../records.ts";
import { beats, checkSchedule } from "../schedule.ts";
import { isWindows } from "../system.ts";
import { type Ask, within } from "./ask.ts";
import { CgroupOfRun } from "./cgroup_of_run.ts";
import { GpuLook } from "./gpu_look.ts";
import { launchersOf, look, type Run, type RunSample, treeOf } from "./look.ts";
import { Members } from "./members.ts";
import { ProcessOfRun } from "./process_of_run.ts";
import {
  type CommandEnd,
  type RunningCommand,
  startCommand,
  type StartOptions,
} from "./start_command.ts";

/** How a run is followed. */
export interface FollowOptions extends StartOptions {
  /**
   * How the command is started.
   * @default startCommand
   */
  readonly start?: typeof startCommand;
  readonly intervalMs: number;
  /** Measure the GPUs as they are before the command starts, and wait for that so long; 0: do not. */
  readonly baselineMs: number;
  /** Make a cgroup for the run where that is permitted. */
  readonly cgroup: boolean;
  /** The GPUs before the command was started; `null` where they did not answer in time. May throw to prevent it. */
  readonly onBaseline?: (gpu: GpuReply | null) => void;
  /** What it or `onSample` throws ends the command, and is thrown on. */
  readonly onStart?: ((running: RunningCommand) => void) | undefined;
  readonly onSample: (sample: RunSample) => void;
}

/** What is known at the end of a run. */
export interface Followed extends CommandEnd {
  /** When the command was started, milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** Looks that did not come because earlier ones took too long. */
  readonly skipped: number;
  /** Highest usage of the run's cgroup; `null` where there was none. */
  readonly cgroupPeakBytes: Bytes;
  /** Processes of the run that were still there when the command had ended. */
  readonly leftRunning: readonly ProcessMemory[];
  readonly failures: readonly Failure[];
}

/** A short command is looked at more often at first. */
const FIRST_MS = 10;
/** What the start of the system's worker may take. */
const WORKER_START_MS = 1_000;
/** What the look at what is left may take. */
const LAST_LOOK_MS = 1_000;

/**
 * Starts the command and follows it to its end. The samples come while it runs; its end is noticed at once, whatever
 * a driver does meanwhile.
 *
 * @throws {HypomnesisError} `command_not_found`, `command_not_executable`
 * @throws {RangeError} naming a wrong interval
 */
export async function followCommand(
  ask: Ask,
  command: readonly string[],
  options: FollowOptions,
): Promise<Followed> {
  const { intervalMs, baselineMs, onBaseline, onStart, onSample } = options;
  checkSchedule({ intervalMs });
  // Both workers start meanwhile, so that the first look comes without delay.
  const gpus = new GpuLook(ask, { telemetry: false });
  const first = gpus.look();
  const cgroup = new CgroupOfRun(ask);
  if (options.cgroup) await cgroup.make();
  // A worker takes longer to start there than a short command to end; elsewhere the cgroup has waited for it.
  if (isWindows()) await within(WORKER_START_MS, ask({ kind: "ping" }));
  const held = isWindows() ? new ProcessOfRun(ask) : null;
  let running: RunningCommand;
  try {
    if (baselineMs > 0) onBaseline?.(await within(baselineMs, first.then(({ gpu }) => gpu)));
    running = (options.start ?? startCommand)(command, {
      ...options,
      cgroupFile: cgroup.membersFile,
      held,
    });
  } catch (error) {
    await cgroup.remove();
    throw error;
  }
  const startedAtMs = Date.now();
  const startMs = performance.now();
  const launcher = { pid: running.pid, names: launchersOf(command) };
  const members = new Members(running.pid);
  held?.follow(members);
  const run: Run = { ask, gpus, cgroup, members, launcher };
  const over = new AbortController();
  const ended = running.ended.then((end) => {
    const durationMs = roundMs(performance.now() - startMs);
    over.abort();
    return { ...end, durationMs };
  });
  let skipped: number;
  try {
    onStart?.(running);
    skipped = await lookUntil(over.signal, run, intervalMs, (look) => {
      if (over.signal.aborted) return;
      onSample({ ...look, atMs: Math.round(startedAtMs + look.elapsedMs) });
    });
  } catch (error) {
    // What the caller does with it has failed; nobody else would end the command.
    running.kill("SIGTERM");
    // A cgroup can't go while something is on its way into it.
    await within(LAST_LOOK_MS, ended);
    await cgroup.remove();
    await held?.release();
    throw error;
  }
  const end = await ended;
  await cgroup.read();
  const left = await within(LAST_LOOK_MS, ask(treeOf(run)));
  await cgroup.remove();
  return {
    ...end,
    startedAtMs,
    skipped,
    cgroupPeakBytes: cgroup.peakBytes,
    leftRunning: run.members.accept(left?.processes ?? [], left?.inCgroup)
      .filter(({ rssBytes }) => rssBytes !== null),
    failures: cgroup.failures,
  };
}

type Look = Omit<RunSample, "atMs">;

/** Looks on the schedule until the signal; resolves to the number of looks that were skipped. */
async function lookUntil(
  signal: AbortSignal,
  run: Run,
  intervalMs: number,
  onLook: (look: Look) => void,
): Promise<number> {
  let skipped = 0;
  try {
    const looks = beats((cutoff, elapsedMs) => look(run, cutoff, elapsedMs), {
      intervalMs,
      firstMs: FIRST_MS,
      signal,
    });
    for await (const { tick, skipped: before, elapsedMs, result } of looks) {
      skipped += before;
      onLook({ tick, elapsedMs: roundMs(elapsedMs), ...result });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return skipped;
}

/** To a microsecond: what is behind it is no measurement. */
function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
