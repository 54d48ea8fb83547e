/** Alerts about the machine's RAM, and about the limit of the container or service. */
import type { Bytes } from "../../records.ts";
import type { CalmSettings, RamSettings } from "../config/settings.ts";
import type { SessionTick } from "../tick.ts";
import type { AlertRule, Judgement } from "./alert.ts";
import { known, knownTotal, ramLimits } from "./limits.ts";
import { decisiveLimit, limitSentence } from "./sentences.ts";
import { type Comparison, Threshold } from "./threshold.ts";

/** The limits themselves are not above. */
const COMPARISON: Comparison = { isWarningAtLimit: false, isCriticalAtLimit: false };

interface Amount {
  readonly subject: "ram" | "cgroup";
  readonly what: string;
  readonly usedBytes: Bytes;
  readonly totalBytes: Bytes;
  readonly settings: RamSettings;
}

/** One threshold for RAM, one for the cgroup's limit, where there is one. */
export class RamRule implements AlertRule {
  readonly #ram: RamSettings;
  /** The absolute limits are about the machine. */
  readonly #cgroup: RamSettings;
  readonly #thresholds: Readonly<Record<Amount["subject"], Threshold>>;

  constructor(ram: RamSettings, calm: CalmSettings) {
    this.#ram = ram;
    this.#cgroup = { ...ram, warningBytes: null, limitBytes: null };
    this.#thresholds = {
      ram: new Threshold(calm, COMPARISON),
      cgroup: new Threshold(calm, COMPARISON),
    };
  }

  judge({ system }: SessionTick, watchedMs: number): readonly Judgement[] {
    const cgroup = system?.cgroup ?? null;
    const amounts: readonly Amount[] = [
      {
        subject: "ram",
        what: "RAM",
        usedBytes: known(system?.usedBytes),
        totalBytes: knownTotal(system?.totalBytes),
        settings: this.#ram,
      },
      {
        subject: "cgroup",
        what: "cgroup memory",
        usedBytes: known(cgroup?.workingSetBytes),
        totalBytes: knownTotal(cgroup?.limitBytes),
        settings: this.#cgroup,
      },
    ];
    return amounts.flatMap((amount) => this.#judge(amount, watchedMs));
  }

  #judge(
    { subject, what, usedBytes, totalBytes, settings }: Amount,
    watchedMs: number,
  ): Judgement[] {
    const threshold = this.#thresholds[subject];
    if (usedBytes === null) {
      threshold.pass(watchedMs);
      return [];
    }
    const limits = ramLimits({ totalBytes }, settings);
    threshold.observe(usedBytes, limits, watchedMs);
    const { severity } = threshold;
    const named = decisiveLimit(severity, limits, "warning limit");
    if (named.limit === null) return [];
    return [{
      kind: "ram",
      key: subject,
      subject,
      topic: subject,
      severity,
      value: usedBytes,
      limit: named.limit,
      unit: "bytes",
      message: () => limitSentence(what, usedBytes, totalBytes, severity, named),
    }];
  }
}
