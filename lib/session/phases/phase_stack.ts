/** The phases that are open, nested ones within their parents, and what begins and ends. */
import type { PhaseDetails, PhaseSpan } from "../phase_span.ts";

/** A phase began or ended. */
export interface PhaseChange {
  readonly change: "begin" | "end";
  /** Names from the outermost to this one, separated by `/`. */
  readonly path: string;
  /** Steady clock of the session. */
  readonly atMs: number;
  readonly details: PhaseDetails;
  /** The whole phase, where it ended; `null` where it begins. */
  readonly span: PhaseSpan | null;
}

/** What a phase has that nobody stated anything about. */
export const NO_DETAILS: PhaseDetails = { type: null, step: null, labels: {} };

/** A phase that were nested deeper follows the innermost one: somebody nests in a loop and never ends. */
const MOST_DEPTH = 32;

type OpenPhase = Omit<PhaseSpan, "endMs">;

/**
 * Keeps the open phases. Those that have ended are in the changes and nowhere else, so it may run for weeks. Changes
 * come in the order in which they happen: ends from the innermost outwards, then the beginning.
 *
 * @example
 * ```ts
 * import { PhaseStack } from "./phase_stack.ts";
 *
 * const phases = new PhaseStack();
 * phases.begin("Training", {}, 0);
 * phases.begin("epoch 1", { step: "1" }, 1000, { nested: true });
 * console.log(phases.path); // Training/epoch 1
 * phases.begin("epoch 2", { step: "2" }, 2000);
 * console.log(phases.path); // Training/epoch 2
 * ```
 */
export class PhaseStack {
  readonly #open: OpenPhase[] = [];

  /** Path of the innermost phase; `null`: none is open. */
  get path(): string | null {
    return this.#open.at(-1)?.path ?? null;
  }

  /** Name of the outermost phase; `null`: none is open. */
  get outermost(): string | null {
    return this.#open[0]?.name ?? null;
  }

  /** How many are open. */
  get depth(): number {
    return this.#open.length;
  }

  /** The open phases from the outermost inwards, as if they ended at `atMs`. */
  spans(atMs: number): readonly PhaseSpan[] {
    return this.#open.map((phase) => spanOf(phase, atMs));
  }

  /** Begins a phase. One that is not nested ends the innermost and follows it at its level. */
  begin(
    name: string,
    details: Partial<PhaseDetails>,
    atMs: number,
    { nested = false }: { readonly nested?: boolean } = {},
  ): readonly PhaseChange[] {
    const isWithin = nested && this.#open.length < MOST_DEPTH;
    return [...isWithin ? [] : this.end(atMs), this.#push(name, details, atMs)];
  }

  /** Begins a phase at the outermost level and ends everything that is open, as phases found by rules do. */
  beginOutermost(
    name: string,
    details: Partial<PhaseDetails>,
    atMs: number,
  ): readonly PhaseChange[] {
    return [...this.endAll(atMs), this.#push(name, details, atMs)];
  }

  /** Ends the innermost phase, if there is one. */
  end(atMs: number): readonly PhaseChange[] {
    const phase = this.#open.pop();
    if (phase === undefined) return [];
    const { path, type, step, labels } = phase;
    const span = spanOf(phase, atMs);
    return [{ change: "end", path, atMs: span.endMs, details: { type, step, labels }, span }];
  }

  /** Ends every open phase, from the innermost outwards. */
  endAll(atMs: number): readonly PhaseChange[] {
    const changes: PhaseChange[] = [];
    while (this.#open.length > 0) changes.push(...this.end(atMs));
    return changes;
  }

  #push(name: string, stated: Partial<PhaseDetails>, atMs: number): PhaseChange {
    const details: PhaseDetails = { ...NO_DETAILS, ...stated };
    const parent = this.#open.at(-1);
    const path = parent === undefined ? name : `${parent.path}/${name}`;
    this.#open.push({ ...details, name, path, depth: this.#open.length, startMs: atMs });
    return { change: "begin", path, atMs, details, span: null };
  }
}

/** A phase does not end before it began, whatever the caller's clock says. */
function spanOf(phase: OpenPhase, atMs: number): PhaseSpan {
  return { ...phase, endMs: Math.max(phase.startMs, atMs) };
}
