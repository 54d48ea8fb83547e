/** What the doctor says of `win32`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../workers/host/host.ts";
import { diagnoseWin32 } from "../workers/win32/diagnose.ts";
import { fakeHost } from "./support/fake_host.ts";
import { fakeProcess, type FakeWindows, fakeWindows } from "./support/fake_kernel32.ts";

/** The doctor asks about the process it runs in. */
const OURSELVES = 4000;

function diagnose(fake: FakeWindows) {
  const finding = diagnoseWin32(fakeHost(fake.machine));
  assert.deepEqual([...fake.open], [], "handles or memory were left open");
  const outcomes = Object.fromEntries(finding.calls.map(({ name, outcome }) => [name, outcome]));
  return { ...finding, outcomes };
}

test("a healthy Windows", () => {
  const fake = fakeWindows([fakeProcess(OURSELVES)]);
  fake.job = { flags: 0x200, process: 0n, job: 1n << 30n };
  const { outcomes, ...finding } = diagnose(fake);
  assert.equal(finding.source, "win32");
  assert.equal(finding.present, true);
  assert.equal(finding.path, "D:\\Win\\System32\\kernel32.dll");
  assert.equal(finding.version, "Windows 10.0.22631");
  assert.deepEqual(finding.failures, []);
  assert.deepEqual(finding.advice, []);
  assert.equal(finding.calls.length, 11);
  assert.equal(finding.measures.length, 11);
  assert.deepEqual([...new Set(Object.values(outcomes))], ["ok"]);
});

test("no job is nothing to measure and no failure", () => {
  const { outcomes, failures, measures } = diagnose(fakeWindows([fakeProcess(OURSELVES)]));
  assert.equal(outcomes["QueryInformationJobObject"], "none");
  assert.deepEqual(failures, []);
  assert.equal(measures.length, 10);
});

test("what a system leaves out is told here alone", () => {
  const fake = fakeWindows([fakeProcess(OURSELVES, { private: 0n })]);
  fake.pageFiles = 0xc000_0003 | 0;
  const { failures, outcomes, present } = diagnose(fake);
  assert.equal(present, true);
  assert.deepEqual(failures.map(({ code }) => code), ["not_supported", "not_supported"]);
  assert.match(failures[0]!.message, /^Cannot read private bytes of a process: .*PrivateUsage/);
  assert.match(failures[1]!.message, /^Cannot read page files: /);
  assert.equal(outcomes["PrivateUsage of K32GetProcessMemoryInfo"], "not told");
});

test("each call that fails is told by itself", () => {
  const fake = fakeWindows([fakeProcess(OURSELVES)], ["GetSystemTimes"]);
  fake.failing.add("CreateToolhelp32Snapshot").add("RtlGetVersion");
  fake.garbage.set("GlobalMemoryStatusEx", 0xff);
  const { failures, outcomes, version } = diagnose(fake);
  assert.equal(version, null);
  assert.deepEqual(failures.map(({ code }) => code), [
    "driver_failed",
    "bad_value",
    "driver_failed",
  ]);
  assert.equal(outcomes["CreateToolhelp32Snapshot"], "failed");
  assert.equal(outcomes["GlobalMemoryStatusEx"], "failed");
  assert.equal(outcomes["GetSystemTimes"], "failed");
  assert.equal(outcomes["GetProcessTimes"], "ok");
});

test("a runtime without native code is told once, with what to do", () => {
  const host = {
    ...fakeHost({ platform: "windows" }),
    openLibrary: ([path = ""]: readonly string[]) => {
      throw new HostError("ENOTCAPABLE", path, "Deno runs without --allow-ffi");
    },
  };
  const finding = diagnoseWin32(host);
  assert.equal(finding.present, null);
  assert.equal(finding.path, null);
  assert.deepEqual(finding.calls, []);
  assert.deepEqual(finding.failures.map(({ code }) => code), ["permission_denied"]);
  assert.equal(finding.advice.length, 1);
  const absent = diagnoseWin32(fakeHost({ platform: "windows" }));
  assert.equal(absent.present, false);
  assert.deepEqual(absent.failures.map(({ code }) => code), ["absent"]);
});
