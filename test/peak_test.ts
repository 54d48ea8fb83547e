import assert from "node:assert/strict";
import { test } from "node:test";
import { PeakTracker } from "../lib/peak.ts";

/** All that it tells. */
const told = (peak: PeakTracker) => [
  peak.peakBytes,
  peak.peakAtMs,
  peak.baselineBytes,
  peak.lastBytes,
  peak.observations,
  peak.gaps,
];

test("before the first number nothing is known", () => {
  const peak = new PeakTracker();
  peak.observe(null, 5);
  assert.deepEqual(told(peak), [null, null, null, null, 0, 1]);
});

test("the peak is the highest, at the first time it was reached", () => {
  const peak = new PeakTracker();
  for (const [bytes, atMs] of [[0, 0], [7, 1], [3, 2], [7, 3], [5, 4]] as const) {
    peak.observe(bytes, atMs);
  }
  assert.deepEqual(told(peak), [7, 1, 0, 5, 5, 0]);
});

test("a gap changes nothing but the number of gaps, and 0 is a measurement", () => {
  const peak = new PeakTracker();
  peak.observe(0, 0);
  peak.observe(null, 1);
  assert.deepEqual([peak.peakBytes, peak.peakAtMs, peak.lastBytes, peak.gaps], [0, 0, 0, 1]);
});

test("what is no amount of bytes is refused", () => {
  for (const bytes of [-1, NaN, "5" as unknown as number, 5n as unknown as number]) {
    assert.throws(() => new PeakTracker().observe(bytes, 0), {
      name: "RangeError",
      message: `Cannot observe ${bytes} bytes: give a number from 0, or null`,
    });
  }
});
