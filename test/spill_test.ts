/** The tracker, with the original's cases: a limit of 16 GiB, samples one second apart. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DEFAULT_DEDICATED_THRESHOLD_PERCENT,
  DEFAULT_SHARED_GROWTH_BYTES,
  SpillTracker,
} from "../lib/spill.ts";
import { type SpillSample, spillSampleOf } from "../lib/spill_sample.ts";
import { SpillReport } from "../lib/spill_report.ts";
import { DeviceSpills, worstOf } from "../lib/spill_devices.ts";
import { aDevice } from "../lib/testing.ts";

const MIB = 2 ** 20;
const LIMIT = 16 * 2 ** 30;
const SATURATED = LIMIT - 1024;
const RELAXED = LIMIT / 2;
const BASELINE = 140_533_760;
const SPILLED = BASELINE + 256 * MIB + 512 * MIB;

type Readings = readonly (readonly [dedicated: number, shared: number])[];

/** A tracker that has seen these readings, with the labels t0, t1, …. */
function fold(
  readings: Readings,
  limit: number | null = LIMIT,
  options: ConstructorParameters<typeof SpillTracker>[0] = {},
): SpillTracker {
  const tracker = new SpillTracker(options);
  for (const [i, [dedicatedBytes, sharedBytes]] of readings.entries()) {
    tracker.observe(`t${i}`, { dedicatedBytes, sharedBytes, dedicatedLimitBytes: limit }, i * 1000);
  }
  return tracker;
}

test("the constants are the original's", () => {
  assert.equal(DEFAULT_DEDICATED_THRESHOLD_PERCENT, 85);
  assert.equal(DEFAULT_SHARED_GROWTH_BYTES, 268_435_456);
});

test("a flicker is three episodes", () => {
  const up = [SATURATED, SPILLED] as const;
  const down = [RELAXED, BASELINE] as const;
  const tracker = fold([down, up, down, up, up, up, down, up, down]);
  assert.equal(tracker.hasSpilled, true);
  assert.equal(tracker.isSpilling, false);
  const report = tracker.report();
  assert.equal(report.firstSpillLabel, "t1");
  assert.deepEqual(
    report.episodes.map(({ startLabel, endLabel, observations, durationMs }) => [
      startLabel,
      endLabel,
      observations,
      durationMs,
    ]),
    [["t1", "t2", 1, 0], ["t3", "t6", 3, 2000], ["t7", "t8", 1, 0]],
  );
});

test("a full device whose shared memory stays flat does not spill", () => {
  const tracker = fold([
    [SATURATED, BASELINE],
    [SATURATED, BASELINE + 1024],
    [SATURATED, BASELINE - 1024],
  ]);
  assert.equal(tracker.report().spilled, false);
});

test("shared growth on a device that is not full does not spill", () => {
  assert.equal(fold([[RELAXED, BASELINE], [RELAXED, SPILLED]]).report().spilled, false);
});

test("an episode that goes on has no end", () => {
  const { episodes } = fold([[RELAXED, BASELINE], [SATURATED, SPILLED], [SATURATED, SPILLED]])
    .report();
  assert.equal(episodes.length, 1);
  assert.equal(episodes[0]!.endLabel, null);
  assert.equal(episodes[0]!.observations, 2);
});

test("that it spilled stays true after it has ended", () => {
  const tracker = fold([[RELAXED, BASELINE], [SATURATED, SPILLED], [RELAXED, BASELINE]]);
  assert.deepEqual([tracker.hasSpilled, tracker.isSpilling], [true, false]);
});

test("the first reading is the baseline, however high", () => {
  const before = fold([[SATURATED, SPILLED], [SATURATED, SPILLED + 256 * MIB - 1]]);
  assert.equal(before.report().spilled, false);
  const at = fold([[SATURATED, SPILLED], [SATURATED, SPILLED + 256 * MIB]]);
  assert.equal(at.report().firstSpillLabel, "t1");
  assert.equal(at.report().baselineSharedBytes, SPILLED);
});

