/** Mann–Kendall, Theil–Sen and what corrects them, against their definitions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as oracle from "simple-statistics";
import { inflationAt, neighbourCorrelation } from "../lib/session/stats/autocorrelation.ts";
import { slowVariance } from "../lib/session/stats/long_waves.ts";
import { mannKendall, varianceOfS } from "../lib/session/stats/mann_kendall.ts";
import { theilSenInterval, theilSenSlope } from "../lib/session/stats/theil_sen.ts";
import { trendOf } from "../lib/session/stats/trend.ts";
import { autoregression, everySecond, normal, randomOf } from "./support/memory_series.ts";

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${actual} is not within ${tolerance} of ${expected}`,
  );

test("S counts pairs that rise less pairs that fall", () => {
  // 3<5, 3<4, 3>2, 3<6, 5>4, 5>2, 5<6, 4>2, 4<6, 2<6: six rise, four fall.
  const { s, variance, z, p } = mannKendall([3, 5, 4, 2, 6]);
  assert.equal(s, 2);
  assert.equal(variance, 5 * 4 * 15 / 18);
  near(z, 1 / Math.sqrt(50 / 3), 1e-15);
  near(p, 0.8064959, 1e-6);
});

test("ties neither rise nor fall, and lessen the variance", () => {
  // Groups of two and three: (6·5·17 - 2·1·9 - 3·2·11) / 18 = (510 - 18 - 66) / 18.
  const values = [1, 1, 2, 3, 3, 3];
  assert.equal(varianceOfS(values), 426 / 18);
  const { s, z } = mannKendall(values);
  assert.equal(s, 11);
  near(z, 10 / Math.sqrt(426 / 18), 1e-15);
});

test("what falls has the same z with the other sign, and what is constant none", () => {
  const rising = [1, 4, 2, 8, 5, 7];
  assert.equal(mannKendall(rising.toReversed()).z, -mannKendall(rising).z);
  assert.deepEqual(mannKendall([4, 4, 4, 4]), { s: 0, variance: 0, z: 0, p: 1 });
  assert.deepEqual(mannKendall([1]), { s: 0, variance: 0, z: 0, p: 1 });
});

test("Sen's slope is the median of the pairs' slopes", () => {
  // Slopes: 1, 3/2, 1 (from 0); 2, 1 (from 1); 0 (from 2), sorted 0, 1, 1, 1, 3/2, 2.
  assert.equal(theilSenSlope([0, 1, 2, 3], [0, 1, 3, 3]), 1);
  // At uneven times: 1/1, 5/4, 4/3.
  assert.equal(theilSenSlope([0, 1, 4], [0, 1, 5]), 5 / 4);
  assert.equal(theilSenSlope([2, 2], [1, 5]), null);
  assert.equal(theilSenSlope([], []), null);
});

test("Sen's interval stands at the ranks that the variance of S gives", () => {
  // N = 45 slopes of ten points; C = 1.96·√125 = 21.9; the slopes ranked 11 (from 11.5) and 34 + 1.
  const random = randomOf(3);
  const times = Array.from({ length: 10 }, (_, i) => i);
  const values = times.map((i) => i + 5 * normal(random));
  const slopes: number[] = [];
  for (const i of times) {
    for (const j of times) if (j > i) slopes.push((values[j]! - values[i]!) / (j - i));
  }
  slopes.sort((a, b) => a - b);
  assert.deepEqual(theilSenInterval(times, values, 0.95), {
    slope: slopes[22],
    low: slopes[10],
    high: slopes[34],
  });
});

test("three points tell no interval at 99 %", () => {
  assert.deepEqual(theilSenInterval([0, 1, 2], [0, 1, 2], 0.99), {
    slope: 1,
    low: -Infinity,
    high: Infinity,
  });
});

test("without noise the slope is that of the other library's regression, with outliers it stays", () => {
  const times = [0, 1, 2.5, 4, 7, 8, 11, 12, 13, 15];
  const values = times.map((time) => 1e9 + 4096 * time);
  const { m } = oracle.linearRegression(times.map((time, i) => [time, values[i]!]));
  near(theilSenSlope(times, values)!, m, 1e-6);
  const broken = values.with(2, 0).with(7, 1e12);
  near(theilSenSlope(times, broken)!, 4096, 1e-6);
});

test("the correlation of neighbours is right on average, also where there are few", () => {
  for (
    const [count, phi, tolerance] of [[40, 0, 0.12], [40, 0.5, 0.08], [200, 0.8, 0.04]] as const
  ) {
    let sum = 0;
    for (let i = 0; i < 200; i++) {
      sum += neighbourCorrelation(autoregression(count, phi, randomOf(i)));
    }
    near(sum / 200, phi, tolerance);
  }
});

test("what alternates counts as independent, and what does not vary too", () => {
  assert.equal(neighbourCorrelation(Float64Array.from({ length: 40 }, (_, i) => i % 2)), 0);
  assert.equal(neighbourCorrelation(new Float64Array(10)), 0);
});

test("the inflation of a slope is that of the covariances written out", () => {
  const [times, phi] = [Float64Array.of(0, 1, 2, 3, 4, 5), 0.6];
  let [ofSlope, ofMean] = [0, 0];
  for (let i = 0; i < 6; i++) {
    for (let j = 0; j < 6; j++) {
      const covariance = phi ** Math.abs(i - j);
      ofSlope += (i - 2.5) * (j - 2.5) * covariance / 17.5;
      ofMean += covariance / 6;
    }
  }
  const inflation = inflationAt(times, phi);
  near(inflation.ofSlope, ofSlope, 1e-12);
  near(inflation.worth, 6 * (6 - ofMean - ofSlope) / 4 / ofSlope, 1e-12);
  assert.deepEqual(inflationAt(times, 0), { ofSlope: 1, worth: 6 });
});

test("slow noise is the mean square on the curves of degree 2 and above", () => {
  const times = Float64Array.from({ length: 50 }, (_, i) => i);
  const line = times.map((at) => 3 + 2 * at);
  near(slowVariance(times, line, 6), 0, 1e-18);
  // A parabola without its line lies wholly on the curve of degree 2.
  const square = times.map((at) => (at - 24.5) ** 2);
  const mean = square.reduce((sum, value) => sum + value, 0) / 50;
  const total = square.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  near(slowVariance(times, square, 6), total / 6, total * 1e-12);
  const white = autoregression(4000, 0, randomOf(5));
  const axis = Float64Array.from({ length: 4000 }, (_, i) => i);
  near(slowVariance(axis, white, 100), 1, 0.4);
});

test("a line without noise has its slope and no doubt", () => {
  const trend = trendOf(everySecond(60, (i) => 1e9 + 4096 * i), 0.01)!;
  near(trend.slope, 4096 * 3600, 1e-3);
  near(trend.low, trend.slope, 1);
  near(trend.high, trend.slope, 1);
  assert.ok(trend.p < 1e-9);
  near(trend.levelAt(59_000), 1e9 + 4096 * 59, 1e-3);
});

test("the interval holds the slope in about 99 of 100 cases, also where neighbours correlate", () => {
  for (const phi of [0, 0.7, 0.9]) {
    let held = 0;
    for (let i = 0; i < 200; i++) {
      const noise = autoregression(120, phi, randomOf(17 * i + 1));
      const { low, high } = trendOf(everySecond(120, (k) => 100 * noise[k]! + k), 0.01)!;
      if (low <= 3600 && 3600 <= high) held += 1;
    }
    assert.ok(held >= 192, `φ = ${phi}: ${held}`);
  }
});

test("the interval is not everything: it shrinks with the length", () => {
  const widthOf = (count: number) => {
    const noise = autoregression(count, 0.3, randomOf(2));
    const { low, high } = trendOf(everySecond(count, (k) => noise[k]!), 0.01)!;
    return high - low;
  };
  assert.ok(widthOf(400) < widthOf(100) / 4);
});

test("seven points, or points at one time, have no trend", () => {
  assert.equal(trendOf(everySecond(7, (i) => i), 0.01), null);
  assert.notEqual(trendOf(everySecond(8, (i) => i), 0.01), null);
  const timesMs = new Float64Array(20).fill(5);
  assert.equal(trendOf({ timesMs, values: timesMs.map((_, i) => i) }, 0.01), null);
});
