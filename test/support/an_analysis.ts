/** Analyses made by hand, for the tests of what is told about them. */
import type {
  Analysis,
  GrowthReport,
  Insight,
  PhaseReport,
  SeriesId,
  SeriesStats,
} from "../../lib/session/analysis/records.ts";
import type { Growth } from "../../lib/session/stats/growth.ts";

export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

/** Text that is markup, a link, a mention, a row, a terminal sequence and a spoof at once. */
export const HOSTILE =
  'a|b `c` **d** <img src=x onerror="globalThis.pwned=1"></script><script>globalThis.pwned=1</script>' +
  " [e](http://evil.example) https://evil.example www.evil.example @someone #1 $x$ \\| &amp;" +
  "\n# heading\n| x | y |\x1b[31m\u202e\u2028 _f_ ~~g~~ {{h}} --> ]]> '\"";

/** What of it must not reach a reader: it acts on a terminal, or turns and breaks text. */
export function actsOn(text: string): boolean {
  return ["\x1b", "\u202e", "\u2028"].some((char) => text.includes(char));
}

/** Names a series. */
export function aSeriesId(id: string, label = id, unit: SeriesId["unit"] = "bytes"): SeriesId {
  return { id, label, unit };
}

/** Numbers of a series of 100 samples. */
export function aSeries(id: string, some: Partial<SeriesStats> = {}): SeriesStats {
  const peak = some.peak === undefined ? 4 * GIB : some.peak;
  return {
    series: aSeriesId(id),
    samples: 100,
    unknown: 0,
    peak,
    peakAtMs: 60_000,
    minimum: GIB,
    mean: 2 * GIB,
    p50: 2 * GIB,
    p95: 3 * GIB,
    p99: 3.5 * GIB,
    first: GIB,
    last: 2 * GIB,
    limit: 12 * GIB,
    peakRatio: peak === null ? null : peak / (12 * GIB),
    meanRatio: 1 / 6,
    ...some,
  };
}

/** A verdict: a stable series by default. */
export function aGrowth(
  id: string,
  some: Partial<Growth> = {},
  place: Partial<Omit<GrowthReport, "growth">> = {},
): GrowthReport {
  return {
    series: aSeriesId(id),
    phase: null,
    basis: "samples",
    startMs: 0,
    endMs: 600_000,
    ...place,
    growth: {
      verdict: "stable",
      reason: "it does not grow",
      slopeBytesPerHour: 0,
      slopeLow: -MIB,
      slopeHigh: MIB,
      rawSlopeBytesPerHour: 0,
      pRaw: 0.5,
      pEnvelope: 0.5,
      p: 0.5,
      minimumDetectableBytesPerHour: 12 * MIB,
      steps: [],
      sawtoothAmplitudeBytes: null,
      samples: 100,
      spanMs: 600_000,
      timeToLimitMs: null,
      timeToLimitLowMs: null,
      timeToLimitHighMs: null,
      judgedFromMs: 0,
      judgedToMs: 600_000,
      ...some,
    },
  };
}

/** An insight. */
export function anInsight(some: Partial<Insight> = {}): Insight {
  return {
    kind: "headroom",
    severity: "info",
    subject: "GPU 0 memory",
    finding: "GPU 0 memory never took more than 4.0 GiB",
    advice: "There is room",
    numbers: {},
    ...some,
  };
}

/** A phase in which one series was measured. */
export function aPhaseReport(path: string, startMs: number, endMs: number): PhaseReport {
  return {
    span: {
      name: path.split("/").at(-1)!,
      path,
      depth: 0,
      startMs,
      endMs,
      type: "planning",
      step: "3",
      labels: {},
    },
    series: [{ ...aSeries("vram:gpu0"), spike: 3 * GIB, retained: 512 * MIB }],
    thermal: [],
    maxPressureRatio: null,
    swapGrowthBytes: 0,
  };
}

