/** Alerts about watched groups and processes that grow fast. */
import { formatDuration, formatSize } from "../../format.ts";
import type { CalmSettings, SpikeSettings } from "../config/settings.ts";
import type { SessionTick, WatchedSample } from "../tick.ts";
import type { AlertRule, Judgement } from "./alert.ts";
import { known } from "./limits.ts";
import { subjectOf } from "./sentences.ts";
import { Latch } from "./threshold.ts";
import { WindowMinimum } from "../window_minimum.ts";

type Quantity = "ram" | "vram";

/** A tick may come late. */
const LATENESS = 1.5;

/** What a spike is, and when it is over. */
interface SpikeOptions {
  readonly spike: SpikeSettings;
  readonly calm: CalmSettings;
  readonly intervalMs: number;
}

/** One watch for each target and quantity. */
export class SpikeRule implements AlertRule {
  readonly #options: SpikeOptions;
  readonly #watches = new Map<string, SpikeWatch>();

  constructor(options: SpikeOptions) {
    this.#options = options;
  }

  judge({ watched, gpus, elapsedMs }: SessionTick, watchedMs: number): readonly Judgement[] {
    const quantities: readonly Quantity[] = gpus === null ? ["ram"] : ["ram", "vram"];
    return watched.flatMap((sample) =>
      quantities.flatMap((quantity) => {
        const key = `${sample.kind} ${quantity} ${sample.target}`;
        const watch = this.#watches.get(key) ?? new SpikeWatch(this.#options);
        this.#watches.set(key, watch);
        return watch.judge({ sample, quantity, key, atMs: elapsedMs, watchedMs });
      })
    );
  }
}

interface SpikeLook {
  readonly sample: WatchedSample;
  readonly quantity: Quantity;
  readonly key: string;
  readonly atMs: number;
  readonly watchedMs: number;
}

/**
 * One quantity of one target. A spike begins at once, and is over when the growth within the window has been too
 * little for as long as any alert takes to end.
 */
class SpikeWatch {
  readonly #settings: SpikeSettings;
  readonly #calm: CalmSettings;
  readonly #minimum: WindowMinimum;
  readonly #latch: Latch;

  constructor({ spike, calm, intervalMs }: SpikeOptions) {
    this.#settings = spike;
    this.#calm = calm;
    this.#minimum = new WindowMinimum(Math.max(spike.withinMs, LATENESS * intervalMs));
    this.#latch = new Latch({ minimumMs: 0, clearMs: calm.clearMs });
  }

  judge({ sample, quantity, key, atMs, watchedMs }: SpikeLook): Judgement[] {
    const bytes = known(quantity === "ram" ? sample.rssBytes : sample.vramBytes);
    if (bytes === null) {
      this.#latch.observe(null, null, watchedMs);
      return [];
    }
    const low = this.#minimum.observe(bytes, atMs);
    const growth = bytes - low.value;
    const limit = this.#settings.bytes;
    const isSpike = this.#latch.observe(
      growth >= limit,
      growth < limit * (1 - this.#calm.hysteresisRatio),
      watchedMs,
    );
    const subject = subjectOf(sample);
    const what = `${quantity === "ram" ? "RAM" : "GPU memory"} of ${subject}`;
    return [{
      kind: "spike",
      key,
      subject,
      topic: `${subject} ${quantity} spike`,
      severity: isSpike ? "warning" : null,
      value: growth,
      limit,
      unit: "bytes",
      message: () =>
        growth >= limit
          ? `${what} rose by ${formatSize(growth)} within ${formatDuration(atMs - low.atMs)}, ` +
            `from ${formatSize(low.value)} to ${formatSize(bytes)}`
          : `${what} rose fast and is ${formatSize(bytes)} now`,
    }];
  }
}
