import assert from "node:assert/strict";
import { test } from "node:test";
import { LineSplitter } from "../lib/lines.ts";

/** Small repeatable numbers. */
function random(seed: number): () => number {
  return () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
}

test("lines come back whole however the text was cut", () => {
  const next = random(7);
  for (let round = 0; round < 500; round++) {
    const lines = Array.from(
      { length: 1 + Math.floor(next() * 6) },
      () => "x".repeat(Math.floor(next() * 20)),
    );
    const text = lines.map((line) => line + "\n").join("");
    const splitter = new LineSplitter(100);
    const got: string[] = [];
    for (let at = 0; at < text.length;) {
      const size = 1 + Math.floor(next() * 9);
      got.push(...splitter.push(text.slice(at, at + size)));
      at += size;
    }
    assert.deepEqual(got, lines);
  }
});

test("a line without an end is refused instead of kept for ever", () => {
  const splitter = new LineSplitter(10);
  splitter.push("12345");
  assert.throws(() => splitter.push("678901"), RangeError);
});
