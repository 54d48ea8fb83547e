/** How sources are combined: who is asked, what is filled, and what is said about it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "../lib/errors.ts";
import type { DeviceInfo, GpuProcess } from "../lib/records.ts";
import type { SourceName } from "../lib/sources.ts";
import { readGpus } from "../workers/gpu/combine.ts";
import { GapMemory } from "../workers/gpu/gap_memory.ts";
import { fillGaps, isSameDevice } from "../workers/gpu/fill_gaps.ts";
import { gapsOf } from "../workers/gpu/gaps.ts";
import type { GpuReading, GpuSource } from "../workers/gpu/source.ts";

const ALL = { processes: true, telemetry: true };
const EMPTY: GpuReading = { devices: [], processes: [], listedDevices: [], failures: [] };

function device(index: number, more: Partial<DeviceInfo> = {}): DeviceInfo {
  return {
    index,
    name: `GPU ${index}`,
    totalBytes: 1000,
    freeBytes: 500,
    usedBytes: 400,
    reservedBytes: 100,
    driverVersion: "570.1",
    sharedUsedBytes: null,
    usedIncludesReserved: false,
    memoryKind: "dedicated",
    state: "ok",
    uuid: `GPU-${index}`,
    pciBusId: `00000000:0${index}:00.0`,
    pciId: null,
    luid: null,
    wddm: null,
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
    source: "nvml",
    ...more,
  };
}

function row(pid: number, deviceIndex: number, more: Partial<GpuProcess> = {}): GpuProcess {
  return {
    pid,
    name: `p${pid}`,
    nameStatus: "known",
    usedBytes: 100,
    sharedUsedBytes: null,
    missing: null,
    rssBytes: null,
    deviceIndex,
    deviceUuid: `GPU-${deviceIndex}`,
    deviceName: `GPU ${deviceIndex}`,
    contexts: ["compute"],
    gpuInstanceId: null,
    computeInstanceId: null,
    wddm: null,
    source: "nvml",
    ...more,
  };
}

const sentinel = { usedBytes: null, missing: "sentinel" } as const;

function failure(code: Failure["code"], more: Partial<Failure> = {}): Failure {
  return { code, message: "Cannot x: y", source: "nvml", ...more };
}

/** A source that gives its readings one after another, the last one for ever. */
function source(name: SourceName, ...readings: (Partial<GpuReading> | Error)[]) {
  let asked = 0;
  const made: GpuSource = {
    name,
    read() {
      const reading = readings[Math.min(asked++, readings.length - 1)]!;
      if (reading instanceof Error) throw reading;
      return { ...EMPTY, ...reading };
    },
    diagnose() {
      throw new Error("not asked for here");
    },
    close() {},
  };
  return { made, asked: () => asked };
}

async function read(sources: { made: GpuSource }[], memory?: GapMemory) {
  const begun: SourceName[] = [];
  const reply = await readGpus(sources.map((s) => s.made), ALL, (n) => begun.push(n), memory);
  return { ...reply, begun };
}

test("a whole answer asks nobody else, and the first source begins without a word", async () => {
  const first = source("nvml", {
    devices: [device(0)],
    processes: [row(1, 0)],
    listedDevices: [0],
  });
  const second = source("nvidia_smi", {});
  const reply = await read([first, second]);
  assert.deepEqual(reply.begun, []);
  assert.equal(second.asked(), 0);
  assert.deepEqual(reply.devices, [device(0)]);
  assert.deepEqual(reply.processes, [row(1, 0)]);
  assert.deepEqual(reply.listedDevices, [0]);
  assert.deepEqual(reply.failures, []);
});

test("no device without a failure is an answer", async () => {
  const second = source("nvidia_smi", { devices: [device(0)] });
  const reply = await read([source("nvml", {}), second]);
  assert.equal(second.asked(), 0);
  assert.deepEqual(reply.devices, []);
});

