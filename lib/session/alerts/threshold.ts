/** Compares one quantity with its two limits, calmly: what wavers around a limit is above it once. */
import type { CalmSettings } from "../config/settings.ts";
import { HeldTime } from "../held_time.ts";
import type { AlertSeverity } from "./alert.ts";
import type { TwoLimits } from "./limits.ts";

/** Durations of a {@linkcode Latch}. */
export type LatchTimes = Pick<CalmSettings, "minimumMs" | "clearMs">;

/** On when its condition has held for the minimum, off when it has been clear of it for long enough. */
export class Latch {
  readonly #times: LatchTimes;
  readonly #beyond = new HeldTime();
  readonly #clear = new HeldTime();
  #isOn = false;

  constructor(times: LatchTimes) {
    this.#times = times;
  }

  /** It is on. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** `null` is not known, and changes nothing. */
  observe(isBeyond: boolean | null, isClear: boolean | null, watchedMs: number): boolean {
    const beyondMs = this.#beyond.observe(isBeyond, watchedMs);
    const clearMs = this.#clear.observe(isClear, watchedMs);
    if (this.#isOn) {
      if (isClear && clearMs !== null && clearMs >= this.#times.clearMs) this.#isOn = false;
    } else if (isBeyond && beyondMs !== null && beyondMs >= this.#times.minimumMs) {
      this.#isOn = true;
    }
    return this.#isOn;
  }
}

/** How a value is compared with its limits. */
export interface Comparison {
  /** The limit itself counts as beyond. */
  readonly isWarningAtLimit: boolean;
  readonly isCriticalAtLimit: boolean;
}

/** The state of one quantity. */
export class Threshold {
  readonly #calm: CalmSettings;
  readonly #comparison: Comparison;
  readonly #warning: Latch;
  readonly #critical: Latch;

  constructor(calm: CalmSettings, comparison: Comparison) {
    this.#calm = calm;
    this.#comparison = comparison;
    this.#warning = new Latch(calm);
    this.#critical = new Latch(calm);
  }

  /** Takes one known value. A limit that is `null` can't be told, and leaves its side as it is. */
  observe(value: number, { warning, critical }: TwoLimits, watchedMs: number): void {
    const { isWarningAtLimit, isCriticalAtLimit } = this.#comparison;
    this.#feed(this.#warning, value, warning, isWarningAtLimit, watchedMs);
    this.#feed(this.#critical, value, critical, isCriticalAtLimit, watchedMs);
  }

  /** A value that is not known: the time until the next one counts for nothing. */
  pass(watchedMs: number): void {
    this.#warning.observe(null, null, watchedMs);
    this.#critical.observe(null, null, watchedMs);
  }

  /** `null`: within both limits. */
  get severity(): AlertSeverity | null {
    if (this.#critical.isOn) return "critical";
    return this.#warning.isOn ? "warning" : null;
  }

  #feed(latch: Latch, value: number, limit: number | null, atLimit: boolean, ms: number): void {
    if (limit === null) {
      latch.observe(null, null, ms);
      return;
    }
    const isBeyond = (level: number) => atLimit ? value >= level : value > level;
    latch.observe(isBeyond(limit), !isBeyond(limit * (1 - this.#calm.hysteresisRatio)), ms);
  }
}
