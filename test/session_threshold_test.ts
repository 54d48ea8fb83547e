/** Time that counts, latches and thresholds: nothing flaps, and what is not known changes nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Latch, Threshold } from "../lib/session/alerts/threshold.ts";
import { WindowMinimum } from "../lib/session/window_minimum.ts";
import { HeldTime, WatchedClock } from "../lib/session/held_time.ts";

const CALM = { minimumMs: 0, hysteresisRatio: 0.1, clearMs: 0 };
const LIMITS = { warning: 100, critical: 200 };
const AT_LIMIT = { isWarningAtLimit: true, isCriticalAtLimit: true };
const ABOVE = { isWarningAtLimit: false, isCriticalAtLimit: false };

/** The severities after each of the values, one a second; `null` is not known. */
function severities(
  values: readonly (number | null)[],
  calm = CALM,
  comparison = AT_LIMIT,
  limits: { warning: number | null; critical: number | null } = LIMITS,
) {
  const threshold = new Threshold(calm, comparison);
  return values.map((value, second) => {
    if (value === null) threshold.pass(second * 1000);
    else threshold.observe(value, limits, second * 1000);
    return threshold.severity?.[0] ?? "-";
  }).join("");
}

test("it goes up and down through both limits", () => {
  assert.equal(severities([99, 100, 199, 200, 181, 180, 179, 91, 90, 89]), "-wwcccwww-");
});

test("a limit counts as beyond or not, and clearing mirrors it", () => {
  assert.equal(severities([100, 90, 89], CALM, AT_LIMIT), "ww-");
  assert.equal(severities([100, 101, 91, 90], CALM, ABOVE), "-ww-");
  const none = { ...CALM, hysteresisRatio: 0 };
  assert.equal(severities([100, 99, 100], none, AT_LIMIT), "w-w");
  assert.equal(severities([101, 100, 101], none, ABOVE), "w-w");
});

test("what wavers around a limit by less than the hysteresis is above it once", () => {
  const wavering = Array.from({ length: 1000 }, (_, i) => i % 2 === 0 ? 100 : 91);
  assert.equal(severities(wavering), "w".repeat(1000));
});

test("it begins only when it has held, and a moment below begins anew", () => {
  const calm = { ...CALM, minimumMs: 3000 };
  assert.equal(severities([100, 100, 100, 100], calm), "---w");
  assert.equal(severities([100, 100, 99, 100, 100, 100, 100], calm), "------w");
  assert.equal(severities([200, 200, 200, 200], calm), "---c");
});

test("it ends only when it has been clear for long enough", () => {
  const calm = { ...CALM, clearMs: 2000 };
  assert.equal(severities([100, 0, 0, 0, 0], calm), "www--");
  assert.equal(severities([100, 0, 0, 95, 0, 0, 0], calm), "wwwwww-");
});

test("what is not known changes nothing, and its time does not count", () => {
  assert.equal(severities([100, null, null, null]), "wwww");
  assert.equal(severities([null, null]), "--");
  const slow = { ...CALM, minimumMs: 2000, clearMs: 2000 };
  assert.equal(severities([100, null, null, null, 100, 100], slow), "-----w");
  assert.equal(severities([100, 100, 100, 0, null, null, null, 0, 0], slow), "--wwwwww-");
});

test("limits that can't be told leave their side as it is", () => {
  const threshold = new Threshold(CALM, AT_LIMIT);
  threshold.observe(200, LIMITS, 0);
  threshold.observe(0, { warning: null, critical: null }, 1000);
  assert.equal(threshold.severity, "critical");
  threshold.observe(0, { warning: null, critical: 200 }, 2000);
  assert.equal(threshold.severity, "warning");
  assert.equal(severities([1000], CALM, AT_LIMIT, { warning: null, critical: null }), "-");
});

test("a critical limit below the one for warnings is critical all the same", () => {
  const limits = { warning: 100, critical: 80 };
  assert.equal(severities([79, 80, 73, 71], CALM, AT_LIMIT, limits), "-cc-");
  assert.equal(severities([80, 81, 100, 95, 71], CALM, ABOVE, limits), "-ccc-");
});

test("a latch without minimum and clear time follows its condition", () => {
  const latch = new Latch({ minimumMs: 0, clearMs: 0 });
  assert.equal(latch.observe(false, true, 0), false);
  assert.equal(latch.observe(true, false, 1), true);
  assert.equal(latch.observe(false, false, 2), true);
  assert.equal(latch.observe(false, true, 3), false);
});

test("a condition has held from its first look on, without what was not looked at", () => {
  const held = new HeldTime();
  const told = ([true, true, null, true, false, true] as const)
    .map((holds, second) => held.observe(holds, second * 1000));
  assert.deepEqual(told, [0, 1000, 1000, 2000, null, 0]);
});

test("the watched time leaves out ticks that were skipped, and never goes back", () => {
  const clock = new WatchedClock();
  const told = [
    [5000, 0],
    [7000, 0],
    [607_000, 299],
    [609_000, 0],
    [608_000, 0],
    [610_000, 0],
    [NaN, 0],
    [612_000, 0],
  ].map(([elapsedMs, skipped]) => clock.observe({ elapsedMs: elapsedMs!, skipped: skipped! }));
  assert.deepEqual(told, [0, 2000, 4000, 6000, 6000, 7000, 7000, 9000]);
});

test("the lowest of a window is exact for as many as it keeps, and close for more", () => {
  const random = (() => {
    let state = 7;
    return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  })();
  for (const [count, slackMs] of [[40, 0], [4000, 25]] as const) {
    const stepMs = 1000 / count;
    const minimum = new WindowMinimum(1000);
    const values: number[] = [];
    for (let i = 0; i < 3 * count; i++) {
      values.push(random());
      const told = minimum.observe(values[i]!, i * stepMs);
      const first = Math.max(0, i - count);
      const window = (slack: number) =>
        Math.min(...values.slice(first + (first === 0 ? 0 : Math.ceil(slack / stepMs)), i + 1));
      assert.ok(told.value >= window(0) && told.value <= window(slackMs), `${i} of ${count}`);
      assert.equal(values[Math.round(told.atMs / stepMs)], told.value);
    }
  }
});
