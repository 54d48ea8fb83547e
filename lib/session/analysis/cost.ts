/** What the recording itself cost. Pure. */
import type { SessionData } from "../load/data.ts";
import type { Quantiles } from "./quantiles.ts";
import type { RecorderCost } from "./records.ts";
import { highestIn } from "./samples.ts";
import { meanOf } from "./series_stats.ts";

/** CPU, memory and probe times of the recorder; `null`: the recording tells none of them. */
export function costOf(
  { system, intervalMs, durationMs }: SessionData,
  quantiles: Quantiles,
): RecorderCost | null {
  if (system === null) return null;
  const { timesMs, columns } = system;
  const range = { from: 0, to: timesMs.length };
  const p95 = (values: Float64Array) => quantiles.of(values, [range], [0.95])[0];
  const cpu = {
    timesMs,
    values: columns.ownCpuRatio,
    holdMs: 1.5 * intervalMs,
    sessionEndMs: durationMs,
  };
  const cost = {
    meanCpuRatio: meanOf(cpu, [{ range, endMs: durationMs }]).mean,
    maxRssBytes: highestIn(columns.ownRssBytes, range),
    p95GpuProbeMs: p95(columns.gpuProbeMs),
    p95SystemProbeMs: p95(columns.systemProbeMs),
  };
  return Object.values(cost).every((number) => number === null) ? null : cost;
}
