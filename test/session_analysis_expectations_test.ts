/** Expected memory patterns against what was measured: each rule met, missed, and not to be told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { analyzeSession } from "../lib/session/analysis/analyze.ts";
import type { Expectation } from "../lib/session/config/settings.ts";
import {
  aSession,
  aSpan,
  GIB,
  MIB,
  MINUTE,
  ramps,
  SECOND,
  type SessionPlan,
  stairs,
} from "./support/session_data.ts";

const NOTHING: Expectation = {
  name: "planning",
  phase: null,
  type: "planning",
  of: "vram",
  spikeBytes: null,
  steadyBytes: null,
  growthPerStepBytes: null,
  cleanupRatio: null,
  peakBytes: null,
  utilizationRatio: null,
};

function resultsOf(expectation: Partial<Expectation>, plan: SessionPlan) {
  const settings = { expect: [{ ...NOTHING, ...expectation }] };
  return analyzeSession(aSession({ ...plan, settings })).expectations;
}

/** Verdict and number of the only result. */
function judged(expectation: Partial<Expectation>, plan: SessionPlan) {
  const results = resultsOf(expectation, plan);
  assert.equal(results.length, 1);
  return [results[0]!.verdict, results[0]!.measured];
}

/** Two planning missions: 2.5 GiB are loaded in 10 s, context grows by 300 MiB, and all but 200 MiB is given back. */
const MISSIONS: SessionPlan = {
  durationMs: 9 * MINUTE,
  gpus: [{
    usedBytes: ramps(
      ...[0, 1].flatMap((i): [number, number][] => {
        const start = MINUTE + i * 4 * MINUTE;
        const base = GIB + i * 200 * MIB;
        return [
          [start, base],
          [start + 10 * SECOND, base + 2560 * MIB],
          [start + 3 * MINUTE, base + 2860 * MIB],
          [start + 3 * MINUTE + 2 * SECOND, base + 200 * MIB],
        ];
      }),
    ),
    utilizationRatio: stairs([0, 0], [MINUTE, 0.8], [4 * MINUTE, 0], [5 * MINUTE, 0.6]),
  }],
  phases: [
    aSpan("Plan", MINUTE, 4 * MINUTE, { type: "planning" }),
    aSpan("Plan", 5 * MINUTE, 8 * MINUTE, { type: "planning" }),
  ],
};

test("the load spike", () => {
  const [verdict, measured] = judged({ spikeBytes: { least: 2 * GIB, most: 3 * GIB } }, MISSIONS);
  assert.equal(verdict, "met");
  assert.ok(Math.abs((measured as number) - 2860 * MIB) < 10 * MIB, `${measured}`);
  assert.equal(judged({ spikeBytes: { least: null, most: 2 * GIB } }, MISSIONS)[0], "missed");
});

test("the steady range is that behind the load", () => {
  const steady = (least: number, most: number) =>
    judged({ steadyBytes: { least: least * MIB, most: most * MIB } }, MISSIONS)[0];
  // From 3584 to 3884 MiB in the first one, 200 MiB more in the second one.
  assert.equal(steady(3500, 4100), "met");
  assert.equal(steady(3700, 4100), "missed");
  assert.equal(steady(3500, 3900), "missed");
  const [result] = resultsOf({ steadyBytes: { least: null, most: 3900 * MIB } }, MISSIONS);
  assert.match(
    result!.message,
    /^planning: steady level of vram: 3\.7 GiB to 4\.0 GiB, expected at most 3\.8 GiB; 1 of 2/,
  );
});

test("growth of each step", () => {
  const plan: SessionPlan = {
    gpus: [{ usedBytes: (atMs) => GIB + 50 * MIB * Math.floor((atMs + 30_000) / MINUTE) }],
    phases: [0, 1, 2, 3].map((i) => aSpan("Chain", i * MINUTE, (i + 1) * MINUTE)),
  };
  const growth = (most: number) =>
    judged({
      type: null,
      phase: "Chain",
      growthPerStepBytes: { least: 0, most: most * MIB },
    }, plan);
  assert.deepEqual(growth(60), ["met", 50 * MIB]);
  assert.deepEqual(growth(40), ["missed", 50 * MIB]);
});

