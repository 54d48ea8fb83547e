/** The pure parts of loading: groups of files, steady time, intervals, labels, columns. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { labelText } from "../lib/session/chronicle.ts";
import { ColumnsSink } from "../lib/session/load/columns_sink.ts";
import { groupSessions, splitPath } from "../lib/session/load/find_sessions.ts";
import { medianInterval } from "../lib/session/load/missing_ticks.ts";
import { parseTimestamp, smiNumber, smiTrouble } from "../lib/session/load/nvidia_smi_cells.ts";
import { parseLabels } from "../lib/session/load/phases_from_events.ts";
import { SteadyTime } from "../lib/session/load/steady_time.ts";
import { TextMemo } from "../lib/session/load/text_memo.ts";

test("files are grouped by name and stamp, whatever else is in the folder", () => {
  const names = [
    "gpu-memory-a-2026-01-31_12-00-00.csv",
    "gpu-memory-a-2026-01-31_12-00-00.002.csv.gz",
    "gpu-memory-a-2026-01-31_12-00-00.010.csv",
    "gpu-memory-a-2026-01-31_12-00-01.csv",
    "gpu-memory-a-b-2026-01-31_12-00-00.csv",
    "session-a-2026-01-31_12-00-00.json",
    "session-lonely-2026-01-31_12-00-00.json",
    "memory-analysis-report.md",
  ];
  const sessions = groupSessions("x", names.map((path) => ({ path: `x/${path}`, sizeBytes: 1 })));
  assert.deepEqual(
    sessions.map(({ name, stamp, json, tables }) => [
      name,
      stamp.slice(-2),
      json !== null,
      tables.gpu?.map(({ part }) => part),
    ]),
    [["a", "00", true, [2, 10, null]], ["a", "01", false, [null]], ["a-b", "00", false, [null]]],
  );
});

test("paths are split at their last separator", () => {
  assert.deepEqual(splitPath("a/b/c.csv"), { folder: "a/b", name: "c.csv" });
  assert.deepEqual(splitPath("c.csv"), { folder: ".", name: "c.csv" });
  assert.deepEqual(splitPath("/c.csv"), { folder: "/", name: "c.csv" });
});

test("steady time goes on one step later where the clock is put back, and bears jitter", () => {
  const steady = new SteadyTime();
  const walls = [0, 2_000, 1_990, 4_000, -3_600_000, -3_598_000, -9_000_000];
  assert.deepEqual(walls.map((wall) => steady.at(wall)), [
    ...[0, 2_000, 2_000, 4_000, 6_000, 8_000, 10_000],
  ]);
  assert.equal(steady.jumps, 2);
});

test("the interval is the median, also of very many rows", () => {
  assert.equal(medianInterval(Float64Array.of()), null);
  assert.equal(medianInterval(Float64Array.of(5)), null);
  assert.equal(medianInterval(Float64Array.of(5, 5, 5)), null);
  assert.equal(medianInterval(Float64Array.of(0, 2, 4, 90, 92)), 2);
  assert.equal(medianInterval(Float64Array.from({ length: 100_000 }, (_, i) => i * 3)), 3);
});

test("labels are read as they are written", () => {
  const all: Record<string, string>[] = [
    { a: "1", b: "x=y", "c;d": "e\\f;", "": "empty", "é=": "" },
    { model: "llama" },
  ];
  for (const labels of all) assert.deepEqual(parseLabels(labelText(labels)), labels);
  assert.deepEqual(parseLabels(null), {});
  assert.deepEqual(parseLabels("flag;a=b=c;"), { flag: "", a: "b=c" });
  const hostile = parseLabels("__proto__=x;a=1\\");
  assert.deepEqual(Object.keys(hostile), ["__proto__", "a"]);
});

test("columns keep what was pushed, whatever they expect; those without numbers are NaN", () => {
  const early = (rows: number) => Math.min(1, rows / 5_000);
  for (const share of [() => 0, () => 1, (rows: number) => rows / 50_000, early, () => 1e-9]) {
    let rows = 0;
    const sink = new ColumnsSink(["a", "late", "never"], () => share(rows));
    for (; rows < 20_000; rows++) sink.push(rows, [rows * 2, rows > 9_000 ? rows : NaN, NaN]);
    assert.deepEqual([sink.length, sink.lastMs], [20_000, 19_999]);
    const { timesMs, columns } = sink.finish(() => new Float64Array(30_000).fill(NaN));
    const expected = Array.from({ length: 20_000 }, (_, i) => i);
    assert.deepEqual([...timesMs], expected);
    assert.deepEqual([...columns.a], expected.map((i) => i * 2));
    assert.deepEqual([...columns.late], expected.map((i) => i > 9_000 ? i : NaN));
    assert.equal(columns.never.length, 20_000);
    assert.ok(columns.never.every(Number.isNaN));
  }
});

test("texts that share a place in the memo are told apart", () => {
  const memo = new TextMemo();
  const encoder = new TextEncoder();
  for (let i = 0; i < 20_000; i++) {
    const text = `text ${i * 7_919 % 3_000} é`;
    const bytes = encoder.encode(`<${text}>`);
    assert.equal(memo.textOf(bytes, 1, bytes.length - 1), text);
  }
});

test("nvidia-smi's cells", () => {
  const cells: readonly (readonly [string, string, number])[] = [
    ["12 MiB", "memory.used [MiB]", 12 * 2 ** 20],
    ["12", "memory.used [MiB]", 12 * 2 ** 20],
    ["1.5 GiB", "memory.used [MiB]", 1.5 * 2 ** 30],
    ["35 %", "utilization.gpu [%]", 0.35],
    ["72.00 W", "power.draw [W]", 72],
    ["33", "temperature.gpu", 33],
    ["-4", "temperature.gpu", -4],
    ["12 parsecs", "memory.used [MiB]", NaN],
    ["12 xyz", "memory.used [MiB]", NaN],
    ["[N/A]", "memory.used [MiB]", NaN],
    ["", "memory.used [MiB]", NaN],
  ];
  for (const [cell, header, value] of cells) assert.equal(smiNumber(cell, header), value, cell);
  const troubles = ["[N/A]", "N/A", "[Not Supported]", "", "[GPU is lost]", "ERR!"];
  assert.deepEqual(troubles.map(smiTrouble), [null, null, null, null, "GPU is lost", "ERR!"]);
  const times = ["2026/01/31 12:00:00.123", "2026/01/31 12:00:00", "2026/02/31 12:00:00.000", "x"];
  const noonMs = new Date(2026, 0, 31, 12).getTime();
  assert.deepEqual(times.map(parseTimestamp), [noonMs + 123, noonMs, null, null]);
});
