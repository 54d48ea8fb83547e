/** Finds the phase of a session by the rules of its configuration. */
import type { PhaseRule } from "../config/settings.ts";
import { HeldTime, WatchedClock } from "../held_time.ts";
import type { SessionTick } from "../tick.ts";
import { holds, needsGpus } from "./condition.ts";
import { factsOf, type PhaseFacts, usedVram } from "./facts.ts";
import { RecentGrowth } from "./growth.ts";

/** Growth is taken from this time back. */
const GROWTH_WINDOW_MS = 10_000;

interface FollowedRule {
  readonly rule: PhaseRule;
  readonly needsGpus: boolean;
  readonly held: HeldTime;
}

/**
 * Takes every tick of a session, in their order. The phase is that of the first rule whose condition has held for its
 * minimum time; where there is none, the phase stays what it was, so that values between two rules' limits change
 * nothing. A condition that can't be told (a driver hangs, a group can't be read) stays as it was, and its time
 * stands still: it neither begins nor ends a phase.
 */
export class PhaseFinder {
  readonly #clock = new WatchedClock();
  readonly #growth = new RecentGrowth(GROWTH_WINDOW_MS);
  readonly #rules: readonly FollowedRule[];
  #lastAskedMs: number | null = null;
  #current: string | null = null;

  constructor(rules: readonly PhaseRule[]) {
    this.#rules = rules.map((rule) => ({
      rule,
      needsGpus: needsGpus(rule.when),
      held: new HeldTime(),
    }));
  }

  /** The phase that was found last; `null`: none yet. */
  get current(): string | null {
    return this.#current;
  }

  /** Takes one tick, and returns the phase. */
  observe(tick: SessionTick): string | null {
    const watchedMs = this.#clock.observe(tick);
    if (this.#rules.length === 0) return null;
    const facts = this.#factsOf(tick);
    for (const { rule, needsGpus, held } of this.#rules) {
      // The GPUs were not asked this time, which is no gap: the next answer stands for this time too.
      if (tick.gpus === null && needsGpus) continue;
      held.observe(holds(rule.when, facts), watchedMs);
    }
    const found = this.#rules.find(({ rule, held }) =>
      held.ms !== null && held.ms >= rule.minimumMs
    );
    return this.#current = found?.rule.phase ?? this.#current;
  }

  #factsOf(tick: SessionTick): PhaseFacts {
    const { gpus, elapsedMs, skipped } = tick;
    if (gpus === null) return factsOf(tick, null);
    const passedMs = elapsedMs - (this.#lastAskedMs ?? elapsedMs);
    // What happened while nobody looked did not happen of late.
    if (skipped > 0 && passedMs > GROWTH_WINDOW_MS) this.#growth.observe(null, elapsedMs);
    this.#lastAskedMs = elapsedMs;
    return factsOf(tick, this.#growth.observe(usedVram(gpus), elapsedMs));
  }
}
