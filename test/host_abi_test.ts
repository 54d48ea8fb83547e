/** The numbers of `workers/host/job_object.ts`, held against the headers of Windows that mingw has. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { JOB_CONSTANTS } from "../workers/host/job_object.ts";
import { checkAsserts, type Checked, skipMingw } from "./support/mingw.ts";
import { repositoryFile } from "./support/run_script.ts";

const skip = skipMingw();

/** Compiles the checks with each number as `change` makes it. */
async function check(change: (value: number) => number): Promise<Checked> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-host-abi-"));
  try {
    const lines = Object.entries(JOB_CONSTANTS).map(([name, value]) =>
      `#define HMN_${name} ${change(value)}u\n`
    );
    fs.writeFileSync(path.join(folder, "host_numbers.h"), lines.join(""));
    return await checkAsserts(repositoryFile("test/windows/host_abi.c"), ["-I", folder]);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

test("every number agrees with the headers of Windows", { skip }, async () => {
  assert.deepEqual(await check((value) => value), { ok: true, output: "" });
});

test("each number that is wrong is found", { skip }, async () => {
  const { ok, output } = await check((value) => value + 1);
  assert.ok(!ok);
  for (const name of Object.keys(JOB_CONSTANTS)) {
    assert.ok(output.includes(`"wrong: ${name}"`), `${name} is not checked`);
  }
});
