/** Phases from the column that names the phase of each row: for sessions without their events. */
import type { PhaseSpan } from "../phase_span.ts";

const NO_DETAILS = { type: null, step: null, labels: {} } as const;

/** Sees the rows of one table, in order. */
export class PhaseColumn {
  readonly #spans: PhaseSpan[] = [];
  /** From the outermost to the innermost. */
  readonly #open: { readonly path: string; readonly name: string; readonly startMs: number }[] = [];
  #path: string | null = null;

  /** A row, and the path of its phase. */
  see(timeMs: number, path: string | null): void {
    if (path === this.#path) return;
    this.#path = path;
    const names = path === null ? [] : path.split("/");
    let same = 0;
    while (same < names.length && this.#open[same]?.name === names[same]) same += 1;
    this.#close(same, timeMs);
    for (let depth = same; depth < names.length; depth++) {
      const path = names.slice(0, depth + 1).join("/");
      this.#open.push({ path, name: names[depth]!, startMs: timeMs });
    }
  }

  #close(from: number, endMs: number): void {
    this.#open.splice(from).forEach(({ path, name, startMs }, i) =>
      this.#spans.push({ name, path, depth: from + i, startMs, endMs, ...NO_DETAILS })
    );
  }

  /** The phases; the last ones end with the session. Nothing can be seen afterwards. */
  finish(endMs: number): PhaseSpan[] {
    this.#close(0, endMs);
    return this.#spans.sort((a, b) => a.startMs - b.startMs || a.depth - b.depth);
  }
}
