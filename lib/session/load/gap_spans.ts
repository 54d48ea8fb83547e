/** Times in which something could not be read, from rows that say so. */
import type { Gap } from "./data.ts";

/** Joins rows of one subject: a gap lasts from the first row that tells it to the next that was read. */
export class GapSpans {
  readonly #found: { readonly startMs: number; endMs: number; readonly reason: string }[] = [];
  #isOpen = false;

  /** A row; `reason` is `null` where it was read. */
  see(timeMs: number, reason: string | null): void {
    const last = this.#found.at(-1);
    if (last !== undefined && this.#isOpen) {
      last.endMs = timeMs;
      if (last.reason === reason) return;
    }
    this.#isOpen = reason !== null;
    if (reason !== null) this.#found.push({ startMs: timeMs, endMs: timeMs, reason });
  }

  /** All of them. One that is still open ends with the last row. */
  gaps(subject: string): Gap[] {
    return this.#found.map((gap) => ({ subject, ...gap }));
  }
}
