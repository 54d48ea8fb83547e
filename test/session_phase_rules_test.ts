/** Conditions of phase rules, in three values, and which phase they find. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  NO_CONDITION,
  type PhaseCondition,
  type PhaseRule,
} from "../lib/session/config/settings.ts";
import { holds, needsGpus } from "../lib/session/phases/condition.ts";
import { factsOf } from "../lib/session/phases/facts.ts";
import { type GrowthRates, RecentGrowth } from "../lib/session/phases/growth.ts";
import { PhaseFinder } from "../lib/session/phases/rules.ts";
import type { SessionTick } from "../lib/session/tick.ts";
import {
  aGpu,
  aGpuGap,
  aGroup,
  aGroupGap,
  aTick,
  everyMs,
  GIB,
  MIB,
  times,
} from "./support/session_ticks.ts";

function holdsAt(
  condition: Partial<PhaseCondition>,
  tick: Partial<SessionTick>,
  growth: GrowthRates | null = null,
) {
  return holds({ ...NO_CONDITION, ...condition }, factsOf(aTick(tick), growth));
}

test("of several GPUs the fullest and the busiest decide, and memory is summed", () => {
  const gpus = [
    aGpu({ index: 0, usedBytes: 3 * GIB, utilizationRatio: 0.1 }),
    aGpu({ index: 1, usedBytes: 9 * GIB, utilizationRatio: 0.9 }),
  ];
  const cases: readonly [Partial<PhaseCondition>, boolean][] = [
    [{ vramRatioAtLeast: 0.75 }, true],
    [{ vramRatioAtLeast: 0.76 }, false],
    [{ vramRatioBelow: 0.75 }, false],
    [{ vramRatioBelow: 0.76 }, true],
    [{ vramBytesAtLeast: 12 * GIB }, true],
    [{ vramBytesAtLeast: 12 * GIB + 1 }, false],
    [{ vramBytesBelow: 12 * GIB }, false],
    [{ vramBytesBelow: 12 * GIB + 1 }, true],
    [{ utilizationAtLeast: 0.9 }, true],
    [{ utilizationBelow: 0.9 }, false],
    [{ utilizationAtLeast: 0.9, vramRatioBelow: 0.75 }, false],
    [{}, true],
  ];
  for (const [condition, expected] of cases) {
    assert.equal(holdsAt(condition, { gpus }), expected, JSON.stringify(condition));
  }
});

test("what one GPU decides needs no other; else a GPU that can't be read leaves it open", () => {
  const gpus = [aGpu({ usedBytes: 9 * GIB, utilizationRatio: 0.5 }), aGpuGap("nvml hung", 1)];
  const cases: readonly [Partial<PhaseCondition>, boolean | null][] = [
    [{ vramRatioAtLeast: 0.7 }, true],
    [{ vramRatioAtLeast: 0.8 }, null],
    [{ vramRatioBelow: 0.7 }, false],
    [{ vramRatioBelow: 0.8 }, null],
    [{ vramBytesAtLeast: 9 * GIB }, true],
    [{ vramBytesBelow: 10 * GIB }, null],
    [{ utilizationBelow: 0.5 }, false],
    [{ utilizationBelow: 0.6 }, null],
    [{ utilizationBelow: 0.6, vramRatioBelow: 0.7 }, false],
  ];
  for (const [condition, expected] of cases) {
    assert.equal(holdsAt(condition, { gpus }), expected, JSON.stringify(condition));
  }
});

test("without a GPU, or with garbage, nothing is known", () => {
  const odd = [aGpu({ usedBytes: NaN, utilizationRatio: NaN })];
  for (const gpus of [[], odd, [aGpu({ totalBytes: null, usedBytes: null })]]) {
    assert.equal(holdsAt({ vramRatioBelow: 0.5 }, { gpus }), null);
    assert.equal(holdsAt({ vramBytesBelow: 1 }, { gpus }), null);
    assert.equal(holdsAt({ utilizationBelow: 0.5 }, { gpus }), null);
  }
});

test("a group is present or absent, active or inactive, or not known", () => {
  const watched = [
    aGroup("busy", { cpuRatio: 0.05 }),
    aGroup("lazy", { cpuRatio: 0.04 }),
    aGroup("gone", { processCount: 0, cpuRatio: null }),
    aGroup("new", { cpuRatio: null }),
    aGroupGap("hidden"),
  ];
  const of = (key: "present" | "absent" | "active" | "inactive") =>
    ["busy", "lazy", "gone", "new", "hidden", "other"].map((name) =>
      holdsAt({ [key]: [name] }, { watched })
    );
  assert.deepEqual(of("present"), [true, true, false, true, null, null]);
  assert.deepEqual(of("absent"), [false, false, true, false, null, null]);
  assert.deepEqual(of("active"), [true, false, false, null, null, null]);
  assert.deepEqual(of("inactive"), [false, true, true, null, null, null]);
  assert.equal(holdsAt({ present: ["busy", "lazy"], absent: ["gone"] }, { watched }), true);
  assert.equal(holdsAt({ present: ["busy", "gone"] }, { watched }), false);
});

test("a limit above 0 is about the rise, any other about the fall", () => {
  const growth = { rise: 5, fall: 6 };
  const cases: readonly [Partial<PhaseCondition>, boolean][] = [
    [{ vramGrowthAtLeast: 5 }, true],
    [{ vramGrowthAtLeast: 6 }, false],
    [{ vramGrowthBelow: 5 }, false],
    [{ vramGrowthBelow: 6 }, true],
    [{ vramGrowthBelow: -5 }, true],
    [{ vramGrowthBelow: -6 }, false],
    [{ vramGrowthAtLeast: -6 }, true],
    [{ vramGrowthAtLeast: 0 }, false],
  ];
  for (const [condition, expected] of cases) {
    assert.equal(holdsAt(condition, {}, growth), expected, JSON.stringify(condition));
    assert.equal(holdsAt(condition, {}, null), null, JSON.stringify(condition));
  }
});

test("which conditions ask the GPUs", () => {
  assert.equal(needsGpus({ ...NO_CONDITION, present: ["a"], inactive: ["b"] }), false);
  for (const key of Object.keys(NO_CONDITION).filter((key) => /^(vram|util)/.test(key))) {
    assert.equal(needsGpus({ ...NO_CONDITION, [key]: 0 }), true, key);
  }
});

test("growth is that from the lowest and the highest point of the window", () => {
  const growth = new RecentGrowth(10_000);
  const told = [0, 100, 200, 300, 300, 300, 300, 300, 100, 200]
    .map((bytes, i) => growth.observe(bytes, i * 2000));
  assert.deepEqual(told.map((rates) => rates && rates.rise), [
    null,
    10,
    20,
    30,
    30,
    30,
    20,
    10,
    0,
    10,
  ]);
  assert.deepEqual(told.slice(6).map((rates) => rates!.fall), [0, 0, 20, 10]);
  assert.equal(growth.observe(null, 20_000), null);
  assert.equal(growth.observe(1000, 22_000), null, "what was before the gap is not of late");
  assert.deepEqual(growth.observe(1100, 24_000), { rise: 10, fall: 0 });
});

test("samples further apart than the window are compared with the one before", () => {
  const growth = new RecentGrowth(10_000);
  assert.deepEqual([0, 3000, 2700].map((bytes, i) => growth.observe(bytes, i * 30_000)), [
    null,
    { rise: 100, fall: 0 },
    { rise: 0, fall: 10 },
  ]);
});

test("growth is right also with thousands of samples a second", () => {
  const growth = new RecentGrowth(10_000);
  for (let i = 0; i < 100_000; i++) growth.observe(i, i * 0.2);
  assert.ok(Math.abs(growth.observe(100_000, 20_000)!.rise - 5000) < 130);
});

const busy: PhaseRule = {
  phase: "Busy",
  when: { ...NO_CONDITION, utilizationAtLeast: 0.5 },
  minimumMs: 4000,
};
const quiet: PhaseRule = {
  phase: "Quiet",
  when: { ...NO_CONDITION, utilizationBelow: 0.1 },
  minimumMs: 4000,
};

/** The phase after each tick, one every 2 s; `null` utilization is a hang. */
function phases(utilization: readonly (number | null)[], rules: readonly PhaseRule[]) {
  const finder = new PhaseFinder(rules);
  return everyMs(
    2000,
    utilization.map((utilizationRatio) => ({
      gpus: [utilizationRatio === null ? aGpuGap() : aGpu({ utilizationRatio })],
    })),
  ).map((tick) => finder.observe(tick)?.[0] ?? "-").join("");
}

