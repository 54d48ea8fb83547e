/** The banner's text and colour, and the advice about a reserve that nobody uses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBanner } from "../lib/telemetry/banner.ts";
import { fragmentation, fragmentationAdvice } from "../lib/telemetry/pressure.ts";

test("nothing for 0, for what is not known, and for what is no share", () => {
  for (const percent of [0, -0, null, NaN, Infinity, -Infinity, -1, -0.001]) {
    assert.equal(formatBanner(percent), "", String(percent));
    assert.equal(formatBanner(percent, { color: true }), "", String(percent));
  }
});

test("no decimals, halves to the even number", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0.4, "0"],
    [0.5, "0"],
    [0.51, "1"],
    [1.5, "2"],
    [44.5, "44"],
    [45, "45"],
    [45.5, "46"],
    [74.99, "75"],
    [99.6, "100"],
    [100, "100"],
    [123.4, "123"],
    [5e-324, "0"],
  ];
  for (const [percent, shown] of cases) {
    assert.equal(formatBanner(percent), `[Mem:${shown}%]`, String(percent));
  }
});

test("the colour goes by the exact number, not by the shown one", () => {
  const [dim, yellow, boldRed] = ["\x1b[2m", "\x1b[33m", "\x1b[1;31m"];
  const cases: readonly (readonly [number, string, string])[] = [
    [0.4, dim, "0"],
    [45, dim, "45"],
    [74.99, dim, "75"],
    [75, yellow, "75"],
    [82, yellow, "82"],
    [90, yellow, "90"],
    [90.01, boldRed, "90"],
    [95, boldRed, "95"],
    [250, boldRed, "250"],
  ];
  for (const [percent, style, shown] of cases) {
    assert.equal(formatBanner(percent, { color: true }), `${style}[Mem:${shown}%]\x1b[0m`);
    assert.equal(formatBanner(percent, { color: false }), `[Mem:${shown}%]`);
  }
});

test("above 0.3 of an unused reserve there is advice; 0.3 itself is none", () => {
  const advice = (allocatedBytes: number, reservedBytes: number) =>
    fragmentationAdvice({ allocatedBytes, reservedBytes });
  // 1 - 7 / 10 is 0.30000000000000004.
  for (const scale of [1, 3, 1_000, 2 ** 20, 7_340_033]) {
    assert.equal(fragmentation({ allocatedBytes: 7 * scale, reservedBytes: 10 * scale }), 0.3);
    assert.equal(advice(7 * scale, 10 * scale), null);
  }
  assert.equal(advice(701, 1_000), null);
  assert.match(advice(699, 1_000) ?? "", /^30\.1% of the reserve is held and not used: use /);
  assert.match(advice(0, 5) ?? "", /^100\.0% /);
  assert.equal(advice(5, 5), null);
  assert.equal(advice(0, 0), null);
  assert.equal(fragmentationAdvice(null), null);
});
