/** Each phase as it was. Pure. */
import type { SessionData } from "../load/data.ts";
import type { PhaseSpan } from "../phase_span.ts";
import { retainedIn, startLevel } from "./levels.ts";
import type { Quantiles } from "./quantiles.ts";
import type { PhaseReport, PhaseSeries } from "./records.ts";
import { highestIn, rangeOf, type TimeSpan } from "./samples.ts";
import type { Series, SeriesKind } from "./series.ts";
import { measure } from "./series_stats.ts";
import type { GpuThermal } from "./thermal.ts";

/** Beyond so many numbers of phases, each phase tells the main series only: the report stays readable and small. */
const MOST_PHASE_SERIES = 100_000;
const MAIN: ReadonlySet<SeriesKind> = new Set(["vram", "vram_all", "ram"]);

/** The phases, and what a reader should know about them. */
export interface PhaseReports {
  readonly phases: readonly PhaseReport[];
  readonly notices: readonly string[];
}

/** Reports on every phase, in the order of the recording. */
export function phaseReports(
  data: SessionData,
  series: readonly Series[],
  thermal: readonly GpuThermal[],
  quantiles: Quantiles,
): PhaseReports {
  const isMuch = data.phases.length * series.length > MOST_PHASE_SERIES;
  const told = isMuch ? series.filter(({ kind }) => MAIN.has(kind)) : series;
  const phases = data.phases.map((span) => ({
    span,
    series: told.map((one) => phaseSeries(one, span, quantiles)),
    thermal: thermal.map((gpu) => gpu.within(span)),
    ...phaseStrain(data, span),
  }));
  const notice =
    `${data.phases.length} phases: of each of them the memory of the GPUs and the RAM ` +
    `are told, of names, types and steps everything`;
  return { phases, notices: isMuch ? [notice] : [] };
}

/** One series within one phase. */
export function phaseSeries(series: Series, span: PhaseSpan, quantiles: Quantiles): PhaseSeries {
  const { stats } = measure(series, span, quantiles);
  const start = startLevel(series, span);
  return {
    ...stats,
    spike: stats.peak === null || start === null ? null : Math.max(0, stats.peak - start),
    retained: retainedIn(series, span),
  };
}

/** Highest pressure and growth of swap in a time span; `null`: not known. */
export function phaseStrain({ system, intervalMs, durationMs }: SessionData, span: TimeSpan) {
  if (system === null) return { maxPressureRatio: null, swapGrowthBytes: null };
  const { timesMs, columns } = system;
  const frame = { timesMs, holdMs: 1.5 * intervalMs, sessionEndMs: durationMs };
  const range = rangeOf(frame, span);
  const swap = { ...frame, values: columns.swapUsedBytes };
  const highest = highestIn(swap.values, range);
  const before = startLevel(swap, span);
  return {
    maxPressureRatio: highestIn(columns.pressureSomeRatio, range),
    swapGrowthBytes: highest === null || before === null ? null : Math.max(0, highest - before),
  };
}