test("no device and a failure: the next source answers, the failure stays", async () => {
  const absent = failure("absent");
  const second = source("nvidia_smi", {
    devices: [device(0, { source: "nvidia_smi" })],
    processes: [row(1, 0)],
    listedDevices: [0],
  });
  const reply = await read([source("nvml", { failures: [absent] }), second]);
  assert.deepEqual(reply.begun, ["nvidia_smi"]);
  assert.equal(reply.devices.length, 1);
  assert.deepEqual(reply.listedDevices, [0]);
  assert.deepEqual(reply.failures, [absent]);
});

test("all absent: no device, and each source's reason", async () => {
  const reasons = [failure("absent"), failure("absent", { source: "nvidia_smi" })];
  const reply = await read([
    source("nvml", { failures: [reasons[0]!] }),
    source("nvidia_smi", { failures: [reasons[1]!] }),
  ]);
  assert.deepEqual(reply.devices, []);
  assert.deepEqual(reply.failures, reasons);
  assert.deepEqual(await read([]), { ...EMPTY, begun: [] });
});

test("a source that throws is a failure of that source", async () => {
  const reply = await read([source("nvml", new Error("oops")), source("nvidia_smi", {})]);
  assert.deepEqual(reply.failures.map((f) => [f.code, f.source]), [["internal", "nvml"]]);
});

const wrongRows: Partial<GpuReading> = {
  devices: [device(0), device(1)],
  processes: [
    row(1, 0, { ...sentinel, name: null, nameStatus: "unknown" }),
    row(2, 0),
    row(1, 1, { usedBytes: null, missing: "exceeds_total" }),
  ],
  listedDevices: [0, 1],
  failures: [
    failure("bad_value", { deviceIndex: 0, count: 1 }),
    failure("bad_value", { deviceIndex: 1, count: 1 }),
  ],
};

test("wrong figures are filled by UUID, whatever the order of the other source", async () => {
  const second = source("nvidia_smi", {
    devices: [device(0, { uuid: "GPU-1" }), device(1, { uuid: "GPU-0" })],
    processes: [
      row(1, 0, { usedBytes: 11 }),
      row(1, 1, { usedBytes: 22 }),
      row(2, 1, { usedBytes: 3 }),
    ],
    failures: [failure("not_supported", { source: "nvidia_smi", deviceIndex: 0 })],
  });
  const reply = await read([source("nvml", wrongRows), second]);
  assert.deepEqual(reply.begun, ["nvidia_smi"]);
  assert.deepEqual(
    reply.processes.map((p) => [p.deviceIndex, p.pid, p.usedBytes, p.missing, p.source, p.name]),
    [
      [0, 1, 22, null, "nvidia_smi", "p1"],
      [0, 2, 100, null, "nvml", "p2"],
      [1, 1, 11, null, "nvidia_smi", "p1"],
    ],
  );
  assert.deepEqual(reply.failures.map((f) => [f.code, f.deviceIndex, f.message]), [
    ["bad_value", 0, "Cannot x: y; filled from nvidia_smi"],
    ["bad_value", 1, "Cannot x: y; filled from nvidia_smi"],
  ]);
  assert.deepEqual(reply.listedDevices, [0, 1]);
});