test("a rule names the phase when its condition has held, and between two rules the phase stays", () => {
  assert.equal(phases([0, 0, 0, 1, 1, 1, 0.3, 0.3, 0.3, 0, 0, 0], [busy, quiet]), "--QQQBBBBBBQ");
  assert.equal(phases([0, 0, 0, 1, 0, 1, 0, 1, 0, 1], [busy, quiet]), "--QQQQQQQQ");
});

test("the first of several rules wins", () => {
  const also = { ...busy, phase: "Also" };
  assert.equal(phases([1, 1, 1], [busy, also]), "--B");
  assert.equal(phases([1, 1, 1], [also, busy]), "--A");
  const always = { phase: "Rest", when: NO_CONDITION, minimumMs: 0 };
  assert.equal(phases([0, 1, 1, 1, 0.3], [busy, always]), "RRRBR");
});

test("a hang begins and ends no phase, and its time does not count", () => {
  assert.equal(phases([null, null, null, null], [busy, quiet]), "----");
  assert.equal(phases([1, 1, 1, null, null, null, 1], [busy, quiet]), "--BBBBB");
  assert.equal(phases([0, 0, null, null, null, null, 0], [busy, quiet]), "------Q");
  assert.equal(phases([1, null, null, null, null, 1, 1], [busy, quiet]), "------B");
  const always = { phase: "Rest", when: NO_CONDITION, minimumMs: 0 };
  assert.equal(phases([1, 1, 1, null, null, 0], [busy, always]), "RRBBBR");
});

