/** The timers that run while one source is read. None of them keeps the host alive but the ticking. */
import { backgroundTimer, type Timer } from "./timers.ts";

const TICK_MS = 1_000;

/** Budgets as timers, and a tick about once a second for whoever waits. */
export class BudgetClock {
  #timers: Timer[] = [];
  #ticker: ReturnType<typeof setInterval> | null = null;

  /** Starts anew with these budgets. */
  start(budgets: readonly (readonly [number, () => void])[]): void {
    this.stop();
    this.#timers = budgets.map(([ms, over]) => backgroundTimer(over, ms));
  }

  /** Ticks until stopped, with the time waited so far. */
  tick(tell: (waitedMs: number) => void): void {
    const sinceMs = performance.now();
    this.#ticker = setInterval(() => tell(performance.now() - sinceMs), TICK_MS);
  }

  stopTicking(): void {
    if (this.#ticker !== null) clearInterval(this.#ticker);
    this.#ticker = null;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
    this.stopTicking();
  }
}
