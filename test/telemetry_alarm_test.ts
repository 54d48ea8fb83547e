/** The alarm over all memories: each of them alone, all together, and what is no alarm. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { aCgroupMemory, aDevice, aMigSlice, aSystemMemory } from "../lib/testing.ts";
import { type AlarmInput, deviceUseRatio, memoryAlarms } from "../lib/telemetry/alarm.ts";
import { type AllocatorState, FRESH_MS, TelemetryBoard } from "../lib/telemetry/board.ts";

function anAllocator(allocatedBytes: number, fields: object = {}): readonly AllocatorState[] {
  const board = new TelemetryBoard({ now: () => 0 });
  board.report({ allocatedBytes, reservedBytes: 1_000, ...fields });
  return board.allocators();
}

function alarmsOf(input: Partial<AlarmInput>) {
  return memoryAlarms({ allocators: [], devices: [], system: null, ...input });
}

test("where nothing is known there is neither an alarm nor none", () => {
  const unknown = { hasMemoryAlarm: null, alarms: [] };
  assert.deepEqual(alarmsOf({}), unknown);
  const blind = aDevice({ totalBytes: null, usedBytes: null, freeBytes: null });
  const noTotal = aDevice({ totalBytes: null, usedBytes: 5 });
  const noUsed = aDevice({ totalBytes: 5, usedBytes: null });
  const system = aSystemMemory({ totalBytes: null, usedBytes: null });
  assert.deepEqual(alarmsOf({ devices: [blind, noTotal, noUsed], system }), unknown);
});

test("an allocator alone", () => {
  assert.deepEqual(alarmsOf({ allocators: anAllocator(950, { pid: 12, device: 1 }) }), {
    hasMemoryAlarm: true,
    alarms: [{
      part: "allocator",
      device: 1,
      pid: 12,
      ratio: 0.95,
      message: "The allocator's reserve of process 12 on its GPU 1 is 95.0% full, above 90.0%",
    }],
  });
  const [nameless] = alarmsOf({ allocators: anAllocator(1_000) }).alarms;
  assert.deepEqual([nameless?.pid, nameless?.device], [null, null]);
  assert.equal(nameless?.message, "The allocator's reserve is 100.0% full, above 90.0%");
});

test("a GPU alone", () => {
  const devices = [
    aDevice({ index: 0, totalBytes: 1_000, usedBytes: 100 }),
    aDevice({ index: 1, totalBytes: 1_000, usedBytes: 950 }),
  ];
  assert.deepEqual(alarmsOf({ devices }), {
    hasMemoryAlarm: true,
    alarms: [{
      part: "device",
      device: 1,
      pid: null,
      ratio: 0.95,
      message: "GPU 1 is 95.0% full, above 90.0%",
    }],
  });
});

test("the machine's RAM alone", () => {
  assert.deepEqual(alarmsOf({ system: aSystemMemory({ totalBytes: 1_000, usedBytes: 920 }) }), {
    hasMemoryAlarm: true,
    alarms: [{
      part: "system",
      device: null,
      pid: null,
      ratio: 0.92,
      message: "RAM is 92.0% full, above 90.0%",
    }],
  });
});

test("the container's limit counts with what can't be dropped, beside the machine's RAM", () => {
  const system = (workingSetBytes: number | null, limitBytes: number | null) =>
    aSystemMemory({
      totalBytes: 100_000,
      usedBytes: 100,
      cgroup: aCgroupMemory({ usageBytes: 1_000, workingSetBytes, limitBytes }),
    });
  assert.deepEqual(alarmsOf({ system: system(990, 1_000) }), {
    hasMemoryAlarm: true,
    alarms: [{
      part: "system",
      device: null,
      pid: null,
      ratio: 0.99,
      message: "The container's limit is 99.0% full, above 90.0%",
    }],
  });
  for (const [used, limit] of [[500, 1_000], [null, 1_000], [990, null]] as const) {
    assert.deepEqual(alarmsOf({ system: system(used, limit) }), {
      hasMemoryAlarm: false,
      alarms: [],
    });
  }
  // A limit can be known where the machine's RAM is not.
  const alone = { ...system(990, 1_000), totalBytes: null };
  assert.equal(alarmsOf({ system: alone }).alarms.length, 1);
});

test("all together, allocators first", () => {
  const { hasMemoryAlarm, alarms } = alarmsOf({
    allocators: anAllocator(950),
    devices: [aDevice({ totalBytes: 100, usedBytes: 99 })],
    system: aSystemMemory({
      totalBytes: 100,
      usedBytes: 91,
      cgroup: aCgroupMemory({ limitBytes: 100, workingSetBytes: 92 }),
    }),
  });
  assert.equal(hasMemoryAlarm, true);
  assert.deepEqual(
    alarms.map(({ part, ratio }) => [part, ratio]),
    [["allocator", 0.95], ["device", 0.99], ["system", 0.91], ["system", 0.92]],
  );
});

test("one that is known to be well is no alarm, also where the others are not known", () => {
  const none = { hasMemoryAlarm: false, alarms: [] };
  assert.deepEqual(alarmsOf({ allocators: anAllocator(10) }), none);
  assert.deepEqual(alarmsOf({ devices: [aDevice({ totalBytes: 10, usedBytes: 0 })] }), none);
  assert.deepEqual(alarmsOf({ system: aSystemMemory({ totalBytes: 10, usedBytes: 1 }) }), none);
});

test("90 % itself is no alarm", () => {
  const at = {
    allocators: anAllocator(900),
    devices: [
      aDevice({ totalBytes: 1_000, usedBytes: 900 }),
      aDevice({ index: 1, totalBytes: 1_000, reservedBytes: 100, usedBytes: 900 }),
    ],
    system: aSystemMemory({
      totalBytes: 1_000,
      usedBytes: 900,
      cgroup: aCgroupMemory({ limitBytes: 10, workingSetBytes: 9 }),
    }),
  };
  assert.deepEqual(alarmsOf(at), { hasMemoryAlarm: false, alarms: [] });
});

test("how full a GPU is goes by its total, as everywhere else", () => {
  const device = { totalBytes: 1_000, reservedBytes: 100, usedBytes: 890 };
  assert.equal(deviceUseRatio(device), 0.89);
  assert.equal(alarmsOf({ devices: [aDevice(device)] }).hasMemoryAlarm, false);
  assert.equal(
    alarmsOf({ devices: [aDevice({ ...device, usedBytes: 901 })] }).hasMemoryAlarm,
    true,
  );
  assert.equal(deviceUseRatio({ totalBytes: 0, usedBytes: 0 }), null);
});

test("a full slice of a GPU is an alarm, however empty the others are", () => {
  const device = aDevice({
    index: 2,
    totalBytes: 40_000,
    usedBytes: 5_000,
    migEnabled: true,
    migSlices: [
      aMigSlice({ index: 0, totalBytes: 5_000, reservedBytes: 100, usedBytes: 4_750 }),
      aMigSlice({ index: 1, totalBytes: 5_000, usedBytes: 0 }),
      aMigSlice({ index: 3, totalBytes: 5_000, usedBytes: null }),
    ],
  });
  assert.deepEqual(alarmsOf({ devices: [device] }).alarms, [{
    part: "device",
    device: 2,
    pid: null,
    ratio: 0.95,
    message: "MIG slice 0 of GPU 2 is 95.0% full, above 90.0%",
  }]);
  // The GPU as a whole may not be told where it is sliced.
  const closed = { ...device, totalBytes: null, usedBytes: null };
  assert.equal(alarmsOf({ devices: [closed] }).alarms.length, 1);
});

test("a stale allocator does not count", () => {
  let nowMs = 0;
  const board = new TelemetryBoard({ now: () => nowMs });
  board.report({ allocatedBytes: 99, reservedBytes: 100 });
  assert.equal(alarmsOf({ allocators: board.allocators() }).hasMemoryAlarm, true);
  nowMs = FRESH_MS + 1;
  assert.deepEqual(alarmsOf({ allocators: board.allocators() }), {
    hasMemoryAlarm: null,
    alarms: [],
  });
});

test("an allocator with nothing reserved is known to be well", () => {
  const allocators = anAllocator(0, { reservedBytes: 0 });
  assert.deepEqual(alarmsOf({ allocators }), { hasMemoryAlarm: false, alarms: [] });
});
