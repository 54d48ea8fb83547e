/** What is remembered of sources that were asked for the gaps of others. */
import type { SourceName } from "../../lib/sources.ts";

/** How long a source that could fill no gap is not asked for gaps again. */
export const REST_MS = 60_000;

/** Remembers which source could fill no gap, so that a program is not run in vain at every sample. */
export class GapMemory {
  readonly #now: () => number;
  readonly #restsUntil = new Map<SourceName, number>();
  /** Sources whose absence was told. */
  readonly #absent = new Set<SourceName>();

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds until the source is worth asking again; 0: now. */
  restMs(name: SourceName): number {
    return Math.max(0, (this.#restsUntil.get(name) ?? -Infinity) - this.#now());
  }

  /** Was the source found absent when it was last asked? */
  isAbsent(name: SourceName): boolean {
    return this.#absent.has(name);
  }

  /** Notes how the source did. Returns true where its absence is told for the first time. */
  note(name: SourceName, filled: boolean, absent: boolean): boolean {
    const first = absent && !this.#absent.has(name);
    if (absent) this.#absent.add(name);
    else this.#absent.delete(name);
    if (filled) this.#restsUntil.delete(name);
    else this.#restsUntil.set(name, this.#now() + REST_MS);
    return first;
  }
}