test("growth fires at the margin and not a byte before", () => {
  const margin = BASELINE + 256 * MIB;
  assert.equal(fold([[SATURATED, BASELINE], [SATURATED, margin - 1]]).hasSpilled, false);
  assert.equal(fold([[SATURATED, BASELINE], [SATURATED, margin]]).hasSpilled, true);
});

test("dedicated memory fires at 85 hundredths, and not a byte before", () => {
  const threshold = Math.floor(LIMIT / 100) * 85;
  assert.equal(fold([[0, BASELINE], [threshold - 1, SPILLED]]).hasSpilled, false);
  assert.equal(fold([[0, BASELINE], [threshold, SPILLED]]).hasSpilled, true);
});

test("a device of unknown size, or of less than 100 bytes, never spills", () => {
  for (const limit of [0, null, 99]) {
    const top = Number.MAX_SAFE_INTEGER;
    const tracker = fold([[top, 0], [top, top]], limit);
    const report = tracker.report();
    assert.equal(report.spilled, false);
    assert.equal(report.observations, 2);
    assert.equal(report.peakDedicatedBytes, top);
    assert.equal(report.peakSharedBytes, top);
    assert.equal(report.dedicatedLimitBytes, limit || null);
  }
});

test("a threshold in bytes goes before the share", () => {
  const readings: Readings = [[0, BASELINE], [12 * 2 ** 30, SPILLED]];
  assert.equal(fold(readings).hasSpilled, false);
  const lower = { dedicatedThreshold: { bytes: 12 * 2 ** 30 } };
  assert.equal(fold(readings, LIMIT, lower).hasSpilled, true);
  assert.equal(fold(readings, null, lower).hasSpilled, true);
});

test("a share other than 85, and another growth", () => {
  const readings: Readings = [[0, BASELINE], [LIMIT / 2, BASELINE + 100]];
  const options = { dedicatedThreshold: { percent: 50 }, sharedGrowthBytes: 100 };
  assert.equal(fold(readings, LIMIT, options).hasSpilled, true);
  assert.equal(fold(readings, LIMIT, { ...options, sharedGrowthBytes: 101 }).hasSpilled, false);
});

test("one observation is an episode of no time", () => {
  const [episode] = fold([[RELAXED, BASELINE], [SATURATED, SPILLED], [RELAXED, BASELINE]])
    .report().episodes;
  assert.equal(episode!.durationMs, 0);
  assert.equal(episode!.observations, 1);
  assert.equal(episode!.peakSharedBytes, SPILLED);
});

test("peaks, baseline and counts stand in the report", () => {
  const report = fold([[RELAXED, BASELINE], [SATURATED, SPILLED], [RELAXED, BASELINE]]).report();
  assert.deepEqual({ ...report, episodes: [] }, {
    episodes: [],
    peakDedicatedBytes: SATURATED,
    dedicatedLimitBytes: LIMIT,
    peakSharedBytes: SPILLED,
    baselineSharedBytes: BASELINE,
    observations: 3,
    measurable: true,
  });
});

const episode = (startLabel: string, durationMs: number) => ({
  startLabel,
  endLabel: null,
  peakSharedBytes: 1,
  observations: 1,
  durationMs,
  processes: null,
  unexplainedBytes: null,
});

test("a report sums durations, and the longest is the earliest of equal ones", () => {
  const episodes = [episode("t1", 0), episode("t3", 1000), episode("t5", 1000)];
  const report = new SpillReport({ episodes, measurable: true });
  assert.equal(report.totalSpillDurationMs, 2000);
  assert.equal(report.longestEpisode?.startLabel, "t3");
});

test("a report without an episode has no label, no time and no longest", () => {
  const report = fold([[RELAXED, BASELINE]]).report();
  assert.deepEqual(
    [report.spilled, report.firstSpillLabel, report.totalSpillDurationMs, report.longestEpisode],
    [false, null, 0, null],
  );
});

test("without a sample nothing is known, and nothing is 0", () => {
  const tracker = new SpillTracker();
  tracker.observe("t0", null);
  assert.deepEqual([tracker.isMeasurable, tracker.hasSpilled, tracker.isSpilling], [
    false,
    false,
    false,
  ]);
  const report = tracker.report();
  assert.equal(report.measurable, false);
  assert.equal(report.observations, 0);
  for (const bytes of [report.peakDedicatedBytes, report.peakSharedBytes]) {
    assert.equal(bytes, null);
  }
});