test("cleanup before the next one", () => {
  const [verdict, measured] = judged({ cleanupRatio: 0.9 }, MISSIONS);
  assert.equal(verdict, "met");
  assert.ok(Math.abs((measured as number) - (1 - 200 / 2860)) < 0.01, `${measured}`);
  assert.equal(judged({ cleanupRatio: 0.95 }, MISSIONS)[0], "missed");
  const once = { ...MISSIONS, phases: MISSIONS.phases!.slice(0, 1) };
  assert.deepEqual(judged({ cleanupRatio: 0.9 }, once), ["unknown", null]);
});

test("the peak, of a group and of the session", () => {
  const plan: SessionPlan = {
    processes: { ollama: { rssBytes: stairs([0, GIB], [MINUTE, 3 * GIB], [2 * MINUTE, 2 * GIB]) } },
  };
  const most = (gib: number) => ({ least: null, most: gib * GIB });
  const session = { type: null, of: "rss:ollama" };
  assert.deepEqual(judged({ ...session, peakBytes: most(4) }, plan), ["met", 3 * GIB]);
  assert.deepEqual(judged({ ...session, peakBytes: most(2) }, plan), ["missed", 3 * GIB]);
  assert.equal(resultsOf({ ...session, peakBytes: most(2) }, plan)[0]!.subject, "session");
});

test("utilisation is that of the busiest GPU", () => {
  const gpus = [
    { usedBytes: GIB, utilizationRatio: (atMs: number) => atMs < 5 * MINUTE ? 0.9 : null },
    { usedBytes: GIB, utilizationRatio: (atMs: number) => atMs < 5 * MINUTE ? 0 : 0.3 },
  ];
  const at = (least: number) =>
    judged({ type: null, utilizationRatio: { least, most: null } }, { gpus });
  assert.equal(at(0.59)[0], "met");
  assert.equal(at(0.61)[0], "missed");
  const [verdict, measured] = judged({ utilizationRatio: { least: 0.7, most: 1 } }, MISSIONS);
  assert.equal(verdict, "missed");
  assert.ok(Math.abs((measured as number) - 0.6) < 1e-9, "the second mission is the worst one");
});

test("what could not be measured is neither met nor missed", () => {
  const spikeBytes = { least: 1, most: null };
  for (
    const [expectation, plan] of [
      [{ type: "analysis", spikeBytes }, MISSIONS],
      [{ of: "rss:nobody", spikeBytes }, MISSIONS],
      [{ spikeBytes }, { ...MISSIONS, gpus: [] }],
      [{ spikeBytes }, { ...MISSIONS, gpus: [{}] }],
      [{ utilizationRatio: spikeBytes }, { ...MISSIONS, gpus: [{ usedBytes: GIB }] }],
    ] as const
  ) {
    const [result] = resultsOf(expectation, plan);
    assert.deepEqual([result!.verdict, result!.measured], ["unknown", null]);
    assert.match(result!.message, /nothing to measure it on; expected at least/);
  }
});

test("each rule that is set is one result, the others are none", () => {
  const rules = resultsOf({
    spikeBytes: { least: 1, most: null },
    steadyBytes: { least: 1, most: null },
    growthPerStepBytes: { least: 0, most: null },
    cleanupRatio: 0.5,
    peakBytes: { least: 1, most: null },
    utilizationRatio: { least: 0, most: 1 },
  }, MISSIONS);
  assert.deepEqual(rules.map(({ rule, unit }) => `${rule} ${unit}`), [
    "spike_bytes bytes",
    "steady_bytes bytes",
    "growth_per_step_bytes bytes",
    "cleanup_ratio ratio",
    "peak_bytes bytes",
    "utilization_ratio ratio",
  ]);
  assert.deepEqual(resultsOf({}, MISSIONS), []);
});

test("an expectation of a phase is about that phase alone", () => {
  const plan: SessionPlan = {
    gpus: [{ usedBytes: stairs([0, 9 * GIB], [MINUTE, GIB]) }],
    phases: [aSpan("Warm", 0, MINUTE), aSpan("Work", MINUTE, 10 * MINUTE)],
  };
  const peakBytes = { least: null, most: 2 * GIB };
  assert.equal(judged({ type: null, phase: "Work", peakBytes }, plan)[0], "met");
  assert.equal(judged({ type: null, phase: "Warm", peakBytes }, plan)[0], "missed");
});
