/** The verdict on growth: what it tells, and the edges. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type GrowthSeries, judgeGrowth } from "../lib/session/stats/growth.ts";
import {
  autoregression,
  everySecond,
  HOUR_MS,
  MIB,
  normal,
  PAGE,
  paged,
  randomOf,
} from "./support/memory_series.ts";

/** An hour, a sample each second, with noise of about 1 MiB, in pages. */
function anHour(at: (hours: number, i: number) => number, seed = 1): GrowthSeries {
  const random = randomOf(seed);
  const series = everySecond(3601, (i) => 500 * MIB + MIB * (at(i / 3600, i) + normal(random)));
  return { ...series, values: paged(series.values, 0) };
}

const UNKNOWN = {
  verdict: "too-short",
  slopeBytesPerHour: null,
  slopeLow: null,
  slopeHigh: null,
  rawSlopeBytesPerHour: null,
  pRaw: null,
  pEnvelope: null,
  p: null,
  minimumDetectableBytesPerHour: null,
  steps: [],
  sawtoothAmplitudeBytes: null,
  timeToLimitMs: null,
  timeToLimitLowMs: null,
  timeToLimitHighMs: null,
};

test("of nothing, one sample or 29 nothing is known", () => {
  assert.deepEqual(judgeGrowth(everySecond(0, () => 0), { limitBytes: 1 }), {
    ...UNKNOWN,
    reason: "0 samples are too few: it takes 30",
    samples: 0,
    spanMs: 0,
    judgedFromMs: null,
    judgedToMs: null,
  });
  for (const count of [1, 29]) {
    assert.deepEqual(judgeGrowth(everySecond(count, (i) => i * MIB)), {
      ...UNKNOWN,
      reason: `${count} samples are too few: it takes 30`,
      samples: count,
      spanMs: (count - 1) * 1000,
      judgedFromMs: 0,
      judgedToMs: (count - 1) * 1000,
    });
  }
  assert.equal(judgeGrowth(everySecond(30, (i) => i * MIB)).verdict, "leak");
});

test("samples at one time tell nothing", () => {
  const timesMs = new Float64Array(50).fill(9);
  assert.deepEqual(judgeGrowth({ timesMs, values: timesMs.map((_, i) => i) }), {
    ...UNKNOWN,
    reason: "50 samples over 0 ms do not tell a trend",
    samples: 50,
    spanMs: 0,
    judgedFromMs: 9,
    judgedToMs: 9,
  });
});

test("fewer samples will do where each stands for a repetition", () => {
  const series = everySecond(12, (i) => 100 * MIB + i * MIB);
  assert.equal(judgeGrowth(series).verdict, "too-short");
  assert.equal(judgeGrowth(series, { leastSamples: 8 }).verdict, "leak");
});

test("what is constant is stable, with a slope of 0 and a minimum of eight units", () => {
  const growth = judgeGrowth(everySecond(3601, () => 3 * PAGE));
  assert.equal(growth.verdict, "stable");
  assert.deepEqual(
    [growth.slopeBytesPerHour, growth.slopeLow, growth.slopeHigh, growth.p],
    [0, 0, 0, 1],
  );
  assert.equal(growth.minimumDetectableBytesPerHour, 8 * PAGE);
  assert.deepEqual([growth.steps, growth.sawtoothAmplitudeBytes], [[], null]);
  // A source that tells whole MiB only.
  const coarse = judgeGrowth(everySecond(3601, () => 501 * MIB));
  assert.equal(coarse.minimumDetectableBytesPerHour, 8 * MIB);
});

test("all 0 is stable too", () => {
  const growth = judgeGrowth(everySecond(100, () => 0));
  assert.deepEqual([growth.verdict, growth.slopeBytesPerHour], ["stable", 0]);
});

test("two values, now this and now that, are no growth", () => {
  const random = randomOf(6);
  const growth = judgeGrowth(everySecond(1000, () => 50 * MIB + (random() < 0.5 ? PAGE : 0)));
  assert.equal(growth.verdict, "stable");
  assert.equal(growth.sawtoothAmplitudeBytes, PAGE);
});

test("one page more in the last twentieth is a step at most", () => {
  for (const from of [500, 900, 950]) {
    const { verdict } = judgeGrowth(everySecond(1000, (i) => 50 * MIB + (i >= from ? PAGE : 0)));
    assert.ok(verdict === "step" || verdict === "stable", verdict);
  }
});

test("memory that only falls is stable", () => {
  const growth = judgeGrowth(anHour((hours) => -200 * hours), { limitBytes: 600 * MIB });
  assert.equal(growth.verdict, "stable");
  assert.ok(growth.slopeHigh! < -190 * MIB);
  assert.ok(growth.p! < 0.01);
  assert.equal(growth.timeToLimitMs, null);
});

