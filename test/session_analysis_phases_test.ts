/** Phases: each by itself, taken together, and as an explanation of what the memory did. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { analyzeSession } from "../lib/session/analysis/analyze.ts";
import { clockDropsOf } from "../lib/session/analysis/clock_drops.ts";
import { phaseAt, segmentsOf } from "../lib/session/analysis/segments.ts";
import {
  aSession,
  aSpan,
  GIB,
  MIB,
  MINUTE,
  ramps,
  SECOND,
  stairs,
} from "./support/session_data.ts";

type Analysis = ReturnType<typeof analyzeSession>;

const near = (actual: number | null | undefined, expected: number, off = 1e-9) => {
  assert.ok(typeof actual === "number", `${actual} is not a number`);
  assert.ok(Math.abs(actual - expected) <= off * Math.max(1, Math.abs(expected)), `${actual}`);
};

function seriesOf(analysis: Analysis, phase: number, id: string) {
  const found = analysis.phases[phase]!.series.find(({ series }) => series.id === id);
  assert.ok(found, `${id} is in the phase`);
  return found;
}

test("what a phase took and kept counts from its start, also between two ticks", () => {
  const analysis = analyzeSession(aSession({
    durationMs: 2 * MINUTE,
    // Loaded within two seconds of the phase's beginning: no sample of it shows the level before.
    gpus: [{
      usedBytes: stairs([0, GIB], [31_000, 4 * GIB], [60_000, 3 * GIB], [90_000, 2 * GIB]),
    }],
    phases: [
      aSpan("Idle", 0, 30_500),
      aSpan("Active", 30_500, 100_000),
      aSpan("Idle", 100_000, 120_000),
    ],
  }));
  const idle = seriesOf(analysis, 0, "vram:gpu0");
  assert.deepEqual([idle.spike, idle.retained, idle.first, idle.last], [0, 0, GIB, GIB]);
  const active = seriesOf(analysis, 1, "vram:gpu0");
  assert.deepEqual([active.first, active.last, active.peak], [4 * GIB, 2 * GIB, 4 * GIB]);
  assert.deepEqual([active.spike, active.retained], [3 * GIB, GIB]);
  assert.equal(active.peakAtMs, 32_000);
  const { span: _, thermal, ...rest } = analysis.phases[1]!;
  assert.equal(thermal.length, 1);
  assert.deepEqual([rest.maxPressureRatio, rest.swapGrowthBytes], [null, null]);
});

test("a phase without samples knows nothing", () => {
  const analysis = analyzeSession(aSession({
    gpus: [{ usedBytes: GIB, powerWatts: 100 }],
    system: { usedBytes: GIB, swapUsedBytes: 0, pressureSomeRatio: 0 },
    phases: [aSpan("Blink", 10_100, 10_900)],
  }));
  const blink = seriesOf(analysis, 0, "vram:gpu0");
  assert.deepEqual(
    [blink.samples, blink.peak, blink.mean, blink.p95, blink.spike, blink.retained],
    [0, null, null, null, null, null],
  );
  const phase = analysis.phases[0]!;
  assert.deepEqual([phase.maxPressureRatio, phase.swapGrowthBytes], [null, null]);
  // The trapezoid around it is known all the same.
  near(phase.thermal[0]!.energyWattHours, 100 * 0.8 / 3600);
  const [group] = analysis.groups;
  assert.deepEqual([group!.count, group!.totalMs, group!.series[0]!.peak], [1, 800, null]);
  assert.deepEqual([group!.series[0]!.retainedEach, group!.series[0]!.retainedTotal], [null, null]);
});

test("pressure and swap of a phase", () => {
  const { phases } = analyzeSession(aSession({
    system: {
      usedBytes: GIB,
      swapUsedBytes: stairs([0, 100 * MIB], [61_000, 300 * MIB], [80_000, 200 * MIB]),
      pressureSomeRatio: stairs([0, 0], [70_000, 0.3], [74_000, 0.05]),
    },
    phases: [aSpan("Before", 0, MINUTE), aSpan("Busy", MINUTE, 2 * MINUTE)],
  }));
  assert.deepEqual(
    phases.map(({ maxPressureRatio, swapGrowthBytes }) => [maxPressureRatio, swapGrowthBytes]),
    [[0, 0], [0.3, 200 * MIB]],
  );
});

test("missions and steps are taken together by name, type and step", () => {
  // Two missions of three steps; each step keeps 100 MiB, and each mission starts over.
  const phases = [0, 1].flatMap((mission) => {
    const start = mission * 3 * MINUTE;
    const type = ["planning", "implementation"][mission]!;
    return [
      aSpan("Mission", start, start + 3 * MINUTE, { type }),
      ...[0, 1, 2].map((step) =>
        aSpan("Mission/Chain", start + step * MINUTE, start + (step + 1) * MINUTE, {
          step: String(step + 1),
        })
      ),
    ];
  });
  const analysis = analyzeSession(aSession({
    durationMs: 6 * MINUTE,
    gpus: [{
      usedBytes: (atMs) =>
        atMs === 6 * MINUTE
          ? GIB + 300 * MIB
          : GIB + 100 * MIB * Math.floor(((atMs + MINUTE / 2) % (3 * MINUTE)) / MINUTE),
      powerWatts: 120,
    }],
    phases,
  }));
  const told = analysis.groups.map(({ by, key, count, totalMs, meanMs }) => [
    by,
    key,
    count,
    totalMs / MINUTE,
    meanMs / MINUTE,
  ]);
  assert.deepEqual(told, [
    ["name", "Mission", 2, 6, 3],
    ["name", "Chain", 6, 6, 1],
    ["type", "planning", 1, 3, 3],
    ["type", "implementation", 1, 3, 3],
    ["step", "1", 2, 2, 1],
    ["step", "2", 2, 2, 1],
    ["step", "3", 2, 2, 1],
  ]);
  const byKey = (key: string) => analysis.groups.find((group) => group.key === key)!;
  near(byKey("Mission").energyWattHours, 120 * 0.1);
  near(byKey("2").energyWattHours, 120 * 2 / 60);
  const second = byKey("2").series[0]!;
  assert.deepEqual([second.retainedEach, second.retainedTotal], [100 * MIB, 200 * MIB]);
  assert.deepEqual([second.peak, second.p95], [GIB + 200 * MIB, GIB + 200 * MIB]);
  near(second.mean, GIB + 150 * MIB);
});

test("each moment belongs to the innermost phase", () => {
  const segments = segmentsOf([
    aSpan("A", 0, 100),
    aSpan("A/B", 20, 60),
    aSpan("A/B/C", 20, 30),
    aSpan("D", 150, 200),
  ]);
  assert.deepEqual(
    segments.map(({ phase, startMs, endMs }) => [phase.name, startMs, endMs]),
    [["C", 20, 30], ["B", 30, 60], ["A", 60, 100], ["D", 150, 200]].reduce(
      (all, one) => [...all, one],
      [["A", 0, 20]] as (string | number)[][],
    ),
  );
  const at = [0, 20, 30, 99, 100, 149, 150, 200].map((ms) => phaseAt(segments, ms)?.name ?? null);
  assert.deepEqual(at, ["A", "C", "B", "A", null, null, "D", null]);
  const equals = segmentsOf([aSpan("Old", 0, 100), aSpan("New", 50, 100)]);
  assert.deepEqual(equals.map(({ phase }) => phase.name), ["Old", "New"]);
  assert.deepEqual(segmentsOf([]), []);
});

test("phases that make the memory explain all of it, others nothing", () => {
  const phases = [0, 1, 2, 3].map((i) =>
    aSpan(i % 2 === 0 ? "Idle" : "Active", i * MINUTE, (i + 1) * MINUTE)
  );
  const { phaseCorrelations } = analyzeSession(aSession({
    durationMs: 4 * MINUTE - 2 * SECOND,
    gpus: [
      { usedBytes: (atMs) => Math.floor(atMs / MINUTE) % 2 === 0 ? GIB : 3 * GIB },
      // The same course in every phase.
      { usedBytes: (atMs) => GIB + atMs % MINUTE },
      { usedBytes: GIB },
    ],
    phases,
  }));
  const [made, same, constant] = phaseCorrelations;
  near(made!.etaSquared, 1);
  assert.deepEqual(made!.meanByPhase, [
    { phase: "Idle", mean: GIB },
    { phase: "Active", mean: 3 * GIB },
  ]);
  near(same!.etaSquared, 0, 1e-6);
  assert.equal(constant!.etaSquared, null);
  const { phaseCorrelations: none } = analyzeSession(aSession({ phases: phases.slice(0, 1) }));
  assert.equal(none[0]!.etaSquared, null, "one phase explains nothing");
});

test("series that move together, and those that do not", () => {
  const wave = (atMs: number) => (atMs / MINUTE) % 1;
  const { correlations } = analyzeSession(aSession({
    gpus: [{
      usedBytes: (atMs) => GIB * (1 + wave(atMs)),
      utilizationRatio: (atMs) => 1 - wave(atMs),
    }],
    system: { usedBytes: (atMs) => GIB * (2 + wave(atMs) ** 3), cpuUtilizationRatio: 0.5 },
    phases: [aSpan("Idle", 0, 5 * MINUTE), aSpan("Blink", 5 * MINUTE, 5 * MINUTE + 4 * SECOND)],
  }));
  const told = (a: string, b: string, phase: string | null) =>
    correlations.find((one) => one.a.id === a && one.b.id === b && one.phase === phase);
  near(told("vram:gpu0", "utilization:gpu0", null)!.pearson, -1);
  const ram = told("vram:gpu0", "ram", null)!;
  near(ram.spearman, 1, 1e-3);
  assert.ok(ram.pearson! > 0.85 && ram.pearson! < 0.95, `${ram.pearson}`);
  assert.equal(ram.samples, 301);
  assert.equal(told("vram:gpu0", "ram", "Idle")!.samples, 150);
  assert.equal(told("vram:gpu0", "ram", "Blink"), undefined, "too few ticks");
  const constant = told("vram:gpu0", "cpu", null)!;
  assert.deepEqual([constant.pearson, constant.spearman], [null, null]);
});

test("GPUs and groups are not compared with one another", () => {
  const course = (atMs: number) => GIB + atMs;
  const { correlations } = analyzeSession(aSession({
    gpus: [
      { usedBytes: course, utilizationRatio: 0.5 },
      { usedBytes: course, utilizationRatio: 0.5 },
    ],
    processes: {
      a: { rssBytes: course, vramBytes: course },
      b: { rssBytes: course, vramBytes: course },
    },
  }));
  const pairs = new Set(correlations.map(({ a, b }) => `${a.id} ${b.id}`));
  assert.ok(pairs.has("vram:gpu1 utilization:gpu1") && pairs.has("rss:a vram:a"));
  for (const pair of ["vram:gpu0 utilization:gpu1", "vram:gpu0 vram:gpu1", "rss:a vram:b"]) {
    assert.ok(!pairs.has(pair), pair);
  }
});

test("a long session's correlations are of 10 000 of its ticks at most", () => {
  const data = aSession({
    durationMs: 100_000 * SECOND,
    intervalMs: SECOND,
    gpus: [{ usedBytes: (atMs) => atMs, utilizationRatio: (atMs) => atMs / 1e9 }],
  });
  const [whole] = analyzeSession(data).correlations;
  assert.equal(whole!.samples, 9_091);
  near(whole!.pearson, 1);
});

test("heat and energy of the session, and of phases that add up to it", () => {
  const { thermal, phases } = analyzeSession(aSession({
    durationMs: 10 * MINUTE,
    gpus: [{
      usedBytes: GIB,
      temperatureCelsius: ramps([0, 40], [10 * MINUTE, 80]),
      powerWatts: ramps([0, 0], [10 * MINUTE, 300]),
      utilizationRatio: 0.25,
    }],
    phases: [aSpan("A", 0, 123_456), aSpan("B", 123_456, 10 * MINUTE)],
  }));
  const [gpu] = thermal;
  assert.deepEqual([gpu!.maxCelsius, gpu!.maxWatts, gpu!.meanUtilizationRatio], [80, 300, 0.25]);
  near(gpu!.meanCelsius, 60, 0.01);
  near(gpu!.energyWattHours, 150 / 6);
  const parts = phases.map(({ thermal }) => thermal[0]!.energyWattHours!);
  near(parts[0], (300 * 123_456 / 600_000 / 2) * 123_456 / 3.6e6);
  near(parts[0]! + parts[1]!, 25);
  assert.equal(gpu!.clockDrops, null, "the clock is not known");
});

test("no energy is made up for a gap", () => {
  const { thermal } = analyzeSession(aSession({
    durationMs: 20 * SECOND,
    gpus: [
      { powerWatts: (atMs) => atMs === 10_000 ? null : 360 },
      { powerWatts: (atMs) => atMs % 4000 === 0 ? 360 : null },
    ],
    skip: (atMs) => atMs === 4000,
  }));
  // Of 20 s, 4 s are missing around the skipped tick and 4 s around the empty cell.
  near(thermal[0]!.energyWattHours, 360 * 12 / 3600);
  assert.equal(thermal[1]!.energyWattHours, null);
});

test("a clock that falls while there is work is a drop, once until it is back", () => {
  const clocks = [
    ...Array(20).fill(2000),
    ...[1700, 1700, 1700, 2000, 2000],
    ...[1700, 2000, 2000, 1850, 1850, 2000],
    ...[1500, 1500],
  ];
  const drops = (utilization: number[]) => {
    const times = Float64Array.from(clocks, (_, i) => i * 1000);
    return [...clockDropsOf(times, Float64Array.from(clocks), Float64Array.from(utilization))];
  };
  assert.deepEqual(drops(clocks.map(() => 0.9)), [20_000, 31_000]);
  assert.deepEqual(drops(clocks.map(() => 0.1)), [], "an idle GPU lowers its clock by itself");
  assert.deepEqual(drops(clocks.map(() => NaN)), []);
  assert.deepEqual(
    [...clockDropsOf(new Float64Array(), new Float64Array(), new Float64Array())],
    [],
  );
});

test("clock drops of a phase are those that began in it", () => {
  const { thermal, phases } = analyzeSession(aSession({
    durationMs: 5 * MINUTE,
    gpus: [{
      usedBytes: GIB,
      utilizationRatio: 0.9,
      smClockMhz: stairs([0, 1800], [60_000, 1500], [70_000, 1800], [200_000, 1500], [
        210_000,
        1800,
      ]),
    }],
    phases: [aSpan("A", 0, MINUTE), aSpan("B", MINUTE, 2 * MINUTE)],
  }));
  assert.equal(thermal[0]!.clockDrops, 2);
  assert.deepEqual(phases.map(({ thermal }) => thermal[0]!.clockDrops), [0, 1]);
});

test("10 000 phases are told, in groups with everything, by themselves with the main series", () => {
  const phases = Array.from(
    { length: 10_000 },
    (_, i) =>
      aSpan(`step ${i}`, i * 10_000, (i + 1) * 10_000, { type: "planning", step: String(i % 7) }),
  );
  const processes = Object.fromEntries(
    Array.from({ length: 10 }, (_, i) => [`group ${i}`, { rssBytes: (atMs: number) => atMs + i }]),
  );
  const analysis = analyzeSession(aSession({
    durationMs: 100_000 * SECOND,
    intervalMs: 2 * SECOND,
    gpus: [{ usedBytes: (atMs) => Math.floor(atMs / 10_000) }],
    processes,
    phases,
  }));
  assert.equal(analysis.phases.length, 10_000);
  const last = seriesOf(analysis, 9_999, "vram:gpu0");
  assert.deepEqual([last.peak, last.first], [10_000, 9_999]);
  assert.deepEqual(analysis.phases[0]!.series.map(({ series }) => series.id), ["vram:gpu0"]);
  assert.ok(analysis.notices.some((notice) => notice.startsWith("10000 phases: of each of them")));
  const planning = analysis.groups.find(({ by }) => by === "type")!;
  assert.equal(planning.series.length, 11);
  // The last rise is at the very end, where the lower one of two samples counts.
  assert.equal(planning.series[0]!.retainedTotal, 9_999);
  assert.ok(analysis.growth.length <= 200);
});
