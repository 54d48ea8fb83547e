import assert from "node:assert/strict";
import { test } from "node:test";
import { displayWidth, padEnd, renderTable, truncateToWidth } from "../lib/cli/table.ts";

const HEADERS = ["PID", "NAME", "VRAM", "SHARED", "DEVICE"];

test("a table without rows is its header", () => {
  assert.equal(renderTable(HEADERS, []), "PID  NAME  VRAM  SHARED  DEVICE\n");
});

test("cells are left-aligned, two spaces apart, the last column padded too", () => {
  assert.equal(
    renderTable(HEADERS, [["12345", "python.exe", "8.0 GiB", "0 MiB", "RTX 5060 Ti"]]),
    "PID    NAME        VRAM     SHARED  DEVICE     \n" +
      "12345  python.exe  8.0 GiB  0 MiB   RTX 5060 Ti\n",
  );
});

test("a column is as wide as its longest cell or its header", () => {
  const table = renderTable(["A", "LONG HEADER"], [["wide cell", "x"], ["y", "z"]]);
  for (const line of table.trimEnd().split("\n")) assert.equal(line.indexOf("  ") >= 0, true);
  assert.deepEqual(table.split("\n").slice(0, -1).map((line) => line.length), [22, 22, 22]);
});

test("wide characters, emoji and combining marks keep the columns aligned", () => {
  const names = ["日本語", "é", "e\u0301", "😀", "plain", "한국"];
  const lines = renderTable(["NAME", "X"], names.map((name) => [name, "|"])).split("\n");
  const offsets = lines.slice(1, -1).map((line) => displayWidth(line.slice(0, line.indexOf("|"))));
  assert.deepEqual(offsets, names.map(() => 8));
});

test("cells are escaped, so that a name can't fake a row or move the cursor", () => {
  const table = renderTable(["NAME", "X"], [["a\n1  root\x1b[2K", "1"]]);
  assert.equal(table.split("\n").length, 3);
  assert.ok(table.includes("a\\u{a}1  root\\u{1b}[2K  1"));
});

test("a missing cell is empty", () => {
  assert.equal(renderTable(["A", "B"], [["x"]]), "A  B\nx   \n");
});

test("displayWidth counts columns", () => {
  const widths = { "": 0, abc: 3, "日本": 4, "e\u0301": 1, "😀": 2, "→": 1, "%s \\": 4 };
  for (const [text, width] of Object.entries(widths)) assert.equal(displayWidth(text), width, text);
});

test("padEnd pads to columns and never cuts", () => {
  assert.equal(padEnd("日", 4), "日  ");
  assert.equal(padEnd("long", 2), "long");
});

test("truncateToWidth keeps what fits and marks what is missing", () => {
  assert.equal(truncateToWidth("python", 6), "python");
  assert.equal(truncateToWidth("python", 5), "pyth…");
  assert.equal(truncateToWidth("日本語", 6), "日本語");
  assert.equal(truncateToWidth("日本語", 5), "日本…");
  assert.equal(truncateToWidth("日本語", 4), "日…");
  assert.equal(truncateToWidth("e\u0301e\u0301e\u0301", 2), "e\u0301…");
  assert.equal(truncateToWidth("python", 1), "…");
  assert.equal(truncateToWidth("python", 0), "");
});

test("maxWidth takes from the widest column first, and only as much as needed", () => {
  const rows = [["12345", "a".repeat(40), "d".repeat(20)]];
  const table = renderTable(["PID", "NAME", "DEVICE"], rows, { maxWidth: 60 });
  const [header, row] = table.split("\n");
  assert.equal(displayWidth(header!), 60);
  assert.equal(row, `12345  ${"a".repeat(30)}…  ${"d".repeat(20)}`);
});

test("only cuttable columns are cut, and never below 8 columns or their header", () => {
  const rows = [["123456789012", "a".repeat(40), "d".repeat(20)]];
  const options = { maxWidth: 10, cuttable: [1, 2] };
  const [header, row] = renderTable(["PID", "NAME", "LONG DEVICE"], rows, options).split("\n");
  assert.equal(header, "PID           NAME      LONG DEVICE");
  assert.equal(row, `123456789012  ${"a".repeat(7)}…  ${"d".repeat(10)}…`);
});

test("a table that fits is left alone", () => {
  const rows = [["1", "a".repeat(20)]];
  assert.equal(
    renderTable(["PID", "NAME"], rows, { maxWidth: 25 }),
    renderTable(["PID", "NAME"], rows),
  );
});
