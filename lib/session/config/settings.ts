/**
 * What a session is configured with, as plain values: limits, rules and expectations, with their defaults. The
 * configuration file, the flags and the library all end in this.
 *
 * Over 200 lines because each number has its definition beside it, and the sections are read together.
 */
import type { Bytes } from "../../records.ts";

/** Names of the colours a group can have on a terminal. */
export type GroupColor = "cyan" | "magenta" | "blue" | "green" | "yellow" | "white";

/** A watched group. */
export interface GroupSettings {
  /** What the files and alerts call it. */
  readonly name: string;
  /** What its processes fit: a name, a PID, or `/regex/` over name and command line. Any of them. */
  readonly match: readonly string[];
  /** Its RAM should stay below; `null`: no limit. */
  readonly ramLimitBytes: Bytes;
  /** Its GPU memory should stay below; `null`: no limit. */
  readonly vramLimitBytes: Bytes;
  readonly color: GroupColor | null;
}

/** Limits of a GPU's memory. Where both a ratio and bytes are set, the lower one counts. */
export interface GpuSettings {
  /** From here on caution, as a share of the total. */
  readonly cautionRatio: number;
  /** Above this critical. */
  readonly criticalRatio: number;
  readonly cautionBytes: Bytes;
  readonly criticalBytes: Bytes;
}

/** Limits of the machine's RAM. Where both a ratio and bytes are set, the lower one counts. */
export interface RamSettings {
  /** Normal use stays below. */
  readonly targetRatio: number;
  /** Above this warning. */
  readonly warningRatio: number;
  /** Above this critical. */
  readonly criticalRatio: number;
  /** Absolute limit of the used RAM, above which to warn; `null`: none. */
  readonly warningBytes: Bytes;
  /** Absolute limit of the used RAM, above which it is critical; `null`: none. */
  readonly limitBytes: Bytes;
}

/** A spike: a group's or process's RAM or GPU memory grows by `bytes` or more `withinMs`. */
export interface SpikeSettings {
  readonly bytes: number;
  /** At least one interval is looked back. */
  readonly withinMs: number;
}

/** Pressure: the share of time in which tasks waited for memory (PSI `some`). */
export interface PressureSettings {
  readonly warningRatio: number;
  readonly criticalRatio: number;
}

/** A forecast: the time to a limit at the growth seen of late. */
export interface ForecastSettings {
  /** Growth is taken from this time back, and from at least 30 intervals. */
  readonly windowMs: number;
  /** Warn where the limit is nearer than this; 0: never. */
  readonly horizonMs: number;
}

/** What keeps alerts from flapping. */
export interface CalmSettings {
  /** An alert begins when its condition has held so long. */
  readonly minimumMs: number;
  /** It ends when the value is below the limit by this share of the limit … */
  readonly hysteresisRatio: number;
  /** … and has been so long. */
  readonly clearMs: number;
}

/** A condition of a phase rule. All that are set have to hold; one in which nothing is set always holds. */
export interface PhaseCondition {
  /** GPU memory in use of the fullest GPU, as a share of its total, at least or below. */
  readonly vramRatioAtLeast: number | null;
  readonly vramRatioBelow: number | null;
  /** The same in bytes, summed over all GPUs. */
  readonly vramBytesAtLeast: Bytes;
  readonly vramBytesBelow: Bytes;
  /**
   * Growth of GPU memory over the last 10 s, in bytes a second, at least or below: from its lowest point of that time;
   * for a limit of 0 or less, which is about shrinking, from its highest.
   */
  readonly vramGrowthAtLeast: number | null;
  readonly vramGrowthBelow: number | null;
  /** Utilisation of the busiest GPU. */
  readonly utilizationAtLeast: number | null;
  readonly utilizationBelow: number | null;
  /** Groups that have a process. */
  readonly present: readonly string[];
  readonly absent: readonly string[];
  /** Groups that use at least 5 % of a core, or less; one without a process is inactive. */
  readonly active: readonly string[];
  readonly inactive: readonly string[];
}

/** A condition in which nothing is set. */
export const NO_CONDITION: PhaseCondition = {
  vramRatioAtLeast: null,
  vramRatioBelow: null,
  vramBytesAtLeast: null,
  vramBytesBelow: null,
  vramGrowthAtLeast: null,
  vramGrowthBelow: null,
  utilizationAtLeast: null,
  utilizationBelow: null,
  present: [],
  absent: [],
  active: [],
  inactive: [],
};

/** A phase that is found by its condition. The first rule whose condition holds names the phase. */
export interface PhaseRule {
  readonly phase: string;
  readonly when: PhaseCondition;
  /** The condition has to hold so long. */
  readonly minimumMs: number;
}

