/**
 * A recorded session in memory: one column of numbers for each quantity, so that a million rows fit.
 *
 * In these columns NaN stands for an empty cell (a number that was not known), because an array of doubles has
 * nothing else; whatever leaves this form says `null`.
 */
import type { EventRow } from "../rows.ts";
import type { PhaseSpan } from "../phase_span.ts";
import type { SessionMeta } from "../session_meta.ts";

/** Numbers over time. All arrays have the same length; the times ascend. */
export interface Track<Quantity extends string> {
  /** Milliseconds since the session began, on the steady clock. */
  readonly timesMs: Float64Array;
  /** NaN: not known. */
  readonly columns: Readonly<Record<Quantity, Float64Array>>;
}

export type GpuQuantity =
  | "usedBytes"
  | "freeBytes"
  | "totalBytes"
  | "reservedBytes"
  | "utilizationRatio"
  | "temperatureCelsius"
  | "powerWatts"
  | "smClockMhz"
  | "memoryClockMhz";
export type SystemQuantity =
  | "usedBytes"
  | "availableBytes"
  | "totalBytes"
  | "swapUsedBytes"
  | "cpuUtilizationRatio"
  | "processCount"
  | "pressureSomeRatio"
  | "cgroupUsedBytes"
  | "cgroupLimitBytes"
  | "ownCpuRatio"
  | "ownRssBytes"
  | "gpuProbeMs"
  | "systemProbeMs";
export type ProcessQuantity = "processCount" | "rssBytes" | "swapBytes" | "vramBytes" | "cpuRatio";
export type AllocatorQuantity = "allocatedBytes" | "reservedBytes" | "peakBytes";

/** One GPU of a session. */
export interface GpuTrack extends Track<GpuQuantity> {
  readonly gpu: number;
  readonly uuid: string | null;
  /** Name of the product, where the session tells it. Untrusted text. */
  readonly name: string | null;
  /** Its used memory is what processes hold by Windows' count, which drifts: no leak is judged by it. */
  readonly drifts: boolean;
}

/** One watched group or process. */
export interface ProcessTrack extends Track<ProcessQuantity> {
  readonly target: string;
  readonly kind: "group" | "process";
  readonly pid: number | null;
  readonly name: string | null;
  /** Its GPU memory comes from Windows' count, at times at least, which drifts: no leak is judged by it. */
  readonly drifts: boolean;
}

/** One reporting allocator. */
export interface AllocatorTrack extends Track<AllocatorQuantity> {
  readonly pid: number | null;
  readonly gpu: number | null;
}

/** A time in which something could not be read. */
export interface Gap {
  /** `gpu 0`, `system`, a target, or `all` where whole ticks are missing. */
  readonly subject: string;
  readonly startMs: number;
  readonly endMs: number;
  /** `nvml hung`, `ticks skipped`, … */
  readonly reason: string;
}

/** A session as it was recorded. */
export interface SessionData {
  readonly name: string;
  /** Where it was read from. */
  readonly folder: string;
  readonly files: readonly string[];
  /** What wrote it. */
  readonly format: "session" | "nvidia_smi" | "hmn_watch";
  /** The session file; `null` where there is none. */
  readonly meta: SessionMeta | null;
  /** Wall clock of elapsed 0, milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Steady time of the last row. */
  readonly durationMs: number;
  /** Time between two ticks: stated, or the median of the differences. */
  readonly intervalMs: number;
  readonly gpus: readonly GpuTrack[];
  readonly system: Track<SystemQuantity> | null;
  readonly processes: readonly ProcessTrack[];
  readonly allocators: readonly AllocatorTrack[];
  readonly phases: readonly PhaseSpan[];
  /** Everything that happened but phases. */
  readonly events: readonly EventRow[];
  readonly gaps: readonly Gap[];
  /** What a reader should know about the files: a last line that was cut off, rows that could not be understood. */
  readonly notices: readonly string[];
}
