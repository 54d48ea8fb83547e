/** Names of the processes a driver lists, on Windows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeProcessNamer } from "../workers/proc_names.ts";
import { fileName } from "../workers/win32/names.ts";
import { fakeHost } from "./support/fake_host.ts";
import { type FakeProcess, fakeProcess, fakeWindows } from "./support/fake_kernel32.ts";

function machine(processes: FakeProcess[]) {
  const fake = fakeWindows(processes);
  const host = fakeHost(fake.machine);
  const namer = makeProcessNamer(host);
  const name = (pid: number) => {
    const { name, nameStatus } = namer.name(pid);
    assert.deepEqual([...fake.open], [], "handles were left open");
    return [name, nameStatus];
  };
  const count = (of: string) => fake.calls.filter((call) => call === of).length;
  return { fake, host, namer, name, count };
}

test("the program's path tells the name, whichever way it is written", () => {
  const { name, namer, count } = machine([
    fakeProcess(8, { path: "C:\\a b\\Größe.exe", name: "other" }),
    fakeProcess(12, { path: "\\\\server\\share/x/y.exe" }),
  ]);
  assert.equal(namer.foreignNamespace, false);
  assert.deepEqual(name(8), ["Größe.exe", "known"]);
  assert.deepEqual(name(12), ["y.exe", "known"]);
  assert.equal(count("CreateToolhelp32Snapshot"), 0);
  assert.equal(fileName("plain"), "plain");
  assert.equal(fileName("C:\\folder\\"), "");
});

test("the kernel has no program and is not asked for", () => {
  const { name, fake } = machine([fakeProcess(4, { name: "System" })]);
  assert.deepEqual(name(4), [null, "kernel"]);
  assert.deepEqual(fake.calls, []);
});

test("what may not be opened, or has no path, is named by one snapshot", () => {
  const { name, count } = machine([
    fakeProcess(8, { denied: true, name: "csrss.exe" }),
    fakeProcess(12, { path: null, name: "Registry" }),
    fakeProcess(16, { path: `C:\\${"x".repeat(1100)}\\long.exe`, name: "long.exe" }),
    fakeProcess(20, { denied: true, name: "" }),
  ]);
  assert.deepEqual(name(8), ["csrss.exe", "known"]);
  assert.deepEqual(name(12), ["Registry", "known"]);
  assert.deepEqual(name(16), ["long.exe", "known"]);
  assert.deepEqual(name(20), [null, "unknown"]);
  assert.deepEqual(name(100), [null, "exited"]);
  assert.equal(count("CreateToolhelp32Snapshot"), 1);
});

test("without a snapshot it is protected", () => {
  for (const failing of ["CreateToolhelp32Snapshot", "Process32FirstW"]) {
    const { fake, name, count } = machine([fakeProcess(8, { denied: true }), fakeProcess(12)]);
    fake.failing.add(failing);
    assert.deepEqual(name(8), [null, "protected"]);
    assert.deepEqual(name(100), [null, "protected"]);
    assert.deepEqual(name(12), ["p12.exe", "known"]);
    assert.equal(count("CreateToolhelp32Snapshot"), 1, "it is not tried again for each");
  }
});

test("names are kept for a second", () => {
  const { fake, host, name } = machine([fakeProcess(8)]);
  assert.deepEqual(name(8), ["p8.exe", "known"]);
  assert.deepEqual(name(12), [null, "exited"]);
  fake.processes = [fakeProcess(12, { denied: true })];
  host.clock.now += 999;
  assert.deepEqual(name(8), ["p8.exe", "known"]);
  assert.deepEqual(name(12), [null, "exited"]);
  host.clock.now += 1;
  assert.deepEqual(name(8), [null, "exited"]);
  assert.deepEqual(name(12), ["p12.exe", "known"]);
});

test("where no library can be opened every name is protected", () => {
  const namer = makeProcessNamer(fakeHost({ platform: "windows" }));
  assert.deepEqual(namer.name(8), { name: null, nameStatus: "protected" });
});
