/** Alerts about tasks that wait for memory. */
import type { CalmSettings, PressureSettings } from "../config/settings.ts";
import type { SessionTick } from "../tick.ts";
import type { AlertRule, Judgement } from "./alert.ts";
import { known, type TwoLimits } from "./limits.ts";
import { decisiveLimit, formatShare, relation } from "./sentences.ts";
import { Threshold } from "./threshold.ts";

/** The pressure of the machine. */
export class PressureRule implements AlertRule {
  readonly #limits: TwoLimits;
  readonly #threshold: Threshold;

  constructor({ warningRatio, criticalRatio }: PressureSettings, calm: CalmSettings) {
    this.#limits = { warning: warningRatio, critical: criticalRatio };
    this.#threshold = new Threshold(calm, { isWarningAtLimit: false, isCriticalAtLimit: false });
  }

  judge({ system }: SessionTick, watchedMs: number): readonly Judgement[] {
    const value = known(system?.pressure?.some.avg10Ratio);
    if (value === null) {
      this.#threshold.pass(watchedMs);
      return [];
    }
    this.#threshold.observe(value, this.#limits, watchedMs);
    const { severity } = this.#threshold;
    const { limit, name } = decisiveLimit(severity, this.#limits, "warning limit");
    const message = () =>
      `Tasks waited for memory ${formatShare(value)} of the last 10 s, ` +
      `${relation(value, limit, severity)} the ${name} of ${formatShare(limit ?? 0)}` +
      (severity === null ? " again" : "");
    return [{
      kind: "pressure",
      key: "",
      subject: "pressure",
      topic: "pressure",
      severity,
      value,
      limit,
      unit: "ratio",
      message,
    }];
  }
}