test("a leak has its slope within the interval, and a reason with the numbers", () => {
  const growth = judgeGrowth(anHour((hours) => 60 * hours));
  assert.equal(growth.verdict, "leak");
  assert.ok(growth.slopeLow! < 60 * MIB && 60 * MIB < growth.slopeHigh!);
  assert.ok(Math.abs(growth.rawSlopeBytesPerHour! - 60 * MIB) < 2 * MIB);
  assert.ok(growth.p! < 0.01 && growth.pRaw! < 0.01 && growth.p === growth.pEnvelope);
  assert.match(
    growth.reason,
    /^The lower envelope rises by (59|60|61)\.\d MiB\/h \(5\d\.\d MiB to 6\d\.\d MiB\/h, p = less than 0\.001\) over 1 h$/,
  );
  assert.deepEqual([growth.samples, growth.spanMs], [3601, HOUR_MS]);
  assert.deepEqual([growth.judgedFromMs, growth.judgedToMs], [0, HOUR_MS]);
});

test("a sawtooth that does not rise is one, and one that does is a leak", () => {
  const flat = judgeGrowth(anHour((_, i) => (i % 120) / 120 * 200));
  assert.equal(flat.verdict, "sawtooth");
  assert.ok(Math.abs(flat.sawtoothAmplitudeBytes! - 200 * MIB) < 5 * MIB);
  assert.match(
    flat.reason,
    /^It goes up and down by (19|20)\d MiB \((29|30) times\), and its lows/,
  );
  for (const seconds of [60, 120, 240]) {
    const rising = judgeGrowth(
      anHour((hours, i) => (i % seconds) / seconds * 200 + 100 * hours),
    );
    assert.equal(rising.verdict, "leak");
    assert.ok(rising.slopeLow! < 100 * MIB && 100 * MIB < rising.slopeHigh!, rising.reason);
  }
});

test("of a few teeth it is not said that they rise", () => {
  for (let teeth = 2; teeth < 8; teeth += 0.5) {
    const { verdict } = judgeGrowth(anHour((hours) => ((hours * teeth) % 1) * 200));
    assert.notEqual(verdict, "leak", `${teeth} teeth`);
  }
});

test("a step has its time and size, and the reason says how much it explains", () => {
  const growth = judgeGrowth(anHour((hours) => hours >= 0.4 ? 300 : 0));
  assert.equal(growth.verdict, "step");
  assert.equal(growth.steps.length, 1);
  assert.ok(Math.abs(growth.steps[0]!.atMs - 0.4 * HOUR_MS) <= 1000);
  assert.ok(Math.abs(growth.steps[0]!.bytes - 300 * MIB) < 2 * MIB);
  assert.match(
    growth.reason,
    /^One step explains \+(299|300|301) MiB, and the longest level is flat/,
  );
  assert.ok(Math.abs(growth.judgedFromMs! - 0.4 * HOUR_MS) < 0.02 * HOUR_MS);
});

test("a step down, and one that goes back, are no growth", () => {
  const down = judgeGrowth(anHour((hours) => hours >= 0.4 ? -300 : 0));
  assert.equal(down.verdict, "stable");
  assert.equal(down.steps.length, 1);
  assert.ok(down.steps[0]!.bytes < -290 * MIB);
  const hump = judgeGrowth(anHour((hours) => hours >= 0.3 && hours < 0.6 ? 300 : 0));
  assert.notEqual(hump.verdict, "leak");
  assert.equal(hump.steps.length, 2);
});

test("a warm-up is judged by what follows it, and a leak behind it is found", () => {
  const warm = judgeGrowth(anHour((hours) => 200 * Math.min(1, 4 * hours)));
  assert.equal(warm.verdict, "warm-up");
  assert.ok(Math.abs(warm.judgedFromMs! - HOUR_MS / 4) < HOUR_MS / 10);
  assert.ok(Math.abs(warm.slopeBytesPerHour!) < 10 * MIB);
  assert.match(warm.reason, /^It grew at first and is then flat for/);
  const leaking = judgeGrowth(anHour((hours) => 200 * Math.min(1, 4 * hours) + 100 * hours));
  assert.equal(leaking.verdict, "leak");
});

test("a growth by two units is none, however clear, and is told as what it is", () => {
  const growth = judgeGrowth(everySecond(3601, (i) => 50 * MIB + PAGE * i / 1800));
  assert.notEqual(growth.verdict, "leak");
  assert.match(growth.reason, /^It hardly grows \(\+8\.00 KiB\/h, p = less than 0\.001\)/);
});

test("a leak in chunks is a leak, and no steps", () => {
  const growth = judgeGrowth(anHour((hours) => 64 * Math.floor(12 * hours)));
  assert.equal(growth.verdict, "leak");
  assert.ok(growth.slopeLow! < 12 * 64 * MIB && 12 * 64 * MIB < growth.slopeHigh!);
});

test("what is far too unsteady for its length is too short, and hardly ever growing", () => {
  const all = Array.from({ length: 100 }, (_, seed) => {
    const noise = autoregression(40, 0.8, randomOf(seed));
    return judgeGrowth(everySecond(40, (i) => MIB * Math.max(0, 1 + 0.3 * noise[i]!)));
  });
  const short = all.filter(({ verdict }) => verdict === "too-short");
  assert.ok(short.length > 25, `${short.length}`);
  assert.ok(all.filter(({ verdict }) => verdict === "leak").length <= 3);
  assert.match(short[0]!.reason, /^It is too unsteady for [\d.]+ s: growth below/);
});

