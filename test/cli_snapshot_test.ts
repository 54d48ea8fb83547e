import assert from "node:assert/strict";
import { test } from "node:test";
import type { FailureCode } from "../lib/errors.ts";
import {
  aDevice,
  aFailure,
  aGpuProcess,
  aProcessMemory,
  aSnapshotReply,
  aSystemMemory,
} from "../lib/testing.ts";
import { hmn } from "./support/cli_world.ts";

const MIB = 2 ** 20;
const SYSTEM = aSystemMemory({
  totalBytes: 1000 * MIB,
  usedBytes: 400 * MIB,
  availableBytes: 600 * MIB,
  swapTotalBytes: 200 * MIB,
  swapUsedBytes: 50 * MIB,
});
const PROCESS = aProcessMemory({
  pid: 77,
  name: "sh",
  rssBytes: 12 * MIB,
  peakRssBytes: 20 * MIB,
  swapBytes: 0,
});

test("the overview has the process, the machine, the GPUs and who uses them", async () => {
  const snapshot = aSnapshotReply({
    pid: 77,
    process: { ...PROCESS, name: "sh\x9b" },
    system: SYSTEM,
    devices: [aDevice({ name: "A100", totalBytes: 100 * MIB, freeBytes: 60 * MIB })],
    processes: [
      aGpuProcess({ pid: 5, name: "small", usedBytes: MIB, deviceName: "A100" }),
      aGpuProcess({ pid: 6, name: "large", usedBytes: 9 * MIB, deviceName: "A100" }),
    ],
    failures: [aFailure({ source: "nvml", message: "Cannot read the temperature" })],
  });
  const end = await hmn(["snapshot", "--pid", "77"], { snapshot });
  assert.equal(
    end.stdout,
    "process 77 [sh\\u{9b}]: RSS 12 MiB, peak 20 MiB\n" +
      "RAM: used 400 MiB / 1000 MiB, available 600 MiB\n" +
      "swap: used 50 MiB / 200 MiB\n" +
      "GPU 0 [A100]: free 60 MiB / 100 MiB\n" +
      "PID  NAME   VRAM   SHARED  DEVICE\n" +
      "6    large  9 MiB  -       A100  \n" +
      "5    small  1 MiB  -       A100  \n",
  );
  assert.equal(end.stderr, "hmn: nvml: Cannot read the temperature\n");
  assert.equal(end.code, 0);
  assert.deepEqual(end.asked, [{ kind: "snapshot", pid: 77 }]);
});

test("without --pid it is about hmn itself", async () => {
  assert.deepEqual((await hmn(["snapshot"])).asked, [{ kind: "snapshot", pid: 4242 }]);
});

test("--json is the whole answer in snake_case, the original's keys first", async () => {
  const snapshot = aSnapshotReply({
    atMs: 1700000000000,
    pid: 77,
    process: PROCESS,
    system: SYSTEM,
    devices: [aDevice({ uuid: "GPU-1" })],
    processes: [aGpuProcess({ pid: 5 })],
    failures: [aFailure({ code: "hung", driverCode: "X" })],
  });
  const end = await hmn(["snapshot", "--json"], { snapshot });
  assert.match(end.stdout, /^\{[^\n]*\}\n$/);
  assert.match(end.stdout, /"devices":\[\{"index":0,"name":null,"total_bytes":0,/);
  assert.match(end.stdout, /"processes":\[\{"pid":5,"name":null,"used_bytes":0,/);
  const read = JSON.parse(end.stdout);
  assert.deepEqual(Object.keys(read).toSorted(), [
    "at_ms",
    "devices",
    "duration_ms",
    "failures",
    "foreign_pids",
    "kind",
    "listed_devices",
    "pid",
    "process",
    "processes",
    "system",
    "video_memory",
  ]);
  assert.equal(read.process.peak_rss_bytes, 20 * MIB);
  assert.deepEqual(read.failures[0].driver_code, "X");
  assert.equal(end.stderr, "");
});

test("what could not be told decides the exit code, and the JSON is printed all the same", async () => {
  const failure = (source: "proc" | "nvml" | null, code: FailureCode) =>
    aFailure({ code, source, message: `Cannot ask ${source}` });
  const codeOf = async (fields: Parameters<typeof aSnapshotReply>[0]) => {
    const snapshot = aSnapshotReply({ process: PROCESS, system: SYSTEM, ...fields });
    const [text, json] = [
      await hmn(["snapshot"], { snapshot }),
      await hmn(["snapshot", "--json"], { snapshot }),
    ];
    assert.equal(text.code, json.code);
    assert.deepEqual(JSON.parse(json.stdout).failures.length, fields?.failures?.length ?? 0);
    return text.code;
  };
  assert.equal(await codeOf({}), 0);
  assert.equal(await codeOf({ failures: [failure("nvml", "absent")] }), 0);
  assert.equal(await codeOf({ failures: [failure("nvml", "hung")] }), 7);
  assert.equal(await codeOf({ failures: [failure(null, "worker_failed")] }), 10);
  assert.equal(await codeOf({ devices: [aDevice()], failures: [failure("nvml", "hung")] }), 0);
  assert.equal(
    await codeOf({ devices: [aDevice()], failures: [failure("proc", "permission_denied")] }),
    0,
  );
  const blind = { system: null, devices: [aDevice()] };
  assert.equal(await codeOf({ ...blind, failures: [failure("proc", "permission_denied")] }), 5);
  assert.equal(await codeOf({ ...blind, failures: [failure("proc", "absent")] }), 0);
});

test("a worker's failure is told, and not taken for a machine without GPUs", async () => {
  const failures = [aFailure({ code: "worker_failed", message: "Cannot start the worker" })];
  const end = await hmn(["snapshot"], { snapshot: aSnapshotReply({ failures }) });
  assert.match(end.stdout, /^hmn: no visible GPUs: Cannot start the worker$/m);
  assert.match(end.stdout, /^process 0: RSS \? MiB$/m);
  assert.equal(end.stderr, "hmn: Cannot start the worker\n");
  assert.equal(end.code, 10);
});

test("a PID that is no process ends with its own code", async () => {
  const failures = [
    aFailure({ code: "no_such_process", source: "proc", pid: 9, message: "Cannot read process 9" }),
  ];
  const snapshot = aSnapshotReply({ pid: 9, system: SYSTEM, failures });
  const end = await hmn(["snapshot", "--pid", "9"], { snapshot });
  assert.deepEqual([end.code, end.stdout], [4, ""]);
  assert.equal(end.stderr, "hmn: error: Cannot read process 9\n");
  const json = await hmn(["snapshot", "--pid", "9", "--json"], { snapshot });
  assert.equal(json.code, 4);
  assert.equal(JSON.parse(json.stdout).process, null);
});