test("a sample that failed changes nothing, also within an episode", () => {
  const tracker = new SpillTracker();
  const up: SpillSample = {
    dedicatedBytes: SATURATED,
    sharedBytes: SPILLED,
    dedicatedLimitBytes: LIMIT,
  };
  tracker.observe("t0", { ...up, sharedBytes: BASELINE }, 0);
  tracker.observe("t1", up, 1000);
  tracker.observe("t2", null, 2000);
  tracker.observe("t3", up, 3000);
  const { episodes, observations } = tracker.report();
  assert.equal(observations, 3);
  assert.deepEqual(episodes.map(({ durationMs }) => durationMs), [2000]);
});

test("a report is a copy: what comes later is not in it", () => {
  const tracker = fold([[RELAXED, BASELINE], [SATURATED, SPILLED]]);
  const early = tracker.report();
  tracker.observe("t2", {
    dedicatedBytes: 0,
    sharedBytes: 0,
    dedicatedLimitBytes: LIMIT,
  }, 2000);
  assert.equal(early.episodes[0]!.endLabel, null);
  assert.equal(tracker.report().episodes[0]!.endLabel, "t2");
});

test("wrong thresholds are refused with their number", () => {
  for (const percent of [0, -1, 101, NaN]) {
    assert.throws(() => new SpillTracker({ dedicatedThreshold: { percent } }), {
      name: "RangeError",
      message: `Cannot use a threshold of ${percent} %: give 0 < P <= 100`,
    });
  }
  assert.throws(() => new SpillTracker({ dedicatedThreshold: { bytes: 0 } }), RangeError);
  for (const wrong of [85, {}, "85%"]) {
    assert.throws(() => new SpillTracker({ dedicatedThreshold: wrong as never }), {
      name: "TypeError",
      message: "Cannot use the threshold: give { percent } or { bytes }",
    });
  }
  assert.throws(() => new SpillTracker({ sharedGrowthBytes: -1 }), RangeError);
  assert.throws(() => new DeviceSpills({ sharedGrowthBytes: NaN }), RangeError);
});

test("a device is a sample where its source tells both numbers", () => {
  const device = aDevice({ usedBytes: 5, sharedUsedBytes: 7, totalBytes: 10 });
  assert.deepEqual(spillSampleOf(device), {
    dedicatedBytes: 5,
    sharedBytes: 7,
    dedicatedLimitBytes: 10,
  });
  assert.equal(spillSampleOf(aDevice({ usedBytes: 5 })), null);
  assert.equal(spillSampleOf(aDevice({ usedBytes: null, sharedUsedBytes: 7 })), null);
});

test("devices are told apart by UUID, and the worst one speaks for all", () => {
  const spills = new DeviceSpills();
  const device = (index: number, uuid: string, used: number, shared: number) =>
    aDevice({ index, uuid, usedBytes: used, sharedUsedBytes: shared, totalBytes: LIMIT });
  const unmeasurable = aDevice({ index: 2, uuid: "GPU-c" });
  spills.observe("t0", [device(0, "GPU-a", 0, 0), device(1, "GPU-b", 0, 0), unmeasurable], 0);
  // The driver counts them the other way round.
  spills.observe("t1", [device(1, "GPU-a", 0, 0), device(0, "GPU-b", SATURATED, SPILLED)], 1000);
  assert.equal(spills.isSpilling(device(0, "GPU-b", 0, 0)), true);
  assert.equal(spills.isSpilling(device(1, "GPU-a", 0, 0)), false);
  assert.equal(spills.isSpilling(unmeasurable), null);
  assert.deepEqual([spills.isMeasurable, spills.hasSpilled], [true, true]);
  const worst = worstOf(spills.reports());
  assert.deepEqual([worst.deviceUuid, worst.deviceIndex], ["GPU-b", 0]);
  assert.equal(worstOf([]).report.measurable, false);
});
