/**
 * What the analysis of a session tells: the contract between computing, rendering and gating.
 *
 * Plain JSON values. `null` is not known or does not apply; each such case is said at the field. Times are
 * milliseconds since the session began. Over 200 lines because each number has its definition beside it.
 */
import type { Bytes } from "../../records.ts";
import type { Gap } from "../load/data.ts";
import type { PhaseSpan } from "../phase_span.ts";
import type { RamLevel, Severity, Zone } from "../rows.ts";
import type { Growth } from "../stats/growth.ts";

/** Names a series of the session. */
export interface SeriesId {
  /**
   * `vram:gpu0`, `vram:all` (sum over GPUs at ticks where all are known; only where there are two or more), `ram`,
   * `swap`, `cgroup` (memory of the container, where it has a limit), `rss:TARGET`, `vram:TARGET`, `allocated:PID`,
   * `reserved:PID`, `utilization:gpu0`, `cpu`. Stable: `hmn check` and the page use it. Unique within a session: a
   * second series of the same name has `#2` behind it.
   */
  readonly id: string;
  /** For people: `GPU 0 memory`, `RAM of ollama`. Contains untrusted text. */
  readonly label: string;
  readonly unit: "bytes" | "ratio";
}

/** A series as a whole, or within one phase. */
export interface SeriesStats {
  readonly series: SeriesId;
  /** Samples with a number. */
  readonly samples: number;
  /** Samples without. */
  readonly unknown: number;
  readonly peak: number | null;
  readonly peakAtMs: number | null;
  readonly minimum: number | null;
  /**
   * Weighted by time: each sample counts until the next, at most 1.5 intervals, gaps left out. The quantiles are of
   * the samples, linear between neighbours (type 7 of Hyndman and Fan).
   */
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly first: number | null;
  readonly last: number | null;
  /**
   * What it is measured against: the GPU's memory, the machine's RAM (or the stated limit, if that is lower), the
   * container's limit, a group's stated limit; `null`: none is known.
   */
  readonly limit: number | null;
  /** Peak and mean as shares of the limit. */
  readonly peakRatio: number | null;
  readonly meanRatio: number | null;
}

/** Time spent in each zone of a GPU's memory; with `unknown` it adds up to the session. */
export interface ZoneTimes {
  readonly series: SeriesId;
  readonly ms: Readonly<Record<Zone | "unknown", number>>;
}

/** Time spent at each level of the machine's RAM; with `unknown` it adds up to the session. */
export interface RamTimes {
  readonly ms: Readonly<Record<RamLevel | "unknown", number>>;
}

/**
 * One series within one phase: the samples from its start up to, and without, its end. Its level at the start is the
 * sample at that moment, or the last one before it if that is at most 1.5 intervals old, or its first; so what
 * happens between two ticks belongs to the phase that has begun.
 */
export interface PhaseSeries extends SeriesStats {
  /** From the level at its start to the highest: the load spike. */
  readonly spike: number | null;
  /**
   * The level at its end (a sample at that very moment included) less that at its start: what the phase retained. Of
   * phases that follow each other it adds up.
   */
  readonly retained: number | null;
}

/** Thermal and electrical numbers of one GPU. */
export interface Thermal {
  readonly gpu: number;
  readonly maxCelsius: number | null;
  readonly meanCelsius: number | null;
  readonly maxWatts: number | null;
  readonly meanWatts: number | null;
  /** Integral of power over time (trapezoids), gaps left out; `null` where no two samples are beside each other. */
  readonly energyWattHours: number | null;
  /**
   * Times the SM clock fell by 10 % or more below its running median, for two samples or more, while the GPU was at
   * least half busy; `null` where clock or utilisation is not known.
   */
  readonly clockDrops: number | null;
  readonly meanUtilizationRatio: number | null;
}

/** One phase as it was. */
export interface PhaseReport {
  readonly span: PhaseSpan;
  readonly series: readonly PhaseSeries[];
  readonly thermal: readonly Thermal[];
  readonly maxPressureRatio: number | null;
  /** From the swap in use at its start to the highest in it. */
  readonly swapGrowthBytes: Bytes;
}

/** Phases of one name, type or step taken together; those without a type or step are in no such group. */
export interface PhaseGroup {
  /** By what they are grouped. */
  readonly by: "name" | "type" | "step";
  readonly key: string;
  readonly count: number;
  readonly totalMs: number;
  readonly meanMs: number;
  readonly series: readonly {
    readonly series: SeriesId;
    readonly peak: number | null;
    readonly mean: number | null;
    /** Of the samples of all of them together. */
    readonly p95: number | null;
    /** Mean of what each of them retained. */
    readonly retainedEach: number | null;
    /** Sum of it. */
    readonly retainedTotal: number | null;
  }[];
  readonly energyWattHours: number | null;
}

/** How two series move together, over the session or one kind of phase. */
export interface Correlation {
  readonly a: SeriesId;
  readonly b: SeriesId;
  /** Name of the phases; `null`: the whole session. */
  readonly phase: string | null;
  readonly pearson: number | null;
  readonly spearman: number | null;
  /** Ticks that were compared: those at which both are known, evenly thinned out to 10 000 at most. */
  readonly samples: number;
}

/**
 * How much of a series' variation the phases explain: between-phase share of the variance (eta squared), 0…1. Each
 * sample belongs to the innermost phase; those outside of every phase are left out.
 */
export interface PhaseCorrelation {
  readonly series: SeriesId;
  /** `null`: fewer than two names of phases, or the series never changes. */
  readonly etaSquared: number | null;
  readonly meanByPhase: readonly { readonly phase: string; readonly mean: number }[];
}

