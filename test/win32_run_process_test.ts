/** The process of a run on a fake Windows: held, read, and ended with all it started. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunProcessRequest } from "../lib/protocol.ts";
import { MemorySource } from "../workers/proc/memory.ts";
import { makeWin32 } from "../workers/win32/memory.ts";
import { fakeHost } from "./support/fake_host.ts";
import { type FakeProcess, fakeProcess, fakeWindows } from "./support/fake_kernel32.ts";

function machine(processes: FakeProcess[]) {
  const fake = fakeWindows(processes);
  const source = makeWin32(fakeHost(fake.machine));
  return {
    fake,
    ask: (action: RunProcessRequest["action"], pid = 8, seen: RunProcessRequest["seen"] = []) =>
      source.runProcess({ kind: "run_process", action, pid, seen }, []),
    look: (...roots: number[]) =>
      source.tree({ kind: "tree", roots, cgroup: null }, []).processes.map((
        { pid, startTicks },
      ) => ({ pid, startTicks })),
    /** Those that still run. */
    running: () => fake.processes.filter(({ exitCode }) => exitCode === null).map(({ pid }) => pid),
  };
}

const child = (pid: number, parentPid: number, more: Partial<FakeProcess> = {}) =>
  fakeProcess(pid, { parentPid, ...more });

test("a held process tells its whole exit code, also 259, which stands for a running one", () => {
  for (const exitCode of [0, 256, 259, 0xc000_0005]) {
    const { fake, ask } = machine([child(8, 4)]);
    assert.deepEqual(ask("hold").failures, []);
    assert.equal(ask("read").exitCode, null);
    fake.processes[0]!.exitCode = exitCode;
    assert.deepEqual(ask("read"), { kind: "run_process", exitCode, failures: [] });
    assert.deepEqual(ask("release").failures, []);
    assert.deepEqual([...fake.open], []);
    assert.deepEqual(ask("release").failures, []);
  }
});

test("one that ended before it was held tells it too; a second hold lets go of the first", () => {
  const { fake, ask } = machine([child(8, 4, { exitCode: 3 })]);
  ask("hold");
  ask("hold");
  assert.equal(ask("read").exitCode, 3);
  ask("release");
  assert.deepEqual([...fake.open], []);
});

test("what can't be held, or is not, has a reason and no code", () => {
  const { ask, fake } = machine([child(8, 4, { denied: true }), child(12, 4)]);
  const told = [ask("hold", 8), ask("hold", 99), ask("hold", 13), ask("read", 12)];
  assert.deepEqual(told.map(({ exitCode, failures }) => [exitCode, failures[0]?.message]), [
    [
      null,
      "Cannot read the process 8 that was started: Windows refuses access; run as administrator",
    ],
    [null, "Cannot read the process 99 that was started: process 99 does not exist"],
    [null, "Cannot read the process 13 that was started: process 13 does not exist"],
    [null, "Cannot read the process 12 that was started: it is not held"],
  ]);
  assert.deepEqual([...fake.open], []);
  ask("hold", 12);
  fake.failing.add("GetExitCodeProcess");
  fake.processes[1]!.exitCode = 1;
  assert.equal(ask("read", 12).failures[0]?.code, "driver_failed");
});

test("it is ended with all it started, and nobody else is", () => {
  const { ask, running, fake } = machine([
    child(4, 0),
    child(8, 4),
    child(12, 8),
    child(16, 12),
    child(20, 4),
  ]);
  assert.deepEqual(ask("end").failures, []);
  assert.deepEqual(running(), [4, 20]);
  assert.deepEqual(fake.processes.map(({ exitCode }) => exitCode), [null, 1, 1, 1, null]);
  assert.deepEqual([...fake.open], []);
});

test("one whose parent has gone ends too, where the parent was seen", () => {
  const { ask, look, running, fake } = machine([child(8, 4), child(12, 8), child(20, 4)]);
  const seen = look(8);
  fake.start(child(16, 12));
  fake.processes = fake.processes.filter(({ pid }) => pid !== 12);
  assert.deepEqual(ask("end", 8, seen).failures, []);
  assert.deepEqual(running(), [20]);
});

test("who has got the number of one that was seen is left alone", () => {
  const { ask, look, running, fake } = machine([child(8, 4), child(12, 8)]);
  const seen = look(8);
  fake.processes[1] = child(12, 4, { startMs: 1_800_000_000_000 });
  assert.deepEqual(ask("end", 8, seen).failures, []);
  assert.deepEqual(running(), [12]);
});

test("what is started while the others are put into jobs ends as well", () => {
  const { ask, running, fake } = machine([child(8, 4), child(12, 8)]);
  const late = [child(16, 12), child(24, 16), child(28, 24)];
  fake.before = (name) => {
    const next = name === "AssignProcessToJobObject" ? late.shift() : undefined;
    if (next !== undefined) fake.start(next);
  };
  assert.deepEqual(ask("end").failures, []);
  assert.deepEqual(late, []);
  assert.deepEqual(running(), []);
});

test("one that multiplies without an end is no loop without an end", () => {
  const { ask, fake } = machine([child(8, 4)]);
  let next = 8;
  fake.before = (name) => {
    if (name === "CreateJobObjectW") fake.start(child(next += 4, 8));
  };
  ask("end");
  assert.equal(fake.processes[0]!.exitCode, 1);
  assert.ok(fake.processes.length < 100);
  assert.deepEqual([...fake.open], []);
});

test("one that may not be ended is named, and the others end", () => {
  const { ask, running } = machine([child(8, 4), child(12, 8, { denied: true }), child(16, 8)]);
  assert.deepEqual(ask("end").failures, [{
    code: "permission_denied",
    source: "win32",
    pid: 12,
    message: "Cannot end process 12: Windows refuses to put it into a job; run as administrator",
  }]);
  assert.deepEqual(running(), [12]);
});

test("without jobs nothing is ended, and that is said", () => {
  const { ask, running, fake } = machine([child(8, 4)]);
  fake.failing.add("CreateJobObjectW");
  assert.equal(ask("end").failures.length, 1);
  assert.deepEqual(running(), [8]);
});

test("elsewhere than on Windows nothing is held", () => {
  const request = { kind: "run_process", action: "hold", pid: 8, seen: [] } as const;
  const source = new MemorySource(fakeHost());
  assert.equal(source.runProcess(request, []).failures[0]?.code, "absent");
  assert.deepEqual(source.runProcess(request, ["proc"]).failures, []);
});
