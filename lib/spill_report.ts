/** What a spill tracker found: episodes and peaks. */
import type { Bytes } from "./records.ts";
import type { SpillCause } from "./spill_causes.ts";

/** A time of spilling. */
export interface SpillEpisode {
  /** Label of the first observation in it. */
  readonly startLabel: string;
  /** Label of the first observation after it; `null`: it had not ended. */
  readonly endLabel: string | null;
  /** Highest shared memory in it. */
  readonly peakSharedBytes: number;
  /** How many observations it holds, at least 1. */
  readonly observations: number;
  /** From its first to its last observation; 0 where there is one only. */
  readonly durationMs: number;
  /**
   * Whose shared memory had grown since the first observation, when that of the device was highest: those with at least
   * 5 % of the growth, the most first, at most five. `null` where the source does not tell it by process.
   */
  readonly processes: readonly SpillCause[] | null;
  /** Growth at that time which these do not explain; `null` where `processes` is. */
  readonly unexplainedBytes: Bytes;
}

/** What a tracker found. */
export class SpillReport {
  /** The episodes in order. */
  readonly episodes: readonly SpillEpisode[];
  /** Highest dedicated memory; `null` where nothing could be measured. */
  readonly peakDedicatedBytes: Bytes;
  /** Size of the device's memory; `null` where it is not known. */
  readonly dedicatedLimitBytes: Bytes;
  /** Highest shared memory; `null` where nothing could be measured. */
  readonly peakSharedBytes: Bytes;
  /** Shared memory at the first observation; `null` where nothing could be measured. */
  readonly baselineSharedBytes: Bytes;
  /** How many samples were taken. */
  readonly observations: number;
  /** At least one sample could be taken. Where it is false, nothing is known about spilling. */
  readonly measurable: boolean;

  /** Takes the fields; those left out are those of a device that could not be measured. */
  constructor(fields: Partial<Omit<SpillReport, "spilled" | "firstSpillLabel">> = {}) {
    this.episodes = fields.episodes ?? [];
    this.peakDedicatedBytes = fields.peakDedicatedBytes ?? null;
    this.dedicatedLimitBytes = fields.dedicatedLimitBytes ?? null;
    this.peakSharedBytes = fields.peakSharedBytes ?? null;
    this.baselineSharedBytes = fields.baselineSharedBytes ?? null;
    this.observations = fields.observations ?? 0;
    this.measurable = fields.measurable ?? false;
  }

  /** There was an episode. */
  get spilled(): boolean {
    return this.episodes.length > 0;
  }

  /** Label of the first spilling observation; `null` where there was none. */
  get firstSpillLabel(): string | null {
    return this.episodes[0]?.startLabel ?? null;
  }

  /** Duration of all episodes together. */
  get totalSpillDurationMs(): number {
    return this.episodes.reduce((sum, { durationMs }) => sum + durationMs, 0);
  }

  /** The longest episode, the earliest of equal ones; `null` where there was none. */
  get longestEpisode(): SpillEpisode | null {
    return this.episodes.reduce<SpillEpisode | null>(
      (longest, episode) =>
        longest === null || episode.durationMs > longest.durationMs ? episode : longest,
      null,
    );
  }
}
