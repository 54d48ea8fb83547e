/** Raises alerts about a session, tick by tick. */
import type { SessionSettings } from "../config/settings.ts";
import { WatchedClock } from "../held_time.ts";
import type { SessionTick } from "../tick.ts";
import type { Alert, AlertChange, AlertRule } from "./alert.ts";
import { ForecastRule } from "./forecast.ts";
import { GpuZoneRule } from "./gpu_zone.ts";
import { GroupLimitRule } from "./group_limits.ts";
import { AlertLedger } from "./ledger.ts";
import { LostRule } from "./lost.ts";
import { PressureRule } from "./pressure.ts";
import { RamRule } from "./ram.ts";
import { SpikeRule } from "./spike.ts";

/** What the alerts are about. */
export type AlertSettings = Pick<
  SessionSettings,
  "gpu" | "ram" | "groups" | "spike" | "pressure" | "forecast" | "calm" | "intervalMs"
>;

/**
 * Takes every tick of a session, in their order, and tells what changed. Its memory does not grow with the session's
 * length, and its only clock is the ticks'. What is not known raises nothing and ends nothing.
 */
export class AlertEngine {
  readonly #clock = new WatchedClock();
  readonly #ledger = new AlertLedger();
  readonly #rules: readonly AlertRule[];

  constructor(settings: AlertSettings) {
    const { gpu, ram, groups, spike, pressure, forecast, calm, intervalMs } = settings;
    this.#rules = [
      new LostRule(calm),
      new GpuZoneRule(gpu, calm),
      new RamRule(ram, calm),
      new GroupLimitRule(groups, calm),
      new SpikeRule({ spike, calm, intervalMs }),
      new PressureRule(pressure, calm),
      new ForecastRule({ forecast, ram, calm, intervalMs }),
    ];
  }

  /** The alerts that are on, in the order in which they began, with their latest numbers. */
  get active(): readonly Alert[] {
    return this.#ledger.active;
  }

  /** Takes one tick. */
  observe(tick: SessionTick): readonly AlertChange[] {
    const watchedMs = this.#clock.observe(tick);
    const judgements = this.#rules.flatMap((rule) => rule.judge(tick, watchedMs));
    return this.#ledger.take(judgements, tick.elapsedMs);
  }

  /** The session is over: ends every alert, and says that it was still on. */
  finish(atMs: number): readonly AlertChange[] {
    return this.#ledger.finish(atMs);
  }
}
