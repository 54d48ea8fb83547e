/** Zones of a GPU's memory and levels of RAM: where exactly they begin, and what is not known. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { lowerLimit } from "../lib/session/alerts/limits.ts";
import { ramLevelOf, zoneOf } from "../lib/session/alerts/zones.ts";
import { DEFAULT_SETTINGS } from "../lib/session/config/settings.ts";

const { gpu, ram } = DEFAULT_SETTINGS;
const GB = 1e9;
const GIB = 2 ** 30;

test("of 12 GB, safe ends at 8 GB and caution at 10 GB, to the byte", () => {
  for (const unit of [GB, GIB]) {
    const zone = (usedBytes: number) => zoneOf({ usedBytes, totalBytes: 12 * unit }, gpu);
    assert.equal(zone(0), "safe");
    assert.equal(zone(8 * unit - 1), "safe");
    assert.equal(zone(8 * unit), "caution");
    assert.equal(zone(10 * unit), "caution");
    assert.equal(zone(10 * unit + 1), "critical");
    assert.equal(zone(12 * unit), "critical");
  }
});

test("a share is a whole byte, whatever the total", () => {
  for (let total = 6; total < 2 ** 50; total = total * 3 + 6) {
    assert.equal(zoneOf({ usedBytes: total * 2 / 3, totalBytes: total }, gpu), "caution");
    assert.equal(lowerLimit(5 / 6, total, null), total / 6 * 5);
  }
  assert.deepEqual([lowerLimit(2 / 3, 100, null), lowerLimit(1 / 3, 100, null)], [67, 33]);
});

test("exactly 85 % of RAM is no warning yet, nor is exactly 90 % critical", () => {
  for (let total = 100; total < 2 ** 50; total *= 7) {
    const level = (usedBytes: number) => ramLevelOf({ usedBytes, totalBytes: total }, ram);
    const hundredth = total / 100;
    assert.equal(level(70 * hundredth - 1), "normal");
    assert.equal(level(70 * hundredth), "elevated");
    assert.equal(level(85 * hundredth), "elevated");
    assert.equal(level(85 * hundredth + 1), "warning");
    assert.equal(level(90 * hundredth), "warning");
    assert.equal(level(90 * hundredth + 1), "critical");
  }
});

test("of a share and an absolute limit the lower one counts", () => {
  const zone = (usedBytes: number, cautionBytes: number, criticalBytes: number) =>
    zoneOf({ usedBytes, totalBytes: 12 * GB }, { ...gpu, cautionBytes, criticalBytes });
  assert.equal(zone(5 * GB, 5 * GB, 6 * GB), "caution");
  assert.equal(zone(6 * GB + 1, 5 * GB, 6 * GB), "critical");
  assert.equal(zone(8 * GB, 11 * GB, 12 * GB), "caution");
  assert.equal(zone(11 * GB, 11 * GB, 12 * GB), "critical");
  // A critical limit below the one for caution.
  assert.equal(zone(7 * GB, 9 * GB, 6 * GB), "critical");
  const level = (usedBytes: number) =>
    ramLevelOf({ usedBytes, totalBytes: 100 }, { ...ram, warningBytes: 20, limitBytes: 30 });
  assert.deepEqual([20, 21, 30, 31].map(level), ["normal", "warning", "warning", "critical"]);
});

test("absolute limits hold where the total is not known", () => {
  const limits = { ...gpu, cautionBytes: 5, criticalBytes: 6 };
  for (const totalBytes of [null, 0]) {
    const zone = (usedBytes: number) => zoneOf({ usedBytes, totalBytes }, limits);
    assert.deepEqual([4, 5, 6, 7].map(zone), ["safe", "caution", "caution", "critical"]);
    const level = (usedBytes: number) =>
      ramLevelOf({ usedBytes, totalBytes }, { ...ram, limitBytes: 5 });
    assert.deepEqual([5, 6].map(level), ["elevated", "critical"]);
  }
});

test("what is not known has no zone and no level", () => {
  const wrong: readonly (readonly [number | null, number | null])[] = [
    [null, 12],
    [8, null],
    [8, 0],
    [NaN, 12],
    [-1, 12],
    [Infinity, 12],
    [8, NaN],
    [8, -12],
    [null, null],
  ];
  for (const [usedBytes, totalBytes] of wrong) {
    assert.equal(zoneOf({ usedBytes, totalBytes }, gpu), null, `${usedBytes} of ${totalBytes}`);
    assert.equal(ramLevelOf({ usedBytes, totalBytes }, ram), null, `${usedBytes} of ${totalBytes}`);
  }
});
