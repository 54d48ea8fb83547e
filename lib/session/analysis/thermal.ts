/** Heat, power and clocks of a GPU. Pure. */
import type { GpuTrack, SessionData } from "../load/data.ts";
import { clockDropsOf } from "./clock_drops.ts";
import type { Thermal } from "./records.ts";
import { firstAtOrAfter, highestIn, isKnown, rangeOf, type TimeSpan } from "./samples.ts";
import { meanOf } from "./series_stats.ts";

/** Watts times milliseconds in a watt-hour. */
const WATT_MS_PER_WATT_HOUR = 3_600_000;

/** What can be asked about one GPU. */
export interface GpuThermal {
  readonly gpu: number;
  /** Moments at which the clock fell; `null`: that can't be told. */
  readonly dropsMs: Float64Array | null;
  /** The numbers of a time span. */
  within(span: TimeSpan): Thermal;
  /** Energy of a time span; `null`: no two samples of power are beside each other in it. */
  energyWattHours(span: TimeSpan): number | null;
}

/** Prepares a GPU of a session. */
export function thermalOf(
  track: GpuTrack,
  { intervalMs, durationMs }: Pick<SessionData, "intervalMs" | "durationMs">,
): GpuThermal {
  const { gpu, timesMs, columns } = track;
  const frame = { timesMs, holdMs: 1.5 * intervalMs, sessionEndMs: durationMs };
  const canDrop = isKnown(columns.smClockMhz) && isKnown(columns.utilizationRatio);
  const dropsMs = canDrop
    ? clockDropsOf(timesMs, columns.smClockMhz, columns.utilizationRatio)
    : null;
  const meanIn = (values: Float64Array, { startMs, endMs }: TimeSpan) =>
    meanOf({ ...frame, values }, [{ range: rangeOf(frame, { startMs, endMs }), endMs }]).mean;
  const maxIn = (values: Float64Array, span: TimeSpan) => highestIn(values, rangeOf(frame, span));
  const energyWattHours = (span: TimeSpan) =>
    energyOf(timesMs, columns.powerWatts, frame.holdMs, span);
  return {
    gpu,
    dropsMs,
    energyWattHours,
    within: (span) => ({
      gpu,
      maxCelsius: maxIn(columns.temperatureCelsius, span),
      meanCelsius: meanIn(columns.temperatureCelsius, span),
      maxWatts: maxIn(columns.powerWatts, span),
      meanWatts: meanIn(columns.powerWatts, span),
      energyWattHours: energyWattHours(span),
      clockDrops: dropsMs === null ? null : countIn(dropsMs, span, durationMs),
      meanUtilizationRatio: meanIn(columns.utilizationRatio, span),
    }),
  };
}

function countIn(atMs: Float64Array, span: TimeSpan, sessionEndMs: number): number {
  const { from, to } = rangeOf({ timesMs: atMs, sessionEndMs }, span);
  return to - from;
}

/**
 * The integral of power over a time span, as trapezoids between neighbours that are no gap apart. A trapezoid that
 * lies across an end of the span counts in part, so that phases after each other add up.
 */
function energyOf(
  timesMs: Float64Array,
  watts: Float64Array,
  holdMs: number,
  { startMs, endMs }: TimeSpan,
): number | null {
  let wattMs = 0;
  let isKnownAtAll = false;
  for (let i = Math.max(1, firstAtOrAfter(timesMs, startMs)); i < timesMs.length; i++) {
    const left = timesMs[i - 1]!;
    if (left >= endMs) break;
    const right = timesMs[i]!;
    const a = watts[i - 1]!;
    const b = watts[i]!;
    if (right - left > holdMs || Number.isNaN(a) || Number.isNaN(b)) continue;
    const from = Math.max(left, startMs);
    const to = Math.min(right, endMs);
    if (to <= from) continue;
    // The mean power between two points of a line is that at the moment in the middle.
    const middle = (from + to) / 2;
    wattMs += (a + (b - a) * (middle - left) / (right - left)) * (to - from);
    isKnownAtAll = true;
  }
  return isKnownAtAll ? wattMs / WATT_MS_PER_WATT_HOUR : null;
}
