/** What the comparison of two sessions tells: the contract between computing and rendering. Plain JSON values. */
import type { Analysis, SeriesId } from "./records.ts";

/** One number of both sessions. `null`: not known in that session; then there is no difference either. */
export interface Compared {
  readonly a: number | null;
  readonly b: number | null;
  /** b less a. */
  readonly difference: number | null;
  /** b by a; `null` also where a is 0. */
  readonly ratio: number | null;
}

/** What is said of each session. */
export type ComparedSession = Pick<
  Analysis,
  "name" | "files" | "startedAtMs" | "host" | "command" | "endedBy"
>;

/** One series over both sessions. */
export interface ComparedSeries {
  /** As it is called in the first. */
  readonly series: SeriesId;
  /** As it is called in the second: differs where the only GPU of each has another index. */
  readonly other: SeriesId;
  readonly peak: Compared;
  readonly mean: Compared;
  readonly p95: Compared;
  /** Last less first value of the session. */
  readonly retained: Compared;
}

/** Phases of one name in both sessions, each time all of them together. */
export interface ComparedPhase {
  readonly phase: string;
  readonly count: Compared;
  readonly totalMs: Compared;
  readonly meanMs: Compared;
  /** Watt-hours of all GPUs. */
  readonly energyWattHours: Compared;
  /** `retained` is the sum of what each of them retained. */
  readonly series: readonly ComparedSeries[];
}

/** What stands in one of them only. */
export interface OnlyIn {
  readonly series: readonly SeriesId[];
  /** Names of phases. */
  readonly phases: readonly string[];
}

/** Two sessions side by side: `a` is what `b` is compared with. */
export interface Comparison {
  readonly a: ComparedSession;
  readonly b: ComparedSession;
  readonly durationMs: Compared;
  /** Watt-hours of all GPUs over the session. */
  readonly energyWattHours: Compared;
  readonly series: readonly ComparedSeries[];
  readonly phases: readonly ComparedPhase[];
  readonly onlyInA: OnlyIn;
  readonly onlyInB: OnlyIn;
}