test("a gap in time counts as time, not as samples", () => {
  const random = randomOf(3);
  const timesMs = Float64Array.from({ length: 600 }, (_, i) => i * 1000 + (i >= 300 ? HOUR_MS : 0));
  const values = timesMs.map((at) => 500 * MIB + MIB * (100 * at / HOUR_MS + normal(random)));
  const growth = judgeGrowth({ timesMs, values });
  assert.ok(Math.abs(growth.slopeBytesPerHour! - 100 * MIB) < 10 * MIB);
  const flat = judgeGrowth({
    timesMs,
    values: values.map((_) => 500 * MIB + MIB * normal(random)),
  });
  assert.equal(flat.verdict, "stable");
});

test("neither the clock's start nor a huge level changes the verdict", () => {
  const { timesMs, values } = anHour((hours) => 60 * hours);
  const shifted = judgeGrowth({
    timesMs: timesMs.map((at) => at + 1.7e12),
    values: values.map((value) => 2 ** 52 - 2 ** 40 + value),
  });
  const plain = judgeGrowth({ timesMs, values });
  assert.equal(shifted.verdict, "leak");
  assert.ok(Math.abs(shifted.slopeBytesPerHour! - plain.slopeBytesPerHour!) < MIB / 1000);
  assert.equal(shifted.judgedFromMs, 1.7e12);
});

test("the same series has the same verdict, and is not changed", () => {
  const series = anHour((hours) => 60 * hours);
  const copy = { timesMs: series.timesMs.slice(), values: series.values.slice() };
  assert.deepEqual(judgeGrowth(series), judgeGrowth(series));
  assert.deepEqual(series, copy);
});

test("the time to the limit is that of the peaks, with the interval's ends the other way round", () => {
  // 560 MiB at the end, rising by 60 MiB an hour: 240 MiB below the limit, or a little less for the noise.
  const growth = judgeGrowth(anHour((hours) => 60 * hours), { limitBytes: 800 * MIB });
  assert.ok(Math.abs(growth.timeToLimitMs! / HOUR_MS - 3.96) < 0.1);
  assert.ok(growth.timeToLimitLowMs! < growth.timeToLimitMs!);
  assert.ok(growth.timeToLimitMs! < growth.timeToLimitHighMs!);
  const teeth = judgeGrowth(anHour((hours, i) => 60 * hours + (i % 60) * 2), {
    limitBytes: 800 * MIB,
  });
  assert.ok(Math.abs(teeth.timeToLimitMs! / HOUR_MS - 2) < 0.2, `${teeth.timeToLimitMs}`);
  const over = judgeGrowth(anHour((hours) => 60 * hours), { limitBytes: 510 * MIB });
  assert.equal(over.timeToLimitMs, 0);
});

test("without growth or without a limit there is no time to it", () => {
  assert.equal(judgeGrowth(anHour(() => 0), { limitBytes: 800 * MIB }).timeToLimitMs, null);
  const unlimited = judgeGrowth(anHour((hours) => 60 * hours), { limitBytes: null });
  assert.deepEqual(
    [unlimited.timeToLimitMs, unlimited.timeToLimitLowMs, unlimited.timeToLimitHighMs],
    [null, null, null],
  );
});

test("100,000 samples are judged as a few are", () => {
  const noise = autoregression(100_000, 0.5, randomOf(8));
  const rising = everySecond(100_000, (i) => 500 * MIB + MIB * (noise[i]! + i / 10_000));
  const growth = judgeGrowth(rising);
  assert.equal(growth.verdict, "leak");
  assert.ok(growth.slopeLow! < 0.36 * MIB && 0.36 * MIB < growth.slopeHigh!, growth.reason);
  const flat = everySecond(100_000, (i) => 500 * MIB + MIB * noise[i]!);
  assert.equal(judgeGrowth(flat).verdict, "stable");
});

test("a smaller alpha asks for more", () => {
  const [lax, strict] = [0.05, 0.0001].map((alpha) =>
    judgeGrowth(anHour((hours) => 60 * hours), { alpha })
  );
  assert.ok(lax!.minimumDetectableBytesPerHour! < strict!.minimumDetectableBytesPerHour!);
  assert.ok(lax!.slopeHigh! - lax!.slopeLow! < strict!.slopeHigh! - strict!.slopeLow!);
});

test("wrong options are refused", () => {
  const series = everySecond(50, () => 1);
  for (const alpha of [0, 0.5, 1, NaN]) {
    assert.throws(() => judgeGrowth(series, { alpha }), {
      name: "RangeError",
      message: `Cannot judge growth at alpha ${alpha}: give 0 < alpha < 0.5`,
    });
  }
  for (const leastSamples of [7, NaN]) {
    assert.throws(() => judgeGrowth(series, { leastSamples }), {
      name: "RangeError",
      message: `Cannot judge growth of ${leastSamples} samples: give 8 or more`,
    });
  }
});
