/** How series move together, and how far the phases explain them. Pure. */
import { pearson, spearman } from "../stats/correlation.ts";
import type { PhaseSpan } from "../phase_span.ts";
import { alignedTo } from "./align.ts";
import { spansBy } from "./phase_groups.ts";
import type { Correlation, PhaseCorrelation } from "./records.ts";
import { type IndexRange, rangeOf, type TimeSpan } from "./samples.ts";
import type { Segment } from "./segments.ts";
import type { Series, SeriesKind } from "./series.ts";

/** Ranks of more ticks tell nothing more. */
const MOST_TICKS = 10_000;
/** Of fewer ticks, nothing is told. */
const LEAST_TICKS = 8;
/** Phases are told apart by name, the longest ones: so many names at most. */
const MOST_NAMES = 10;

/**
 * Correlations over the session, and of each name of phases that has enough ticks. The pairs are those that say
 * something about the work: memory, utilisation, RAM and CPU of one GPU and the machine; RAM and GPU memory of one
 * watched target; each target's memory against the GPUs and the RAM. Those with a target are of the session
 * alone; those of two GPUs or two targets are left out.
 */
export function correlations(
  series: readonly Series[],
  phases: readonly PhaseSpan[],
  session: TimeSpan,
): readonly Correlation[] {
  const names = [...spansBy(phases, ({ name }) => name)]
    .sort(([, a], [, b]) => duration(b) - duration(a))
    .slice(0, MOST_NAMES);
  return pairsOf(series).flatMap(([a, b]) => {
    const aligned = alignedTo(a.timesMs, b);
    const within = (phase: string | null, spans: readonly TimeSpan[]) =>
      correlate(a, b, aligned, phase, spans);
    const byName = (a.owner === null ? names : []).map(([name, spans]) => within(name, spans));
    return [
      within(null, [session]),
      ...byName.filter(({ samples }) => samples >= LEAST_TICKS),
    ];
  });
}

function duration(spans: readonly TimeSpan[]): number {
  return spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}

function pairsOf(series: readonly Series[]): readonly (readonly [Series, Series])[] {
  const isPair = (a: Series, b: Series) =>
    PAIRS.some(([left, right]) => a.kind === left && b.kind === right) &&
    (a.gpu === null || b.gpu === null || a.gpu === b.gpu) &&
    (a.owner === null || b.owner === null || a.owner === b.owner);
  return series.flatMap((a) => series.filter((b) => isPair(a, b)).map((b) => [a, b] as const));
}

const PAIRS: readonly (readonly [SeriesKind, SeriesKind])[] = [
  ["vram", "utilization"],
  ["vram", "ram"],
  ["vram", "cpu"],
  ["utilization", "ram"],
  ["utilization", "cpu"],
  ["ram", "cpu"],
  ["ram", "swap"],
  ["target_rss", "target_vram"],
  ["target_rss", "ram"],
  ["target_vram", "vram"],
];

function correlate(
  a: Series,
  b: Series,
  aligned: Float64Array,
  phase: string | null,
  spans: readonly TimeSpan[],
): Correlation {
  const ranges = spans.map((span) => rangeOf(a, span));
  const [left, right] = thinned(a.values, aligned, ranges);
  const isEnough = left.length >= LEAST_TICKS;
  return {
    a: a.id,
    b: b.id,
    phase,
    pearson: isEnough ? pearson(left, right) : null,
    spearman: isEnough ? spearman(left, right) : null,
    samples: left.length,
  };
}

/** Pairs of which both numbers are known, evenly thinned out. */
function thinned(
  a: Float64Array,
  b: Float64Array,
  ranges: readonly IndexRange[],
): readonly [Float64Array, Float64Array] {
  const isBoth = (i: number) => !Number.isNaN(a[i]!) && !Number.isNaN(b[i]!);
  let count = 0;
  for (const { from, to } of ranges) for (let i = from; i < to; i++) if (isBoth(i)) count += 1;
  const stride = Math.max(1, Math.ceil(count / MOST_TICKS));
  const kept = Math.ceil(count / stride);
  const [left, right] = [new Float64Array(kept), new Float64Array(kept)];
  let seen = 0;
  for (const { from, to } of ranges) {
    for (let i = from; i < to; i++) {
      if (!isBoth(i)) continue;
      if (seen % stride === 0) {
        left[seen / stride] = a[i]!;
        right[seen / stride] = b[i]!;
      }
      seen += 1;
    }
  }
  return [left, right];
}

/**
 * The share of each series' variance that lies between the names of phases (eta squared: the sum of squares between
 * the groups by that of all; Fisher 1925), samples counting alike.
 */
export function phaseCorrelations(
  series: readonly Series[],
  segments: readonly Segment[],
): readonly PhaseCorrelation[] {
  return segments.length === 0 ? [] : series.map((one) => explained(one, segments));
}

function explained(series: Series, segments: readonly Segment[]): PhaseCorrelation {
  const groups = new Map<string, { count: number; sum: number; squares: number }>();
  // Large numbers close to each other lose their variance when squared: they are taken from one of them.
  let shift = NaN;
  for (const segment of segments) {
    const { from, to } = rangeOf(series, segment);
    for (let i = from; i < to; i++) {
      const value = series.values[i]!;
      if (Number.isNaN(value)) continue;
      if (Number.isNaN(shift)) shift = value;
      const { name } = segment.phase;
      let group = groups.get(name);
      if (group === undefined) groups.set(name, group = { count: 0, sum: 0, squares: 0 });
      group.count += 1;
      group.sum += value - shift;
      group.squares += (value - shift) ** 2;
    }
  }
  const all = [...groups.values()];
  const total = (of: (group: typeof all[number]) => number) =>
    all.reduce((sum, group) => sum + of(group), 0);
  const count = total((group) => group.count);
  const common = total((group) => group.sum) ** 2 / count;
  const whole = total(({ squares }) => squares) - common;
  const between = total((group) => group.sum ** 2 / group.count) - common;
  const isDefined = groups.size >= 2 && whole > 0;
  return {
    series: series.id,
    etaSquared: isDefined ? Math.min(1, Math.max(0, between / whole)) : null,
    meanByPhase: [...groups].map(([phase, group]) => ({
      phase,
      mean: shift + group.sum / group.count,
    })),
  };
}
