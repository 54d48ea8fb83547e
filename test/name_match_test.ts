import assert from "node:assert/strict";
import { test } from "node:test";
import { fitsName } from "../lib/name_match.ts";

const CASES: readonly [name: string, pattern: string, fits: boolean][] = [
  ["python3", "python", true],
  ["python3", "PYTHON", true],
  ["Xorg", "xorg", true],
  ["python3", "python3.11", false],
  ["python3", "python*", true],
  ["python3", "pyth?n?", true],
  ["python3", "python?", true],
  ["python", "python?", false],
  ["my-python3", "python*", false],
  ["my-python3", "*python*", true],
  ["a+b(c)", "a+b(c)", true],
  ["aab", "a+b", false],
  ["a.b", "a.*", true],
  ["axb", "a.*", false],
  // The kernel cut the name off after 15 characters.
  ["gnome-terminal-", "gnome-terminal-server", true],
  ["gnome-terminal", "gnome-terminal-server", false],
  ["a\nb", "a*b", true],
  ["x", "*", true],
  ["", "*", true],
  ["", "a", false],
];

for (const [name, pattern, fits] of CASES) {
  test(`${JSON.stringify(pattern)} ${fits ? "fits" : "does not fit"} ${JSON.stringify(name)}`, () => {
    assert.equal(fitsName(name, pattern), fits);
  });
}

test("a pattern of many stars takes no time", () => {
  assert.equal(fitsName("a".repeat(15), `${"*a".repeat(12)}b`), false);
});
