/** Times, sizes and thresholds as people write them, curves, changes, and the columns of a watch. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration, parseSize } from "../lib/amounts.ts";
import { sparkline } from "../lib/cli/sparkline.ts";
import { columnsFor, formatDelta, headerLine, widthOf } from "../lib/cli/watch_columns.ts";
import { spillBlock } from "../lib/cli/spill_text.ts";
import { SpillReport } from "../lib/spill_report.ts";
import { hmn } from "./support/cli_world.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

const DURATIONS: readonly [text: string, ms: number | undefined][] = [
  ["30", 30_000],
  ["30s", 30_000],
  ["500ms", 500],
  ["5m", 300_000],
  ["1h", 3_600_000],
  [" 30s ", 30_000],
  ["0.5s", 500],
  ["1.5h", 5_400_000],
  ["", undefined],
  ["s", undefined],
  ["30x", undefined],
  ["30 s", undefined],
  ["0", undefined],
  ["0s", undefined],
  ["0ms", undefined],
  ["0.0s", undefined],
  ["-5s", undefined],
  ["5S", undefined],
  ["1e3", undefined],
  ["0x10", undefined],
  [".5s", undefined],
  ["5.s", undefined],
  ["1d", undefined],
  ["9".repeat(16), undefined],
];

for (const [text, ms] of DURATIONS) {
  test(`${JSON.stringify(text)} ${ms === undefined ? "is no time" : `is ${ms} ms`}`, () => {
    assert.equal(parseDuration(text, "s"), ms);
  });
}

test("a number alone is milliseconds where the original has it so", () => {
  assert.equal(parseDuration("100", "ms"), 100);
  assert.equal(parseDuration("100s", "ms"), 100_000);
});

const SIZES: readonly [text: string, bytes: number | undefined][] = [
  ["0", 0],
  ["268435456", 268_435_456],
  ["256MiB", 256 * MIB],
  ["256M", 256 * MIB],
  ["1.5GiB", 1.5 * GIB],
  ["2GB", 2_000_000_000],
  ["1 KiB", 1024],
  ["1KB", 1000],
  ["7B", 7],
  ["1T", 2 ** 40],
  ["", undefined],
  ["MiB", undefined],
  ["5iB", undefined],
  ["-1", undefined],
  ["5Mib", undefined],
  ["5m", undefined],
  ["1e9", undefined],
  ["99999999T", undefined],
];

for (const [text, bytes] of SIZES) {
  test(`${JSON.stringify(text)} ${bytes === undefined ? "is no size" : `is ${bytes} bytes`}`, () => {
    assert.equal(parseSize(text), bytes);
  });
}

const WRONG: readonly [command: string, option: string, values: readonly string[]][] = [
  ["watch", "interval", ["0", "25h", "x", "5 s", "0.5ms"]],
  ["watch", "duration", ["0", "1d", "-1s"]],
  ["watch", "top", ["0", "1001", "1.5", "x"]],
  ["watch", "match", [" ", "a\nb"]],
  ["watch", "device", ["-1", "every", "1.5"]],
  ["run", "interval", ["0", "0.2", "25h", "abc"]],
  ["spill", "interval", ["0", "x"]],
  ["spill", "dedicated-threshold", ["0%", "101%", "x", "0", "%", "85 %"]],
  ["spill", "shared-growth", ["x", "-1", "5%"]],
  ["spill", "device", ["all", "1.5"]],
];

for (const [command, option, values] of WRONG) {
  for (const value of values) {
    test(`hmn ${command} --${option}=${JSON.stringify(value)} is refused before anything is opened`, async () => {
      const end = await hmn([
        command,
        `--${option}=${value}`,
        ...command === "watch" ? [] : ["true"],
      ]);
      assert.equal(end.code, 2);
      assert.equal(end.stderr.split("\n").length, 2, end.stderr);
      assert.ok(end.stderr.startsWith(`hmn: error: --${option} "`), end.stderr);
      assert.match(end.stderr, /is not accepted: give /);
      assert.deepEqual([end.opened, end.started, end.stdout], [null, [], ""]);
    });
  }
}

test("a change has a sign, and a small one its own unit", () => {
  const cases: readonly [number | null, string][] = [
    [0, "+0 B"],
    [512, "+512 B"],
    [-4096, "-4 KiB"],
    [700 * MIB, "+700 MiB"],
    [-1.2 * GIB, "-1.2 GiB"],
    [null, "-"],
  ];
  for (const [bytes, text] of cases) assert.equal(formatDelta(bytes), text);
});

test("a curve goes from 0 to its highest value, keeps peaks when it is narrow, and shows gaps", () => {
  assert.equal(sparkline([0, 1, 2, 3, 4, 5, 6, 7, 8], 9), "▁▁▂▃▄▅▆▇█");
  assert.equal(sparkline([1, 1, 1, 100, 1, 1], 3), "▁█▁");
  assert.equal(sparkline([1, null, 1], 3), "█ █");
  assert.equal(sparkline([0, 0], 5), "▁▁");
  assert.equal(sparkline([5, 10], 2, 20), "▂▄");
  assert.equal(sparkline([], 5), "");
  assert.equal(sparkline([1, 2], 0), "");
});

test("a narrow terminal has fewer columns, and never fewer than what matters", () => {
  const all = headerLine(columnsFor(null));
  assert.deepEqual(all.split(/ {2,}/).filter(Boolean), [
    "TIME",
    "PID",
    "NAME",
    "COMMITTED",
    "ΔCOMMIT",
    "SHARED",
    "ΔSHARED",
    "RAM",
    "ΔRAM",
    "GPU",
    "SPILL",
  ]);
  for (let width = 60; width <= 130; width++) {
    const columns = columnsFor(width);
    assert.ok(widthOf(columns) <= width, `${width}`);
    assert.equal(headerLine(columns).length, widthOf(columns));
  }
  const least = headerLine(columnsFor(1)).trimEnd().split(/ {2,}/);
  assert.deepEqual(least, ["TIME", "PID", "NAME", "COMMITTED", "RAM"]);
});

test("the spill block has the original's lines", () => {
  const episode = (startLabel: string, endLabel: string | null, durationMs: number) => ({
    startLabel,
    endLabel,
    peakSharedBytes: 1,
    observations: 3,
    durationMs,
    processes: null,
    unexplainedBytes: null,
  });
  const report = new SpillReport({
    episodes: [episode("+12.4s", "+15.5s", 3100), episode("+20.0s", null, 6700)],
    peakDedicatedBytes: 16 * GIB,
    dedicatedLimitBytes: 16 * GIB,
    peakSharedBytes: 4_504_682_496,
    baselineSharedBytes: 300 * MIB,
    observations: 200,
    measurable: true,
  });
  assert.equal(
    spillBlock("hmn spill", report),
    "hmn spill: peak dedicated 16.0 GiB / 16.0 GiB\n" +
      "           peak shared    4.2 GiB (baseline 300 MiB)\n" +
      "           episodes       2 — total 9.8s, longest 6.7s, first +12.4s into run\n",
  );
  const none = new SpillReport({ ...report, episodes: [], dedicatedLimitBytes: null });
  assert.equal(
    spillBlock("hmn watch", none),
    "hmn watch: peak dedicated 16.0 GiB\n" +
      "           peak shared    4.2 GiB (baseline 300 MiB)\n" +
      "           episodes       0 — no spill observed\n",
  );
});
