/** What was expected against what was measured. Pure. */
import { formatSize, roundHalfEven } from "../../format.ts";
import type { Expectation, Range } from "../config/settings.ts";
import type { PhaseSpan } from "../phase_span.ts";
import {
  busiest,
  cleanups,
  growthPerStep,
  means,
  type Measurement,
  peaks,
  spikes,
  steadyRanges,
} from "./expectation_rules.ts";
import type { ExpectationResult } from "./records.ts";
import type { TimeSpan } from "./samples.ts";
import type { Series } from "./series.ts";

type Measure = (series: Series, spans: readonly TimeSpan[]) => readonly Measurement[];

interface Rule {
  readonly rule: string;
  /** In a sentence. */
  readonly what: string;
  readonly unit: ExpectationResult["unit"];
  readonly expected: Range | null;
  readonly measure: Measure;
  /** Of the busiest GPU, whatever the expectation is about. */
  readonly isUtilization?: boolean;
}

/** One result for each rule that is set. Every phase that fits has to meet it; the worst one is told. */
export function expectationResults(
  expectations: readonly Expectation[],
  series: readonly Series[],
  phases: readonly PhaseSpan[],
  session: TimeSpan,
): readonly ExpectationResult[] {
  const needsUtilization = expectations.some(({ utilizationRatio }) => utilizationRatio !== null);
  const utilization = needsUtilization ? busiest(series) : null;
  return expectations.flatMap((expectation) => {
    const spans = spansOf(expectation, phases, session);
    const own = seriesNamed(expectation.of, series);
    return rulesOf(expectation).map((rule) => {
      const measured = rule.isUtilization ? utilization : own;
      return judge(expectation, rule, measured === null ? [] : rule.measure(measured, spans));
    });
  });
}

function rulesOf(expectation: Expectation): readonly Rule[] {
  const { cleanupRatio } = expectation;
  const bytes = { unit: "bytes" } as const;
  const ratio = { unit: "ratio" } as const;
  const cleanup = cleanupRatio === null ? null : { least: cleanupRatio, most: null };
  const rules: readonly Rule[] = [
    {
      ...bytes,
      rule: "spike_bytes",
      what: "rise",
      expected: expectation.spikeBytes,
      measure: spikes,
    },
    {
      ...bytes,
      rule: "steady_bytes",
      what: "steady level",
      expected: expectation.steadyBytes,
      measure: steadyRanges,
    },
    {
      ...bytes,
      rule: "growth_per_step_bytes",
      what: "growth per step",
      expected: expectation.growthPerStepBytes,
      measure: growthPerStep,
    },
    {
      ...ratio,
      rule: "cleanup_ratio",
      what: "share given back before the next",
      expected: cleanup,
      measure: cleanups,
    },
    { ...bytes, rule: "peak_bytes", what: "peak", expected: expectation.peakBytes, measure: peaks },
    {
      ...ratio,
      rule: "utilization_ratio",
      what: "mean utilisation",
      expected: expectation.utilizationRatio,
      measure: means,
      isUtilization: true,
    },
  ];
  return rules.filter(({ expected }) => expected !== null && expected !== undefined);
}

function spansOf(
  { phase, type }: Expectation,
  phases: readonly PhaseSpan[],
  session: TimeSpan,
): readonly TimeSpan[] {
  if (phase === null && type === null) return [session];
  return phases.filter((span) =>
    (phase === null || span.name === phase) && (type === null || span.type === type)
  );
}

/** `vram` is the memory of all GPUs, or of the only one. */
function seriesNamed(of: string, series: readonly Series[]): Series | null {
  const named = (kind: Series["kind"]) => series.find((one) => one.kind === kind);
  if (of === "vram") return named("vram_all") ?? named("vram") ?? null;
  return series.find(({ id }) => id.id === of) ?? null;
}

function judge(
  { name, phase, type, of }: Expectation,
  { rule, what, unit, expected, isUtilization }: Rule,
  measurements: readonly Measurement[],
): ExpectationResult {
  const { least, most } = expected!;
  const subject = phase ?? type ?? "session";
  const missed = measurements.filter((one) => excess(one, expected!) > 0);
  const told = measurements.reduce<Measurement | null>(
    (worst, one) =>
      worst !== null && excess(worst, expected!) >= excess(one, expected!) ? worst : one,
    null,
  );
  const measured = told === null ? null : least !== null && told.low < least ? told.low : told.high;
  const text = (value: number) => unit === "bytes" ? sizeText(value) : percentText(value);
  const about = `${subject}: ${what} of ${isUtilization ? "the busiest GPU" : of}`;
  const wanted = `expected ${rangeText(expected!, text)}`;
  const often = measurements.length > 1
    ? `; ${missed.length} of ${measurements.length} times outside`
    : "";
  return {
    name,
    subject,
    rule,
    verdict: told === null ? "unknown" : missed.length > 0 ? "missed" : "met",
    measured,
    least,
    most,
    unit,
    message: told === null
      ? `${about}: nothing to measure it on; ${wanted}`
      : `${about}: ${spanText(told, text)}, ${wanted}${often}`,
  };
}

/** How far a measurement is outside of the range; negative inside: the distance to the nearer end. */
function excess({ low, high }: Measurement, { least, most }: Range): number {
  return Math.max(
    least === null ? -Infinity : least - low,
    most === null ? -Infinity : high - most,
  );
}

function spanText({ low, high }: Measurement, text: (value: number) => string): string {
  return low === high ? text(low) : `${text(low)} to ${text(high)}`;
}

function rangeText({ least, most }: Range, text: (value: number) => string): string {
  if (least !== null && most !== null) return `${text(least)} to ${text(most)}`;
  if (least !== null) return `at least ${text(least)}`;
  return most === null ? "anything" : `at most ${text(most)}`;
}

function sizeText(bytes: number): string {
  return bytes < 0 ? `-${formatSize(-bytes)}` : formatSize(bytes);
}

function percentText(ratio: number): string {
  return `${roundHalfEven(ratio * 100, 0)} %`;
}
