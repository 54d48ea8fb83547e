/** What is told about a run: `time(1)` for memory. */
import type { Failure } from "../errors.ts";
import type { Bytes } from "../records.ts";
import type { SpillReport } from "../spill_report.ts";

/** Where the highest RAM of a run comes from. */
export type PeakRamSource =
  /** Resident sets of all processes of the run, summed at one sample. Shared pages count in each of them. */
  | "sum_rss"
  /** The highest resident set of one process (`VmHWM`; Windows `PeakWorkingSetSize`), higher than any sum that was sampled. */
  | "vm_hwm"
  /** The highest resident set of one process that was waited for (`ru_maxrss`), higher than the others. */
  | "ru_maxrss";

/** What a run held on one GPU. */
export interface RunGpu {
  readonly deviceIndex: number;
  readonly deviceUuid: string | null;
  readonly deviceName: string | null;
  /** Memory of the device. */
  readonly totalBytes: Bytes;
  /** Most device memory that the run's processes held together; `null` where that could not be told. */
  readonly peakVramBytes: Bytes;
  /** When that was, since the start. */
  readonly peakVramElapsedMs: number | null;
  /**
   * Whether it spilled into the system's memory meanwhile, whoever caused it; `null` where its source does not tell
   * (elsewhere than on Windows).
   */
  readonly spill: SpillReport | null;
}

/** One process of a run. */
export interface RunProcess {
  readonly pid: number;
  /** The kernel's name for it when it was last seen. Untrusted text. */
  readonly name: string | null;
  /** Its highest resident set (`VmHWM`, as last seen). */
  readonly peakRssBytes: Bytes;
  /** Most device memory it held on all GPUs together; `null` where that could not be told. */
  readonly peakVramBytes: Bytes;
}

/** A moment of a run; in a long one several moments are told as one, with their highest values. */
export interface RunMoment {
  /** Since the start. */
  readonly elapsedMs: number;
  /** Summed resident sets; `null` where they could not be read in time. */
  readonly ramBytes: Bytes;
  /** Device memory on all GPUs together; `null` where it could not be told. */
  readonly vramBytes: Bytes;
}

/** The memory of one run of a command and of everything it started. */
export interface RunReport {
  readonly command: readonly string[];
  /** Exit code; 128 and the signal's number where a signal ended it. */
  readonly exitCode: number;
  /** The signal that ended it, such as `SIGTERM`; `null` where it exited. */
  readonly signal: string | null;
  /** When it was started, milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** Time from one sample to the next. */
  readonly intervalMs: number;
  /** Samples of the processes that were taken. */
  readonly samples: number;
  /** Samples that were due and not taken, or came too late. */
  readonly missedSamples: number;
  /**
   * Highest RAM of the run as `peakRamSource` says; a lower bound, since what is gone between two samples is not in
   * it. `null` where the run ended before it could be looked at.
   */
  readonly peakRamBytes: Bytes;
  /** When that was sampled, since the start; `null` where it comes from no sample. */
  readonly peakRamElapsedMs: number | null;
  readonly peakRamSource: PeakRamSource | null;
  /**
   * Highest usage of a cgroup made for the run: all of it to the last page, the page cache it filled and kernel memory
   * included, shared pages once. `null` where none may be made.
   */
  readonly cgroupPeakBytes: Bytes;
  /** Most memory swapped out (`VmSwap`) of all processes at one sample; `null` where that is not told (Windows). */
  readonly peakSwapBytes: Bytes;
  /** Most device memory of the run on all GPUs together at one sample; `null` where that could not be told. */
  readonly peakVramBytes: Bytes;
  readonly peakVramElapsedMs: number | null;
  /** Each GPU; empty where none was seen. */
  readonly gpus: readonly RunGpu[];
  /** How many processes were seen in all; who came and went between two samples was not. */
  readonly processCount: number;
  /** The three largest by RAM and device memory together. */
  readonly processes: readonly RunProcess[];
  /** Processes of the run that were still there when the command had ended. */
  readonly leftRunning: number;
  /** What could not be measured, and why; each once. */
  readonly failures: readonly Failure[];
  /** The moments in order, at most 4,096; `null` unless asked for. */
  readonly series: readonly RunMoment[] | null;
}
