import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bytesToMb,
  formatDuration,
  formatElapsed,
  formatMb,
  formatMib,
  formatSignedMb,
  formatSize,
  GIB,
  MIB,
  roundHalfEven,
  roundHalfEvenSigned,
} from "../lib/format.ts";

/** Random numbers 0 ≤ x < 1 that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("roundHalfEven rounds as the original does", () => {
  const cases: [number, number, string][] = [
    [1.25, 1, "1.2"],
    [2.25, 1, "2.2"],
    [1.75, 1, "1.8"],
    [0.5, 0, "0"],
    [1.5, 0, "2"],
    [2.5, 0, "2"],
    [0.05, 1, "0.1"], // the double is a little more than 0.05
    [0.15, 1, "0.1"], // and this one a little less than 0.15
    [9.96, 1, "10.0"],
    [0, 0, "0"],
    [0, 2, "0.00"],
    [-0, 1, "0.0"],
    [-0.3, 0, "0"],
    [-0.5, 0, "0"],
    [-1.5, 0, "-2"],
    [-0.04, 1, "0.0"],
    [1234.5678, 3, "1234.568"],
  ];
  for (const [value, decimals, text] of cases) {
    assert.equal(roundHalfEven(value, decimals), text, `${value} with ${decimals} decimals`);
  }
});

test("roundHalfEven is exact for the largest and the smallest numbers", () => {
  assert.equal(roundHalfEven(Number.MAX_SAFE_INTEGER, 0), "9007199254740991");
  assert.equal(roundHalfEven(1e21, 1), "1000000000000000000000.0");
  assert.equal(roundHalfEven(Number.MAX_VALUE, 0), BigInt(Number.MAX_VALUE).toString());
  assert.equal(roundHalfEven(2 ** 53 + 2, 0), "9007199254740994");
  assert.equal(roundHalfEven(Number.MIN_VALUE, 3), "0.000");
  assert.equal(roundHalfEven(2 ** -30, 30), "0.000000000931322574615478515625");
  assert.equal(roundHalfEven(-Number.MIN_VALUE, 0), "0");
});

test("roundHalfEven equals exact rational arithmetic on dyadic numbers, ties included", () => {
  const random = seeded(1);
  let ties = 0;
  for (let run = 0; run < 20_000; run++) {
    const power = Math.floor(random() * 12);
    const n = Math.floor(random() * 2 ** (3 + Math.floor(random() * 38)));
    const sign = random() < 0.5 ? -1 : 1;
    const decimals = Math.floor(random() * 5);
    // The oracle never sees the double: it rounds the fraction n·10^decimals / 2^power.
    const numerator = BigInt(n) * 10n ** BigInt(decimals);
    const denominator = 2n ** BigInt(power);
    let rounded = (2n * numerator + denominator) / (2n * denominator);
    if ((2n * numerator + denominator) % (2n * denominator) === 0n) {
      ties++;
      if (rounded % 2n === 1n) rounded -= 1n;
    }
    const digits = rounded.toString().padStart(decimals + 1, "0");
    const whole = digits.slice(0, digits.length - decimals);
    const magnitude = decimals === 0 ? whole : `${whole}.${digits.slice(-decimals)}`;
    const expected = sign < 0 && rounded > 0n ? `-${magnitude}` : magnitude;
    assert.equal(roundHalfEven(sign * n / 2 ** power, decimals), expected, `${n}/2^${power}`);
  }
  assert.ok(ties > 500, `only ${ties} ties were tried`);
});

test("roundHalfEven equals toFixed wherever there is no tie", () => {
  const random = seeded(2);
  let compared = 0;
  for (let run = 0; run < 20_000; run++) {
    const value = (random() - 0.5) * 10 ** (Math.floor(random() * 28) - 8);
    const decimals = Math.floor(random() * 8);
    // A tie has at most one digit more than asked for, so its exact expansion ends in 5 and zeros.
    const exact = value.toFixed(100);
    if (/^5?0*$/.test(exact.slice(exact.indexOf(".") + 1 + decimals))) continue;
    const fixed = value.toFixed(decimals);
    const expected = /[1-9]/.test(fixed) ? fixed : fixed.replace("-", "");
    assert.equal(roundHalfEven(value, decimals), expected, String(value));
    compared++;
  }
  assert.ok(compared > 15_000, `only ${compared} values were compared`);
});

test("roundHalfEven refuses what is no number or no number of decimals", () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    assert.throws(() => roundHalfEven(value, 0), RangeError);
  }
  for (const decimals of [-1, 0.5, 101, NaN]) {
    assert.throws(() => roundHalfEven(1, decimals), RangeError);
  }
});

test("roundHalfEvenSigned always has a sign, and zero is +0", () => {
  assert.equal(roundHalfEvenSigned(100, 0), "+100");
  assert.equal(roundHalfEvenSigned(-30, 0), "-30");
  for (const value of [0, -0, 0.3, -0.3, 0.5, -0.5]) {
    assert.equal(roundHalfEvenSigned(value, 0), "+0", String(value));
  }
  assert.equal(roundHalfEvenSigned(-1.25, 1), "-1.2");
});

test("bytesToMb divides by 2^20 and keeps null", () => {
  assert.equal(bytesToMb(MIB), 1);
  assert.equal(bytesToMb(0), 0);
  assert.equal(bytesToMb(MIB / 2), 0.5);
  assert.equal(bytesToMb(null), null);
});

test("formatMb and formatSignedMb round ties to even", () => {
  assert.equal(formatMb(13284 * MIB), "13284 MB");
  assert.equal(formatMb(MIB / 2), "0 MB");
  assert.equal(formatMb(1.5 * MIB), "2 MB");
  assert.equal(formatMb(2.5 * MIB), "2 MB");
  assert.equal(formatMb(null), "?");
  assert.equal(formatSignedMb(100 * MIB), "+100 MB");
  assert.equal(formatSignedMb(-30 * MIB), "-30 MB");
  assert.equal(formatSignedMb(-MIB / 2), "+0 MB");
  assert.equal(formatSignedMb(null), "?");
});

test("formatMib cuts off", () => {
  assert.equal(formatMib(0), "0 MiB");
  assert.equal(formatMib(MIB), "1 MiB");
  assert.equal(formatMib(2 * MIB - 1), "1 MiB");
  assert.equal(formatMib(16384 * MIB), "16384 MiB");
  assert.equal(formatMib(null), "?");
});

test("formatSize: format_vram_sub_gib", () => {
  assert.equal(formatSize(0), "0 MiB");
  assert.equal(formatSize(MIB - 1), "0 MiB");
  assert.equal(formatSize(MIB), "1 MiB");
  assert.equal(formatSize(512 * MIB), "512 MiB");
  assert.equal(formatSize(GIB - 1), "1023 MiB");
  assert.equal(formatSize(null), "?");
});

test("formatSize: format_vram_gib_one_decimal", () => {
  assert.equal(formatSize(GIB), "1.0 GiB");
  assert.equal(formatSize(1.5 * GIB), "1.5 GiB");
  assert.equal(formatSize(8 * GIB + 200 * MIB), "8.2 GiB");
  assert.equal(formatSize(1.25 * GIB), "1.2 GiB");
  assert.equal(formatSize(3 * 4 * GIB), "12.0 GiB");
});

test("formatDuration uses at most two units and never shows a full one as 60", () => {
  const cases: [number | null, string][] = [
    [null, "?"],
    [0, "0 ms"],
    [0.3, "0.3 ms"],
    [7.64, "7.6 ms"],
    [9.96, "10 ms"],
    [850, "850 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [3800, "3.8 s"],
    [59_940, "59.9 s"],
    [59_970, "1 min"],
    [125_000, "2 min 5 s"],
    [3_599_400, "59 min 59 s"],
    [3_599_600, "1 h"],
    [5_400_000, "1 h 30 min"],
    [86_399_000, "1 d"],
    [187_200_000, "2 d 4 h"],
    [-3800, "-3.8 s"],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text, String(ms));
});

test("time that runs", () => {
  assert.deepEqual([0, 999, 30_000, 3_599_999, 93_787_000].map(formatElapsed), [
    "0:00:00",
    "0:00:00",
    "0:00:30",
    "0:59:59",
    "26:03:07",
  ]);
});
