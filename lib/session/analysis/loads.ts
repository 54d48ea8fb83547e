/** Loads and unloads of models: the large quick steps of a session. Pure. */
import { PHASE_NAMES } from "../config/settings.ts";
import type { PhaseSpan } from "../phase_span.ts";
import { cyclesOf, type LevelStep, plain } from "./cycles.ts";
import { overlapsOf } from "./overlaps.ts";
import type { LoadCycle, LoadStep, Overlap } from "./records.ts";
import {
  highestIn,
  type IndexRange,
  isKnown,
  lowestIn,
  rangeOf,
  type TimeSpan,
} from "./samples.ts";
import { phaseAt, type Segment } from "./segments.ts";
import type { Series } from "./series.ts";
import { leastStep, stepsOf } from "./steps.ts";

/** The phase in which a load may take its time. */
const LOADING: string = PHASE_NAMES[1];
/** What an unload gives back in small pieces comes within this time. */
const SETTLE_MS = 30_000;

/** All steps of a session, and what belongs together. */
export interface Loads {
  readonly loads: readonly LoadStep[];
  readonly cycles: readonly LoadCycle[];
  readonly overlaps: readonly Overlap[];
}

/** Finds them, series by series. */
export function loadsOf(
  series: readonly Series[],
  phases: readonly PhaseSpan[],
  segments: readonly Segment[],
): Loads {
  const slow = phases.filter(({ name }) => name === LOADING);
  const found = loadSeries(series).map(({ series: one, least }) => {
    const steps = stepsOf(one, least, slow);
    const levels = steps.map(({ startMs, endMs, bytes, before, after }, i): LevelStep => ({
      series: one.id,
      kind: bytes > 0 ? "load" : "unload",
      startMs,
      endMs,
      bytes: Math.abs(bytes),
      // The first moment of a step still shows the level before it.
      phase: phaseAt(segments, (startMs + endMs) / 2)?.path ?? null,
      before,
      settled: lowestIn(
        one.values,
        closed(one, {
          startMs: endMs,
          endMs: Math.min(endMs + SETTLE_MS, steps[i + 1]?.startMs ?? Infinity),
        }),
      ) ?? after,
    }));
    const cycles = cyclesOf(levels);
    const peak = (span: TimeSpan) => highestIn(one.values, closed(one, span));
    return { loads: levels.map(plain), cycles, overlaps: overlapsOf(levels, cycles, peak, least) };
  });
  return {
    loads: found.flatMap(({ loads }) => loads),
    cycles: found.flatMap(({ cycles }) => cycles),
    overlaps: found.flatMap(({ overlaps }) => overlaps),
  };
}

/**
 * GPU memory per GPU and per watched target; the RAM of targets of whose GPU memory nothing is known, because there
 * is no GPU or none that tells.
 */
function loadSeries(all: readonly Series[]): readonly { series: Series; least: number }[] {
  const ofKind = (kind: Series["kind"]) => all.filter((one) => one.kind === kind);
  const gpus = ofKind("vram");
  const largest = Math.max(0, ...gpus.map(({ limit }) => limit ?? 0));
  const hasVram = new Set(
    ofKind("target_vram").filter(({ values }) => values.some((bytes) => bytes > 0))
      .map(({ owner }) => owner),
  );
  const withoutGpu = ofKind("target_rss")
    .filter(({ owner }) => gpus.every(({ values }) => !isKnown(values)) && !hasVram.has(owner));
  return [
    ...gpus.map((series) => ({ series, least: leastStep(series.limit) })),
    ...ofKind("target_vram").map((series) => ({ series, least: leastStep(largest) })),
    // How much RAM the machine has says nothing about the size of what a process loads.
    ...withoutGpu.map((series) => ({ series, least: leastStep(null) })),
  ];
}

/** The samples of a time span, one at its very end included. */
function closed(series: Series, span: TimeSpan): IndexRange {
  const { from, to } = rangeOf(series, span);
  return { from, to: series.timesMs[to] === span.endMs ? to + 1 : to };
}