/** What is expected of a phase or a type of phase; `analyze` compares, `check` gates. */
export interface Expectation {
  /** For errors and reports. */
  readonly name: string;
  /** The phases it is about, by name or by type, not both; both `null`: the whole session. */
  readonly phase: string | null;
  readonly type: string | null;
  /**
   * The quantity: GPU memory in use on all GPUs (`vram`), RAM in use (`ram`), or what a group holds (`rss:ollama`,
   * `vram:ollama`).
   */
  readonly of: string;
  /** The rise at the beginning: from the phase's start to its highest point. */
  readonly spikeBytes: Range | null;
  /** The range in which 90 % of the samples stay (5th to 95th percentile), after the spike. */
  readonly steadyBytes: Range | null;
  /** What a phase holds more at its end than at its start, for each step or repetition. */
  readonly growthPerStepBytes: Range | null;
  /** Of what a phase took, at least this share is given back when the next one of that name or type begins. */
  readonly cleanupRatio: number | null;
  /** The highest point. */
  readonly peakBytes: Range | null;
  /** Utilisation of the busiest GPU, mean of the phase. */
  readonly utilizationRatio: Range | null;
}

/** From `least` to `most`; `null`: open. */
export interface Range {
  readonly least: number | null;
  readonly most: number | null;
}

/** What is done when an alert begins or ends. */
export interface NotifySettings {
  /** A command, run with the alert as environment variables `HMN_ALERT_…`; `null`: none. */
  readonly command: readonly string[] | null;
  /** A URL that gets the alert as JSON by POST; `null`: none. */
  readonly webhook: string | null;
  /** Both are given up after this. */
  readonly timeoutMs: number;
}

/** Everything. */
export interface SessionSettings {
  readonly name: string | null;
  readonly out: string;
  readonly intervalMs: number;
  /** `null`: until it is ended. */
  readonly durationMs: number | null;
  /** Rows are on the disk at the latest after this. */
  readonly syncMs: number;
  readonly rotateBytes: Bytes;
  readonly rotateMs: number | null;
  readonly gpu: GpuSettings;
  readonly ram: RamSettings;
  readonly groups: readonly GroupSettings[];
  readonly spike: SpikeSettings;
  readonly pressure: PressureSettings;
  readonly forecast: ForecastSettings;
  readonly calm: CalmSettings;
  /** The first phase of the session; `null`: none. */
  readonly initialPhase: string | null;
  readonly phases: readonly PhaseRule[];
  readonly expect: readonly Expectation[];
  readonly notify: NotifySettings;
}

/**
 * What a file, the flags or a program state of the settings: the rest stays as it is. Lists are whole, but groups are
 * told apart by their names.
 */
export interface SettingsPatch extends
  Partial<
    Omit<
      SessionSettings,
      "gpu" | "ram" | "groups" | "spike" | "pressure" | "forecast" | "calm" | "notify"
    >
  > {
  readonly gpu?: Partial<GpuSettings>;
  readonly ram?: Partial<RamSettings>;
  /** A known group keeps what is not stated; a new one has its name as what it matches, and no limits. */
  readonly groups?: readonly GroupPatch[];
  readonly spike?: Partial<SpikeSettings>;
  readonly pressure?: Partial<PressureSettings>;
  readonly forecast?: Partial<ForecastSettings>;
  readonly calm?: Partial<CalmSettings>;
  readonly notify?: Partial<NotifySettings>;
}

/** What is stated of one group. */
export type GroupPatch = Pick<GroupSettings, "name"> & Partial<Omit<GroupSettings, "name">>;

/** The defaults: the first recorder's interval, folder and limits (8 and 10 of 12 GB; 70, 85 and 90 % of RAM). */
export const DEFAULT_SETTINGS: SessionSettings = {
  name: null,
  out: "memory-logs",
  intervalMs: 2_000,
  durationMs: null,
  syncMs: 5_000,
  rotateBytes: null,
  rotateMs: null,
  gpu: { cautionRatio: 2 / 3, criticalRatio: 5 / 6, cautionBytes: null, criticalBytes: null },
  ram: {
    targetRatio: 0.7,
    warningRatio: 0.85,
    criticalRatio: 0.9,
    warningBytes: null,
    limitBytes: null,
  },
  groups: [],
  spike: { bytes: 2 ** 30, withinMs: 10_000 },
  pressure: { warningRatio: 0.1, criticalRatio: 0.4 },
  forecast: { windowMs: 300_000, horizonMs: 900_000 },
  calm: { minimumMs: 0, hysteresisRatio: 0.02, clearMs: 4_000 },
  initialPhase: null,
  phases: [],
  expect: [],
  notify: { command: null, webhook: null, timeoutMs: 10_000 },
};

/** The names of phases that are offered where nobody gives others. */
export const PHASE_NAMES = [
  "Idle",
  "Model-Loading",
  "Model-Active",
  "RustChain-Active",
  "Full-Processing",
] as const;
