/** One synchronized sample of everything, as the recorder takes it, the alerts see it and the files store it. */
import type { Failure } from "../errors.ts";
import type { Bytes, DeviceInfo, SystemMemory } from "../records.ts";
import type { SourceName } from "../sources.ts";

/** A watched group or process at one tick. */
export interface WatchedSample {
  /** What was asked to be watched: a group's name, `NAME`, `PID`, `/regex/`, or `command` for the recorded command. */
  readonly target: string;
  readonly kind: "group" | "process";
  /** The process, where the target is one. */
  readonly pid: number | null;
  /** The kernel's name of the process, or of the group's largest one. Untrusted text. */
  readonly name: string | null;
  /** Processes that are there; 0: none is; `null`: that could not be read. */
  readonly processCount: number | null;
  /** Sum of resident memory; 0 where nothing of it is there. */
  readonly rssBytes: Bytes;
  /** Sum of swapped-out memory. */
  readonly swapBytes: Bytes;
  /** Sum of dedicated memory on all GPUs; `null` where a part of it can't be told. */
  readonly vramBytes: Bytes;
  /**
   * The source of `vramBytes`; `null` where that is not known, or nothing was summed. What `pdh` told is a count of
   * Windows that drifts, and says nothing about leaks.
   */
  readonly vramSource: SourceName | null;
  /** CPU time since the last tick, in cores; `null` at the first tick and where it is not known. */
  readonly cpuRatio: number | null;
  /** Why it could not be read, as `SOURCE CODE`; `null`: it was. */
  readonly gap: string | null;
}

/** What the recorder itself takes, with its workers. */
export interface OwnCost {
  /** CPU time since the last tick, in cores. */
  readonly cpuRatio: number | null;
  readonly rssBytes: Bytes;
}

/** One GPU at one tick. */
export interface GpuSample {
  readonly index: number;
  readonly uuid: string | null;
  /** `null` where it could not be read at this tick; never an old value. */
  readonly device: DeviceInfo | null;
  /** Why not, as `SOURCE CODE`: `nvml hung`. */
  readonly gap: string | null;
}

/** One tick. */
export interface SessionTick {
  /** Number on the schedule. */
  readonly tick: number;
  /** Ticks left out before this one. */
  readonly skipped: number;
  /** Wall clock, milliseconds since the epoch. */
  readonly atMs: number;
  /** Steady clock, milliseconds since the session began. */
  readonly elapsedMs: number;
  /** Every GPU seen so far; a lost one stays, with its gap. `null`: not asked this time (nvidia-smi is asked seldom). */
  readonly gpus: readonly GpuSample[] | null;
  readonly system: SystemMemory | null;
  /** Why `system` is `null`. */
  readonly systemGap: string | null;
  readonly watched: readonly WatchedSample[];
  readonly own: OwnCost;
  readonly systemProbeMs: number | null;
  readonly gpuProbeMs: number | null;
  /** What could not be read, apart from what is not on this machine. */
  readonly failures: readonly Failure[];
}
