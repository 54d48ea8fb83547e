/** How often the verdicts are right, on series of which the truth is known. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type GrowthVerdict, judgeGrowth } from "../lib/session/stats/growth.ts";
import { mannKendall } from "../lib/session/stats/mann_kendall.ts";
import {
  autoregression,
  ENDED,
  HOUR_MS,
  LEAK_FREE,
  LEAKS,
  lengthOf,
  MIB,
  paged,
  type Random,
  randomOf,
  seriesOf,
  timesOf,
} from "./support/memory_series.ts";

interface Drawn {
  readonly kind: string;
  readonly random: Random;
  readonly timesMs: Float64Array;
  readonly level: number;
  readonly noise: Float64Array;
}

/** The series number `i` of the mix; drawing it again gives the same. */
function leakFree(i: number): Drawn {
  const kinds = Object.entries(LEAK_FREE);
  const [kind, make] = kinds[i % kinds.length]!;
  const random = randomOf(90_001 + 613 * i);
  const count = lengthOf(random, 100, 2000);
  const timesMs = timesOf(count, random);
  const level = (300 + 1000 * random()) * MIB;
  return { kind, random, timesMs, level, noise: make(count, random) };
}

function shareOf(count: number, isSo: (i: number) => boolean): number {
  let so = 0;
  for (let i = 0; i < count; i++) if (isSo(i)) so += 1;
  return so / count;
}

test("of 500 leak-free series at most 3 % are called a leak", () => {
  const share = shareOf(500, (i) => {
    const { timesMs, noise, level } = leakFree(i);
    return judgeGrowth(seriesOf(timesMs, paged(noise, level))).verdict === "leak";
  });
  assert.ok(share <= 0.03, `${share * 100} %`);
});

for (const [count, phi] of [[100, 0.9], [100, 0.95], [300, 0.95], [5000, 0.95]] as const) {
  test(`of 100 autoregressions of ${count} samples with φ = ${phi} at most 3 are called a leak`, () => {
    const share = shareOf(100, (i) => {
      const noise = autoregression(count, phi, randomOf(7919 * i + count)).map((v) => 5 * MIB * v);
      const timesMs = noise.map((_, at) => at * 1000);
      return judgeGrowth(seriesOf(timesMs, paged(noise, 500 * MIB))).verdict === "leak";
    });
    assert.ok(share <= 0.03, `${share * 100} %`);
  });
}

test("uncorrected, the test would call far more autoregressions growing, so the correction is tested", () => {
  const share = shareOf(100, (i) => {
    const values = autoregression(200, 0.9, randomOf(31 * i));
    return mannKendall(values).p < 0.01;
  });
  assert.ok(share > 0.3, `${share * 100} %`);
});

/** The share of leaks seen when each of the 500 series leaks by a multiple of the least slope stated for it. */
function detected(multipleOf: (random: Random) => number): number {
  return shareOf(500, (i) => {
    const { timesMs, noise, level, random } = leakFree(i);
    const quiet = judgeGrowth(seriesOf(timesMs, paged(noise, level)));
    const slope = multipleOf(random) * quiet.minimumDetectableBytesPerHour!;
    const leaking = noise.map((value, k) => value + slope * (timesMs[k]! - timesMs[0]!) / HOUR_MS);
    return judgeGrowth(seriesOf(timesMs, paged(leaking, level))).verdict === "leak";
  });
}

test("at least 95 % of leaks at the stated minimum are seen", () => {
  const share = detected(() => 1);
  assert.ok(share >= 0.95, `${share * 100} %`);
});

test("at least 95 % of leaks from one to three times the stated minimum are seen", () => {
  const share = detected((random) => 1 + 2 * random());
  assert.ok(share >= 0.95, `${share * 100} %`);
});

test("the stated minimum is no excuse: of leaks by a quarter of it most go unseen", () => {
  const share = detected(() => 0.25);
  assert.ok(share < 0.3, `${share * 100} %`);
});

function verdicts(make: (count: number, random: Random) => Float64Array): GrowthVerdict[] {
  return Array.from({ length: 100 }, (_, i) => {
    const random = randomOf(50_021 + 401 * i);
    const count = lengthOf(random, 120, 2000);
    const timesMs = timesOf(count, random);
    return judgeGrowth(seriesOf(timesMs, paged(make(count, random), 1000 * MIB))).verdict;
  });
}

for (const [name, [expected, make]] of Object.entries(ENDED)) {
  test(`${name} is called ${expected} at least 90 times of 100, and a leak at most 3 times`, () => {
    const all = verdicts(make);
    const right = all.filter((verdict) => verdict === expected).length;
    assert.ok(right >= 90, `right: ${right}`);
    const leaks = all.filter((verdict) => verdict === "leak").length;
    assert.ok(leaks <= 3, `leaks: ${leaks}`);
  });
}

for (const [name, make] of Object.entries(LEAKS)) {
  test(`${name} is called a leak at least 90 times of 100`, () => {
    const right = verdicts(make).filter((verdict) => verdict === "leak").length;
    assert.ok(right >= 90, `right: ${right}`);
  });
}
