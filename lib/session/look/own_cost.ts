/** What the recorder itself uses, with its workers. */
import type { ProcessMemory } from "../../records.ts";
import type { OwnCost } from "../tick.ts";

/** Keeps the CPU times of the last tick. */
export class OwnCostMeter {
  #last: { readonly elapsedMs: number; readonly cpuMs: ReadonlyMap<number, number> } | null = null;

  /** What these processes, which are ours, have used since the last tick. A process without a number is left out. */
  observe(own: readonly ProcessMemory[], elapsedMs: number): OwnCost {
    const cpuMs = new Map(
      own.flatMap(({ pid, cpuTimeMs }) => cpuTimeMs === null ? [] : [[pid, cpuTimeMs] as const]),
    );
    const last = this.#last;
    this.#last = { elapsedMs, cpuMs };
    const known = own.filter(({ rssBytes }) => rssBytes !== null);
    return {
      cpuRatio: last === null ? null : cpuRatio(last.cpuMs, cpuMs, elapsedMs - last.elapsedMs),
      rssBytes: known.length === 0 ? null : known.reduce((sum, { rssBytes }) => sum + rssBytes!, 0),
    };
  }
}

/**
 * CPU time between two readings, in cores; `null` where nothing can be told. A process that was not there before
 * counts from its beginning; what one that ended had used since the first reading is not known and counts as 0.
 */
export function cpuRatio(
  before: ReadonlyMap<number, number>,
  now: ReadonlyMap<number, number>,
  elapsedMs: number,
): number | null {
  if (elapsedMs <= 0 || now.size === 0) return null;
  let usedMs = 0;
  for (const [pid, cpuMs] of now) usedMs += Math.max(0, cpuMs - (before.get(pid) ?? 0));
  return usedMs / elapsedMs;
}
