/** How a run on Windows asks about its process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "../lib/errors.ts";
import type { RunProcessRequest } from "../lib/protocol.ts";
import type { Ask } from "../lib/run/ask.ts";
import { Members } from "../lib/run/members.ts";
import { ProcessOfRun } from "../lib/run/process_of_run.ts";
import { aProcessMemory } from "../lib/testing.ts";

const FAILURE: Failure = { code: "no_such_process", source: "win32", message: "Cannot" };

/** A worker that answers with these codes, and what it was asked. */
function world(exitCode: number | null, failing: readonly string[] = []) {
  const asked: RunProcessRequest[] = [];
  const ask = ((request: RunProcessRequest) => {
    asked.push(request);
    if (failing.includes("all")) return Promise.reject(new Error("closed"));
    const failures = failing.includes(request.action) ? [FAILURE] : [];
    return Promise.resolve({ kind: "run_process", exitCode, failures });
  }) as unknown as Ask;
  return { held: new ProcessOfRun(ask), asked, actions: () => asked.map(({ action }) => action) };
}

test("the whole exit code stands in the place of its lowest 8 bits", async () => {
  for (const [told, whole] of [[0, 256], [5, 0xc000_0005], [7, 7]] as const) {
    const { held, actions } = world(whole);
    held.hold(777);
    assert.equal(await held.exitCode(told), whole);
    assert.deepEqual(actions(), ["hold", "read", "release"]);
    await held.release();
    assert.equal(actions().length, 3);
  }
});

test("the runtime's stands where the worker tells none, or that of somebody else", async () => {
  for (const whole of [null, 3]) {
    const { held } = world(whole);
    held.hold(777);
    assert.equal(await held.exitCode(-1073741819), 0xc000_0005);
  }
});

test("what can't be held is not asked about any more", async () => {
  for (const failing of ["hold", "all"]) {
    const { held, actions } = world(256, [failing]);
    held.hold(777);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(await held.exitCode(0), 0);
    assert.equal(await held.end(), false);
    assert.deepEqual(actions(), ["hold"]);
  }
});

test("it is ended with those that were seen; a failure is told", async () => {
  const { held, asked } = world(null);
  const members = new Members(777);
  held.hold(777);
  held.follow(members);
  members.accept([
    aProcessMemory({ pid: 777, startTicks: 5 }),
    aProcessMemory({ pid: 778, parentPid: 777, startTicks: 6 }),
  ]);
  assert.equal(await held.end(), true);
  assert.deepEqual(asked.at(-1), {
    kind: "run_process",
    action: "end",
    pid: 777,
    seen: [{ pid: 777, startTicks: 5 }, { pid: 778, startTicks: 6 }],
  });
  const refused = world(null, ["end"]);
  refused.held.hold(777);
  assert.equal(await refused.held.end(), false);
});
