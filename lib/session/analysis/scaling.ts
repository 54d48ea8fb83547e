/** How many more of this workload fit, and for how long. Pure. */
import type { GrowthReport, LoadStep, Scaling, SeriesStats } from "./records.ts";
import type { Series } from "./series.ts";

/** What is less than this share of the limit is not taken for a unit of work. */
const LEAST_UNIT_RATIO = 0.001;

/** What predictions are made from. */
export interface ScalingInput {
  readonly series: readonly Series[];
  /** Of the session. */
  readonly stats: readonly SeriesStats[];
  readonly loads: readonly LoadStep[];
  readonly growth: readonly GrowthReport[];
}

/** One prediction for each series in bytes that has a limit. */
export function scalingOf(input: ScalingInput): readonly Scaling[] {
  return input.series
    .filter(({ id, limit, kind }) => id.unit === "bytes" && limit !== null && kind !== "vram_all")
    .map((series) => predict(series, input));
}

function predict(series: Series, input: ScalingInput): Scaling {
  const { id, limit, critical } = series;
  const { peak, minimum } = input.stats.find(({ series }) => series.id === id.id)!;
  const loads = input.loads.filter(({ series, kind }) => series.id === id.id && kind === "load");
  const step = loads.length === 0 ? null : Math.max(...loads.map(({ bytes }) => bytes));
  const rise = peak === null || minimum === null ? null : peak - minimum;
  const isUnit = rise !== null && rise >= LEAST_UNIT_RATIO * limit! && rise > 0;
  const unitBytes = step ?? (isUnit ? rise : null);
  const fits = (level: number | null) =>
    level === null || peak === null || unitBytes === null
      ? null
      : Math.max(0, Math.floor((level - peak) / unitBytes));
  return {
    series: id,
    limitBytes: limit,
    peakBytes: peak,
    unitBytes,
    unitSource: step !== null ? "load_step" : unitBytes !== null ? "peak_less_baseline" : null,
    moreFit: fits(limit),
    moreFitSafely: fits(critical),
    ...timeToLimit(id.id, input.growth),
    note: noteOf(peak, unitBytes, critical),
  };
}

function timeToLimit(id: string, growth: readonly GrowthReport[]) {
  const leak = growth.find((one) =>
    one.series.id === id && one.phase === null && one.growth.verdict === "leak"
  )?.growth;
  return {
    timeToLimitMs: leak?.timeToLimitMs ?? null,
    timeToLimitLowMs: leak?.timeToLimitLowMs ?? null,
    timeToLimitHighMs: leak?.timeToLimitHighMs ?? null,
  };
}

function noteOf(peak: number | null, unit: number | null, critical: number | null): string | null {
  if (peak === null) return "Nothing is known of it";
  if (unit === null) return "It hardly changed, so what one more would take is not known";
  return critical === null ? "No critical level is set for it" : null;
}
