/**
 * The sources of numbers: their names, the lane each is asked in, and what each reads.
 *
 * This is the only list. Its order is priority: within a lane an earlier source is asked first, and a
 * later one fills what the earlier could not tell.
 */

/**
 * A lane is one worker: a question to one lane never waits for a call in another. The lane `own` is a thread of the
 * calling process, whatever the isolation, for what is told to that process alone.
 */
export type Lane = "system" | "driver" | "own";

/** What one source is. */
export interface SourceInfo {
  /** The worker that reads it; `"caller"` is answered in the caller's own thread, without native code. */
  readonly lane: Lane | "caller";
  /** What it reads, for people. */
  readonly reads: string;
  /** The worker itself ends its calls at the soft budget, because they run in a program it can kill. */
  readonly boundsItself: boolean;
  /** The systems it is for; where it is left out, it is for all. Elsewhere it is asked only if it is named. */
  readonly only?: "windows" | "others";
}

/** Every source there is, in order of priority. */
export const SOURCES = {
  proc: {
    lane: "system",
    reads: "/proc and /sys/fs/cgroup: memory of processes and of the machine",
    boundsItself: false,
    only: "others",
  },
  proc_mm: {
    lane: "system",
    reads: "/proc/PID/cmdline and smaps_rollup, which wait for the target's memory lock",
    boundsItself: false,
    only: "others",
  },
  win32: {
    lane: "system",
    reads: "kernel32 of Windows: memory of processes and of the machine",
    boundsItself: false,
    only: "windows",
  },
  nvml: {
    lane: "driver",
    reads: "libnvidia-ml (nvml.dll), NVIDIA's management library",
    boundsItself: false,
  },
  dxgi: {
    lane: "driver",
    reads: "dxgi.dll of Windows: the GPUs of every vendor, their names and sizes",
    boundsItself: false,
    only: "windows",
  },
  pdh: {
    lane: "driver",
    reads: "pdh.dll of Windows: the performance counters of GPU memory",
    boundsItself: false,
    only: "windows",
  },
  nvidia_smi: { lane: "driver", reads: "the nvidia-smi program", boundsItself: true },
  dxgi_self: {
    lane: "own",
    reads: "dxgi.dll in the calling process: its own use of the GPUs, and its budget",
    boundsItself: false,
    only: "windows",
  },
  runtime: {
    lane: "caller",
    reads: "the runtime's own count of the calling process's memory",
    boundsItself: true,
  },
} as const satisfies Record<string, SourceInfo>;

/** The name of a source, as it stands in options, output and failures. */
export type SourceName = keyof typeof SOURCES;

/** All names, in order of priority. */
export const SOURCE_NAMES: readonly SourceName[] = Object.keys(SOURCES) as SourceName[];

/** The sources of one lane, in order of priority. */
export function sourcesOf(lane: Lane | "caller"): SourceName[] {
  return SOURCE_NAMES.filter((name) => SOURCES[name].lane === lane);
}

/** Tells whether `name` is a source. */
export function isSourceName(name: string): name is SourceName {
  return Object.hasOwn(SOURCES, name);
}
