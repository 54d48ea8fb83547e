/** One reading of everything: what the stream, the metrics and the exporters are made from. */
import type { Failure } from "../failures.ts";
import type { GpuReply } from "../protocol.ts";
import type { ProcessMemory, SystemMemory } from "../records.ts";
import type { MemoryAlarms } from "../telemetry/alarm.ts";
import type { AllocatorState } from "../telemetry/board.ts";
import type { SourceState } from "./source_states.ts";

/** Memory of the machine, its GPUs and their processes at one time, and how each source does. Plain JSON values. */
export interface Reading extends MemoryAlarms {
  /** When it was asked, milliseconds since the epoch. */
  readonly atMs: number;
  /** The GPUs with all their numbers, and their processes with RAM; `null` where no answer came in time. */
  readonly gpu: Omit<GpuReply, "kind" | "failures"> | null;
  readonly system: SystemMemory | null;
  /** RAM of the processes that use GPUs, of the asked-for ones and of the largest ones; each once. */
  readonly processes: readonly ProcessMemory[];
  /** What allocators told. */
  readonly allocators: readonly AllocatorState[];
  /** Every source heard of so far. */
  readonly sources: readonly SourceState[];
  /** How long each lane took to answer; `null`: it has not, yet. */
  readonly probeMs: { readonly system: number | null; readonly driver: number | null };
  /** Everything that failed. */
  readonly failures: readonly Failure[];
}