test("what the other source can't tell either stays null, is said, and is not asked for a minute", async () => {
  const clock = { now: 5000 };
  const memory = new GapMemory(() => clock.now);
  const first = source("nvml", wrongRows);
  const second = source("nvidia_smi", {
    devices: [device(0), device(1)],
    processes: [
      row(1, 0, { usedBytes: null, missing: "not_told" }),
      row(1, 1, { usedBytes: null, missing: "exceeds_total" }),
    ],
    failures: [failure("not_supported", { source: "nvidia_smi", deviceIndex: 0, count: 1 })],
  });
  const reply = await read([first, second], memory);
  assert.deepEqual(
    reply.processes,
    wrongRows.processes!.map((p) =>
      p.pid === 1 && p.deviceIndex === 0 ? { ...p, name: "p1", nameStatus: "known" } : p
    ),
  );
  const told = reply.failures.filter((f) => f.source === "nvidia_smi");
  assert.deepEqual(told.map((f) => [f.code, f.deviceIndex, f.count, f.retryInMs]), [
    ["not_supported", 0, 1, undefined],
    ["bad_value", 0, 1, 60_000],
    ["bad_value", 1, 1, 60_000],
  ]);
  assert.equal(
    told[1]!.message,
    "Cannot fill in the memory of 1 process of GPU 0: nvidia_smi can't tell either",
  );
  clock.now += 59_000;
  const resting = await read([first, second], memory);
  assert.deepEqual(resting.begun, []);
  assert.equal(second.asked(), 1);
  const rest = resting.failures.filter((f) => f.source === "nvidia_smi");
  assert.deepEqual(rest.map((f) => f.retryInMs), [1000, 1000]);
  assert.match(rest[0]!.message, /is asked again in 1 s$/);
  clock.now += 1000;
  assert.deepEqual((await read([first, second], memory)).begun, ["nvidia_smi"]);
  assert.equal(second.asked(), 2);
});

test("a source that filled something is asked each time", async () => {
  const memory = new GapMemory(() => 0);
  const first = source("nvml", wrongRows);
  const second = source("nvidia_smi", { devices: [device(0)], processes: [row(1, 0)] });
  for (let i = 1; i <= 3; i++) {
    const reply = await read([first, second], memory);
    assert.equal(second.asked(), i);
    const left = reply.failures.filter((f) => f.source === "nvidia_smi");
    assert.deepEqual(left.map((f) => [f.deviceIndex, f.retryInMs]), [[1, undefined]]);
  }
});

test("part of a device's rows filled is said in numbers", async () => {
  const first = source("nvml", {
    devices: [device(0)],
    processes: [row(1, 0, sentinel), row(2, 0, sentinel), row(3, 0, sentinel)],
    listedDevices: [0],
    failures: [failure("bad_value", { deviceIndex: 0, count: 3 })],
  });
  const second = source("nvidia_smi", { devices: [device(0)], processes: [row(2, 0), row(3, 0)] });
  const reply = await read([first, second]);
  assert.equal(reply.failures[0]!.message, "Cannot x: y; 2 of 3 filled from nvidia_smi");
  assert.deepEqual(reply.processes.map((p) => p.missing), ["sentinel", null, null]);
});

test("what the other source says about its own index is said about ours", async () => {
  const first = source("nvml", {
    devices: [device(0), device(1)],
    processes: [row(1, 0, sentinel)],
    listedDevices: [0, 1],
    failures: [failure("bad_value", { deviceIndex: 0 })],
  });
  const swapped = [device(0, { uuid: "GPU-1" }), device(1, { uuid: "GPU-0" })];
  const said = [0, 1].map((deviceIndex) =>
    failure("permission_denied", { source: "nvidia_smi", deviceIndex, count: 5 + deviceIndex })
  );
  const reply = await read([first, source("nvidia_smi", { devices: swapped, failures: said })]);
  const denied = reply.failures.filter((f) => f.code === "permission_denied");
  assert.deepEqual(denied.map((f) => [f.deviceIndex, f.count]), [[0, 6]]);
});

test("an absent filler is told once; a failing one each time it is asked", async () => {
  const clock = { now: 0 };
  const memory = new GapMemory(() => clock.now);
  const first = source("nvml", wrongRows);
  const gone = failure("absent", { source: "nvidia_smi" });
  const second = source("nvidia_smi", { failures: [gone] });
  const one = await read([first, second], memory);
  assert.ok(one.failures.includes(gone));
  const two = await read([first, second], memory);
  assert.equal(second.asked(), 1);
  assert.deepEqual(two.failures, wrongRows.failures);
  clock.now += 60_000;
  const later = await read([first, second], memory);
  assert.equal(second.asked(), 2, "it may have come in the meantime");
  assert.deepEqual(later.failures, wrongRows.failures);
  const hung = failure("hung", { source: "nvidia_smi" });
  const three = await read([first, source("nvidia_smi", { failures: [hung] })]);
  assert.ok(three.failures.includes(hung));
});

