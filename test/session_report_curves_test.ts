/** What the page draws: every peak survives, and nothing is drawn where nothing was measured. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { curvesOf } from "../lib/session/report/curves.ts";
import { type Course, onOneAxis } from "../lib/session/report/decimate.ts";
import { aSession, aSpan, GIB, MINUTE, SECOND } from "./support/session_data.ts";

function course(values: readonly (number | null)[], every = 1_000, holdMs = 1_500): Course {
  return {
    timesMs: Float64Array.from(values, (_, i) => i * every),
    values: Float64Array.from(values, (value) => value ?? NaN),
    holdMs,
  };
}

test("where every sample fits, every sample is there", () => {
  const { timesMs, values, bucketMs } = onOneAxis([course([1, null, 3])], 2_000, 100);
  assert.deepEqual(timesMs, [0, 1_000, 2_000]);
  assert.deepEqual(values, [[1, null, 3]]);
  assert.equal(bucketMs, null);
});

test("times without a row are a gap: the line does not go on over them", () => {
  const holed: Course = {
    timesMs: Float64Array.of(0, 1_000, 9_000),
    values: Float64Array.of(1, 2, 3),
    holdMs: 1_500,
  };
  const { timesMs, values } = onOneAxis([holed], 9_000, 100);
  assert.deepEqual(timesMs, [0, 1_000, 2_500, 9_000]);
  assert.deepEqual(values, [[1, 2, null, 3]]);
});

test("a sample of another curve is no gap of this one", () => {
  const sparse: Course = { ...course([7, 8], 2_000, 3_000) };
  const { values } = onOneAxis([course([1, 2, 3]), sparse], 2_000, 100);
  assert.deepEqual(values[1], [7, false, 8]);
});

test("too many samples become buckets, in which the lowest and the highest stay", () => {
  const many = Array.from({ length: 100_000 }, (_, i) => 1_000 + (i * 7919) % 100);
  many[54_321] = 9_999;
  many[77_777] = 3;
  const { timesMs, values, bucketMs } = onOneAxis([course(many)], 99_999_000, 4_000);
  assert.equal(timesMs.length, 4_000);
  assert.equal(values[0]!.length, 4_000);
  assert.ok(Math.abs(bucketMs! - 49_999.5) < 1);
  const numbers = values[0]!.filter((value) => typeof value === "number");
  assert.equal(Math.max(...numbers), 9_999);
  assert.equal(Math.min(...numbers), 3);
  // Where it was, to a bucket.
  const peak = timesMs[values[0]!.indexOf(9_999)]!;
  assert.ok(Math.abs(peak - 54_321_000) <= bucketMs!, `at ${peak}`);
  assert.ok(timesMs.every((time, i) => i === 0 || time > timesMs[i - 1]!));
});

test("within a bucket the order stays: a rise is no fall", () => {
  const rising = Array.from({ length: 1_000 }, (_, i) => i);
  const { values } = onOneAxis([course(rising)], 999_000, 100);
  const numbers = values[0]!.filter((value) => typeof value === "number");
  assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b));
  assert.ok(numbers.length >= 99);
});

test("buckets in which nothing is known are gaps", () => {
  const values = Array.from({ length: 1_000 }, (_, i) => i >= 400 && i < 600 ? null : 5);
  const holed = onOneAxis([course(values)], 999_000, 100);
  const inGap = holed.values[0]!.filter((_, i) =>
    holed.timesMs[i]! > 420_000 && holed.timesMs[i]! < 580_000
  );
  assert.ok(inGap.length > 10);
  assert.deepEqual(inGap.filter((value) => value !== null), []);
  const outside = holed.values[0]!.filter((_, i) => holed.timesMs[i]! < 380_000);
  assert.deepEqual(outside.filter((value) => value === null), []);
});

test("a curve with few samples of its own is drawn through buckets of others", () => {
  const sparse = course([1, 2, 3, 4], 250_000, 400_000);
  const dense = course(Array.from({ length: 1_000 }, () => 1));
  const { values } = onOneAxis([dense, sparse], 999_000, 100);
  assert.deepEqual(values[1]!.filter((value) => value === null), []);
  assert.deepEqual(values[1]!.filter((value) => value !== false), [1, 2, 3, 4]);
});

test("a session: panels, levels, phases, gaps of what is drawn", () => {
  const data = aSession({
    durationMs: MINUTE,
    gpus: [{
      usedBytes: (atMs) => atMs === 20 * SECOND ? null : 4 * GIB,
      temperatureCelsius: 60,
      utilizationRatio: 0.5,
    }],
    system: { usedBytes: 16 * GIB, swapUsedBytes: 0 },
    processes: { web: { rssBytes: GIB, vramBytes: 0 } },
    phases: [aSpan("Training/epoch 1", 0, MINUTE)],
    gaps: [
      { subject: "gpu 0", startMs: 20_000, endMs: 22_000, reason: "nvml hung" },
      { subject: "system", startMs: 0, endMs: 1, reason: "proc slow" },
      { subject: "all", startMs: 5, endMs: 6, reason: "ticks skipped" },
    ],
  });
  const { panels, phases } = curvesOf(data);
  assert.deepEqual(panels.map(({ id }) => id), ["gpu", "ram", "activity"]);
  const [gpu, ram, activity] = panels;
  assert.deepEqual(gpu!.curves.map(({ id, isShown }) => [id, isShown]), [
    ["vram:gpu0", true],
    ["vram:web", false],
  ]);
  assert.equal(gpu!.curves[0]!.values[10], null);
  assert.equal(gpu!.curves[0]!.values[9], 4 * GIB);
  assert.deepEqual(gpu!.levels.map(({ label, bytes }) => [label, bytes / GIB]), [
    ["caution", 8],
    ["critical", 10],
    ["all of it", 12],
  ]);
  assert.deepEqual(ram!.curves.map(({ id, isShown }) => [id, isShown]), [
    ["ram", true],
    ["swap", false],
    ["rss:web", true],
  ]);
  assert.deepEqual(activity!.curves.map(({ unit }) => unit), ["ratio", "celsius"]);
  assert.deepEqual(gpu!.gaps.map(({ reason }) => reason), ["nvml hung", "ticks skipped"]);
  assert.deepEqual(ram!.gaps.map(({ reason }) => reason), ["proc slow", "ticks skipped"]);
  assert.deepEqual(phases.map(({ name, depth }) => [name, depth]), [["epoch 1", 1]]);
});

test("nothing measured, nothing drawn", () => {
  assert.deepEqual(curvesOf(aSession({ gpus: [] })).panels, []);
});
