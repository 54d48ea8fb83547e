/** The source `pdh` on fake machines: what is missing, and what fails and comes back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makePdh } from "../workers/gpu/pdh/pdh.ts";
import type { GpuReading } from "../workers/gpu/source.ts";
import { fakeHost } from "./support/fake_host.ts";
import { fakePdh, gpuCounters } from "./support/fake_pdh.ts";
import { FakeHeap, windowsHost } from "./support/fake_windows.ts";
import {
  ALL,
  failures,
  LUID_A,
  LUID_B,
  machine,
  ONLY_DEVICES,
  OPTIONS,
  TWO_CARDS,
} from "./support/pdh_machine.ts";

test("a counter that Windows has not costs its own number alone", () => {
  const { read, pdh } = machine();
  pdh.counters.delete("\\GPU Local Adapter Memory(*)\\Local Usage");
  pdh.counters.delete("\\GPU Process Memory(*)\\Total Committed");
  pdh.missingStatus = 0xc0000bb9;
  const reading = read();
  assert.equal(reading.devices[0]!.wddm!.localUsageBytes, null);
  assert.equal(reading.processes[0]!.wddm!.totalCommittedBytes, null);
  assert.equal(reading.processes[0]!.usedBytes, 11);
  assert.deepEqual(failures(reading), [
    "not_supported: Cannot read \\GPU Local Adapter Memory(*)\\Local Usage, " +
    "\\GPU Process Memory(*)\\Total Committed: PdhAddEnglishCounterW answered " +
    "PDH_CSTATUS_NO_COUNTER",
  ]);
});

test("without the counters of processes the devices are told, and no list is whole", () => {
  const { read, pdh } = machine();
  for (const path of [...pdh.counters.keys()]) {
    if (path.includes("Process")) pdh.counters.delete(path);
  }
  const reading = read();
  assert.deepEqual([reading.devices.length, reading.listedDevices], [2, []]);
  assert.deepEqual(reading.failures.map(({ code, count }) => [code, count]), [
    ["not_supported", 5],
  ]);
});

test("without the counters of GPUs the rows and their devices are told", () => {
  const { read, pdh } = machine();
  for (const path of [...pdh.counters.keys()]) {
    if (path.includes("Adapter")) pdh.counters.delete(path);
  }
  const reading = read();
  assert.deepEqual(reading.devices.map(({ luid, wddm, usedBytes }) => [luid, wddm, usedBytes]), [
    [LUID_A, null, null],
    [LUID_B, null, null],
  ]);
  assert.equal(reading.processes.length, 3);
  assert.deepEqual(reading.listedDevices, [0, 1]);
});

test("no counter at all is one absence, and is looked for again after a minute", () => {
  const { read, pdh, host, count } = machine(new Map());
  for (const question of [ALL, ALL, ONLY_DEVICES]) {
    const reading = read(question);
    assert.deepEqual(failures(reading), [
      "absent: Cannot read the performance counters of GPU memory: Windows has none " +
      "(PDH_CSTATUS_NO_OBJECT); it has them from Windows 10 version 1709 on, of GPUs with a WDDM " +
      "driver",
    ]);
    assert.deepEqual(reading.devices, []);
  }
  assert.equal(count("PdhAddEnglishCounterW"), 10);
  assert.equal(pdh.open.size, 0);
  for (const [path, items] of gpuCounters(TWO_CARDS.adapters)) pdh.counters.set(path, items);
  assert.equal(read(ONLY_DEVICES).devices.length, 0);
  host.clock.now += 60_001;
  assert.equal(read(ONLY_DEVICES).devices.length, 2);
});

test("counters without an instance are no failure", () => {
  const { read, pdh, count } = machine(gpuCounters({}, {}));
  const reading = read();
  assert.deepEqual([reading.devices, reading.failures], [[], []]);
  read();
  assert.equal(count("PdhOpenQueryW"), 2, "and no reason to open the queries anew");
  const later = gpuCounters(TWO_CARDS.adapters, TWO_CARDS.processes);
  for (const [path, items] of later) pdh.counters.set(path, items);
  assert.equal(read().devices.length, 2);
  // A counter that can't be added for want of an instance is added when there is one.
  const fresh = machine();
  const path = "\\GPU Non Local Adapter Memory(*)\\Non Local Usage";
  fresh.pdh.codes.set(`PdhAddEnglishCounterW ${path}`, 0x800007d1);
  const first = fresh.read(ONLY_DEVICES);
  assert.deepEqual([first.devices[0]!.wddm!.nonLocalUsageBytes, first.failures], [null, []]);
  fresh.pdh.codes.clear();
  assert.equal(fresh.read(ONLY_DEVICES).devices[0]!.wddm!.nonLocalUsageBytes, 1005);
});

for (const where of ["collect", "array"] as const) {
  test(`after a reset of the driver that shows in the ${where} the query is opened anew`, () => {
    const { read, pdh, count } = machine();
    read();
    pdh.reset(0xc0000bc6, where);
    const reading = read();
    assert.deepEqual([reading.devices.length, reading.processes.length], [2, 3]);
    assert.deepEqual(reading.failures, []);
    assert.equal(count("PdhOpenQueryW"), 4);
    assert.equal(pdh.open.size, 2);
    read();
    assert.equal(count("PdhOpenQueryW"), 4);
  });
}

test("instances that are gone at once are looked for in a new query, once", () => {
  const { read, pdh, count } = machine();
  read();
  const before = new Map([...pdh.counters].map(([path, items]) => [path, [...items]]));
  for (const items of pdh.counters.values()) items.length = 0;
  assert.deepEqual(read().devices, []);
  assert.equal(count("PdhOpenQueryW"), 4);
  read();
  assert.equal(count("PdhOpenQueryW"), 4);
  for (const [path, items] of before) pdh.counters.set(path, items);
  assert.equal(read().devices.length, 2);
});

test("a query that fails anew as well is told, and tried again at the next question", () => {
  const { read, pdh, count } = machine();
  read(ONLY_DEVICES);
  pdh.codes.set("PdhCollectQueryData", 0xc0000bfe);
  const reading = read(ONLY_DEVICES);
  assert.equal(count("PdhOpenQueryW"), 2, "once a question");
  assert.deepEqual(reading.devices, []);
  assert.deepEqual(reading.failures.map(({ code, driverCode }) => [code, driverCode]), [
    ["driver_failed", "PDH_QUERY_PERF_DATA_TIMEOUT"],
  ]);
  assert.match(reading.failures[0]!.message, /PdhCollectQueryData answered/);
  pdh.codes.clear();
  assert.equal(read(ONLY_DEVICES).devices.length, 2);
  assert.equal(pdh.open.size, 1);
});

test("one counter that never works costs itself alone, and opens nothing anew", () => {
  const { read, pdh, count } = machine();
  const path = "\\GPU Adapter Memory(*)\\Shared Usage";
  pdh.codes.set(`PdhGetFormattedCounterArrayW ${path}`, 0xc0000bba);
  for (let i = 0; i < 3; i++) {
    const reading = read(ONLY_DEVICES);
    assert.deepEqual([reading.devices[0]!.usedBytes, reading.devices[0]!.sharedUsedBytes], [
      1001,
      null,
    ]);
    assert.deepEqual(reading.failures.map(({ message }) => message), [
      `Cannot read ${path}: PdhGetFormattedCounterArrayW answered PDH_CSTATUS_INVALID_DATA`,
    ]);
  }
  assert.equal(count("PdhOpenQueryW"), 1);
});

test("no query, no memory, no library, no function", () => {
  const refused = machine();
  refused.pdh.codes.set("PdhOpenQueryW", 0xc0000bdb);
  assert.deepEqual(refused.read(ONLY_DEVICES).failures.map((f) => f.driverCode), [
    "PDH_ACCESS_DENIED",
  ]);
  const poor = machine();
  poor.heap.refuse = 1;
  assert.match(failures(poor.read())[0]!, /LocalAlloc got no 65536 bytes/);
  assert.equal(poor.read().devices.length, 2);
  const none = makePdh(fakeHost(), OPTIONS).read(ALL) as GpuReading;
  assert.deepEqual(none.failures.map(({ code }) => code), ["absent"]);
  const heap = new FakeHeap();
  const { PdhCloseQuery: _gone, ...functions } = fakePdh(heap, new Map()).functions;
  const lacking = makePdh(windowsHost(heap, { "pdh.dll": functions }), OPTIONS);
  assert.match((lacking.read(ALL) as GpuReading).failures[0]!.message, /lacks PdhCloseQuery/);
});

test("the doctor tries queries of its own, call by call", async () => {
  const { source, pdh, heap } = machine();
  const live = heap.live;
  const finding = await source.diagnose();
  assert.equal(pdh.open.size, 0);
  assert.ok(heap.live <= live);
  assert.equal(finding.present, true);
  assert.equal(finding.path, "C:\\Windows\\System32\\pdh.dll");
  assert.deepEqual(finding.calls.slice(0, 2).map(({ name, outcome }) => `${name}: ${outcome}`), [
    "PdhOpenQueryW: ERROR_SUCCESS",
    "PdhAddEnglishCounterW \\GPU Adapter Memory(*)\\Dedicated Usage: ERROR_SUCCESS",
  ]);
  assert.equal(finding.calls.length, 2 * (1 + 5 + 1 + 5 + 1));
  assert.deepEqual([finding.failures, finding.measures.length, finding.advice], [[], 2, []]);
  const without = await machine(new Map()).source.diagnose();
  assert.deepEqual([without.present, without.advice.length, without.measures], [false, 1, []]);
  const elsewhere = await makePdh(fakeHost(), OPTIONS).diagnose();
  assert.deepEqual([elsewhere.present, elsewhere.path], [false, null]);
});
