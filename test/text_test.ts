import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeJson, escapeText, printText } from "../lib/text.ts";
import { capturedLog } from "./support/captured_log.ts";

/** Code points that must never reach a terminal as they are, by range. */
const UNSAFE_RANGES: [number, number][] = [
  [0x00, 0x1f], // C0
  [0x7f, 0x9f], // DEL, C1
  [0xad, 0xad], // soft hyphen
  [0x200b, 0x200f], // zero-width characters and marks
  [0x2028, 0x202e], // line and paragraph separator, bidi embeddings and overrides
  [0x2060, 0x2064], // word joiner and invisible operators
  [0x2066, 0x2069], // bidi isolates
  [0xd800, 0xdfff], // lone surrogates
  [0xfe00, 0xfe0f], // variation selectors
  [0xfeff, 0xfeff], // byte order mark
  [0xfff9, 0xfffb], // annotations
  [0xe0001, 0xe0001], // language tag
  [0xe0020, 0xe007f], // tags
];

test("escapeText shows controls and invisible characters as \\u{hex}", () => {
  assert.equal(escapeText("a\x1b[31mred\x1b[0m"), "a\\u{1b}[31mred\\u{1b}[0m");
  assert.equal(escapeText("two\r\nlines\ttab"), "two\\u{d}\\u{a}lines\\u{9}tab");
  assert.equal(escapeText("\x9b2J"), "\\u{9b}2J");
  assert.equal(escapeText("exe\u202ecod.txt"), "exe\\u{202e}cod.txt");
  assert.equal(escapeText("a\u200bb"), "a\\u{200b}b");
  assert.equal(escapeText("\ud83d"), "\\u{d83d}");
  assert.equal(escapeText("\u{e0041}"), "\\u{e0041}");
});

test("escapeText escapes every unsafe code point", () => {
  for (const [first, last] of UNSAFE_RANGES) {
    for (let code = first; code <= last; code++) {
      const escaped = escapeText(`a${String.fromCodePoint(code)}b`);
      assert.equal(escaped, `a\\u{${code.toString(16)}}b`);
    }
  }
});

test("escapeText leaves what can be read alone", () => {
  for (
    const text of [
      "",
      "python.exe --lr 0.1",
      "NVIDIA GeForce RTX 5060 Ti",
      "C:\\Program Files\\a.exe",
      "AMD Radeon™ 日本語 Ελλάς עברית",
      "e\u0301 😀",
      "[protected] ? %s",
    ]
  ) {
    assert.equal(escapeText(text), text);
  }
});

test("escapeText escapes nothing twice", () => {
  const hostile = "\x1b]0;title\x07\u2066x\u2069\ud800\n";
  assert.equal(escapeText(escapeText(hostile)), escapeText(hostile));
});

test("escapeJson keeps the meaning and leaves no unsafe character", () => {
  for (const [first, last] of UNSAFE_RANGES) {
    for (let code = first; code <= last; code++) {
      const value = { name: `a${String.fromCodePoint(code)}"\\b` };
      const json = escapeJson(JSON.stringify(value));
      assert.deepEqual(JSON.parse(json), value);
      assert.equal(escapeText(json), json, `U+${code.toString(16)} stands in ${json}`);
    }
  }
  assert.equal(escapeJson('"\x7f\u{e0041}"'), '"\\u007f\\udb40\\udc41"');
});

test("printText ends the line once and takes text literally", () => {
  const lines = capturedLog(() => {
    printText("  a → b\n  c 100%% %s\n");
    printText("no line break");
  });
  assert.deepEqual(lines, [["  a → b\n  c 100%% %s"], ["no line break"]]);
});
