import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { COLUMNS, type Table, TABLES } from "../lib/session/columns.ts";
import { numberOf, textOf, toCell } from "../lib/session/csv_cells.ts";
import {
  fileName,
  isSessionName,
  parseFileName,
  partName,
  stampOf,
  toSessionName,
} from "../lib/session/file_names.ts";
import { ClockWatch } from "../lib/session/clock_watch.ts";
import { repositoryFile } from "./support/run_script.ts";

const TEXT = COLUMNS.process.find(({ key }) => key === "name")!;
const WHOLE = COLUMNS.process.find(({ key }) => key === "rssBytes")!;
const RATIO = COLUMNS.process.find(({ key }) => key === "cpuRatio")!;

test("headers are unique, in snake_case, and have their unit", () => {
  for (const [table, columns] of Object.entries(COLUMNS)) {
    const headers = columns.map(({ header }) => header);
    assert.equal(new Set(headers).size, headers.length, table);
    assert.deepEqual(headers.slice(0, 4), ["time", "elapsed_ms", "tick", "phase"]);
    const bare = ["tick", "gpu", "pid", "process_count", "value", "limit"];
    for (const { header, type } of columns) {
      assert.match(header, /^[a-z][a-z0-9_]*$/);
      const hasUnit = /_(bytes|ms|ratio|celsius|watts|mhz)$/.test(header);
      assert.ok(type === "text" || hasUnit || bare.includes(header), `${table}: ${header}`);
    }
  }
});

test("what a spreadsheet takes for a formula gets an apostrophe, and comes back", () => {
  const texts = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "'=x",
    "''=x",
    "'plain",
    "＝1",
    "python",
    "a=b",
  ];
  for (const text of texts) {
    const cell = toCell(text, TEXT);
    assert.doesNotMatch(cell, /^[=+\-@\t\r＝＋－＠]/, text);
    assert.equal(textOf(cell), text);
  }
  assert.equal(toCell("=1+1", TEXT), "'=1+1");
  assert.equal(toCell("'plain", TEXT), "'plain");
});

test("characters that act on a terminal or break a line do not get into a cell", () => {
  assert.equal(toCell("a\nb\x1b[31m", TEXT), "a\\u{a}b\\u{1b}[31m");
  assert.equal(toCell("\t=x", TEXT), "\\u{9}=x");
});

test("numbers: whole bytes, a few digits of a ratio, nothing for what is not known", () => {
  assert.equal(toCell(2 ** 53 - 1, WHOLE), "9007199254740991");
  assert.equal(toCell(0, WHOLE), "0");
  assert.equal(toCell(null, WHOLE), "");
  assert.equal(toCell(NaN, WHOLE), "");
  assert.equal(toCell(1 / 3, RATIO), "0.3333");
  assert.deepEqual(["", " ", "x", "1e999", "5", "-0.25"].map(numberOf), [
    null,
    null,
    null,
    null,
    5,
    -0.25,
  ]);
  assert.deepEqual([textOf(""), textOf(undefined)], [null, null]);
});

test("a file's name says what it is, and is read back", () => {
  const id = { name: "RustChain-High.Cap_1", stamp: "2026-01-31_09-05-07" };
  assert.equal(stampOf(new Date(2026, 0, 31, 9, 5, 7)), id.stamp);
  const files = [...Object.keys(TABLES) as Table[], "log", "session", "control"] as const;
  for (const file of files) {
    const name = fileName(file, id);
    assert.deepEqual(parseFileName(name), { ...id, file, part: null, gzipped: false });
    const gz = `${partName(name, 12)}.gz`;
    assert.deepEqual(parseFileName(gz), { ...id, file, part: 12, gzipped: true });
  }
  assert.equal(fileName("gpu", id), "gpu-memory-RustChain-High.Cap_1-2026-01-31_09-05-07.csv");
  for (const other of ["memory-analysis-report.md", "gpu-memory-x.csv", "x.csv", ""]) {
    assert.equal(parseFileName(other), null, other);
  }
});

test("names of sessions can't leave the folder", () => {
  for (const name of ["a", "A-b_c.1", "größe"]) assert.ok(isSessionName(name), name);
  for (const name of ["", ".", "..", "../x", "a/b", "-x", "a b", "a\0", "x".repeat(65)]) {
    assert.ok(!isSessionName(name), name);
  }
  assert.equal(toSessionName("./bin/train.py", "f"), "train.py");
  assert.equal(toSessionName("/a b/c d$(x)", "f"), "c_d_x_");
  assert.equal(toSessionName("...", "f"), "f");
});

test("a jump of the wall clock is found, a slow drift is not, and neither counts twice", () => {
  const watch = new ClockWatch();
  assert.equal(watch.observe(1_000_000, 0), null);
  assert.equal(watch.observe(1_002_000, 2_000), null);
  assert.equal(watch.observe(1_004_900, 4_000), null);
  assert.equal(watch.observe(4_606_900, 6_000), 3_600_000);
  assert.equal(watch.observe(4_608_900, 8_000), null);
  assert.equal(watch.observe(1_010_900, 10_000), -3_600_000);
});

test("the documentation has every column of every file", () => {
  const text = readFileSync(repositoryFile("docs/recordings.md"), "utf8");
  for (const [table, columns] of Object.entries(COLUMNS)) {
    assert.ok(text.includes(`\`${TABLES[table as Table]}-`), table);
    for (const { header, about } of columns) {
      assert.ok(text.includes(`\`${header}\``), `${table}: ${header}`);
      assert.ok(text.replace(/\s+/g, " ").includes(about), `${table}: ${header}: ${about}`);
    }
  }
});
