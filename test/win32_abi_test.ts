/** The numbers of `workers/win32/structs.ts`, held against the headers of Windows that mingw has. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import * as structs from "../workers/win32/structs.ts";
import { checkAsserts, type Checked, skipMingw } from "./support/mingw.ts";

const SOURCE = path.join(import.meta.dirname!, "windows", "win32_abi.c");
const skip = skipMingw();

/** Each number by its group and name. */
const NUMBERS: readonly (readonly [group: string, name: string, value: number])[] = Object
  .entries(structs).flatMap(([group, numbers]) =>
    Object.entries(numbers).map(([name, value]) => [group, name, value as number] as const)
  );

/** Compiles the checks with each number as `change` makes it. */
async function check(change: (value: number) => number): Promise<Checked> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-win32-abi-"));
  try {
    const lines = NUMBERS.map(([group, name, value]) =>
      `#define HMN_${group}_${name} 0x${change(value).toString(16)}u\n`
    );
    fs.writeFileSync(path.join(folder, "win32_numbers.h"), lines.join(""));
    return await checkAsserts(SOURCE, ["-I", folder]);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

test("every number agrees with the headers of Windows", { skip }, async () => {
  assert.ok(NUMBERS.length > 50, `only ${NUMBERS.length} numbers`);
  const { ok, output } = await check((value) => value);
  assert.equal(output, "");
  assert.ok(ok);
});

test("each number that is wrong is found", { skip }, async () => {
  const { ok, output } = await check((value) => value + 1);
  assert.ok(!ok);
  for (const [group, name] of NUMBERS) {
    assert.ok(output.includes(`"wrong: ${group}.${name}"`), `${group}.${name} is not checked`);
  }
});
