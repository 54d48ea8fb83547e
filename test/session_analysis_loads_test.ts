/** Loads and unloads of models: steps, cycles and overlaps whose truth is known. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { analyzeSession } from "../lib/session/analysis/analyze.ts";
import {
  aSession,
  aSpan,
  GIB,
  HOUR,
  MIB,
  MINUTE,
  noisy,
  ramps,
  SECOND,
  type SessionPlan,
  stairs,
} from "./support/session_data.ts";

type Course = (atMs: number) => number;

/** The steps of GPU 0, as [kind, start and end in seconds, GiB]. */
function stepsOf(usedBytes: Course, plan: SessionPlan = {}) {
  const { loads } = analyzeSession(aSession({ gpus: [{ usedBytes }], ...plan }));
  return loads.map(({ kind, startMs, endMs, bytes }) => [
    kind,
    startMs / SECOND,
    endMs / SECOND,
    bytes / GIB,
  ]);
}

/** Whether a step found in a noisy series is the true one. */
function isAbout(step: readonly unknown[] | undefined, truth: readonly unknown[]) {
  assert.ok(step, "a step was found");
  assert.equal(step[0], truth[0]);
  for (const [i, off] of [[1, 6], [2, 6], [3, 0.15]] as const) {
    const difference: number = Number(step[i]) - Number(truth[i]);
    assert.ok(Math.abs(difference) <= off, `${step} is not about ${truth}`);
  }
}

test("a jump up is a load, a jump down an unload", () => {
  assert.deepEqual(stepsOf(stairs([0, GIB], [100_000, 4 * GIB], [400_000, GIB])), [
    ["load", 98, 100, 3],
    ["unload", 398, 400, 3],
  ]);
});

test("a load over half a minute is one step", () => {
  const course = ramps([0, GIB], [100_000, GIB], [130_000, 7 * GIB]);
  assert.deepEqual(stepsOf(course), [["load", 100, 130, 6]]);
  // The same in short: most of the recording is the load.
  assert.deepEqual(stepsOf((atMs) => course(atMs + 90_000), { durationMs: 44_000 }), [
    ["load", 10, 40, 6],
  ]);
});

test("a load with a short rest in it is one step, two with a longer rest are two", () => {
  const resting = (restMs: number) =>
    ramps(
      [0, GIB],
      [100_000, GIB],
      [110_000, 3 * GIB],
      [110_000 + restMs, 3 * GIB],
      [120_000 + restMs, 5 * GIB],
    );
  assert.deepEqual(stepsOf(resting(4_000)), [["load", 100, 124, 4]]);
  assert.deepEqual(stepsOf(resting(20_000)), [["load", 100, 110, 2], ["load", 130, 140, 2]]);
});

test("what is small, slow, or there for one sample is no load", () => {
  assert.deepEqual(stepsOf(stairs([0, GIB], [100_000, GIB + 255 * MIB])), []);
  assert.deepEqual(stepsOf(stairs([0, GIB], [100_000, GIB + 256 * MIB])).length, 1);
  // 2 % of 80 GiB are more than 256 MiB.
  const large = { gpus: [{ totalBytes: 80 * GIB, usedBytes: stairs([0, 0], [100_000, GIB]) }] };
  assert.deepEqual(stepsOf(() => 0, large), []);
  assert.deepEqual(stepsOf((atMs) => GIB + atMs * GIB / HOUR, { durationMs: 4 * HOUR }), []);
  assert.deepEqual(stepsOf((atMs) => atMs === 100_000 ? 5 * GIB : GIB), []);
});

test("a slow load counts in a phase of loading, and there alone", () => {
  const course = ramps([0, GIB], [100_000, GIB], [250_000, 9 * GIB]);
  assert.deepEqual(stepsOf(course), []);
  const phases = [aSpan("Model-Loading", 90_000, 260_000)];
  assert.deepEqual(stepsOf(course, { phases }), [["load", 100, 250, 8]]);
  assert.deepEqual(stepsOf(course, { phases: [aSpan("Training", 90_000, 260_000)] }), []);
});

test("a slow load is none either where its speed varies, but one within slow growth is", () => {
  const speeds = (fast: number) =>
    ramps(...Array.from({ length: 31 }, (_, i): [number, number] => [
      100_000 + i * 10_000,
      GIB + (Math.floor(i / 2) * (fast + 20) + i % 2 * fast) * 10 * MIB,
    ]));
  const course = speeds(100);
  assert.deepEqual(stepsOf(course, { gpus: [{ usedBytes: course, totalBytes: 48 * GIB }] }), []);
  const growing = ramps([0, GIB], [300_000, 3 * GIB], [302_000, 6 * GIB], [600_000, 8 * GIB]);
  assert.deepEqual(stepsOf(growing).map((step) => step.slice(0, 3)), [["load", 300, 302]]);
});