/** A model (or anything large) that was loaded or unloaded: a step of a series. */
export interface LoadStep {
  readonly series: SeriesId;
  readonly kind: "load" | "unload";
  readonly startMs: number;
  readonly endMs: number;
  /** Size of the step, positive. */
  readonly bytes: number;
  readonly phase: string | null;
}

/** A load and the unload that belongs to it. */
export interface LoadCycle {
  readonly series: SeriesId;
  readonly load: LoadStep;
  /** `null`: it was still loaded at the end. */
  readonly unload: LoadStep | null;
  /** Share of the loaded memory that was given back; `null` while it is loaded. */
  readonly returnedRatio: number | null;
  /** What stayed behind. */
  readonly leftBytes: Bytes;
}

/** Two models at once: the next was loaded before the one before was gone (rotation). */
export interface Overlap {
  readonly series: SeriesId;
  readonly startMs: number;
  readonly endMs: number;
  /** Above the larger of the levels before and after. */
  readonly extraBytes: number;
}

/** The leak verdict of one series, over the session or one phase. */
export interface GrowthReport {
  readonly series: SeriesId;
  /** Path of the phase; `null`: the whole session. */
  readonly phase: string | null;
  /**
   * What was judged: the `samples` of that time, or, of a phase that came back often, the level at the end of each of
   * its `repetitions`.
   */
  readonly basis: "samples" | "repetitions";
  /** The time that was judged; tells phases of the same path apart. */
  readonly startMs: number;
  readonly endMs: number;
  readonly growth: Growth;
}

/** The kinds of insights. */
export type InsightKind =
  | "idle_vram_held"
  | "not_returned"
  | "reserve_unused"
  | "fragmentation"
  | "swap_during_phase"
  | "pressure_during_phase"
  | "leak"
  | "near_limit"
  | "headroom"
  | "model_overlap"
  | "low_utilization"
  | "throttling"
  | "group_over_limit"
  | "recorder_cost"
  | "missing_data";

/** A sentence that helps, with the numbers behind it. */
export interface Insight {
  readonly kind: InsightKind;
  readonly severity: Severity;
  /** What it is about. Contains untrusted text. */
  readonly subject: string;
  /** What was seen, with numbers. */
  readonly finding: string;
  /** What to do about it. */
  readonly advice: string;
  /** The numbers, by name with unit: `heldBytes`, `idleMs`. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** Room for more of this workload. */
export interface Scaling {
  readonly series: SeriesId;
  readonly limitBytes: Bytes;
  readonly peakBytes: Bytes;
  /** What one more of the largest load takes: the largest load step, or peak less baseline. */
  readonly unitBytes: Bytes;
  readonly unitSource: "load_step" | "peak_less_baseline" | null;
  /** How many more fit below the limit; and below the critical zone. */
  readonly moreFit: number | null;
  readonly moreFitSafely: number | null;
  /** Time to the limit at the measured growth, with its interval; `null`: no growth. High `null`: perhaps never. */
  readonly timeToLimitMs: number | null;
  readonly timeToLimitLowMs: number | null;
  readonly timeToLimitHighMs: number | null;
  /** Why a number is `null`. */
  readonly note: string | null;
}

/** One expectation against what was measured. */
export interface ExpectationResult {
  readonly name: string;
  /** What it is about: a phase, a type, or the session. */
  readonly subject: string;
  /** Which of its rules: `spike_bytes`, `steady_bytes`, … */
  readonly rule: string;
  /** `unknown`: there was nothing to measure it on. */
  readonly verdict: "met" | "missed" | "unknown";
  readonly measured: number | null;
  readonly least: number | null;
  readonly most: number | null;
  readonly unit: "bytes" | "ratio";
  /** One sentence. */
  readonly message: string;
}

/** An alert of the recording. */
export interface AlertSpan {
  readonly subject: string;
  readonly severity: Severity;
  readonly startMs: number;
  /** `null`: it was still on at the end. */
  readonly endMs: number | null;
  readonly message: string;
}

/** What the recording itself cost. */
export interface RecorderCost {
  readonly meanCpuRatio: number | null;
  readonly maxRssBytes: Bytes;
  readonly p95GpuProbeMs: number | null;
  readonly p95SystemProbeMs: number | null;
}

/** Everything. */
export interface Analysis {
  readonly name: string;
  readonly files: readonly string[];
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly intervalMs: number;
  readonly host: string | null;
  readonly command: readonly string[] | null;
  /** `null`: the recording did not come to an end of its own. */
  readonly endedBy: string | null;
  readonly devices: readonly {
    readonly gpu: number;
    readonly name: string | null;
    readonly uuid: string | null;
    readonly totalBytes: Bytes;
  }[];
  readonly ramTotalBytes: Bytes;
  readonly series: readonly SeriesStats[];
  readonly zones: readonly ZoneTimes[];
  readonly ram: RamTimes | null;
  readonly phases: readonly PhaseReport[];
  readonly groups: readonly PhaseGroup[];
  readonly phaseCorrelations: readonly PhaseCorrelation[];
  readonly correlations: readonly Correlation[];
  readonly loads: readonly LoadStep[];
  readonly cycles: readonly LoadCycle[];
  readonly overlaps: readonly Overlap[];
  readonly thermal: readonly Thermal[];
  readonly growth: readonly GrowthReport[];
  readonly scaling: readonly Scaling[];
  readonly insights: readonly Insight[];
  readonly expectations: readonly ExpectationResult[];
  readonly alerts: readonly AlertSpan[];
  readonly gaps: readonly Gap[];
  readonly cost: RecorderCost | null;
  readonly notices: readonly string[];
}