/** The analysis of ten quiet minutes on a machine with one GPU. */
export function anAnalysis(some: Partial<Analysis> = {}): Analysis {
  return {
    name: "test",
    files: ["memory-logs/gpu-memory-test-2026-01-31_12-00-00.csv"],
    startedAtMs: Date.UTC(2026, 0, 31, 12),
    durationMs: 600_000,
    intervalMs: 2_000,
    host: "box",
    command: null,
    endedBy: "stopped",
    devices: [{ gpu: 0, name: "NVIDIA Test", uuid: "GPU-0", totalBytes: 12 * GIB }],
    ramTotalBytes: 64 * GIB,
    series: [
      aSeries("vram:gpu0", { series: aSeriesId("vram:gpu0", "GPU 0 memory") }),
      aSeries("ram", { series: aSeriesId("ram", "RAM") }),
    ],
    zones: [{
      series: aSeriesId("vram:gpu0", "GPU 0 memory"),
      ms: { safe: 600_000, caution: 0, critical: 0, unknown: 0 },
    }],
    ram: { ms: { normal: 600_000, elevated: 0, warning: 0, critical: 0, unknown: 0 } },
    phases: [],
    groups: [],
    phaseCorrelations: [],
    correlations: [],
    loads: [],
    cycles: [],
    overlaps: [],
    thermal: [],
    growth: [],
    scaling: [],
    insights: [],
    expectations: [],
    alerts: [],
    gaps: [],
    cost: null,
    notices: [],
    ...some,
  };
}

/** Everything that a session can hold, with `text` wherever text comes from outside. */
export function aFullAnalysis(text: string): Analysis {
  const id = aSeriesId("rss:x", `RAM of ${text}`);
  const load = {
    series: id,
    kind: "load",
    startMs: 1_000,
    endMs: 3_000,
    bytes: 2 * GIB,
    phase: text,
  } as const;
  const unload = { ...load, kind: "unload", startMs: 60_000, endMs: 61_000 } as const;
  const phase = aPhaseReport(text, 0, 60_000);
  const thermal = {
    gpu: 0,
    maxCelsius: 71,
    meanCelsius: 65.5,
    maxWatts: 240,
    meanWatts: 120,
    energyWattHours: 20,
    clockDrops: 2,
    meanUtilizationRatio: 0.5,
  };
  return anAnalysis({
    name: text,
    host: text,
    command: [text, "--flag"],
    endedBy: text,
    files: [`memory-logs/${text}`],
    notices: [text],
    devices: [{ gpu: 0, name: text, uuid: null, totalBytes: 12 * GIB }],
    series: [aSeries("rss:x", { series: id, unknown: 1 })],
    phases: [{
      ...phase,
      span: { ...phase.span, type: text, step: text, labels: { [text]: text } },
      series: [{ ...aSeries("rss:x", { series: id }), spike: GIB, retained: -MIB }],
      thermal: [thermal],
    }],
    groups: [{
      by: "type",
      key: text,
      count: 1,
      totalMs: 1,
      meanMs: 1,
      series: [{ series: id, peak: 1, mean: 1, p95: 1, retainedEach: 1, retainedTotal: 1 }],
      energyWattHours: null,
    }],
    phaseCorrelations: [{
      series: id,
      etaSquared: 0.5,
      meanByPhase: [{ phase: text, mean: GIB }],
    }],
    correlations: [{ a: id, b: id, phase: text, pearson: 1, spearman: null, samples: 3 }],
    loads: [load, unload],
    cycles: [{ series: id, load, unload, returnedRatio: 0.5, leftBytes: GIB }],
    overlaps: [{ series: id, startMs: 0, endMs: 1, extraBytes: GIB }],
    thermal: [thermal],
    growth: [
      { ...aGrowth("rss:x", { verdict: "leak", reason: text }), series: id },
      { ...aGrowth("rss:x", {}, { phase: text }), series: id },
    ],
    scaling: [{
      series: id,
      limitBytes: 12 * GIB,
      peakBytes: 4 * GIB,
      unitBytes: 2 * GIB,
      unitSource: "load_step",
      moreFit: 4,
      moreFitSafely: 3,
      timeToLimitMs: 3_600_000,
      timeToLimitLowMs: 1_800_000,
      timeToLimitHighMs: null,
      note: text,
    }],
    insights: [anInsight({ severity: "critical", subject: text, finding: text, advice: text })],
    expectations: [{
      name: text,
      subject: text,
      rule: "peak_bytes",
      verdict: "missed",
      measured: 9 * GIB,
      least: null,
      most: 8 * GIB,
      unit: "bytes",
      message: text,
    }],
    alerts: [{ subject: text, severity: "critical", startMs: 5, endMs: null, message: text }],
    gaps: [{ subject: text, startMs: 0, endMs: 2_000, reason: text }],
    cost: { meanCpuRatio: 0.01, maxRssBytes: 70 * MIB, p95GpuProbeMs: 3, p95SystemProbeMs: null },
  });
}