test("steps are found in noise, and noise is no step", () => {
  const flat = noisy(() => 6 * GIB, 200 * MIB);
  assert.deepEqual(stepsOf(flat, { durationMs: HOUR }), []);
  const truth = ramps(
    [0, 2 * GIB],
    [600_000, 2 * GIB],
    [610_000, 6 * GIB],
    [1_800_000, 6 * GIB],
    [1_802_000, 2.5 * GIB],
  );
  for (const seed of [1, 2, 3, 4, 5]) {
    const steps = stepsOf(noisy(truth, 50 * MIB, seed), { durationMs: HOUR });
    assert.equal(steps.length, 2, JSON.stringify(steps));
    isAbout(steps[0], ["load", 600, 610, 4]);
    isAbout(steps[1], ["unload", 1800, 1802, 3.5]);
  }
});

test("a load at ten samples a second is one step", () => {
  const course = noisy(ramps([0, GIB], [20_000, GIB], [30_000, 5 * GIB]), 4 * MIB);
  const steps = stepsOf(course, { durationMs: MINUTE, intervalMs: 100 });
  assert.equal(steps.length, 1, JSON.stringify(steps));
  isAbout(steps[0], ["load", 20, 30, 4]);
});

test("a load that was not seen because of a gap is told with its gap", () => {
  const course = stairs([0, GIB], [110_000, 4 * GIB]);
  const skip = (atMs: number) => atMs > 100_000 && atMs < 120_000;
  assert.deepEqual(stepsOf(course, { skip }), [["load", 100, 120, 3]]);
});

test("steps say in which phase they were", () => {
  const { loads } = analyzeSession(aSession({
    gpus: [{ usedBytes: stairs([0, GIB], [101_000, 4 * GIB]) }],
    phases: [aSpan("Run", 0, 10 * MINUTE), aSpan("Run/Model-Loading", 100_500, 110_000)],
  }));
  assert.deepEqual(loads.map(({ phase }) => phase), ["Run/Model-Loading"]);
});

test("loads are told per GPU and per target; by RAM where there is no GPU", () => {
  const course = stairs([0, 0], [100_000, 2 * GIB]);
  const idsOf = (plan: SessionPlan) =>
    analyzeSession(aSession(plan)).loads.map(({ series }) => series.id);
  const processes = { ollama: { rssBytes: course, vramBytes: course } };
  const both = idsOf({ gpus: [{ usedBytes: 0 }, { usedBytes: course }], processes });
  assert.deepEqual(both, ["vram:gpu1", "vram:ollama"]);
  assert.deepEqual(idsOf({ gpus: [], processes: { ollama: { rssBytes: course } } }), [
    "rss:ollama",
  ]);
});

/** The cycles of GPU 0, as [loaded at, unloaded at, share returned, GiB left]. */
function cyclesOf(usedBytes: Course) {
  const { cycles } = analyzeSession(aSession({ gpus: [{ usedBytes }] }));
  return cycles.map(({ load, unload, returnedRatio, leftBytes }) => [
    load.endMs / SECOND,
    unload === null ? null : unload.endMs / SECOND,
    returnedRatio,
    leftBytes === null ? null : leftBytes / GIB,
  ]);
}

test("a load and its unload are a cycle, with what was left behind", () => {
  const course = stairs([0, GIB], [100_000, 5 * GIB], [300_000, 2 * GIB]);
  assert.deepEqual(cyclesOf(course), [[100, 300, 0.75, 1]]);
  const still = stairs([0, GIB], [100_000, 5 * GIB]);
  assert.deepEqual(cyclesOf(still), [[100, null, null, null]]);
  const before = stairs([0, 5 * GIB], [100_000, GIB]);
  assert.deepEqual(cyclesOf(before), [], "it was loaded before the recording");
});

test("what grew while a model was loaded has to go with it", () => {
  const course = ramps(
    [0, GIB],
    [98_000, GIB],
    [100_000, 4 * GIB],
    [400_000, 5.5 * GIB],
    [402_000, 2.5 * GIB],
    [600_000, 2.5 * GIB],
  );
  assert.deepEqual(cyclesOf(course), [[100, 402, 0.5, 1.5]]);
});

