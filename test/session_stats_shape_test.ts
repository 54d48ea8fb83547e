/** Windows, teeth, the lower envelope, level shifts and shapes of a growth. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { envelopeWindows } from "../lib/session/stats/envelope.ts";
import { granularityOf } from "../lib/session/stats/granularity.ts";
import { shapeOf } from "../lib/session/stats/shape.ts";
import { shiftsOf } from "../lib/session/stats/shifts.ts";
import { climbTrend, stairTrend } from "../lib/session/stats/stairs.ts";
import { bestLevels } from "../lib/session/stats/steps.ts";
import { teethOf } from "../lib/session/stats/teeth.ts";
import { type Trend, trendOf } from "../lib/session/stats/trend.ts";
import { type GrowthSeries, lowsOf, mediansOf, windowsOf } from "../lib/session/stats/windows.ts";
import { everySecond, MIB, normal, PAGE, randomOf } from "./support/memory_series.ts";

test("windows are of equal time, whatever the rate, and those of a gap are left out", () => {
  const timesMs = Float64Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 90, 100);
  const series = { timesMs, values: timesMs.map((_, i) => i) };
  const windows = windowsOf(series, 10);
  assert.deepEqual(windows, [{ from: 0, to: 9 }, { from: 9, to: 11 }]);
  assert.deepEqual(mediansOf(series, windows), {
    timesMs: Float64Array.of(4, 95),
    values: Float64Array.of(4, 9.5),
  });
});

test("each sample is in one window, and nothing has none", () => {
  const windows = windowsOf(everySecond(1000, (i) => i), 7);
  assert.equal(windows.length, 7);
  assert.equal(windows[0]!.from, 0);
  assert.equal(windows.at(-1)!.to, 1000);
  windows.slice(1).forEach(({ from }, i) => assert.equal(from, windows[i]!.to));
  assert.deepEqual(windowsOf({ timesMs: new Float64Array(), values: new Float64Array() }, 7), []);
});

test("teeth are counted and measured, small ones between them are not", () => {
  const saw = everySecond(200, (i) => (i % 20) * 5 + (i % 2) * 3);
  assert.deepEqual(teethOf(saw), { count: 9, amplitude: 98, longestMs: 20_000 });
});

test("two large falls are no teeth, and do not hide those there are", () => {
  const values = everySecond(200, (i) => (i % 10) + (i === 55 || i === 105 ? 5000 : 0));
  assert.equal(teethOf(values)!.amplitude, 9);
  assert.equal(teethOf(everySecond(100, (i) => i === 30 || i === 60 ? 9 : 0)), null);
  assert.equal(teethOf(everySecond(100, (i) => i)), null);
});

test("the envelope's windows cover the teeth, so its points are the lows", () => {
  const saw = everySecond(1000, (i) => 7 + (i % 50));
  const windows = envelopeWindows(saw, teethOf(saw));
  assert.ok(windows.length >= 14 && windows.length <= 20, `${windows.length}`);
  const { timesMs, values } = lowsOf(saw, windows);
  assert.deepEqual([...values], Array(windows.length).fill(7));
  for (const at of timesMs) assert.equal(at % 50_000, 0);
});

test("too few teeth are not covered, and where there are none the windows are fine", () => {
  const few = everySecond(1000, (i) => i % 200);
  assert.equal(envelopeWindows(few, teethOf(few)).length, 28);
  assert.equal(envelopeWindows(few, null).length, 120);
  assert.equal(envelopeWindows(everySecond(100, (i) => i), null).length, 50);
  assert.equal(envelopeWindows(everySecond(20, (i) => i), null).length, 20);
});

test("the best levels are the true ones, and cost what is left", () => {
  const values = Float64Array.of(1, 1, 1, 5, 5, 5, 5, 2, 2, 2);
  const [none, one, two] = bestLevels(values, 2);
  assert.deepEqual(none!.starts, []);
  assert.ok(Math.abs(none!.cost - 30.9) < 1e-9, `${none!.cost}`);
  assert.deepEqual(one!.starts, [3]);
  assert.deepEqual(two!.starts, [3, 7]);
  assert.ok(two!.cost < 1e-9);
});

test("huge values have levels too, and few points few", () => {
  const values = Float64Array.of(0, 0, 0, PAGE, PAGE, PAGE).map((value) => 2 ** 52 + value);
  const found = bestLevels(values, 5);
  assert.equal(found.length, 2);
  assert.deepEqual(found[1], { starts: [3], cost: 0 });
});

test("a shift has the time of its first sample and the size of the levels' difference", () => {
  const series = everySecond(100, (i) => 1000 + (i % 2) + (i >= 47 ? 500 : 0));
  const windows = windowsOf(series, 10);
  assert.deepEqual(shiftsOf(series, windows, [5]), [{ atMs: 47_000, bytes: 500 }]);
  assert.deepEqual(shiftsOf(series, windows, []), []);
});

const points = (at: (i: number) => number): GrowthSeries => {
  const random = randomOf(12);
  return everySecond(80, (i) => 100 * MIB * at(i / 80) + MIB * normal(random));
};

test("shapes are told apart", () => {
  assert.equal(shapeOf(points(() => 0), PAGE).kind, "line");
  assert.equal(shapeOf(points((x) => x), PAGE).kind, "line");
  assert.deepEqual(shapeOf(points((x) => x >= 0.5 ? 1 : 0), PAGE), { kind: "steps", starts: [40] });
  assert.deepEqual(shapeOf(points((x) => (x >= 0.25 ? 1 : 0) + (x >= 0.5 ? 1 : 0)), PAGE), {
    kind: "steps",
    starts: [20, 40],
  });
  assert.equal(shapeOf(points((x) => Math.floor(x * 6)), PAGE).kind, "staircase");
  const ends = shapeOf(points((x) => Math.min(1, 3 * x)), PAGE);
  assert.ok(ends.kind === "ends" && Math.abs(ends.at - 27) <= 2, JSON.stringify(ends));
  assert.ok(Math.abs(ends.bytes - 100 * MIB) < 3 * MIB, JSON.stringify(ends));
  const begins = shapeOf(points((x) => Math.max(0, x - 0.5)), PAGE);
  assert.ok(begins.kind === "begins" && Math.abs(begins.at - 40) <= 2, JSON.stringify(begins));
  assert.equal(shapeOf(points((x) => 1 - Math.exp(-20 * x)), PAGE).kind, "ends");
});

test("one odd point is no shape", () => {
  assert.equal(shapeOf(points((x) => x === 0.5 ? 1000 : 0), PAGE).kind, "line");
});

const anyTrend: Trend = trendOf(everySecond(60, (i) => i), 0.01)!;

test("five stairs up stand in this order by chance once in 720, and flatten at their slowest", () => {
  const stairs = [4, 2, 8, 4, 6].map((bytes, i) => ({ atMs: i, bytes }));
  const trend = stairTrend(anyTrend, stairs, [0, 1, 2, 3, 4, 5].map((hour) => 3_600_000 * hour))!;
  assert.ok(Math.abs(trend.p - 1 / 720) < 1e-15);
  assert.deepEqual([trend.low, trend.high].map((slope) => Math.round(slope * 1e9)), [2e9, 8e9]);
  assert.ok(trend.slope >= 2 && trend.slope <= 8);
});

test("a stair down, or a last one that hardly rises, is no climb", () => {
  const middles = [0, 1, 2, 3];
  const stairs = (...bytes: number[]) => bytes.map((size, i) => ({ atMs: i, bytes: size }));
  assert.notEqual(stairTrend(anyTrend, stairs(5, 5, 5), middles), null);
  assert.equal(stairTrend(anyTrend, stairs(5, -1, 5), middles), null);
  assert.equal(stairTrend(anyTrend, stairs(9, 9, 0.5), middles), null);
});

test("a climb is six parts that do not overlap", () => {
  assert.notEqual(climbTrend(anyTrend, everySecond(60, (i) => i ** 2)), null);
  assert.equal(climbTrend(anyTrend, everySecond(60, (i) => i === 25 ? 9 ** 2 : i ** 2)), null);
  assert.equal(climbTrend(anyTrend, everySecond(11, (i) => i)), null);
});

test("the unit is the largest power of two in all values, from a page to 2 MiB", () => {
  assert.equal(granularityOf(Float64Array.of(3 * MIB, 5 * MIB)), MIB);
  assert.equal(granularityOf(Float64Array.of(1024 * MIB)), 2 * MIB);
  assert.equal(granularityOf(Float64Array.of(3 * MIB, 3 * PAGE)), PAGE);
  assert.equal(granularityOf(Float64Array.of(3 * MIB, 17.5)), PAGE);
  assert.equal(granularityOf(Float64Array.of(0, 0)), PAGE);
  assert.equal(granularityOf(Float64Array.of(0, 6 * MIB)), 2 * MIB);
});
