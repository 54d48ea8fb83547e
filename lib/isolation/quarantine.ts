/**
 * Sources left alone for a while after their worker was lost, longer each time. Pure: the clock is an
 * argument.
 */
import type { FailureCode } from "../errors.ts";
import type { SourceName } from "../sources.ts";

/** Why and until when a source is left alone. */
export interface Confinement {
  readonly code: FailureCode;
  /** On the caller's clock; `Infinity`: for good. */
  readonly untilMs: number;
  /** How often in a row it was lost. */
  readonly losses: number;
  /** What happened. */
  readonly detail: string;
}

/** Which sources are left alone. */
export class Quarantine {
  readonly #confined = new Map<SourceName, Confinement>();
  readonly #firstMs: number;
  readonly #maxMs: number;

  constructor(limits: { readonly firstMs: number; readonly maxMs: number }) {
    this.#firstMs = limits.firstMs;
    this.#maxMs = limits.maxMs;
  }

  /** Confines a source: for `firstMs`, twice that the next time, and so on up to `maxMs`. */
  confine(source: SourceName, code: FailureCode, detail: string, nowMs: number): void {
    const losses = (this.#confined.get(source)?.losses ?? 0) + 1;
    const ms = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(losses - 1, 40));
    this.#confined.set(source, { code, detail, losses, untilMs: nowMs + ms });
  }

  /** Confines a source for good. */
  forbid(source: SourceName, code: FailureCode, detail: string): void {
    const losses = (this.#confined.get(source)?.losses ?? 0) + 1;
    this.#confined.set(source, { code, detail, losses, untilMs: Infinity });
  }

  /** The confinement that holds now, or `null`. */
  holding(source: SourceName, nowMs: number): Confinement | null {
    const confinement = this.#confined.get(source);
    return confinement !== undefined && nowMs < confinement.untilMs ? confinement : null;
  }

  /** The source answered: the next loss counts as the first. */
  release(source: SourceName): void {
    this.#confined.delete(source);
  }
}
