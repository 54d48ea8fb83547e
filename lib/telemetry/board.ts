/** What the allocators of programs told last, kept for whoever asks: state, metrics, stream, page and recording. */
import {
  type AllocatorHealth,
  allocatorHealth,
  fragmentation,
  fragmentationAdvice,
  memoryUsagePercent,
} from "./pressure.ts";
import { type AllocatorReport, parseReport } from "./report.ts";

/** A report that is older says nothing about now. */
export const FRESH_MS = 60_000;
/** So many allocators are kept; the one heard from longest ago makes room. */
export const MOST_ALLOCATORS = 256;

/** What one allocator told last, and what it means now. */
export interface AllocatorState extends AllocatorReport {
  /** When it was told, milliseconds since the epoch. */
  readonly atMs: number;
  /** How long ago that is. */
  readonly ageMs: number;
  /** Too long ago to say anything about now; then what follows is `null`. */
  readonly isStale: boolean;
  /** Allocated as a share of reserved, 0 to 100; 0 where nothing is reserved; `null` where it is stale. */
  readonly memoryUsagePercent: number | null;
  /** Share of the reserve that no tensor uses, 0 to 1; `null` where it is stale. */
  readonly fragmentation: number | null;
  /** `null` where it is stale. */
  readonly health: AllocatorHealth | null;
  /** What to do about it; `null`: nothing. */
  readonly advice: string | null;
}

/** How a board keeps reports. */
export interface BoardOptions {
  /** @default 60000 */
  readonly freshMs?: number;
  /** The wall clock, for tests. */
  readonly now?: () => number;
}

/** The latest report of each allocator: one for each process and device. */
export class TelemetryBoard {
  readonly #freshMs: number;
  readonly #now: () => number;
  readonly #latest = new Map<string, { readonly report: AllocatorReport; readonly atMs: number }>();
  readonly #listeners = new Set<(report: AllocatorReport) => void>();

  constructor({ freshMs = FRESH_MS, now = Date.now }: BoardOptions = {}) {
    this.#freshMs = freshMs;
    this.#now = now;
  }

  /**
   * Takes a report: `{ allocatedBytes, reservedBytes, peakBytes?, device?, pid?, step? }`, or the four keys of a
   * training loop (`cuda_memory_allocated_gb` and so on).
   *
   * @throws {HypomnesisError} `invalid_request`, naming the field and what is accepted
   */
  report(value: unknown): AllocatorReport {
    const report = parseReport(value);
    const key = `${report.pid} ${report.device}`;
    // Behind all others, so that the first is the one heard from longest ago.
    this.#latest.delete(key);
    this.#latest.set(key, { report, atMs: this.#now() });
    if (this.#latest.size > MOST_ALLOCATORS) this.#latest.delete(this.#latest.keys().next().value!);
    for (const listener of this.#listeners) listener(report);
    return report;
  }

  /** Every allocator heard from, the latest first. */
  allocators(): readonly AllocatorState[] {
    const nowMs = this.#now();
    return [...this.#latest.values()].reverse().map(({ report, atMs }) => {
      // A clock that was set back makes nothing younger than new.
      const ageMs = Math.max(0, nowMs - atMs);
      const isStale = ageMs > this.#freshMs;
      const held = isStale ? null : report;
      const percent = memoryUsagePercent(held);
      return {
        ...report,
        atMs,
        ageMs,
        isStale,
        memoryUsagePercent: percent,
        fragmentation: fragmentation(held),
        health: allocatorHealth(percent),
        advice: fragmentationAdvice(held),
      };
    });
  }

  /** Calls `listener` at each report that was taken; the function returned ends the calls. */
  onReport(listener: (report: AllocatorReport) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** The fresh allocator nearest to the end of its reserve; `null` where none is fresh. */
export function fullest(allocators: readonly AllocatorState[]): AllocatorState | null {
  let found: AllocatorState | null = null;
  for (const state of allocators) {
    const percent = state.memoryUsagePercent;
    if (percent !== null && percent > (found?.memoryUsagePercent ?? -1)) found = state;
  }
  return found;
}
