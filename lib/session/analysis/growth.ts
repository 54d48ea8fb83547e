/** The leak verdicts of a session: which series grow, over the whole of it and within its phases. Pure. */
import type { EventRow } from "../rows.ts";
import { judgeGrowth, notJudged } from "../stats/growth.ts";
import type { PhaseSpan } from "../phase_span.ts";
import { spansBy } from "./phase_groups.ts";
import type { GrowthReport } from "./records.ts";
import { firstAtOrAfter, rangeOf, type TimeSpan } from "./samples.ts";
import type { Series } from "./series.ts";

/** At most so many verdicts: each takes some milliseconds, and nobody reads more. */
const MOST_VERDICTS = 200;
/** Fewer samples in a phase, or fewer of its repetitions, are not judged. */
const LEAST: Readonly<Record<GrowthReport["basis"], number>> = { samples: 30, repetitions: 8 };

/** What growth is judged with. */
export interface GrowthOptions {
  /** Probability of calling a stable series growing. */
  readonly alpha: number;
  readonly intervalMs: number;
  /** Where the clocks went apart (a suspend), what was sampled beside is left out. */
  readonly events: readonly EventRow[];
}

/** The verdicts, and what was left out. */
export interface GrowthReports {
  readonly growth: readonly GrowthReport[];
  readonly notices: readonly string[];
}

/** What is to be judged. */
interface Question {
  readonly series: Series;
  readonly phase: string | null;
  readonly basis: GrowthReport["basis"];
  readonly spans: readonly TimeSpan[];
  /** Among so many of its kind: each has a smaller chance to be wrong. */
  readonly among: number;
}

/**
 * Judges the series in bytes that change at all: first over the session, then the level at the end of each repetition
 * of a phase, then each phase by itself, the longest first. A hundred phases judged at α would show a leak by chance:
 * α is divided by their number (Bonferroni).
 */
export function growthReports(
  all: readonly Series[],
  phases: readonly PhaseSpan[],
  session: TimeSpan,
  options: GrowthOptions,
): GrowthReports {
  const changing = all.filter(({ id, values }) => id.unit === "bytes" && changes(values));
  const series = changing.filter(({ drifts }) => !drifts);
  const questions = [
    ...series.map((one) => ask(one, null, "samples", [session])),
    ...repetitions(series, phases),
    ...singly(series, phases),
  ];
  const isIrregular = irregularity(options);
  const growth: GrowthReport[] = changing.filter(({ drifts }) => drifts)
    .map((one) => unjudgedReport(one, session));
  let leftOut = 0;
  for (const question of questions) {
    const samples = question.basis === "samples"
      ? samplesOf(question, isIrregular)
      : endsOf(question, isIrregular);
    if (question.phase !== null && !isEnough(question, samples)) continue;
    if (growth.length >= MOST_VERDICTS) leftOut += 1;
    else growth.push(report(question, samples, options));
  }
  const notice = `Growth was judged ${MOST_VERDICTS} times, of the longest phases; ` +
    `${leftOut} more series within phases were not judged`;
  return { growth, notices: leftOut > 0 ? [notice] : [] };
}

function ask(
  series: Series,
  phase: string | null,
  basis: GrowthReport["basis"],
  spans: readonly TimeSpan[],
  among = 1,
): Question {
  return { series, phase, basis, spans, among };
}

function repetitions(series: readonly Series[], phases: readonly PhaseSpan[]): Question[] {
  return [...spansBy(phases, ({ path }) => path)]
    .filter(([, spans]) => spans.length >= LEAST.repetitions)
    .flatMap(([path, spans]) => series.map((one) => ask(one, path, "repetitions", spans)));
}

function singly(series: readonly Series[], phases: readonly PhaseSpan[]): Question[] {
  const among = series.map((one) => {
    const long = phases.filter((span) => {
      const { from, to } = rangeOf(one, span);
      return to - from >= LEAST.samples;
    });
    return Math.max(1, Math.min(long.length, MOST_VERDICTS));
  });
  return [...phases]
    .sort((a, b) => (b.endMs - b.startMs) - (a.endMs - a.startMs))
    .flatMap((span) => series.map((one, i) => ask(one, span.path, "samples", [span], among[i])));
}

interface GrowthSamples {
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
}

function isEnough({ basis }: Question, { values }: GrowthSamples): boolean {
  return values.length >= LEAST[basis] && changes(values);
}

/** The known samples of a time span. */
function samplesOf({ series, spans }: Question, isIrregular: Irregular): GrowthSamples {
  const { from, to } = rangeOf(series, spans[0]!);
  const isWhole = (i: number) =>
    !Number.isNaN(series.values[i]!) && !isIrregular(series.timesMs[i]!);
  let whole = from;
  while (whole < to && isWhole(whole)) whole += 1;
  // Nothing is left out: no copy is needed.
  if (whole === to) {
    return { timesMs: series.timesMs.subarray(from, to), values: series.values.subarray(from, to) };
  }
  const kept = new Float64Array(to - from);
  const times = new Float64Array(to - from);
  let count = 0;
  for (let i = from; i < to; i++) {
    if (!isWhole(i)) continue;
    times[count] = series.timesMs[i]!;
    kept[count++] = series.values[i]!;
  }
  return { timesMs: times.subarray(0, count), values: kept.subarray(0, count) };
}

/** The last known sample of each time span. */
function endsOf({ series, spans }: Question, isIrregular: Irregular): GrowthSamples {
  const ends = spans.flatMap((span) => {
    const { from, to } = rangeOf(series, span);
    for (let i = to - 1; i >= from; i--) {
      const [at, value] = [series.timesMs[i]!, series.values[i]!];
      if (!Number.isNaN(value) && !isIrregular(at)) return [[at, value] as const];
    }
    return [];
  });
  return {
    timesMs: Float64Array.from(ends, ([at]) => at),
    values: Float64Array.from(ends, ([, value]) => value),
  };
}

/** Whether a moment is within one interval of one at which the wall clock jumped. */
type Irregular = (atMs: number) => boolean;

function irregularity({ events, intervalMs }: GrowthOptions): Irregular {
  const jumps = Float64Array.from(
    events.filter(({ event }) => event === "clock").map(({ elapsedMs }) => elapsedMs),
  ).sort();
  return (atMs) =>
    (jumps[firstAtOrAfter(jumps, atMs - intervalMs)] ?? Infinity) <= atMs + intervalMs;
}

function report(
  { series, phase, basis, spans, among }: Question,
  samples: GrowthSamples,
  { alpha }: GrowthOptions,
): GrowthReport {
  const leastSamples = LEAST[basis];
  const limitBytes = series.limit;
  const growth = judgeGrowth(samples, { alpha: alpha / among, limitBytes, leastSamples });
  const { startMs } = spans[0]!;
  return { series: series.id, phase, basis, startMs, endMs: spans.at(-1)!.endMs, growth };
}

/** Why Windows' count of the GPU memory of a process says nothing about leaks. */
const DRIFTS = "Not judged: Windows' count of the GPU memory that a process has committed drifts " +
  "(KB 4490156), and jumps when the machine wakes";

function unjudgedReport(series: Series, { startMs, endMs }: TimeSpan): GrowthReport {
  const growth = notJudged(series, DRIFTS);
  return { series: series.id, phase: null, basis: "samples", startMs, endMs, growth };
}

/** Whether two known values differ. */
function changes(values: Float64Array): boolean {
  let first = NaN;
  for (const value of values) {
    if (Number.isNaN(first)) first = value;
    else if (value !== first && !Number.isNaN(value)) return true;
  }
  return false;
}
