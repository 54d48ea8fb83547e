/** Trees and searches of `win32` on fake machines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeWin32 } from "../workers/win32/memory.ts";
import { fakeHost } from "./support/fake_host.ts";
import { type FakeProcess, fakeProcess, fakeWindows } from "./support/fake_kernel32.ts";

function machine(processes: FakeProcess[]) {
  const fake = fakeWindows(processes);
  const host = fakeHost(fake.machine);
  const source = makeWin32(host);
  const closed = () => assert.deepEqual([...fake.open], [], "memory was left");
  return {
    fake,
    host,
    tree(...roots: number[]): number[] {
      const reply = source.tree({ kind: "tree", roots, cgroup: { owner: 1, run: 1 } }, []);
      closed();
      assert.deepEqual(reply.inCgroup, []);
      assert.deepEqual(reply.failures, []);
      return reply.processes.map(({ pid }) => pid);
    },
    find(name: string | null, top = 100) {
      const reply = source.find({ kind: "find", name, top }, []);
      closed();
      return reply;
    },
  };
}

const child = (pid: number, parentPid: number, more: Partial<FakeProcess> = {}) =>
  fakeProcess(pid, { parentPid, ...more });

test("a tree has a parent before what it started, each once", () => {
  const { tree } = machine([
    child(40, 32),
    child(8, 4),
    child(32, 8),
    child(36, 8),
    child(44, 40),
    child(99, 4),
  ]);
  assert.deepEqual(tree(8), [8, 32, 36, 40, 44]);
  assert.deepEqual(tree(40, 8, 40), [40, 8, 44, 32, 36]);
  assert.deepEqual(tree(12345), []);
  assert.deepEqual(tree(), []);
});

test("a process that began before its parent is not its child: the number was given anew", () => {
  const { tree } = machine([
    child(8, 4, { startMs: 2000 }),
    child(32, 8, { startMs: 1000 }),
    child(36, 8, { startMs: 2000 }),
    child(40, 8, { startMs: null }),
  ]);
  assert.deepEqual(tree(8), [8, 36]);
});

test("the kernel's process has no start and is older than all; a ring does no harm", () => {
  const { tree } = machine([
    child(4, 0, { startMs: null, name: "System" }),
    child(8, 4),
    child(12, 16, { startMs: 5000 }),
    child(16, 12, { startMs: 5000 }),
  ]);
  assert.deepEqual(tree(4), [4, 8]);
  assert.deepEqual(tree(12), [12, 16]);
});

test("children of a root that has ended are found where its start was seen", () => {
  const old = child(30, 8, { startMs: 500 });
  const own = child(32, 8, { startMs: 2000 });
  const { fake, tree } = machine([child(8, 4, { startMs: 1000 }), old, own]);
  assert.deepEqual(tree(8), [8, 32]);
  fake.processes.shift();
  assert.deepEqual(tree(8), [32]);
  assert.deepEqual(tree(8, 32), [32]);
  assert.deepEqual(tree(32), [32]);
  assert.deepEqual(tree(8), [], "it was no root meanwhile, so nothing is known of it");
  assert.deepEqual(machine([old, own]).tree(8), []);
});

test("those that have ended and PID 0 are not there", () => {
  const { tree, find } = machine([
    child(0, 0, { name: "" }),
    child(8, 4, { threads: 0, rss: 0n }),
    child(12, 4, { threads: 0 }),
  ]);
  assert.deepEqual(tree(0, 8, 12), [12]);
  assert.equal(find(null).count, 1);
});

test("more processes than there was room for are read with more", () => {
  const many = Array.from({ length: 800 }, (_, i) => child(8 + 4 * i, 4, { threads: 20 }));
  const { fake, find } = machine(many);
  assert.equal(find(null).count, 800);
  assert.equal(fake.calls.filter((name) => name === "NtQuerySystemInformation").length, 2);
});

test("the largest stand first, equal ones by PID, at most as many as asked for", () => {
  const { find } = machine([
    child(16, 4, { rss: 10n }),
    child(8, 4, { rss: 10n }),
    child(12, 4, { rss: 1n << 60n }),
    child(20, 4, { rss: 30n }),
  ]);
  const { processes, count } = find(null, 2);
  assert.deepEqual(processes.map(({ pid }) => pid), [20, 8]);
  assert.equal(count, 3, "one without a resident set is not among them");
  assert.ok(processes.every(({ cpuTimeMs }) => cpuTimeMs === null));
});

test("a name fits with and without its ending, in upper and lower case", () => {
  const { find } = machine([
    child(8, 4, { name: "Python.EXE" }),
    child(12, 4, { name: "python3.11.exe" }),
    child(16, 4, { name: "System" }),
    child(20, 4, { name: "" }),
  ]);
  const pids = (name: string) => find(name).processes.map(({ pid }) => pid).sort((a, b) => a - b);
  assert.deepEqual(pids("python"), [8, 12]);
  assert.deepEqual(pids("pyth?n"), [8]);
  assert.deepEqual(pids("PYTHON.exe"), [8]);
  assert.deepEqual(pids("*.exe"), [8, 12]);
  assert.deepEqual(pids("sys*"), [16]);
  assert.deepEqual(pids("cmd"), []);
});

test("a search is at most a second old, and a failure is told and not kept", () => {
  const { fake, host, find } = machine([child(8, 4)]);
  fake.failing.add("NtQuerySystemInformation");
  assert.deepEqual(find(null).failures.map(({ code }) => code), ["driver_failed"]);
  fake.failing.clear();
  assert.equal(find(null).count, 1);
  fake.processes.push(child(12, 4));
  host.clock.now += 999;
  assert.equal(find(null).count, 1);
  host.clock.now += 1;
  assert.equal(find(null).count, 2);
});
