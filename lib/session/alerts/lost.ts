/** Alerts about GPUs that are gone. */
import { deviceKey } from "../../device_key.ts";
import { formatDuration } from "../../format.ts";
import type { CalmSettings } from "../config/settings.ts";
import type { GpuSample, SessionTick } from "../tick.ts";
import type { AlertRule, AlertSeverity, Judgement } from "./alert.ts";
import { HeldTime } from "../held_time.ts";

/**
 * A GPU that was seen and has not been readable for so long is warned of. A driver that hangs for less is a matter of
 * the source's health, and not of the GPU.
 */
export const UNREADABLE_MS = 30_000;

/** Follows each GPU. */
export class LostRule implements AlertRule {
  readonly #calm: CalmSettings;
  readonly #gpus = new Map<string, GpuReadability>();

  constructor(calm: CalmSettings) {
    this.#calm = calm;
  }

  judge({ gpus }: SessionTick, watchedMs: number): readonly Judgement[] {
    return (gpus ?? []).flatMap((sample) => {
      const key = deviceKey(sample);
      const readability = this.#gpus.get(key) ?? new GpuReadability(this.#calm);
      this.#gpus.set(key, readability);
      return readability.judge(sample, key, watchedMs);
    });
  }
}

/** One GPU. */
class GpuReadability {
  readonly #calm: CalmSettings;
  readonly #unreadable = new HeldTime();
  readonly #readable = new HeldTime();
  #wasSeen = false;
  #severity: AlertSeverity | null = null;

  constructor(calm: CalmSettings) {
    this.#calm = calm;
  }

  judge(sample: GpuSample, key: string, watchedMs: number): Judgement[] {
    const { index, device, gap } = sample;
    const isReadable = gap === null;
    const unreadableMs = this.#unreadable.observe(!isReadable, watchedMs);
    const readableMs = this.#readable.observe(isReadable, watchedMs);
    this.#wasSeen ||= isReadable;
    const state = device?.state ?? null;
    const isGone = state === "lost" || state === "reset_required";
    if (readableMs !== null) {
      if (this.#severity !== null && readableMs >= this.#calm.clearMs) this.#severity = null;
    } else if (isGone && unreadableMs! >= this.#calm.minimumMs) this.#severity = "critical";
    else if (this.#wasSeen && unreadableMs! >= UNREADABLE_MS) this.#severity ??= "warning";
    const why = gap === null ? "" : ` (${gap})`;
    return [{
      kind: "lost",
      key,
      subject: `gpu ${index}`,
      topic: `gpu ${index} lost`,
      severity: this.#severity,
      value: unreadableMs,
      limit: isGone || unreadableMs === null ? null : UNREADABLE_MS,
      unit: unreadableMs === null ? null : "ms",
      message: () => {
        if (isReadable) return `GPU ${index} is readable again`;
        if (state === "reset_required") return `GPU ${index} needs a reset${why}`;
        return state === "lost"
          ? `GPU ${index} is lost${why}`
          : `GPU ${index} has not been readable for ${formatDuration(unreadableMs)}${why}`;
      },
    }];
  }
}
