/** The source `nvml` on fake machines: what it tells, whatever the driver's generation and whims. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { GpuReading } from "../workers/gpu/source.ts";
import { makeNvml } from "../workers/gpu/nvml/nvml.ts";
import { fakeHost, type FakeMachine } from "./support/fake_host.ts";
import { fakeGpu, type FakeNvml, fakeNvml, SENTINEL } from "./support/fake_nvml_library.ts";

const SONAME = "libnvidia-ml.so.1";
const GIB = 2 ** 30;
const ALL = { processes: true, telemetry: true };
const NO_OPTIONS = { nvmlPath: null, nvidiaSmiPath: null, nvidiaSmiMs: 1000, debug: false };

function machine(nvml: FakeNvml, more: FakeMachine = {}) {
  const host = fakeHost({ libraries: { [SONAME]: nvml.functions }, ...more });
  return { host, source: makeNvml(host, NO_OPTIONS) };
}

async function read(nvml: FakeNvml, more: FakeMachine = {}): Promise<GpuReading> {
  return await machine(nvml, more).source.read(ALL);
}

const without = (...suffixes: string[]) =>
  ["Compute", "Graphics", "MPSCompute"].flatMap((list) =>
    suffixes.map((suffix) => `nvmlDeviceGet${list}RunningProcesses${suffix}`)
  );

test("a healthy GPU is told whole", async () => {
  const gpu = fakeGpu(0, { rows: [{ pid: 101, used: 1n << 30n }] });
  const reading = await read(fakeNvml([gpu]), { files: { "/proc/101/comm": "python3\n" } });
  assert.deepEqual(reading, {
    devices: [{
      index: 0,
      name: "NVIDIA Fake A100",
      totalBytes: 16 * GIB,
      freeBytes: 13.75 * GIB,
      usedBytes: 2 * GIB,
      reservedBytes: GIB / 4,
      driverVersion: "550.163.01",
      sharedUsedBytes: null,
      usedIncludesReserved: false,
      memoryKind: "dedicated",
      state: "ok",
      uuid: "GPU-00000000-0000-0000-0000-000000000000",
      pciBusId: "00000000:00:00.0",
      pciId: null,
      luid: null,
      wddm: null,
      utilizationRatio: 0.37,
      memoryBandwidthBusyRatio: 0.12,
      temperatureCelsius: 41,
      powerWatts: 100.5,
      smClockMhz: 1410,
      memoryClockMhz: 1215,
      cudaDriverVersion: "12.4",
      eccEnabled: true,
      migEnabled: false,
      migSlices: [],
      source: "nvml",
    }],
    processes: [{
      pid: 101,
      name: "python3",
      nameStatus: "known",
      usedBytes: GIB,
      sharedUsedBytes: null,
      missing: null,
      rssBytes: null,
      deviceIndex: 0,
      deviceUuid: "GPU-00000000-0000-0000-0000-000000000000",
      deviceName: "NVIDIA Fake A100",
      contexts: ["compute"],
      gpuInstanceId: null,
      computeInstanceId: null,
      wddm: null,
      source: "nvml",
    }],
    listedDevices: [0],
    failures: [],
  });
});

test("only what is asked for is called", async () => {
  const nvml = fakeNvml([fakeGpu(0)]);
  const { source } = machine(nvml);
  const reading = await source.read({ processes: false, telemetry: false });
  assert.deepEqual(reading.listedDevices, []);
  assert.equal(reading.devices[0]?.temperatureCelsius, null);
  assert.deepEqual(reading.failures, []);
  assert.ok(!nvml.calls.some((call) => /Processes|Temperature|Power|Clock|Util/.test(call)));
});

test("a warm reading asks only for what changes", async () => {
  const nvml = fakeNvml([fakeGpu(0), fakeGpu(1)]);
  const { source, host } = machine(nvml);
  await source.read({ processes: true, telemetry: false });
  nvml.calls.length = 0;
  await source.read({ processes: true, telemetry: false });
  const perDevice = [
    "nvmlDeviceGetMemoryInfo_v2",
    "nvmlDeviceGetComputeRunningProcesses_v3",
    "nvmlDeviceGetGraphicsRunningProcesses_v3",
    "nvmlDeviceGetMPSComputeRunningProcesses_v3",
  ];
  assert.deepEqual(
    nvml.calls.filter((call) => call !== "nvmlDeviceGetCount_v2").sort(),
    [0, 1].flatMap((i) => perDevice.map((name) => `${name}:${i}`)).sort(),
  );
  assert.deepEqual(host.libraryLog, [SONAME]);
});

test("no GPU is an answer", async () => {
  const reading = await read(fakeNvml([]));
  assert.deepEqual(reading, { devices: [], processes: [], listedDevices: [], failures: [] });
});

test("without the library there is one failure, and it is looked for again", async () => {
  const libraries: Record<string, FakeNvml["functions"]> = {};
  const source = makeNvml(fakeHost({ libraries }), NO_OPTIONS);
  const reading = await source.read(ALL);
  assert.equal(reading.devices.length, 0);
  assert.deepEqual(reading.failures.map(({ code }) => code), ["absent"]);
  assert.match(reading.failures[0]!.message, /^Cannot .+: .+[^.]$/s);
  libraries[SONAME] = fakeNvml().functions;
  assert.equal((await source.read(ALL)).devices.length, 1);
});

test("the library is looked for by soname, by its plain name and where WSL has it", async () => {
  for (const path of [SONAME, "libnvidia-ml.so", "/usr/lib/wsl/lib/libnvidia-ml.so.1"]) {
    const host = fakeHost({ libraries: { [path]: fakeNvml().functions } });
    assert.equal((await makeNvml(host, NO_OPTIONS).read(ALL)).devices.length, 1, path);
  }
  const functions = fakeNvml().functions;
  const elsewhere = fakeHost({ libraries: { [SONAME]: functions, "/x/nvml.so": functions } });
  await makeNvml(elsewhere, { ...NO_OPTIONS, nvmlPath: "/x/nvml.so" }).read(ALL);
  assert.deepEqual(elsewhere.libraryLog, ["/x/nvml.so"]);
  const wrong = makeNvml(elsewhere, { ...NO_OPTIONS, nvmlPath: "/y/nvml.so" });
  assert.equal((await wrong.read(ALL)).failures[0]?.code, "absent");
});

test("the older memory call counts the reserve as used, and says so", async () => {
  const check = (reading: GpuReading) => {
    const [device] = reading.devices;
    assert.equal(device?.usedBytes, 2.25 * GIB);
    assert.equal(device?.usedIncludesReserved, true);
    assert.equal(device?.reservedBytes, null);
    assert.deepEqual(reading.failures, []);
  };
  check(await read(fakeNvml(undefined, ["nvmlDeviceGetMemoryInfo_v2"])));
  for (const code of [3, 13, 25]) {
    const nvml = fakeNvml();
    nvml.codes.set("nvmlDeviceGetMemoryInfo_v2", code);
    check(await read(nvml));
  }
});

test("every generation of process lists is read", async () => {
  const rows = () => [
    { pid: 101, used: 1n << 30n },
    { pid: 102, used: 2n << 30n },
    { pid: 103, used: 3n << 30n },
  ];
  const gpus = () => [fakeGpu(0, { rows: rows() })];
  const early = fakeNvml(gpus(), ["nvmlDeviceGetRunningProcessDetailList"]);
  early.stride = 32;
  const undetected = fakeNvml(gpus());
  undetected.stride = 32;
  const old = fakeNvml(gpus());
  for (const name of without("_v3", "_v2")) old.codes.set(name, 13);
  const mismatched = fakeNvml(gpus());
  for (const name of without("_v3")) mismatched.codes.set(name, 25);
  const machines = {
    newest: fakeNvml(gpus()),
    "R535.43, 32 bytes": early,
    "32 bytes without a sign": undetected,
    "only v2": fakeNvml(gpus(), without("_v3")),
    "only the first": fakeNvml(gpus(), without("_v3", "_v2")),
    "function not found": old,
    "argument version mismatch": mismatched,
  };
  for (const [which, nvml] of Object.entries(machines)) {
    const { source } = machine(nvml);
    for (const round of [1, 2]) {
      const reading = await source.read(ALL);
      assert.deepEqual(
        reading.processes.map(({ pid, usedBytes }) => [pid, usedBytes]),
        [[101, GIB], [102, 2 * GIB], [103, 3 * GIB]],
        `${which}, reading ${round}`,
      );
      assert.deepEqual(reading.listedDevices, [0], which);
      assert.deepEqual(reading.failures, [], which);
    }
  }
});

test("compute, graphics and MPS rows of a process are one", async () => {
  const rows = [
    { pid: 7, used: 100n, lists: ["Compute", "Graphics"] as const },
    { pid: 7, used: 250n, lists: ["MPSCompute"] as const },
    { pid: 8, used: 50n, lists: ["Graphics"] as const },
  ];
  const { processes } = await read(fakeNvml([fakeGpu(0, { rows })]));
  assert.deepEqual(
    processes.map(({ pid, usedBytes, contexts }) => [pid, usedBytes, contexts]),
    [[7, 250, ["compute", "graphics", "mps"]], [8, 50, ["graphics"]]],
  );
});

test("5,000 processes are all listed, and a list may grow while it is read", async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => ({ pid: 1 + i, used: 1n }));
  const nvml = fakeNvml([fakeGpu(0, { rows })]);
  const reading = await read(nvml);
  assert.equal(reading.processes.length, 5000);
  assert.deepEqual(reading.listedDevices, [0]);

  const growing = fakeNvml([fakeGpu(0)]);
  growing.gpus[0]!.rows = rows.slice(0, 200);
  growing.before = (name) => {
    const known = growing.gpus[0]!.rows;
    if (name.includes("Compute")) growing.gpus[0]!.rows = rows.slice(0, known.length + 100);
  };
  const grown = await read(growing);
  assert.deepEqual(grown.listedDevices, [0]);
  assert.ok(grown.processes.length > 200);
});

test("a list that never fits is given up after few tries, and is not listed", async () => {
  for (const saidLength of [0, 129, 0xffff_ffff]) {
    const nvml = fakeNvml();
    nvml.saidLength = saidLength;
    nvml.before = () => {
      nvml.gpus[0]!.rows.push(...Array.from({ length: 3000 }, () => ({ pid: 1, used: 1n })));
    };
    const reading = await read(nvml);
    const compute = nvml.calls.filter((call) => call.includes("GetComputeRunning"));
    assert.ok(compute.length <= 20, `${compute.length} tries`);
    // Room that doubles may outgrow the list; a length that can't be true may not.
    if (saidLength === 0xffff_ffff) {
      assert.deepEqual(reading.listedDevices, []);
      assert.ok(reading.failures.some(({ deviceIndex }) => deviceIndex === 0));
    }
  }
});

test("the sentinel and figures above the total are null, told once with their number", async () => {
  const rows = [
    { pid: 1, used: SENTINEL },
    { pid: 2, used: SENTINEL },
    { pid: 3, used: (16n << 30n) + 1n },
    { pid: 4, used: 16n << 30n },
  ];
  const reading = await read(fakeNvml([fakeGpu(0, { rows }), fakeGpu(1)]));
  assert.deepEqual(reading.processes.map(({ usedBytes, missing }) => [usedBytes, missing]), [
    [null, "sentinel"],
    [null, "sentinel"],
    [null, "exceeds_total"],
    [16 * GIB, null],
  ]);
  assert.ok(reading.failures.length >= 1 && reading.failures.length <= 2);
  assert.ok(reading.failures.every((f) => f.code === "bad_value" && f.deviceIndex === 0));
  assert.equal(reading.failures.reduce((sum, { count }) => sum + (count ?? 0), 0), 3);
  assert.deepEqual(reading.listedDevices, [0, 1]);
});

test("a missing symbol costs its own number alone", async () => {
  const costs: Record<string, readonly string[]> = {
    nvmlDeviceGetName: ["name"],
    nvmlDeviceGetUUID: ["uuid"],
    nvmlDeviceGetPciInfo_v3: ["pciBusId"],
    nvmlSystemGetDriverVersion: ["driverVersion"],
    nvmlSystemGetNVMLVersion: [],
    nvmlSystemGetCudaDriverVersion_v2: ["cudaDriverVersion"],
    nvmlDeviceGetUtilizationRates: ["memoryBandwidthBusyRatio", "utilizationRatio"],
    nvmlDeviceGetTemperature: ["temperatureCelsius"],
    nvmlDeviceGetPowerUsage: ["powerWatts"],
    nvmlDeviceGetClockInfo: ["memoryClockMhz", "smClockMhz"],
    nvmlDeviceGetEccMode: ["eccEnabled"],
    nvmlDeviceGetMigMode: ["migEnabled"],
    nvmlDeviceGetConfComputeMemSizeInfo: [],
    nvmlShutdown: [],
  };
  const whole = (await read(fakeNvml())).devices[0]!;
  for (const [name, fields] of Object.entries(costs)) {
    const { devices: [device], failures } = await read(fakeNvml(undefined, [name]));
    const expected: Record<string, unknown> = { ...whole };
    for (const field of fields) expected[field] = null;
    assert.deepEqual(device, expected, name);
    assert.deepEqual(failures, [], name);
  }
});

test("what a device does not support is null, is no failure, and is asked for once", async () => {
  const nvml = fakeNvml([fakeGpu(0, { ecc: null, mig: null })]);
  nvml.codes.set("nvmlDeviceGetPowerUsage", 3);
  const { source } = machine(nvml);
  for (let round = 0; round < 2; round++) {
    const { devices: [device], failures } = await source.read(ALL);
    assert.equal(device?.eccEnabled, null);
    assert.equal(device?.migEnabled, null);
    assert.equal(device?.powerWatts, null);
    assert.deepEqual(failures, []);
  }
});

test("MIG slices have memory of their own, and rows keep their slice", async () => {
  const memory = (gib: bigint) => ({
    total: gib << 30n,
    reserved: 0n,
    used: 1n << 30n,
    free: (gib - 1n) << 30n,
  });
  const gpu = fakeGpu(0, {
    mig: true,
    slices: [{ memory: memory(5n), gi: 1, ci: 0 }, null, { memory: memory(10n), gi: 2, ci: 1 }],
    rows: [{ pid: 5, used: 100n, gi: 1, ci: 0 }, { pid: 5, used: 200n, gi: 2, ci: 1 }],
  });
  const { devices: [device], processes, failures } = await read(fakeNvml([gpu]));
  assert.equal(device?.migEnabled, true);
  assert.deepEqual(
    device?.migSlices.map((s) => [s.index, s.gpuInstanceId, s.computeInstanceId, s.totalBytes]),
    [[0, 1, 0, 5 * GIB], [2, 2, 1, 10 * GIB]],
  );
  assert.match(device?.migSlices[0]?.uuid ?? "", /^MIG-/);
  assert.deepEqual(
    processes.map(({ gpuInstanceId, computeInstanceId, usedBytes }) => [
      gpuInstanceId,
      computeInstanceId,
      usedBytes,
    ]),
    [[1, 0, 100], [2, 1, 200]],
  );
  assert.deepEqual(failures, []);
});

const MEMINFO = "MemTotal:       1048576 kB\nMemFree: 1 kB\nMemAvailable:    524288 kB\n";

test("a GPU that shares the system's RAM shows the system's", async () => {
  const unsupported = fakeNvml([
    fakeGpu(0, { rows: [{ pid: 1, used: 4096n }, { pid: 2, used: 5n }] }),
  ]);
  unsupported.codes.set("nvmlDeviceGetMemoryInfo", 3).set("nvmlDeviceGetMemoryInfo_v2", 3);
  const zero = fakeNvml([
    fakeGpu(0, {
      memory: { total: 0n, reserved: 0n, used: 0n, free: 0n },
      rows: [{ pid: 1, used: 4101n }],
    }),
  ]);
  for (const nvml of [unsupported, zero]) {
    const { devices: [device], failures, processes } = await read(nvml, {
      files: { "/proc/meminfo": MEMINFO },
    });
    assert.equal(device?.memoryKind, "unified");
    assert.equal(device?.state, "ok");
    assert.equal(device?.totalBytes, GIB);
    assert.equal(device?.freeBytes, GIB / 2);
    assert.equal(device?.usedBytes, 4101);
    assert.equal(device?.reservedBytes, null);
    assert.ok(processes.every(({ missing }) => missing === null));
    assert.deepEqual(failures, []);
  }
});

test("of a unified GPU with an unknown row the used memory is unknown", async () => {
  const nvml = fakeNvml([fakeGpu(0, { rows: [{ pid: 1, used: 1n }, { pid: 2, used: SENTINEL }] })]);
  nvml.codes.set("nvmlDeviceGetMemoryInfo", 3).set("nvmlDeviceGetMemoryInfo_v2", 3);
  const { devices: [device] } = await read(nvml, { files: { "/proc/meminfo": MEMINFO } });
  assert.equal(device?.memoryKind, "unified");
  assert.equal(device?.usedBytes, null);
});

test("no memory and no process list is not unified, unless the name says so", async () => {
  for (const [name, kind] of [["NVIDIA A100", null], ["NVIDIA GB10", "unified"]] as const) {
    const nvml = fakeNvml([fakeGpu(0, { name })]);
    nvml.codes.set("nvmlDeviceGetMemoryInfo", 3).set("nvmlDeviceGetMemoryInfo_v2", 3);
    for (const list of without("", "_v2", "_v3")) nvml.codes.set(list, 3);
    const { devices: [device], failures } = await read(nvml, {
      files: { "/proc/meminfo": MEMINFO },
    });
    assert.equal(device?.memoryKind, kind, name);
    assert.ok(failures.some(({ deviceIndex }) => deviceIndex === 0), name);
  }
});

test("a refused process list is a failure and not an empty list", async () => {
  const nvml = fakeNvml([fakeGpu(0), fakeGpu(1)]);
  nvml.codes.set("nvmlDeviceGetComputeRunningProcesses_v3:0", 4);
  const reading = await read(nvml);
  assert.deepEqual(reading.listedDevices, [1]);
  assert.deepEqual(
    reading.failures.map(({ code, driverCode, deviceIndex }) => [code, driverCode, deviceIndex]),
    [["permission_denied", "NVML_ERROR_NO_PERMISSION", 0]],
  );
});
