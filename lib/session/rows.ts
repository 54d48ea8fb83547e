/**
 * The rows of a session's files, as plain values. The files' columns are made from these by `columns.ts`.
 *
 * Times of a tick are the same in every row of that tick. `null` is an empty cell: not known, with the reason in
 * `gap` where the whole row could not be read.
 */
import type { Bytes } from "../records.ts";
import type { WatchedSample } from "./tick.ts";

/** What every row begins with. */
export interface RowStart {
  /** Wall clock, ISO 8601 in UTC with milliseconds. It may jump. */
  readonly time: string;
  /** Milliseconds since the session began, on a clock that never goes back (it stands still while suspended). */
  readonly elapsedMs: number;
  /** Number of the tick on the schedule, from 0; numbers left out are ticks that were skipped. */
  readonly tick: number;
  /** The phase, nested ones behind their parents: `Training/epoch 3`; `null`: none. */
  readonly phase: string | null;
}

/** Zone of a GPU's memory. */
export type Zone = "safe" | "caution" | "critical";
/** Level of the machine's RAM: below its target, between target and warning, above warning, above critical. */
export type RamLevel = "normal" | "elevated" | "warning" | "critical";

/** One GPU at one tick. */
export interface GpuRow extends RowStart {
  /** Index in the list of devices. */
  readonly gpu: number;
  readonly uuid: string | null;
  readonly usedBytes: Bytes;
  readonly freeBytes: Bytes;
  readonly totalBytes: Bytes;
  readonly reservedBytes: Bytes;
  /** `null` where the used or the total memory is not known. */
  readonly zone: Zone | null;
  readonly utilizationRatio: number | null;
  readonly temperatureCelsius: number | null;
  readonly powerWatts: number | null;
  readonly smClockMhz: number | null;
  readonly memoryClockMhz: number | null;
  /** Why the GPU could not be read at this tick, as `SOURCE CODE`: `nvml hung`; `null`: it was read. */
  readonly gap: string | null;
}

/** The machine at one tick, and what the recorder itself costs. */
export interface SystemRow extends RowStart {
  readonly usedBytes: Bytes;
  readonly availableBytes: Bytes;
  readonly totalBytes: Bytes;
  readonly level: RamLevel | null;
  readonly swapUsedBytes: Bytes;
  readonly swapTotalBytes: Bytes;
  /** Share of all cores' time that was not idle. */
  readonly cpuUtilizationRatio: number | null;
  readonly processCount: number | null;
  /** Share of the last 10 s in which some task waited for memory (PSI). */
  readonly pressureSomeRatio: number | null;
  /** Share of the last 10 s in which all waited. */
  readonly pressureFullRatio: number | null;
  /** The container's or service's limit, and what counts against it. */
  readonly cgroupUsedBytes: Bytes;
  readonly cgroupLimitBytes: Bytes;
  /** CPU time of the recorder and its workers since the last tick, in cores: 0.01 is 1 % of one core. */
  readonly ownCpuRatio: number | null;
  /** Resident memory of the recorder and its workers together; shared pages count in each. */
  readonly ownRssBytes: Bytes;
  /** From the question to the answer about RAM and processes. */
  readonly systemProbeMs: number | null;
  /** From the question to the answer of the GPUs. */
  readonly gpuProbeMs: number | null;
  readonly gap: string | null;
}

/** One watched group or process at one tick. */
export interface ProcessRow extends RowStart, WatchedSample {}

/** One report of a program's allocator. */
export interface AllocatorRow extends RowStart {
  /** The process that reported; `null` where it did not say. */
  readonly pid: number | null;
  /** Its GPU as it names it; `null` where it did not say. */
  readonly gpu: number | null;
  /** Memory in use by tensors (`torch.cuda.memory_allocated`). */
  readonly allocatedBytes: number;
  /** Memory the allocator holds from the driver (`torch.cuda.memory_reserved`). */
  readonly reservedBytes: number;
  /** Highest allocated so far (`torch.cuda.max_memory_allocated`). */
  readonly peakBytes: Bytes;
  /** The step it reported, as text. */
  readonly step: string | null;
}

/** What kind of thing happened. */
export type EventKind =
  /** The session began; `message` says how it was configured. */
  | "start"
  /** A phase began or ended; `subject` is its path. */
  | "phase_begin"
  | "phase_end"
  /** An alert was raised, became graver or less grave, or was over; `subject` says of what. */
  | "alert_begin"
  | "alert_end"
  /** A source began or ceased to answer; `subject` is the source. */
  | "health"
  /** Ticks were skipped, because the machine or the recorder stood still. */
  | "gap"
  /** The wall clock and the steady one went apart: a suspend, or somebody set the clock. */
  | "clock"
  /** Rows could not be written, or can again; files were rotated. */
  | "storage"
  /** The session ended; `message` says why. */
  | "end";

/** How grave an event is. */
export type Severity = "info" | "warning" | "critical";

/** Something that happened. */
export interface EventRow extends RowStart {
  readonly event: EventKind;
  /** Which alert, phase, source or file: `gpu 0 zone`, `ram`, `group ollama`, `Model-Loading`. */
  readonly subject: string;
  readonly severity: Severity;
  /** The number that decided, in `unit`; `null` where none did. */
  readonly value: number | null;
  /** What it was compared with. */
  readonly limit: number | null;
  /** `bytes`, `ratio` or `ms`; `null` without a value. */
  readonly unit: string | null;
  /** Of a phase: its type, its step, and further labels as `key=value` separated by `;`. */
  readonly type: string | null;
  readonly step: string | null;
  readonly labels: string | null;
  /** One English sentence. */
  readonly message: string;
}