test("the memory of a device whose driver failed is filled, numbers that are there stay", async () => {
  const blank = { totalBytes: null, freeBytes: null, usedBytes: null, reservedBytes: null };
  const first = source("nvml", {
    devices: [
      device(0, { ...blank, usedIncludesReserved: null, state: "failed", temperatureCelsius: 40 }),
    ],
    listedDevices: [0],
    failures: [failure("driver_failed", { deviceIndex: 0 })],
  });
  const second = source("nvidia_smi", {
    devices: [
      device(3, { uuid: null, pciBusId: "0000:00:00.0", temperatureCelsius: 50, powerWatts: 9 }),
    ],
  });
  const reply = await read([first, second]);
  const filled = reply.devices[0]!;
  assert.deepEqual(
    [filled.totalBytes, filled.freeBytes, filled.usedBytes, filled.reservedBytes],
    [1000, 500, 400, 100],
  );
  assert.equal(filled.usedIncludesReserved, false);
  assert.equal(filled.temperatureCelsius, 40);
  assert.equal(filled.powerWatts, 9);
  assert.equal(filled.index, 0);
  assert.equal(filled.source, "nvml");
  assert.match(reply.failures[0]!.message, /filled from nvidia_smi$/);
});

test("a list that could not be read comes from the other source, in the first one's indices", async () => {
  const first = source("nvml", {
    devices: [device(0)],
    failures: [failure("driver_failed", { deviceIndex: 0 })],
  });
  const rows = { devices: [device(5, { uuid: "GPU-0" })], processes: [row(9, 5), row(8, 5)] };
  const whole = await read([first, source("nvidia_smi", { ...rows, listedDevices: [5] })]);
  assert.deepEqual(whole.processes.map((p) => [p.deviceIndex, p.pid]), [[0, 8], [0, 9]]);
  assert.deepEqual(whole.listedDevices, [0]);
  const memory = new GapMemory(() => 0);
  const part = source("nvidia_smi", rows);
  for (let i = 1; i <= 2; i++) {
    const reply = await read([first, part], memory);
    assert.deepEqual(reply.processes.map((p) => p.pid), [8, 9]);
    assert.deepEqual(reply.listedDevices, [], "a list that may have holes proves no absence");
    assert.equal(part.asked(), i, "it was of use, so it is asked again");
  }
});

test("what no source can tell is no gap", () => {
  const lost = { totalBytes: null, usedBytes: null } as const;
  for (const state of ["lost", "reset_required", "blocked", "mismatched"] as const) {
    const reading = { ...EMPTY, devices: [device(0, { ...lost, state })] };
    const failed = { ...reading, failures: [failure("driver_failed", { deviceIndex: 0 })] };
    assert.deepEqual(gapsOf(failed, ALL), [], state);
  }
  const untold = { ...EMPTY, devices: [device(0, lost)], listedDevices: [0] };
  const reasons: [Failure["code"], number][] = [["not_supported", 0], ["permission_denied", 0], [
    "driver_failed",
    1,
  ]];
  for (const [code, gaps] of reasons) {
    const reading = { ...untold, failures: [failure(code, { deviceIndex: 0 })] };
    assert.equal(gapsOf(reading, ALL).length, gaps, code);
  }
  const notTold = row(1, 0, { usedBytes: null, missing: "not_told" });
  const reading = { ...EMPTY, devices: [device(0)], processes: [notTold], listedDevices: [0] };
  assert.deepEqual(gapsOf(reading, ALL), []);
  const unasked = {
    ...EMPTY,
    devices: [device(0)],
    failures: [failure("bad_value", { deviceIndex: 0 })],
  };
  assert.deepEqual(gapsOf(unasked, { processes: false, telemetry: true }), []);
  assert.equal(gapsOf(unasked, ALL).length, 1);
});

