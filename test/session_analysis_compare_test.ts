/** Two sessions side by side. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { analyzeSession } from "../lib/session/analysis/analyze.ts";
import { compareAnalyses, compared } from "../lib/session/analysis/compare.ts";
import { aSession, aSpan, GIB, MINUTE, type SessionPlan, stairs } from "./support/session_data.ts";

const analysisOf = (plan: SessionPlan) => analyzeSession(aSession(plan));

test("a number of both, and what can't be told", () => {
  assert.deepEqual(compared(2, 3), { a: 2, b: 3, difference: 1, ratio: 1.5 });
  assert.deepEqual(compared(0, 3), { a: 0, b: 3, difference: 3, ratio: null });
  assert.deepEqual(compared(null, 3), { a: null, b: 3, difference: null, ratio: null });
  assert.deepEqual(compared(2, null), { a: 2, b: null, difference: null, ratio: null });
});

test("series by their names, phases by theirs", () => {
  const before = analysisOf({
    gpus: [{ usedBytes: stairs([0, 2 * GIB], [5 * MINUTE, 4 * GIB]), powerWatts: 60 }],
    system: { usedBytes: 8 * GIB },
    phases: [
      aSpan("Load", 0, 5 * MINUTE),
      aSpan("Work", 5 * MINUTE, 10 * MINUTE),
      aSpan("Old", 0, 1),
    ],
  });
  const after = analysisOf({
    durationMs: 5 * MINUTE,
    gpus: [{ usedBytes: stairs([0, 3 * GIB], [2 * MINUTE, 5 * GIB]), powerWatts: 120 }],
    processes: { web: { rssBytes: GIB } },
    phases: [
      aSpan("Work", 2 * MINUTE, 3 * MINUTE),
      aSpan("Work", 3 * MINUTE, 5 * MINUTE),
      aSpan("New", 0, 1),
    ],
  });
  const comparison = compareAnalyses(before, after);
  assert.deepEqual(comparison.durationMs, {
    a: 10 * MINUTE,
    b: 5 * MINUTE,
    difference: -5 * MINUTE,
    ratio: 0.5,
  });
  assert.deepEqual(comparison.energyWattHours, { a: 10, b: 10, difference: 0, ratio: 1 });
  assert.deepEqual(comparison.series.map(({ series }) => series.id), ["vram:gpu0"]);
  assert.deepEqual(comparison.series[0]!.peak, {
    a: 4 * GIB,
    b: 5 * GIB,
    difference: GIB,
    ratio: 1.25,
  });
  assert.deepEqual(comparison.series[0]!.retained, {
    a: 2 * GIB,
    b: 2 * GIB,
    difference: 0,
    ratio: 1,
  });
  assert.deepEqual(comparison.phases.map(({ phase }) => phase), ["Work"]);
  const [work] = comparison.phases;
  assert.deepEqual([work!.count.a, work!.count.b], [1, 2]);
  assert.deepEqual([work!.totalMs.ratio, work!.meanMs.ratio], [0.6, 0.3]);
  assert.deepEqual([work!.energyWattHours.a, work!.energyWattHours.b], [5, 6]);
  const { mean, p95 } = work!.series[0]!;
  assert.deepEqual([mean.a, mean.b, p95.difference], [4 * GIB, 5 * GIB, GIB]);
  assert.deepEqual(comparison.onlyInA.series.map(({ id }) => id), ["ram"]);
  assert.deepEqual(comparison.onlyInB.series.map(({ id }) => id), ["rss:web"]);
  assert.deepEqual([comparison.onlyInA.phases, comparison.onlyInB.phases], [["Load", "Old"], [
    "New",
  ]]);
});

test("the only GPU of each may have another index, the only allocator another process", () => {
  const data = (gpu: number, pid: number) => {
    const { gpus, allocators, ...rest } = aSession({
      gpus: [{ usedBytes: GIB, utilizationRatio: 0.5 }],
      allocators: [{ allocatedBytes: GIB, reservedBytes: GIB }],
    });
    return {
      ...rest,
      gpus: gpus.map((one) => ({ ...one, gpu })),
      allocators: allocators.map((one) => ({ ...one, pid })),
    };
  };
  const one = analyzeSession(data(0, 11));
  const comparison = compareAnalyses(one, analyzeSession(data(3, 22)));
  assert.deepEqual(comparison.series.map(({ series, other }) => [series.id, other.id]), [
    ["vram:gpu0", "vram:gpu3"],
    ["utilization:gpu0", "utilization:gpu3"],
    ["allocated:11", "allocated:22"],
    ["reserved:11", "reserved:22"],
  ]);
  const two = analysisOf({ gpus: [{ usedBytes: GIB }, { usedBytes: GIB }] });
  const unlike = compareAnalyses(analyzeSession(data(3, 11)), two);
  assert.deepEqual(unlike.series, [], "which of the two it was can't be told");
  assert.deepEqual(unlike.onlyInB.series.map(({ id }) => id), [
    "vram:gpu0",
    "vram:gpu1",
    "vram:all",
  ]);
});

test("what is known in one of them only is not compared", () => {
  const known = analysisOf({ gpus: [{ usedBytes: GIB }] });
  const unknown = analysisOf({ gpus: [{}] });
  const [vram] = compareAnalyses(known, unknown).series;
  assert.deepEqual(vram!.peak, { a: GIB, b: null, difference: null, ratio: null });
  assert.deepEqual(compareAnalyses(known, unknown).energyWattHours.a, null);
});
