/** Alerts about the zones of the GPUs' memory. */
import { deviceKey } from "../../device_key.ts";
import type { CalmSettings, GpuSettings } from "../config/settings.ts";
import type { SessionTick } from "../tick.ts";
import type { AlertRule, Judgement } from "./alert.ts";
import { gpuLimits, known, knownTotal } from "./limits.ts";
import { decisiveLimit, limitSentence } from "./sentences.ts";
import { type Comparison, Threshold } from "./threshold.ts";

/** The caution limit itself is caution, and so is the critical limit itself. */
const COMPARISON: Comparison = { isWarningAtLimit: true, isCriticalAtLimit: false };

/** One threshold for each GPU. */
export class GpuZoneRule implements AlertRule {
  readonly #gpu: GpuSettings;
  readonly #calm: CalmSettings;
  readonly #thresholds = new Map<string, Threshold>();

  constructor(gpu: GpuSettings, calm: CalmSettings) {
    this.#gpu = gpu;
    this.#calm = calm;
  }

  judge({ gpus }: SessionTick, watchedMs: number): readonly Judgement[] {
    return (gpus ?? []).flatMap((sample) => {
      const { index, device } = sample;
      const key = deviceKey(sample);
      const threshold = this.#thresholds.get(key) ?? new Threshold(this.#calm, COMPARISON);
      this.#thresholds.set(key, threshold);
      const value = known(device?.usedBytes);
      if (device === null || value === null) {
        threshold.pass(watchedMs);
        return [];
      }
      const limits = gpuLimits(device, this.#gpu);
      threshold.observe(value, limits, watchedMs);
      const { severity } = threshold;
      const named = decisiveLimit(severity, limits, "caution limit");
      if (named.limit === null) return [];
      const total = knownTotal(device.totalBytes);
      return [{
        kind: "gpu_zone",
        key,
        subject: `gpu ${index}`,
        topic: `gpu ${index} zone`,
        severity,
        value,
        limit: named.limit,
        unit: "bytes",
        message: () => limitSentence(`GPU ${index} memory`, value, total, severity, named),
      }];
    });
  }
}
