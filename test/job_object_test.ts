/** Jobs on a fake Windows: what is asked of the system, and in which order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { endWithHost } from "../workers/host/end_with_host.ts";
import { KILLED, makeJob } from "../workers/host/job_object.ts";
import type { ExitStatus, RunningProgram } from "../workers/host/running_program.ts";
import { inJob } from "../workers/host/running_program.ts";
import { fakeHost } from "./support/fake_host.ts";

const KERNEL32 = "D:\\W\\System32\\kernel32.dll";
const THIS_PROCESS = 2n ** 64n - 1n;

const CONFIG = { hostPid: 4242, hostName: "a-host" };

/** A kernel32 that notes its calls; `refuses` are functions that fail. */
function fakeWindows({ refuses = "", hasJob = false } = {}) {
  const calls: string[] = [];
  const names: string[] = [];
  const note = (name: string, result: bigint | number) => (...args: unknown[]) => {
    const plain = args.map((arg) => arg instanceof Uint8Array || arg === null ? "…" : String(arg));
    calls.push(`${name}(${plain.join(", ")})`);
    return refuses === name ? (typeof result === "bigint" ? 0n : 0) : result;
  };
  const functions = {
    CreateJobObjectW: note("CreateJobObjectW", 7n),
    SetInformationJobObject: note("SetInformationJobObject", 1),
    AssignProcessToJobObject: note("AssignProcessToJobObject", 1),
    TerminateJobObject: note("TerminateJobObject", 1),
    OpenProcess: note("OpenProcess", 9n),
    DuplicateHandle: (...args: unknown[]) => note("DuplicateHandle", 1)(...args.slice(0, 3)),
    OpenJobObjectW: (rights: number, inherit: number, name: Uint8Array) => {
      names.push(new TextDecoder("utf-16le").decode(name));
      return note("OpenJobObjectW", hasJob ? 6n : 0n)(rights, inherit);
    },
    CloseHandle: note("CloseHandle", 1),
    QueryInformationJobObject: note("QueryInformationJobObject", 0),
  };
  const host = fakeHost({
    platform: "windows",
    variables: { SystemRoot: "D:\\W" },
    libraries: { [KERNEL32]: functions as Record<string, (...args: never[]) => unknown> },
  });
  return { host, calls, names };
}

test("the first child leaves a job to its host, after it asked for the one it was put into", () => {
  const { host, calls, names } = fakeWindows();
  endWithHost(host, CONFIG);
  assert.deepEqual(names, ["hypomnesis-a-host\0"]);
  assert.deepEqual(calls, [
    "QueryInformationJobObject(0, 9, …, 144, …)",
    "OpenJobObjectW(1, 0)",
    "CreateJobObjectW(…, …)",
    "SetInformationJobObject(7, 9, …, 144)",
    `AssignProcessToJobObject(7, ${THIS_PROCESS})`,
    "OpenProcess(64, 0, 4242)",
    `DuplicateHandle(${THIS_PROCESS}, 7, 9)`,
    "CloseHandle(9)",
    "CloseHandle(7)",
  ]);
});

test("the other children enter it, and nothing more is put into the host", () => {
  const { host, calls } = fakeWindows({ hasJob: true });
  endWithHost(host, CONFIG);
  assert.deepEqual(calls.slice(1), [
    "OpenJobObjectW(1, 0)",
    `AssignProcessToJobObject(6, ${THIS_PROCESS})`,
    "CloseHandle(6)",
  ]);
});

test("a child that can't hand it over keeps it: closing it would end the child", () => {
  for (const refuses of ["OpenProcess", "DuplicateHandle"]) {
    const { host, calls } = fakeWindows({ refuses });
    endWithHost(host, CONFIG);
    assert.ok(!calls.includes("CloseHandle(7)"), calls.join("\n"));
  }
});

test("without a job, or without the library, a child does without", () => {
  for (const refuses of ["CreateJobObjectW", "SetInformationJobObject"]) {
    const { host, calls } = fakeWindows({ refuses });
    endWithHost(host, CONFIG);
    assert.ok(!calls.some((call) => call.startsWith("AssignProcess")), calls.join("\n"));
  }
  endWithHost(fakeHost({ platform: "windows" }), CONFIG);
  assert.equal(makeJob(fakeHost({ platform: "windows" })), null);
  assert.equal(makeJob(fakeHost()), null);
});

test("a program in a job is killed as a whole, and known to have been", async () => {
  const { host, calls } = fakeWindows();
  let end = (_: ExitStatus) => {};
  const done: string[] = [];
  const running: RunningProgram = {
    pid: 99,
    exited: new Promise<ExitStatus>((ended) => end = ended),
    outputEnded: Promise.resolve(),
    killGroup: () => void done.push("killed"),
    letGo: () => void done.push("let go"),
  };
  const whole = inJob(running, makeJob(host)!);
  calls.length = 0;
  whole.killGroup();
  end({ exitCode: KILLED, signal: null });
  assert.deepEqual(await whole.exited, { exitCode: null, signal: "SIGKILL" });
  whole.letGo();
  assert.deepEqual(calls, [`TerminateJobObject(7, ${KILLED})`, "CloseHandle(7)"]);
  assert.deepEqual(done, ["killed", "let go"]);
});
