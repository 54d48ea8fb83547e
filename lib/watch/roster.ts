/** Who is watched, and who was. */
import { ProcessHistory } from "./history.ts";
import type { Selected } from "./select.ts";

/** A list may name a process that has ended for so long. */
const STALE_MS = 2_000;
/** Histories kept of processes that are watched no longer; the oldest are forgotten. */
const REMEMBERED = 1_000;

/** Who came and went when the watched processes were chosen anew. */
export interface RosterChange {
  readonly entered: readonly Selected[];
  readonly left: readonly Selected[];
}

/** The watched processes, each with its history from its first sample on. */
export class Roster {
  readonly #current = new Map<string, ProcessHistory>();
  /** Displaced by others, and not ended as far as we know. */
  readonly #displaced = new Map<string, ProcessHistory>();
  /** When each process that has ended was last there. */
  readonly #endedMs = new Map<string, number>();
  /** Every one that is remembered, in the order of their coming. */
  readonly #order = new Set<ProcessHistory>();

  /** Those that are watched now. */
  get watched(): readonly ProcessHistory[] {
    return [...this.#current.values()];
  }

  /** Those that are or were watched, in the order of their coming. */
  get histories(): readonly ProcessHistory[] {
    return [...this.#order];
  }

  /** Watches these and no others. Who comes back has its history; who has just ended does not come back. */
  watch(processes: readonly Selected[], elapsedMs: number): RosterChange {
    const chosen = processes.filter((process) =>
      elapsedMs - (this.#endedMs.get(keyOf(process)) ?? -Infinity) > STALE_MS
    );
    const wanted = new Set(chosen.map(keyOf));
    const left: Selected[] = [];
    for (const [key, history] of this.#current) {
      if (wanted.has(key)) continue;
      this.#current.delete(key);
      this.#displaced.set(key, history);
      left.push({ pid: history.pid, name: history.name, foreign: history.foreign });
    }
    const entered = chosen.filter((process) => !this.#current.has(keyOf(process)));
    for (const process of entered) this.#enter(process);
    this.#forgetOld(elapsedMs);
    return { entered, left };
  }

  #enter(process: Selected): void {
    const key = keyOf(process);
    const history = this.#displaced.get(key) ?? new ProcessHistory(process);
    this.#displaced.delete(key);
    this.#current.set(key, history);
    this.#order.add(history);
  }

  /** It has ended. */
  end(history: ProcessHistory, elapsedMs: number): void {
    this.#current.delete(keyOf(history));
    this.#endedMs.set(keyOf(history), elapsedMs);
  }

  #forgetOld(elapsedMs: number): void {
    for (const [key, endedMs] of this.#endedMs) {
      if (elapsedMs - endedMs > STALE_MS) this.#endedMs.delete(key);
    }
    let excess = this.#order.size - this.#current.size - REMEMBERED;
    for (const history of this.#order) {
      if (excess <= 0) return;
      if (this.#current.get(keyOf(history)) === history) continue;
      this.#order.delete(history);
      this.#displaced.delete(keyOf(history));
      excess -= 1;
    }
  }
}

function keyOf({ pid, foreign }: { readonly pid: number; readonly foreign: boolean }): string {
  return `${foreign} ${pid}`;
}
