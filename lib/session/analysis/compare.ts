/** Puts two sessions side by side. Pure. */
import type { Compared, ComparedPhase, ComparedSeries, Comparison } from "./comparison.ts";
import type { Analysis, PhaseGroup, SeriesId, SeriesStats } from "./records.ts";

/** Compares `b` with `a`: series by their ids, phases by their names. */
export function compareAnalyses(a: Analysis, b: Analysis): Comparison {
  const pairs = pairsOf(a.series.map(({ series }) => series), b.series.map(({ series }) => series));
  const named = ({ groups }: Analysis) =>
    new Map(groups.filter(({ by }) => by === "name").map((group) => [group.key, group]));
  const [phasesOfA, phasesOfB] = [named(a), named(b)];
  return {
    a: sessionOf(a),
    b: sessionOf(b),
    durationMs: compared(a.durationMs, b.durationMs),
    energyWattHours: compared(energyOf(a), energyOf(b)),
    series: seriesOf(pairs, (id) => ofSession(a, id), (id) => ofSession(b, id)),
    phases: [...phasesOfA].flatMap(([name, group]) => {
      const other = phasesOfB.get(name);
      return other === undefined ? [] : [phaseOf(pairs, group, other)];
    }),
    onlyInA: {
      series: a.series.map(({ series }) => series).filter(({ id }) => !pairs.has(id)),
      phases: [...phasesOfA.keys()].filter((name) => !phasesOfB.has(name)),
    },
    onlyInB: {
      series: b.series.map(({ series }) => series)
        .filter(({ id }) => ![...pairs.values()].some(({ other }) => other.id === id)),
      phases: [...phasesOfB.keys()].filter((name) => !phasesOfA.has(name)),
    },
  };
}

/** A number of both. */
export function compared(a: number | null, b: number | null): Compared {
  const isKnown = a !== null && b !== null;
  return {
    a,
    b,
    difference: isKnown ? b - a : null,
    ratio: isKnown && a !== 0 ? b / a : null,
  };
}

interface Pair {
  readonly series: SeriesId;
  readonly other: SeriesId;
}

/**
 * Series of the same id; and, of those left over, the only one of a family in each session: the only GPU may have
 * another index, and a reporting process never has the same PID again.
 */
function pairsOf(a: readonly SeriesId[], b: readonly SeriesId[]): ReadonlyMap<string, Pair> {
  const pairs = new Map<string, Pair>();
  for (const series of a) {
    const other = b.find(({ id }) => id === series.id) ?? onlyOne(series, a, b);
    if (other !== null) pairs.set(series.id, { series, other });
  }
  return pairs;
}

const FAMILIES: readonly RegExp[] = [
  /^vram:gpu\d+$/,
  /^utilization:gpu\d+$/,
  /^allocated:/,
  /^reserved:/,
];

function onlyOne(
  series: SeriesId,
  a: readonly SeriesId[],
  b: readonly SeriesId[],
): SeriesId | null {
  const family = FAMILIES.find((one) => one.test(series.id));
  if (family === undefined) return null;
  const ofB = b.filter(({ id }) => family.test(id));
  return a.filter(({ id }) => family.test(id)).length === 1 && ofB.length === 1 ? ofB[0]! : null;
}

interface Numbers {
  readonly peak: number | null;
  readonly mean: number | null;
  readonly p95: number | null;
  readonly retained: number | null;
}

function seriesOf(
  pairs: ReadonlyMap<string, Pair>,
  inA: (id: string) => Numbers | null,
  inB: (id: string) => Numbers | null,
): readonly ComparedSeries[] {
  return [...pairs.values()].flatMap(({ series, other }) => {
    const [a, b] = [inA(series.id), inB(other.id)];
    if (a === null || b === null) return [];
    return [{
      series,
      other,
      peak: compared(a.peak, b.peak),
      mean: compared(a.mean, b.mean),
      p95: compared(a.p95, b.p95),
      retained: compared(a.retained, b.retained),
    }];
  });
}

function ofSession({ series }: Analysis, id: string): Numbers | null {
  const stats: SeriesStats | undefined = series.find((one) => one.series.id === id);
  if (stats === undefined) return null;
  const { peak, mean, p95, first, last } = stats;
  return { peak, mean, p95, retained: first === null || last === null ? null : last - first };
}

function ofGroup({ series }: PhaseGroup, id: string): Numbers | null {
  const one = series.find((each) => each.series.id === id);
  return one === undefined ? null : { ...one, retained: one.retainedTotal };
}

function phaseOf(pairs: ReadonlyMap<string, Pair>, a: PhaseGroup, b: PhaseGroup): ComparedPhase {
  return {
    phase: a.key,
    count: compared(a.count, b.count),
    totalMs: compared(a.totalMs, b.totalMs),
    meanMs: compared(a.meanMs, b.meanMs),
    energyWattHours: compared(a.energyWattHours, b.energyWattHours),
    series: seriesOf(pairs, (id) => ofGroup(a, id), (id) => ofGroup(b, id)),
  };
}

function sessionOf({ name, files, startedAtMs, host, command, endedBy }: Analysis) {
  return { name, files, startedAtMs, host, command, endedBy };
}

/** The energy of all GPUs that tell it; `null`: none does. */
function energyOf({ thermal }: Analysis): number | null {
  const known = thermal.flatMap(({ energyWattHours }) => energyWattHours ?? []);
  return known.length === 0 ? null : known.reduce((a, b) => a + b);
}
