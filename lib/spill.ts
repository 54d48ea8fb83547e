/**
 * Spill: a GPU whose own memory is full goes on in the system's memory, many times slower, and says nothing.
 *
 * The tracker is fed with samples of a whole device, from whatever source, and tells episodes. A device spills while
 * its dedicated memory is nearly full **and** its shared memory has grown since the first sample: each alone is
 * ordinary.
 */
import type { Bytes } from "./records.ts";
import { SharedGrowth, type SpillCauses } from "./spill_causes.ts";
import { type SpillEpisode, SpillReport } from "./spill_report.ts";
import type { SpillSample } from "./spill_sample.ts";

/** Dedicated memory counts as nearly full from this share of the device's on. */
export const DEFAULT_DEDICATED_THRESHOLD_PERCENT = 85;
/** Shared memory counts as grown from this many bytes above the baseline on: 256 MiB. */
export const DEFAULT_SHARED_GROWTH_BYTES = 268_435_456;

/** From when on dedicated memory counts as nearly full: bytes, or a share of the device's memory. */
export type DedicatedThreshold = { readonly bytes: number } | { readonly percent: number };

/** Options of {@linkcode SpillTracker}. */
export interface SpillOptions {
  /** @default { percent: 85 } */
  readonly dedicatedThreshold?: DedicatedThreshold;
  /**
   * Growth of shared memory since the first sample.
   * @default 268_435_456
   */
  readonly sharedGrowthBytes?: number;
}

interface OpenEpisode {
  startLabel: string;
  startMs: number;
  lastMs: number;
  peakSharedBytes: number;
  observations: number;
  /** At the highest observation that told the processes. */
  causes: (SpillCauses & { readonly atSharedBytes: number }) | null;
}

/**
 * Finds the episodes in which one device spilled.
 *
 * @example
 * ```ts
 * import { SpillTracker } from "hypomnesis";
 *
 * const tracker = new SpillTracker();
 * const limit = 16 * 2 ** 30;
 * tracker.observe("idle", { dedicatedBytes: 0, sharedBytes: 0, dedicatedLimitBytes: limit });
 * tracker.observe("full", { dedicatedBytes: limit, sharedBytes: 2 ** 30, dedicatedLimitBytes: limit });
 * console.log(tracker.report().firstSpillLabel); // full
 * ```
 */
export class SpillTracker {
  readonly #threshold: DedicatedThreshold;
  readonly #growthBytes: number;
  readonly #ended: SpillEpisode[] = [];
  readonly #growth = new SharedGrowth();
  #open: OpenEpisode | null = null;
  #observations = 0;
  #baselineBytes: Bytes = null;
  #limitBytes: Bytes = null;
  #peakDedicatedBytes = 0;
  #peakSharedBytes = 0;

  /** @throws {RangeError} when a threshold is not a positive number, or a share not between 0 and 100 */
  constructor(options: SpillOptions = {}) {
    const threshold = options.dedicatedThreshold ??
      { percent: DEFAULT_DEDICATED_THRESHOLD_PERCENT };
    const growth = options.sharedGrowthBytes ?? DEFAULT_SHARED_GROWTH_BYTES;
    if (typeof threshold !== "object" || !("percent" in threshold || "bytes" in threshold)) {
      throw new TypeError("Cannot use the threshold: give { percent } or { bytes }");
    }
    if ("percent" in threshold && !(threshold.percent > 0 && threshold.percent <= 100)) {
      throw new RangeError(`Cannot use a threshold of ${threshold.percent} %: give 0 < P <= 100`);
    }
    if ("bytes" in threshold && !(threshold.bytes > 0)) {
      throw new RangeError(`Cannot use a threshold of ${threshold.bytes} bytes: give more than 0`);
    }
    if (typeof growth !== "number" || !(growth >= 0)) {
      throw new RangeError(`Cannot use a growth of ${growth} bytes: give a number from 0`);
    }
    this.#threshold = threshold;
    this.#growthBytes = growth;
  }

  /**
   * Takes one sample; `null` is one that failed, and is left out. The first one is the baseline, whatever it is.
   *
   * @param label what the report calls this moment
   * @param atMs when it was measured, on a monotonic clock
   */
  observe(label: string, sample: SpillSample | null, atMs: number = performance.now()): void {
    if (sample === null) return;
    const { dedicatedBytes, sharedBytes } = sample;
    this.#observations += 1;
    if (sample.processes !== undefined) this.#growth.observe(sample.processes);
    this.#baselineBytes ??= sharedBytes;
    this.#limitBytes = sample.dedicatedLimitBytes || this.#limitBytes;
    this.#peakDedicatedBytes = Math.max(this.#peakDedicatedBytes, dedicatedBytes);
    this.#peakSharedBytes = Math.max(this.#peakSharedBytes, sharedBytes);
    const isFull = dedicatedBytes >= this.#thresholdBytes();
    if (isFull && sharedBytes >= this.#baselineBytes + this.#growthBytes) {
      this.#open ??= {
        startLabel: label,
        startMs: atMs,
        lastMs: atMs,
        peakSharedBytes: 0,
        observations: 0,
        causes: null,
      };
      this.#open.lastMs = atMs;
      this.#open.peakSharedBytes = Math.max(this.#open.peakSharedBytes, sharedBytes);
      this.#open.observations += 1;
      if (sample.processes !== undefined) this.#explain(this.#open, sharedBytes);
    } else if (this.#open !== null) {
      this.#ended.push(sealed(this.#open, label));
      this.#open = null;
    }
  }

  #explain(open: OpenEpisode, sharedBytes: number): void {
    if (sharedBytes <= (open.causes?.atSharedBytes ?? -1)) return;
    const causes = this.#growth.explain(sharedBytes - this.#baselineBytes!);
    open.causes = { ...causes, atSharedBytes: sharedBytes };
  }

  /** Infinite where the size of the device is not known: nothing reaches it. */
  #thresholdBytes(): number {
    const threshold = this.#threshold;
    if ("bytes" in threshold) return threshold.bytes;
    const hundredth = Math.floor((this.#limitBytes ?? 0) / 100);
    return hundredth === 0 ? Infinity : hundredth * threshold.percent;
  }

  /** The latest sample spills. */
  get isSpilling(): boolean {
    return this.#open !== null;
  }

  /** Some sample spilled. */
  get hasSpilled(): boolean {
    return this.#open !== null || this.#ended.length > 0;
  }

  /** At least one sample could be taken. */
  get isMeasurable(): boolean {
    return this.#observations > 0;
  }

  /** Everything up to now. An episode that goes on has no end label. */
  report(): SpillReport {
    if (!this.isMeasurable) return new SpillReport();
    return new SpillReport({
      episodes: this.#open === null ? [...this.#ended] : [...this.#ended, sealed(this.#open, null)],
      peakDedicatedBytes: this.#peakDedicatedBytes,
      dedicatedLimitBytes: this.#limitBytes,
      peakSharedBytes: this.#peakSharedBytes,
      baselineSharedBytes: this.#baselineBytes,
      observations: this.#observations,
      measurable: true,
    });
  }
}

function sealed(open: OpenEpisode, endLabel: string | null): SpillEpisode {
  return {
    startLabel: open.startLabel,
    endLabel,
    peakSharedBytes: open.peakSharedBytes,
    observations: open.observations,
    durationMs: open.lastMs - open.startMs,
    processes: open.causes?.processes ?? null,
    unexplainedBytes: open.causes?.unexplainedBytes ?? null,
  };
}
