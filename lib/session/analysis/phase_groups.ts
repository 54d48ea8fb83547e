/** Phases of one name, type or step taken together: missions, chains, iterations. Pure. */
import type { PhaseSpan } from "../phase_span.ts";
import { retainedIn } from "./levels.ts";
import type { Quantiles } from "./quantiles.ts";
import type { PhaseGroup } from "./records.ts";
import { rangeOf } from "./samples.ts";
import type { Series } from "./series.ts";
import { meanOf } from "./series_stats.ts";
import type { GpuThermal } from "./thermal.ts";

const KINDS = ["name", "type", "step"] as const;

/** Groups by name, then by type, then by step, each in the order in which they first appear. */
export function phaseGroups(
  phases: readonly PhaseSpan[],
  series: readonly Series[],
  thermal: readonly GpuThermal[],
  quantiles: Quantiles,
): readonly PhaseGroup[] {
  return KINDS.flatMap((by) =>
    [...spansBy(phases, (span) => span[by])].map(([key, spans]) =>
      group(by, key, spans, series, thermal, quantiles)
    )
  );
}

/** Phases by a key, in the order in which the keys first appear; those without one are left out. */
export function spansBy(
  phases: readonly PhaseSpan[],
  keyOf: (span: PhaseSpan) => string | null,
): ReadonlyMap<string, readonly PhaseSpan[]> {
  const groups = new Map<string, PhaseSpan[]>();
  for (const span of phases) {
    const key = keyOf(span);
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [span]);
    else group.push(span);
  }
  return groups;
}

function group(
  by: PhaseGroup["by"],
  key: string,
  spans: readonly PhaseSpan[],
  series: readonly Series[],
  thermal: readonly GpuThermal[],
  quantiles: Quantiles,
): PhaseGroup {
  const totalMs = spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  const energies = spans.flatMap((span) => thermal.map((gpu) => gpu.energyWattHours(span)))
    .filter((energy) => energy !== null);
  return {
    by,
    key,
    count: spans.length,
    totalMs,
    meanMs: totalMs / spans.length,
    series: series.map((one) => groupSeries(one, spans, quantiles)),
    energyWattHours: energies.length === 0 ? null : energies.reduce((a, b) => a + b),
  };
}

function groupSeries(
  series: Series,
  spans: readonly PhaseSpan[],
  quantiles: Quantiles,
): PhaseGroup["series"][number] {
  const parts = spans.map((span) => ({ range: rangeOf(series, span), endMs: span.endMs }));
  const ranges = parts.map(({ range }) => range);
  const [peak, p95] = quantiles.of(series.values, ranges, [1, 0.95]);
  const retained = spans.map((span) => retainedIn(series, span))
    .filter((bytes) => bytes !== null);
  const total = retained.length === 0 ? null : retained.reduce((a, b) => a + b);
  return {
    series: series.id,
    peak,
    mean: meanOf(series, parts).mean,
    p95,
    retainedEach: total === null ? null : total / retained.length,
    retainedTotal: total,
  };
}