test("an unload in two steps, or with a slow end, is complete", () => {
  const two = stairs([0, GIB], [100_000, 5 * GIB], [300_000, 3 * GIB], [320_000, GIB]);
  assert.deepEqual(cyclesOf(two), [[100, 320, 1, 0]]);
  const slow = ramps(
    [0, GIB],
    [98_000, GIB],
    [100_000, 4 * GIB],
    [300_000, 4 * GIB],
    [302_000, 1.2 * GIB],
    [304_000, 1.2 * GIB],
    [330_000, GIB],
    [600_000, GIB],
  );
  const [cycle] = cyclesOf(slow);
  assert.equal(cycle![3], 0);
});

test("each unload finds its load: by size, by age, or all at once", () => {
  // Two models of different size, the smaller goes first.
  const sizes = stairs(
    [0, 0],
    [50_000, 4 * GIB],
    [100_000, 6 * GIB],
    [300_000, 4 * GIB],
    [400_000, 0],
  );
  assert.deepEqual(cyclesOf(sizes), [[50, 400, 1, 0], [100, 300, 1, 0]]);
  // Alike: the older one goes first.
  const alike = stairs([0, 0], [50_000, 3 * GIB], [100_000, 6.125 * GIB], [200_000, 3 * GIB]);
  assert.deepEqual(cyclesOf(alike), [[50, 200, 1, 0], [100, null, null, null]]);
  // In a rotation, each by its own size.
  const rotated = stairs(
    [0, GIB],
    [100_000, 4 * GIB],
    [200_000, 6.5 * GIB],
    [300_000, 3.5 * GIB],
    [400_000, 1.5 * GIB],
  );
  assert.deepEqual(cyclesOf(rotated), [[100, 300, 1, 0], [200, 400, 0.8, 0.5]]);
  // The program ends.
  const ended = stairs([0, 0], [50_000, 3 * GIB], [100_000, 5 * GIB], [200_000, 0]);
  assert.deepEqual(cyclesOf(ended), [[50, 200, 1, 0], [100, 200, 1, 0]]);
  // What is left then is shared out by size: 0.5 of 8 GiB.
  const most = stairs([0, 0], [50_000, 6 * GIB], [100_000, 8 * GIB], [200_000, GIB / 2]);
  assert.deepEqual(cyclesOf(most).map(([, , , left]) => left), [0.375, 0.125]);
});

test("a rotation that loads the next model first is an overlap", () => {
  // Champion of 3 GiB, then Rust-Llama of 2.5 GiB beside it for ten seconds.
  const course = stairs([0, GIB], [100_000, 4 * GIB], [300_000, 6.5 * GIB], [310_000, 3.5 * GIB]);
  const { overlaps } = analyzeSession(aSession({ gpus: [{ usedBytes: course }] }));
  assert.deepEqual(overlaps.map(({ startMs, endMs, extraBytes }) => [startMs, endMs, extraBytes]), [
    [298_000, 310_000, 2.5 * GIB],
  ]);
});

test("no overlap: the one before goes first, or the second one comes and goes", () => {
  const overlapsOf = (usedBytes: Course) =>
    analyzeSession(aSession({ gpus: [{ usedBytes }] })).overlaps.length;
  assert.equal(
    overlapsOf(stairs([0, GIB], [100_000, 4 * GIB], [300_000, GIB], [310_000, 3.5 * GIB])),
    0,
  );
  assert.equal(
    overlapsOf(stairs([0, GIB], [100_000, 5 * GIB], [300_000, 7 * GIB], [310_000, 5 * GIB])),
    0,
  );
  assert.equal(
    overlapsOf(stairs([0, GIB], [100_000, 4 * GIB], [200_000, 6 * GIB], [300_000, GIB])),
    0,
  );
});

test("a million samples with a thousand loads are all found", () => {
  const period = 1_000 * SECOND;
  const course = (atMs: number) => atMs % period < period / 2 ? GIB : 4 * GIB;
  const data = aSession({
    durationMs: 1_000_000 * SECOND,
    intervalMs: SECOND,
    gpus: [{ usedBytes: course }],
  });
  const { loads, cycles } = analyzeSession(data);
  assert.equal(loads.filter(({ kind }) => kind === "load").length, 1_000);
  assert.ok(cycles.filter(({ unload }) => unload !== null).every((cycle) => cycle.leftBytes === 0));
});
