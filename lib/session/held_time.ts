/** For how long something has held, counted only where somebody looked. */
import type { SessionTick } from "./tick.ts";

/** A clock that goes on with the ticks and stands still where ticks were left out: nobody knows what was then. */
export class WatchedClock {
  #lastMs: number | null = null;
  #watchedMs = 0;

  /** The watched time at this tick, from 0 at the first. Never goes back. */
  observe({ elapsedMs, skipped }: Pick<SessionTick, "elapsedMs" | "skipped">): number {
    const passedMs = elapsedMs - (this.#lastMs ?? elapsedMs);
    if (passedMs >= 0) this.#lastMs = elapsedMs;
    if (passedMs > 0) this.#watchedMs += passedMs / (1 + Math.max(0, skipped || 0));
    return this.#watchedMs;
  }
}

/**
 * How long a condition has held. Each look stands for the time since the one before, so what is not known adds
 * nothing, and takes nothing away.
 */
export class HeldTime {
  #heldMs: number | null = null;
  #lastMs: number | null = null;

  /** `holds` is `null` where it is not known. Returns {@linkcode HeldTime.ms}. */
  observe(holds: boolean | null, watchedMs: number): number | null {
    const stepMs = watchedMs - (this.#lastMs ?? watchedMs);
    this.#lastMs = watchedMs;
    if (holds === false) this.#heldMs = null;
    else if (holds) this.#heldMs = this.#heldMs === null ? 0 : this.#heldMs + stepMs;
    return this.#heldMs;
  }

  /** For how long it has held; `null`: it does not. */
  get ms(): number | null {
    return this.#heldMs;
  }

  /** It begins anew. */
  reset(): void {
    this.#heldMs = null;
  }
}
