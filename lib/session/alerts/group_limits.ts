/** Alerts about the limits of watched groups. */
import type { CalmSettings, GroupSettings } from "../config/settings.ts";
import type { SessionTick, WatchedSample } from "../tick.ts";
import type { AlertRule, Judgement } from "./alert.ts";
import { known } from "./limits.ts";
import { limitSentence, subjectOf } from "./sentences.ts";
import { type Comparison, Threshold } from "./threshold.ts";

/** A group should stay below its limit. */
const COMPARISON: Comparison = { isWarningAtLimit: true, isCriticalAtLimit: true };

/** A limit of one group. */
interface GroupLimit {
  readonly quantity: "ram" | "vram";
  readonly limit: number;
  readonly threshold: Threshold;
}

/** One threshold for each limit of a group. */
export class GroupLimitRule implements AlertRule {
  readonly #limits: ReadonlyMap<string, readonly GroupLimit[]>;

  constructor(groups: readonly GroupSettings[], calm: CalmSettings) {
    const limitOf = (quantity: GroupLimit["quantity"], limit: number | null): GroupLimit[] =>
      limit === null ? [] : [{ quantity, limit, threshold: new Threshold(calm, COMPARISON) }];
    this.#limits = new Map(
      groups.map(({ name, ramLimitBytes, vramLimitBytes }) => [
        name,
        [...limitOf("ram", ramLimitBytes), ...limitOf("vram", vramLimitBytes)],
      ]),
    );
  }

  judge({ watched, gpus }: SessionTick, watchedMs: number): readonly Judgement[] {
    return watched.flatMap((sample) =>
      (this.#limits.get(sample.target) ?? [])
        // The GPUs were not asked this time, which is no gap.
        .filter(({ quantity }) => quantity === "ram" || gpus !== null)
        .flatMap((limit) => judge(sample, limit, watchedMs))
    );
  }
}

function judge(
  sample: WatchedSample,
  { quantity, limit, threshold }: GroupLimit,
  watchedMs: number,
): Judgement[] {
  const value = known(quantity === "ram" ? sample.rssBytes : sample.vramBytes);
  if (value === null) {
    threshold.pass(watchedMs);
    return [];
  }
  threshold.observe(value, { warning: limit, critical: null }, watchedMs);
  const { severity } = threshold;
  const subject = subjectOf(sample);
  const what = `${quantity === "ram" ? "RAM" : "GPU memory"} of ${subject}`;
  return [{
    kind: quantity === "ram" ? "group_ram" : "group_vram",
    key: sample.target,
    subject,
    topic: `${subject} ${quantity}`,
    severity,
    value,
    limit,
    unit: "bytes",
    message: () => limitSentence(what, value, null, severity, { limit, name: "limit" }),
  }];
}
