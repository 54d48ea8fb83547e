/** The source `pdh` on fake machines: every GPU and every process by Windows' own counters. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makePdh } from "../workers/gpu/pdh/pdh.ts";
import type { GpuReading } from "../workers/gpu/source.ts";
import { fakePdh, type FakeValue, gpuCounters } from "./support/fake_pdh.ts";
import { FakeHeap, windowsHost } from "./support/fake_windows.ts";
import {
  A,
  ALL,
  failures,
  LUID_A,
  LUID_B,
  machine,
  ONLY_DEVICES,
  OPTIONS,
  row,
  SOFTWARE,
  TWO_CARDS,
} from "./support/pdh_machine.ts";

const told = ({ processes }: GpuReading) =>
  processes.map(({ pid, deviceIndex, usedBytes, sharedUsedBytes }) => [
    pid,
    deviceIndex,
    usedBytes,
    sharedUsedBytes,
  ]);
test("every card and every process with its five counters", () => {
  const reading = machine().read();
  const { devices, processes } = reading;
  assert.deepEqual(devices[0], {
    index: 0,
    name: null,
    totalBytes: null,
    freeBytes: null,
    usedBytes: 1001,
    reservedBytes: null,
    driverVersion: null,
    sharedUsedBytes: 1002,
    usedIncludesReserved: false,
    memoryKind: null,
    state: "ok",
    uuid: null,
    pciBusId: "00000000:65:00.0",
    pciId: null,
    luid: LUID_A,
    wddm: {
      dedicatedUsageBytes: 1001,
      sharedUsageBytes: 1002,
      totalCommittedBytes: 1003,
      localUsageBytes: 1004,
      nonLocalUsageBytes: 1005,
      dedicatedTotalBytes: null,
      sharedTotalBytes: null,
    },
    utilizationRatio: null,
    memoryBandwidthBusyRatio: null,
    temperatureCelsius: null,
    powerWatts: null,
    smClockMhz: null,
    memoryClockMhz: null,
    cudaDriverVersion: null,
    eccEnabled: null,
    migEnabled: null,
    migSlices: [],
    source: "pdh",
  });
  assert.deepEqual(devices.map(({ luid, pciBusId }) => [luid, pciBusId]), [
    [LUID_A, "00000000:65:00.0"],
    [LUID_B, null],
  ]);
  const { name: _name, nameStatus: _status, ...first } = processes[0]!;
  assert.deepEqual(first, {
    pid: 7,
    usedBytes: 11,
    sharedUsedBytes: 12,
    missing: null,
    rssBytes: null,
    deviceIndex: 0,
    deviceUuid: null,
    deviceName: null,
    contexts: [],
    gpuInstanceId: null,
    computeInstanceId: null,
    wddm: {
      dedicatedUsageBytes: 11,
      sharedUsageBytes: 12,
      totalCommittedBytes: 13,
      localUsageBytes: 14,
      nonLocalUsageBytes: 15,
    },
    source: "pdh",
  });
  assert.deepEqual(told(reading), [[7, 0, 11, 12], [4242, 0, 21, 22], [7, 1, 31, 32]]);
  assert.deepEqual([reading.listedDevices, reading.leftOut, reading.failures], [[0, 1], [], []]);
});

test("names are those of the machine's processes", () => {
  const heap = new FakeHeap();
  const pdh = fakePdh(heap, gpuCounters(TWO_CARDS.adapters, TWO_CARDS.processes));
  // On another system the names come from /proc, which is enough to see that they are asked for.
  const host = windowsHost(heap, { "pdh.dll": pdh.functions }, {
    platform: "linux",
    files: { "/proc/7/comm": "game.exe\n" },
  });
  const { processes } = makePdh(host, OPTIONS).read(ALL) as GpuReading;
  assert.deepEqual(processes.map(({ name, nameStatus }) => [name, nameStatus]), [
    ["game.exe", "known"],
    [null, "exited"],
    ["game.exe", "known"],
  ]);
});

test("only what is asked for is collected, in queries that stay open", () => {
  const { read, pdh, count, source } = machine();
  const reading = read(ONLY_DEVICES);
  assert.deepEqual([reading.devices.length, reading.processes, reading.listedDevices], [2, [], []]);
  assert.equal(pdh.calls.some((call) => call.includes("Process")), false);
  read();
  read();
  assert.equal(count("PdhOpenQueryW"), 2);
  assert.equal(count("PdhAddEnglishCounterW"), 10);
  assert.equal(count("PdhCollectQueryData"), 5);
  assert.equal(count("PdhGetFormattedCounterArrayW"), 25);
  source.close();
  assert.equal(pdh.open.size, 0);
});

test("what the kernel calls software is no device, and its rows are nobody's", () => {
  const counters = gpuCounters(
    { ...TWO_CARDS.adapters, [SOFTWARE]: row(9) },
    { ...TWO_CARDS.processes, [`pid_9_${SOFTWARE}`]: row(8) },
  );
  const reading = machine(counters).read();
  assert.deepEqual(reading.devices.map(({ luid }) => luid), [LUID_A, LUID_B]);
  assert.deepEqual(reading.leftOut, ["0x00000000_0x00000bad"]);
  assert.equal(reading.processes.some(({ pid }) => pid === 9), false);
  assert.deepEqual(reading.failures, []);
});

test("local and non-local memory of a GPU is the sum of its parts", () => {
  const parts = { [A]: [1n, 2n, 3n, [4n, 40n, 400n], [5n, 50n]] };
  const { read, pdh } = machine(gpuCounters(parts));
  assert.deepEqual(
    pdh.counters.get("\\GPU Non Local Adapter Memory(*)\\Non Local Usage")!.map(([name]) => name),
    [`${A}_part_0`, `${A}_part_1`],
  );
  const reading = read(ONLY_DEVICES);
  const { localUsageBytes, nonLocalUsageBytes } = reading.devices[0]!.wddm!;
  assert.deepEqual([localUsageBytes, nonLocalUsageBytes], [444, 55]);
  assert.deepEqual([reading.devices.length, reading.failures], [1, []]);
});

test("what an integrated GPU uses of the system's memory is what it uses", () => {
  const bad: FakeValue = { status: 0xc0000bba };
  const counters = gpuCounters(TWO_CARDS.adapters, {
    ...TWO_CARDS.processes,
    [`pid_8_${A}`]: [5n, bad, 0n, 0n, 0n],
  });
  const { devices, processes } = machine(counters, 0x23).read();
  assert.deepEqual(
    devices.map(({ memoryKind, usedBytes, sharedUsedBytes, usedIncludesReserved }) => [
      memoryKind,
      usedBytes,
      sharedUsedBytes,
      usedIncludesReserved,
    ]),
    [["unified", 2003, null, false], [null, 2001, 2002, false]],
  );
  assert.deepEqual(devices[0]!.wddm!.dedicatedUsageBytes, 1001);
  assert.deepEqual(
    processes.map(({ pid, deviceIndex, usedBytes, missing, wddm }) => [
      pid,
      deviceIndex,
      usedBytes,
      missing,
      wddm!.dedicatedUsageBytes,
    ]),
    [
      [7, 0, 23, null, 11],
      [8, 0, null, "not_told", 5],
      [4242, 0, 43, null, 21],
      [7, 1, 31, null, 31],
    ],
  );
  const untold = machine(gpuCounters({ [A]: [1n, bad, 3n, 4n, 5n] }), 0x23).read().devices[0]!;
  assert.deepEqual([untold.usedBytes, untold.usedIncludesReserved], [null, null]);
});

test("more instances than there is room for", () => {
  const many = Object.fromEntries(
    Array.from({ length: 3000 }, (_, i) => [`pid_${i + 10}_${A}`, row(i)]),
  );
  const { read, count, heap } = machine(gpuCounters(TWO_CARDS.adapters, many));
  const reading = read();
  assert.equal(reading.processes.length, 3000);
  assert.equal(reading.processes[2999]!.usedBytes, 29991);
  const calls = count("PdhGetFormattedCounterArrayW");
  assert.ok(calls > 10, "it had to grow");
  const live = heap.live;
  read();
  assert.equal(count("PdhGetFormattedCounterArrayW") - calls, 10, "and stays grown");
  assert.equal(heap.live, live);
});

test("a library that always wants more is left, and the memory with it", () => {
  const { read, pdh, count, heap } = machine();
  pdh.alwaysMore = 0;
  const reading = read(ONLY_DEVICES);
  assert.deepEqual(failures(reading).map((text) => text.replace(/read .*:/, "read …:")), [
    "driver_failed: Cannot read …: PdhGetFormattedCounterArrayW answered PDH_MORE_DATA",
  ]);
  assert.equal(reading.failures[0]!.count, 5);
  assert.ok(count("PdhGetFormattedCounterArrayW") < 20);
  assert.ok(heap.live < 5);
  pdh.alwaysMore = null;
  assert.equal(read(ONLY_DEVICES).devices.length, 2);
});

test("a value without a good status, below 0 or too large is null, and the row stays", () => {
  const bad: FakeValue = { status: 0xc0000bba };
  const reading = machine(gpuCounters({ [A]: [bad, 2n, -3n, 1n << 60n, 5n] }, {
    [`pid_7_${A}`]: [bad, 12n, 13n, 14n, 15n],
    [`pid_8_${A}`]: [{ status: 0x800007d1 }, 0n, 0n, 0n, 0n],
    [`pid_9_${A}`]: [0n, 0n, 0n, 0n, 0n],
  })).read();
  const { usedBytes, sharedUsedBytes, usedIncludesReserved, wddm } = reading.devices[0]!;
  assert.deepEqual([usedBytes, sharedUsedBytes, usedIncludesReserved], [null, 2, null]);
  assert.deepEqual(
    [wddm!.totalCommittedBytes, wddm!.localUsageBytes, wddm!.nonLocalUsageBytes],
    [null, null, 5],
  );
  assert.deepEqual(
    reading.processes.map(({ pid, usedBytes, missing }) => [pid, usedBytes, missing]),
    [
      [7, null, "not_told"],
      [8, null, "not_told"],
      [9, 0, null],
    ],
  );
  assert.deepEqual(failures(reading), [
    "bad_value: Cannot use 1 value of the counters of GPUs: PDH gave " +
    "PDH_CSTATUS_INVALID_DATA",
    "bad_value: Cannot use 2 values of the counters of GPUs: PDH gave a number of bytes that " +
    "no memory has",
    "bad_value: Cannot use 1 value of the counters of processes on GPUs: PDH gave " +
    "PDH_CSTATUS_INVALID_DATA",
    "bad_value: Cannot use 1 value of the counters of processes on GPUs: PDH gave " +
    "PDH_CSTATUS_NO_INSTANCE",
  ]);
});

test("names that are none are counted, and the sum of all is passed over", () => {
  const { read, pdh } = machine(gpuCounters(
    { _Total: row(9), [A]: row(100), "GPU 0": row(8) },
    { _Total: row(9), "pid_x": row(1), [`pid_7_${A}`]: row(1) },
  ));
  const reading = read();
  assert.deepEqual([reading.devices.length, reading.processes.length], [1, 1]);
  assert.deepEqual(reading.failures.map(({ code, count }) => [code, count]), [
    ["bad_value", 5],
    ["bad_value", 5],
  ]);
  pdh.movePointers = 1n << 40n;
  assert.deepEqual(read().devices, [], "pointers to nowhere are not followed");
});