test("a long standstill is not a long time", () => {
  const finder = new PhaseFinder([busy]);
  const at = (elapsedMs: number, skipped: number) =>
    finder.observe(aTick({ elapsedMs, skipped, gpus: [aGpu({ utilizationRatio: 1 })] }));
  assert.deepEqual([at(0, 0), at(600_000, 299), at(602_000, 0)], [null, null, "Busy"]);
});

test("growth across a standstill is not of late", () => {
  const loading = {
    phase: "Loading",
    when: { ...NO_CONDITION, vramGrowthAtLeast: MIB },
    minimumMs: 0,
  };
  const finder = new PhaseFinder([loading]);
  const at = (elapsedMs: number, skipped: number, usedBytes: number) =>
    finder.observe(aTick({ elapsedMs, skipped, gpus: [aGpu({ usedBytes })] }));
  assert.deepEqual([at(0, 0, 0), at(600_000, 299, 9 * GIB), at(602_000, 0, 9 * GIB)], [
    null,
    null,
    null,
  ]);
  assert.equal(at(604_000, 0, 10 * GIB), "Loading");
});

test("where the GPUs are asked seldom, the time between two answers counts, and other rules go on", () => {
  const working = { phase: "Working", when: { ...NO_CONDITION, active: ["a"] }, minimumMs: 2000 };
  const finder = new PhaseFinder([busy, working]);
  const told = everyMs(
    2000,
    times(6, (i) => ({
      gpus: i % 3 === 0 ? [aGpu({ utilizationRatio: 1 })] : null,
      watched: [aGroup("a", { cpuRatio: 1 })],
    })),
  ).map((tick) => finder.observe(tick));
  assert.deepEqual(told, [null, "Working", "Working", "Busy", "Busy", "Busy"]);
});

test("without rules there is no phase", () => {
  const finder = new PhaseFinder([]);
  assert.deepEqual([finder.observe(aTick()), finder.current], [null, null]);
});