test("two rows of one PID on one device are not filled by a guess", () => {
  const two = {
    ...EMPTY,
    devices: [device(0)],
    processes: [row(1, 0, sentinel), row(1, 0, sentinel)],
  };
  const one = { ...EMPTY, devices: [device(0)], processes: [row(1, 0)] };
  assert.deepEqual(fillGaps(two, one, "nvidia_smi").processes, two.processes);
  const wrong = { ...EMPTY, devices: [device(0)], processes: [row(1, 0, sentinel)] };
  const twice = { ...EMPTY, devices: [device(0)], processes: [row(1, 0), row(1, 0)] };
  assert.deepEqual(fillGaps(wrong, twice, "nvidia_smi").processes, wrong.processes);
});

test("devices are one by UUID, else by place, and never by index", () => {
  assert.ok(isSameDevice(device(0), device(7, { uuid: "gpu-0", pciBusId: null })));
  assert.ok(isSameDevice(device(0, { uuid: null }), device(7, { pciBusId: "0000:00:00.0" })));
  assert.ok(!isSameDevice(device(0), device(0, { uuid: "GPU-x" })), "the UUID decides");
  const nameless = { uuid: null, pciBusId: null };
  assert.ok(!isSameDevice(device(0, nameless), device(0, nameless)));
});

test("a used memory that contains the reserve gets no reserve beside it", () => {
  const old = device(0, { reservedBytes: null, usedIncludesReserved: true });
  const fill = (reading: DeviceInfo) =>
    fillGaps({ ...EMPTY, devices: [reading] }, { ...EMPTY, devices: [device(0)] }, "nvidia_smi");
  assert.deepEqual(fill(old).devices[0], old);
});

test("20,000 random pairs: a number that is there never changes, and no index is invented", () => {
  let state = 99;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  const maybe = <T>(value: T): T | null => random(2) ? value : null;
  const reading = (): GpuReading => {
    const shift = random(3);
    const devices = Array.from({ length: random(4) }, (_, i) =>
      device(i, {
        uuid: maybe(`GPU-${(i + shift) % 3}`),
        pciBusId: maybe(`00000000:0${(i + shift) % 3}:00.0`),
        usedBytes: maybe(random(900)),
        totalBytes: maybe(1000),
        powerWatts: maybe(random(100)),
      }));
    const processes = devices.flatMap(({ index }) =>
      Array.from(
        { length: random(5) },
        (_, n) =>
          row(random(9) ? 1 + n : 1, index, random(2) ? sentinel : { usedBytes: random(1000) }),
      )
    );
    const listedDevices = devices.filter(() => random(2)).map(({ index }) => index);
    return { devices, processes, listedDevices, failures: [] };
  };
  let filledRows = 0;
  for (let i = 0; i < 20_000; i++) {
    const [a, b] = [reading(), reading()];
    const out = fillGaps(a, b, "nvidia_smi");
    assert.deepEqual(out.devices.map((d) => d.index), a.devices.map((d) => d.index));
    for (const [n, before] of a.devices.entries()) {
      for (const key of ["usedBytes", "totalBytes", "powerWatts", "uuid", "state"] as const) {
        if (before[key] !== null) assert.equal(out.devices[n]![key], before[key]);
      }
    }
    for (const p of out.processes) {
      assert.ok(a.devices.some((d) => d.index === p.deviceIndex));
      assert.equal(p.usedBytes === null, p.missing !== null);
    }
    for (const before of a.processes) {
      const same = out.processes.some((p) =>
        p.pid === before.pid && p.deviceIndex === before.deviceIndex &&
        (p.usedBytes === before.usedBytes || before.usedBytes === null)
      );
      assert.ok(same);
    }
    assert.ok(out.processes.length >= a.processes.length);
    for (const index of a.listedDevices) assert.ok(out.listedDevices.includes(index));
    filledRows += out.processes.filter((p) => p.source === "nvidia_smi").length;
  }
  assert.ok(filledRows > 500, `the generator must reach the filling: ${filledRows}`);
});
