/** What insights are drawn from, and how they say it. Pure. */
import { formatDuration, formatSize, roundHalfEven } from "../../../format.ts";
import type { SessionSettings } from "../../config/settings.ts";
import type { SessionData } from "../../load/data.ts";
import type { Insight, LoadCycle, Overlap, PhaseReport } from "../records.ts";
import type { GrowthReport, RecorderCost, SeriesStats, ZoneTimes } from "../records.ts";
import type { Series } from "../series.ts";
import type { GpuThermal } from "../thermal.ts";

/** Everything that is known when insights are looked for. */
export interface InsightContext {
  readonly data: SessionData;
  readonly settings: SessionSettings;
  readonly series: readonly Series[];
  /** Of the session, in the order of `series`. */
  readonly stats: readonly SeriesStats[];
  /** Time for which each series is known, in the order of `series`. */
  readonly knownMs: readonly number[];
  readonly zones: readonly ZoneTimes[];
  readonly phases: readonly PhaseReport[];
  readonly cycles: readonly LoadCycle[];
  readonly overlaps: readonly Overlap[];
  readonly thermal: readonly GpuThermal[];
  readonly growth: readonly GrowthReport[];
  readonly cost: RecorderCost | null;
}

/** Finds insights of one kind; none is an empty list. */
export type FindInsights = (context: InsightContext) => readonly Insight[];

/** Bytes for people. */
export const size = (bytes: number): string =>
  bytes < 0 ? `-${formatSize(-bytes)}` : formatSize(bytes);
/** A time span for people. */
export const time = (ms: number): string => formatDuration(Math.round(ms));
/** A ratio as whole per cent. */
export const percent = (ratio: number): string => `${roundHalfEven(ratio * 100, 0)} %`;
/** `1 unload`, `3 unloads`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
/** The first letter as a capital one, at the beginning of a sentence. */
export const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The utilisation of a GPU as a series; `undefined`: it is not known. */
export function utilizationOf({ series }: InsightContext, gpu: number | null): Series | undefined {
  return series.find((one) => one.kind === "utilization" && one.gpu === gpu);
}

/** Whether a series is of the GPU, or of a target where no GPU is measured: each load is told once. */
export function isOfLoads({ series }: InsightContext, id: string): boolean {
  const gpus = series.filter(({ kind, values }) =>
    kind === "vram" && values.some((value) => !Number.isNaN(value))
  );
  return gpus.length === 0 || gpus.some((gpu) => gpu.id.id === id);
}
