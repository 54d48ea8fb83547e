/** Reading CSV: against `@std/csv`, against `Number`, and with everything that can be wrong with a file. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_ROW_BYTES } from "../lib/session/load/read_csv.ts";
import { randomFrom, read, readWithStd } from "./support/csv_reading.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const ALPHABET = ["a", "7", ".", "-", " ", ",", '"', "\n", "\r\n", "é", "ὑ", "🦀", "", "'", "\t"];

/** A table of random cells as RFC 4180 writes them; some cells are quoted without need. */
function randomTable(random: () => number): string {
  const pick = (count: number) => Math.floor(random() * count);
  const columns = 2 + pick(5);
  const ending = random() < 0.5 ? "\r\n" : "\n";
  const cell = () => {
    const text = Array.from({ length: pick(6) }, () => ALPHABET[pick(ALPHABET.length)]!).join("");
    const mustQuote = /[",\r\n]/.test(text);
    return mustQuote || random() < 0.2 ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const row = () => Array.from({ length: columns }, cell).join(",");
  const mark = random() < 0.3 ? "\ufeff" : "";
  return mark + Array.from({ length: 1 + pick(12) }, () => row() + ending).join("");
}

/** `@std/csv` ends the lines within a cell with LF, whatever they ended with. */
const withLf = (rows: readonly (readonly string[])[]) =>
  rows.map((row) => row.map((cell) => cell.replaceAll("\r\n", "\n")));

test("500 random tables are read as @std/csv reads them, in pieces of any size", async () => {
  const random = randomFrom(20_260_131);
  for (let round = 0; round < 500; round++) {
    const bytes = bytesOf(randomTable(random));
    const expected = await readWithStd(bytes);
    const most = [1, 2, 3, 7, 40, 5_000][round % 6]!;
    const found = await read(bytes, () => 1 + Math.floor(random() * most));
    const what = `round ${round}: ${JSON.stringify(new TextDecoder().decode(bytes))}`;
    assert.deepEqual(withLf([found.header, ...found.texts]), withLf(expected), what);
    assert.equal(found.brokenRows, 0, what);
    assert.equal(found.isCut, false, what);
  }
});

test("cut anywhere, a file gives exactly the rows that are whole", async () => {
  const text = '\ufeffa,b,ὑπό\r\n1,"x ""y"", z",é\r\n22,"two\r\nlines",🦀\r\n333,plain,\r\n';
  const bytes = bytesOf(text);
  const whole = await readWithStd(bytes);
  const ends = [bytesOf("\ufeffa,b,ὑπό\r\n").length];
  ends.push(ends[0]! + bytesOf('1,"x ""y"", z",é\r\n').length);
  ends.push(ends[1]! + bytesOf('22,"two\r\nlines",🦀\r\n').length, bytes.length);
  for (let length = 0; length <= bytes.length; length++) {
    const found = await read(bytes.subarray(0, length), () => 5);
    const count = ends.filter((end) => end <= length).length;
    const rows = found.hasHeader ? [found.header, ...found.texts] : [];
    assert.deepEqual(withLf(rows), whole.slice(0, count), `cut at ${length}`);
    const isAtEnd = ends.includes(length) || length === 0 || length === 3;
    // Behind the first line of a cell with two, what is left could be a line of its own.
    const isInSecondLine = found.brokenRows === 1 && count === 2;
    assert.ok(found.isCut === !isAtEnd || isInSecondLine, `cut at ${length}`);
    assert.ok(found.brokenRows === 0 || isInSecondLine, `broken at ${length}`);
  }
});

test("numbers are those that Number reads", async () => {
  const random = randomFrom(7);
  const cells = ["0", "-0", "1.", ".5", "-.5", ".", "-", "1.2.3", "1-2", "1e5", "-1E-3", " 12 "];
  cells.push("0x1f", "NaN", "Infinity", "12 MiB", "9007199254740991", "9007199254740993", "+5");
  cells.push("999999999999999", "0.000000000000001", "123456789012.345", "1_000", "٣", "00012");
  for (let i = 0; i < 3_000; i++) {
    const count = 1 + Math.floor(random() * 19);
    const digits = Array.from({ length: count }, () => Math.floor(random() * 10)).join("");
    const at = Math.floor(random() * (digits.length + 1));
    const number = random() < 0.5 ? digits : `${digits.slice(0, at)}.${digits.slice(at)}`;
    cells.push(random() < 0.3 ? `-${number}` : number);
  }
  const found = await read(`a,b\n${cells.map((cell) => `${cell},"${cell}"\n`).join("")}`);
  assert.equal(found.rows, cells.length);
  cells.forEach((cell, i) => {
    const value = cell.trim() === "" ? NaN : Number(cell);
    const expected = Number.isFinite(value) ? value : NaN;
    assert.ok(Object.is(found.numbers[i]![0], expected), `${cell}: ${found.numbers[i]![0]}`);
    assert.ok(Object.is(found.numbers[i]![1], expected), `"${cell}": ${found.numbers[i]![1]}`);
  });
  const empty = await read('a,b\n,""\n');
  assert.deepEqual(empty.numbers, [[NaN, NaN]]);
});

test("a row that is none costs itself alone", async () => {
  const damaged: readonly (readonly [string, string])[] = [
    ["a quote within a cell", 'x"y,2'],
    ["a quote that is closed early", '"x"y,2'],
    ["a quote that is never closed", '"x,2'],
    ["a NUL", "x\0,2"],
    ["too few cells", "x"],
    ["too many cells", "x,2,3"],
    ["a carriage return behind a quote", '"x"\r,2'],
  ];
  for (const [what, line] of damaged) {
    for (const size of [1, 3, 1_000]) {
      const file = `a,b\n1,one\n${line}\n2,"two ""2"""\n3,three\n`;
      const found = await read(file, () => size);
      assert.deepEqual(found.texts, [["1", "one"], ["2", 'two "2"'], ["3", "three"]], what);
      assert.deepEqual([found.brokenRows, found.isCut], [1, false], what);
    }
  }
});

test("a quote that is never closed costs its line alone, also at the end of the file", async () => {
  const found = await read('a,b\n1,one\n"x,2\n2,two\n3,three\n', () => 4);
  assert.deepEqual(found.texts, [["1", "one"], ["2", "two"], ["3", "three"]]);
  assert.deepEqual([found.brokenRows, found.isCut], [1, false]);
});

test("a cell of any size can't fill the memory, and what follows it is read", async () => {
  const huge = "x".repeat(3 * LONGEST_ROW_BYTES);
  for (const line of [`${huge},2`, `"${huge}",2`, `"${huge}`]) {
    const found = await read(`a,b\n1,one\n${line}\n2,two\n`);
    assert.deepEqual(found.texts, [["1", "one"], ["2", "two"]]);
    assert.deepEqual([found.brokenRows, found.isCut], [1, false]);
  }
  const large = "x".repeat(LONGEST_ROW_BYTES / 2);
  const found = await read(`a,b\n${large},2\n`);
  assert.deepEqual(found.texts, [[large, "2"]]);
});

test("a tail of NULs, as a lost power supply leaves it, is a cut line", async () => {
  const found = await read(`a,b\n1,one\n2,tw${"\0".repeat(5_000)}`);
  assert.deepEqual(found.texts, [["1", "one"]]);
  assert.deepEqual([found.brokenRows, found.isCut], [0, true]);
});

test("empty files, and files with a header alone", async () => {
  for (const file of ["", "\ufeff", "\n\r\n\n"]) {
    const found = await read(file, () => 1);
    assert.deepEqual([found.hasHeader, found.rows, found.isCut], [false, 0, false], file);
  }
  const found = await read("a,b\r\n");
  assert.deepEqual([found.header, found.rows, found.isCut], [["a", "b"], 0, false]);
  assert.deepEqual((await read("a,b")).isCut, true);
});

test("bytes that are no text end in no exception", async () => {
  const random = randomFrom(99);
  for (let round = 0; round < 50; round++) {
    const bytes = Uint8Array.from({ length: 3_000 }, () => Math.floor(random() * 256));
    const found = await read(bytes, () => 1 + Math.floor(random() * 100));
    assert.equal(found.texts.length, found.rows);
  }
  const latin = Uint8Array.from([...bytesOf("a,b\nx"), 0xe9, ...bytesOf(",2\n")]);
  assert.deepEqual((await read(latin)).texts, [["x\ufffd", "2"]]);
});
