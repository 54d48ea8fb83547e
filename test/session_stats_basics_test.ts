/** Order statistics, correlations and distributions, against another library and against tables. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as oracle from "simple-statistics";
import { pearson, spearman } from "../lib/session/stats/correlation.ts";
import {
  median,
  medianAbsoluteDeviation,
  quantileOfSorted,
  selectInPlace,
} from "../lib/session/stats/quantile.ts";
import { ranksOf, tiesOf } from "../lib/session/stats/ranks.ts";
import {
  normalCdf,
  normalQuantile,
  studentCdf,
  studentQuantile,
} from "../lib/session/stats/special.ts";
import { normal, randomOf } from "./support/memory_series.ts";

const numbers = (count: number, seed: number) => {
  const random = randomOf(seed);
  return Array.from({ length: count }, () => normal(random) * 1e9);
};

function near(actual: number | null, expected: number, tolerance: number): void {
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= tolerance,
    `${actual} is not within ${tolerance} of ${expected}`,
  );
}

test("percentiles that fall on a number are the other library's", () => {
  const sorted = numbers(101, 1).sort((a, b) => a - b);
  for (let percent = 1; percent < 100; percent++) {
    near(
      quantileOfSorted(sorted, percent / 100),
      oracle.quantileSorted(sorted, percent / 100),
      1e-3,
    );
  }
});

test("between two numbers a quantile is interpolated, and the ends are the extremes", () => {
  assert.equal(quantileOfSorted([10, 20], 0.25), 12.5);
  assert.equal(quantileOfSorted([1, 2, 3, 4], 0.5), 2.5);
  near(quantileOfSorted([1, 2, 3, 10], 0.9), 3 + 0.7 * 7, 1e-12);
  assert.equal(quantileOfSorted(Float64Array.of(7, 8, 9), 0), 7);
  assert.equal(quantileOfSorted([7, 8, 9], 1), 9);
  assert.equal(quantileOfSorted([7], 0.3), 7);
});

test("a quantile of nothing, or no share, is refused", () => {
  assert.throws(() => quantileOfSorted([], 0.5), RangeError);
  for (const share of [-0.1, 1.1, NaN]) {
    assert.throws(() => quantileOfSorted([1], share), {
      name: "RangeError",
      message: `Cannot tell the quantile ${share}: give a share from 0 to 1`,
    });
  }
});

test("median and MAD are the other library's, and null of nothing", () => {
  for (const count of [1, 2, 3, 50, 51]) {
    const values = numbers(count, count);
    near(median(values), oracle.median(values), 1e-6);
    near(medianAbsoluteDeviation(values), oracle.medianAbsoluteDeviation(values), 1e-6);
  }
  assert.equal(median([]), null);
  assert.equal(medianAbsoluteDeviation([]), null);
});

test("selection finds what sorting finds, ties and all", () => {
  const random = randomOf(4);
  for (const count of [1, 2, 7, 100]) {
    const values = Float64Array.from({ length: count }, () => Math.floor(random() * 20));
    const sorted = values.slice().sort();
    for (let i = 0; i < count; i++) assert.equal(selectInPlace(values.slice(), i), sorted[i]);
  }
});

test("equal numbers share the mean of their ranks", () => {
  assert.deepEqual([...ranksOf([30, 10, 20, 10])], [4, 1.5, 3, 1.5]);
  assert.deepEqual([...ranksOf([5, 5, 5])], [2, 2, 2]);
  assert.deepEqual(tiesOf([3, 1, 3, 2, 1, 3]), [2, 3]);
  assert.deepEqual(tiesOf([1, 2, 3]), []);
});

test("correlations are the other library's, with ties and without", () => {
  const a = numbers(60, 8);
  const b = numbers(60, 9).map((value, i) => value + a[i]!);
  near(pearson(a, b), oracle.sampleCorrelation(a, b), 1e-12);
  near(spearman(a, b), oracle.sampleRankCorrelation(a, b), 1e-12);
  const [tiedA, tiedB] = [a, b].map((values) => values!.map((value) => Math.round(value / 1e9)));
  near(spearman(tiedA!, tiedB!), oracle.sampleRankCorrelation(tiedA!, tiedB!), 1e-12);
});

test("by ranks a curve that only rises is as good as a line", () => {
  const x = [1, 2, 3, 4, 5];
  assert.equal(spearman(x, x.map((value) => value ** 3)), 1);
  assert.equal(spearman(x, x.map((value) => -value)), -1);
  assert.ok(pearson(x, x.map((value) => value ** 3))! < 0.95);
});

test("a correlation that is not defined is null, and two of unequal length are refused", () => {
  for (const correlate of [pearson, spearman]) {
    assert.equal(correlate([], []), null);
    assert.equal(correlate([1], [2]), null);
    assert.equal(correlate([0.1, 0.1, 0.1], [1, 2, 3]), null);
    assert.equal(correlate([1, 2, 3], [7, 7, 7]), null);
    assert.throws(() => correlate([1, 2], [1]), {
      name: "RangeError",
      message: "Cannot correlate 2 with 1 numbers: give pairs",
    });
  }
});

test("huge numbers that differ little correlate all the same", () => {
  const huge = [1, 2, 3, 4].map((i) => 2 ** 52 + i);
  near(pearson(huge, [1, 2, 3, 4]), 1, 1e-12);
});

test("the normal distribution is the other library's, and the tables' in the tails", () => {
  for (let x = -3; x <= 3; x += 0.05) {
    // Its table has four digits, its error function seven.
    near(normalCdf(x), oracle.cumulativeStdNormalProbability(x), 2e-4);
    near(normalCdf(x), (1 + oracle.errorFunction(x / Math.SQRT2)) / 2, 2e-7);
  }
  near(normalCdf(1.96), 0.9750021048517795, 1e-14);
  near(normalCdf(-3.5), 2.3262907903552504e-4, 1e-17);
  near(normalCdf(-6), 9.865876450376981e-10, 1e-22);
  assert.deepEqual([normalCdf(0), normalCdf(-50), normalCdf(50)], [0.5, 0, 1]);
});

test("quantiles of the normal distribution are the tables', and the inverse", () => {
  near(normalQuantile(0.975), 1.959963984540054, 1e-12);
  near(normalQuantile(0.995), 2.5758293035489004, 1e-10);
  near(normalQuantile(1e-9), -5.997807014996, 1e-9);
  assert.equal(Math.abs(normalQuantile(0.5)) < 1e-12, true);
  for (const p of [0, 1, NaN]) assert.throws(() => normalQuantile(p), RangeError);
});

test("Student's distribution is the tables'", () => {
  near(studentQuantile(0.975, 1), 12.706204736432095, 1e-8);
  near(studentQuantile(0.995, 3), 5.84090929975643, 1e-8);
  near(studentQuantile(0.995, 6), 3.707428021324907, 1e-8);
  near(studentQuantile(0.95, 30), 1.697260886593957, 1e-8);
  near(studentCdf(-1, 1), 0.25, 1e-12);
  assert.equal(studentCdf(0, 5), 0.5);
  near(studentCdf(2, 1e7), normalCdf(2), 1e-7);
});
