/** A reading as the families look at it: long lists cut to their cap, the largest kept. */
import type { ProcessMemory } from "../records.ts";
import type { Reading } from "../reading/reading.ts";
import type { AllocatorState } from "../telemetry/board.ts";
import { type Holding, holdingsOf } from "./holdings.ts";

/** A list cut to its cap. */
export interface Capped<T> {
  /** Largest first. */
  readonly kept: readonly T[];
  readonly dropped: readonly T[];
}

/** What the samples are computed from. */
export interface View {
  readonly reading: Reading;
  /** RAM of processes; `null`: not wanted. */
  readonly processes: Capped<ProcessMemory> | null;
  /** GPU memory of processes; `null`: not wanted, or no answer came. */
  readonly holdings: Capped<Holding> | null;
  /** Allocators that were heard of lately. */
  readonly allocators: Capped<AllocatorState>;
}

/** Programs that report are few, and each has asked for it: a cap against a flood, not a choice. */
export const MOST_ALLOCATOR_SERIES = 64;

/** Looks at a reading. `processes`: how many of each kind are shown; 0: none. */
export function viewOf(reading: Reading, processes: number): View {
  const { gpu } = reading;
  const wanted = processes > 0;
  return {
    reading,
    processes: wanted
      // Kernel threads have no memory of their own.
      ? cap(reading.processes.filter(({ rssBytes }) => rssBytes !== null), processes, ramOf)
      : null,
    holdings: wanted && gpu !== null ? cap(holdingsOf(gpu), processes, ({ bytes }) => bytes) : null,
    allocators: cap(
      reading.allocators.filter(({ isStale }) => !isStale),
      MOST_ALLOCATOR_SERIES,
      ({ reservedBytes }) => reservedBytes,
    ),
  };
}

function ramOf({ rssBytes }: ProcessMemory): number {
  return rssBytes ?? 0;
}

/** Equals go by their PID, so that the same ones are kept each time. */
function cap<T extends { readonly pid: number | null }>(
  rows: readonly T[],
  most: number,
  size: (row: T) => number,
): Capped<T> {
  const sorted = rows.toSorted((a, b) => size(b) - size(a) || (a.pid ?? 0) - (b.pid ?? 0));
  return { kept: sorted.slice(0, most), dropped: sorted.slice(most) };
}
