/** NVML that fails, at any call and with any code: nothing is thrown, and nothing is null for no reason. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeviceInfo, GpuProcess } from "../lib/records.ts";
import type { GpuReading } from "../workers/gpu/source.ts";
import { makeNvml } from "../workers/gpu/nvml/nvml.ts";
import { fakeHost, type FakeMachine } from "./support/fake_host.ts";
import { fakeGpu, type FakeNvml, fakeNvml, SENTINEL } from "./support/fake_nvml_library.ts";

const SONAME = "libnvidia-ml.so.1";
const ALL = { processes: true, telemetry: true };
const NO_OPTIONS = { nvmlPath: null, nvidiaSmiPath: null, nvidiaSmiMs: 1000, debug: false };
const CODES = [1, 2, 3, 4, 6, 7, 9, 10, 12, 13, 15, 16, 17, 18, 25, 27, 28, 999, 12345];
/** A device may not support a number, and a library not have it in this version, without a word. */
const SILENT_CODES = new Set([3, 13, 25]);

function machine(nvml: FakeNvml, more: FakeMachine = {}) {
  const host = fakeHost({ libraries: { [SONAME]: nvml.functions }, ...more });
  return { host, source: makeNvml(host, NO_OPTIONS) };
}

const twoGpus = () =>
  fakeNvml([
    fakeGpu(0, { rows: [{ pid: 1, used: 5n }, { pid: 2, used: 6n, lists: ["Graphics"] }] }),
    fakeGpu(1, { rows: [{ pid: 1, used: 7n }] }),
  ]);

/** A row without what a device or library need not have. */
function figures({ deviceIndex, pid, usedBytes, missing, contexts }: GpuProcess) {
  return { deviceIndex, pid, usedBytes, missing, contexts };
}

/** Every number that is null although the machine is healthy. */
/** The numbers that are not told, apart from one that NVML does not have. */
/** These are for Windows, or for sources that tell them. */
const MAY_BE_NULL = ["sharedUsedBytes", "pciId", "luid", "wddm"];

function nullsOf(device: DeviceInfo): string[] {
  return Object.entries(device)
    .filter(([key, value]) => value === null && !MAY_BE_NULL.includes(key)).map(([key]) => key);
}

function checkSound({ devices, processes, listedDevices, failures }: GpuReading, what: string) {
  for (const { message, source } of failures) {
    assert.match(message, /^Cannot .+: .+[^.]$/s, what);
    assert.equal(source, "nvml", what);
  }
  for (const device of devices) {
    const { index } = device;
    const told = failures.some((f) => f.deviceIndex === undefined || f.deviceIndex === index);
    if (device.state !== "ok") assert.ok(told, `${what}: ${device.state} without a reason`);
    if (device.totalBytes === null || device.usedBytes === null) {
      assert.ok(told, `${what}: no memory of GPU ${index} and no reason`);
    }
    if (!listedDevices.includes(index)) assert.ok(told, `${what}: not listed, and no reason`);
  }
  if (devices.length === 0) assert.ok(failures.length > 0, `${what}: nothing, and no reason`);
  for (const row of processes) {
    assert.equal(row.usedBytes === null, row.missing !== null, what);
    assert.ok(devices.some(({ index }) => index === row.deviceIndex), what);
  }
}

test("any call may fail with any code, cold and warm: the answer is sound and the next one whole", async () => {
  const healthy = twoGpus();
  const first = machine(healthy);
  const whole = await first.source.read(ALL);
  const coldCalls = healthy.calls.length;
  await first.source.read(ALL);
  const warmCalls = healthy.calls.length - coldCalls;
  for (const code of CODES) {
    for (let n = 1; n <= coldCalls + warmCalls; n++) {
      const nvml = twoGpus();
      nvml.failAt = { call: n, code, times: 1 };
      const { source } = machine(nvml);
      const readings = [await source.read(ALL), await source.read(ALL)];
      const what = `call ${n} (${nvml.calls[n - 1]}) answers ${code}`;
      for (const reading of readings) checkSound(reading, what);
      for (const reading of readings) checkReasons(reading, what, code);
      nvml.failAt = null;
      const last = await source.read(ALL);
      assert.deepEqual(last.processes.map(figures), whole.processes.map(figures), what);
      assert.deepEqual(last.listedDevices, whole.listedDevices, what);
      assert.equal(nvml.initialised, 1, `${what}: initialised once, for whatever was shut down`);
    }
  }
});

/** A null has a failure of its device or of the whole, unless the device just does not tell that number. */
function checkReasons({ devices, failures }: GpuReading, what: string, code: number) {
  if (SILENT_CODES.has(code)) return;
  for (const device of devices) {
    const nulls = nullsOf(device);
    const told = failures.some((f) =>
      f.deviceIndex === undefined || f.deviceIndex === device.index
    );
    assert.ok(nulls.length === 0 || told, `${what}: ${nulls} null and no reason`);
  }
}

test("after any one failure the next answers become whole again", async () => {
  const whole = await machine(twoGpus()).source.read(ALL);
  for (const code of [1, 6, 9, 10, 15, 16, 17, 18, 999]) {
    const probe = twoGpus();
    await machine(probe).source.read(ALL);
    for (let n = 1; n <= probe.calls.length; n++) {
      const nvml = twoGpus();
      nvml.failAt = { call: n, code, times: 1 };
      const { source } = machine(nvml);
      await source.read(ALL);
      await source.read(ALL);
      const last = await source.read(ALL);
      assert.deepEqual(last, whole, `call ${n} (${nvml.calls[n - 1]}) answered ${code} once`);
    }
  }
});

test("a library that answers every call with one code gives no device and a reason", async () => {
  for (const code of CODES) {
    const nvml = twoGpus();
    nvml.failAt = { call: 1, code, times: Infinity };
    const reading = await machine(nvml).source.read(ALL);
    assert.deepEqual(reading.devices, []);
    checkSound(reading, `all ${code}`);
    assert.match(reading.failures[0]!.driverCode!, /^NVML_ERROR_/);
  }
});

test("a GPU that is lost, blocked or needs a reset is listed with its state and its old name", async () => {
  const states = [
    [15, "lost", "NVML_ERROR_GPU_IS_LOST"],
    [16, "reset_required", "NVML_ERROR_RESET_REQUIRED"],
    [17, "blocked", "NVML_ERROR_OPERATING_SYSTEM"],
    [18, "mismatched", "NVML_ERROR_LIB_RM_VERSION_MISMATCH"],
    [999, "failed", "NVML_ERROR_UNKNOWN"],
  ] as const;
  for (const [code, state, driverCode] of states) {
    const nvml = twoGpus();
    const { source } = machine(nvml);
    const before = await source.read(ALL);
    nvml.codes.set("*:0", code);
    for (let round = 0; round < 2; round++) {
      const { devices, failures, processes, listedDevices } = await source.read(ALL);
      const [lost, other] = devices;
      assert.equal(lost?.state, state);
      assert.equal(lost?.name, before.devices[0]!.name);
      assert.equal(lost?.uuid, before.devices[0]!.uuid);
      assert.equal(lost?.totalBytes, null);
      assert.equal(lost?.temperatureCelsius, null);
      assert.deepEqual(other, before.devices[1]);
      assert.deepEqual(listedDevices, [1]);
      assert.deepEqual(processes, before.processes.filter(({ deviceIndex }) => deviceIndex === 1));
      assert.ok(failures.some((f) => f.driverCode === driverCode && f.deviceIndex === 0));
      assert.ok(failures.every(({ deviceIndex }) => deviceIndex === 0));
      if (state !== "failed") assert.equal(failures.length, 1, "said once");
    }
    nvml.codes.clear();
    await source.read(ALL);
    assert.deepEqual(await source.read(ALL), before, `${state} and back`);
  }
});

test("a driver that was loaded anew is initialised anew, and nothing is left open", async () => {
  for (const code of [1, 9, 18]) {
    const nvml = twoGpus();
    const { source, host } = machine(nvml);
    const before = await source.read(ALL);
    nvml.codes.set("nvmlDeviceGetCount_v2", code);
    const failed = await source.read(ALL);
    checkSound(failed, `code ${code}`);
    nvml.codes.set("nvmlInit_v2", 9);
    for (let round = 0; round < 50; round++) checkSound(await source.read(ALL), "no driver");
    nvml.codes.clear();
    assert.deepEqual(await source.read(ALL), before);
    const opened = host.libraryLog.filter((path) => path === SONAME).length;
    const closed = host.libraryLog.filter((path) => path === `-${SONAME}`).length;
    assert.ok(opened - closed <= 1, `${opened} times opened, ${closed} times closed`);
  }
});

test("memory that the driver does not know has a reason", async () => {
  const nvml = fakeNvml();
  nvml.gpus[0]!.memory.used = SENTINEL;
  const { devices: [device], failures } = await machine(nvml).source.read(ALL);
  assert.equal(device?.usedBytes, null);
  assert.ok(failures.some((f) => f.code === "bad_value" && f.deviceIndex === 0));
});

test("an impossible number of GPUs ends in a failure", async () => {
  const nvml = fakeNvml();
  nvml.saidCount = 0xffff_ffff;
  const reading = await machine(nvml).source.read(ALL);
  assert.ok(nvml.calls.length < 10_000);
  assert.ok(reading.failures.length > 0);
});

test("a source can be closed twice, and asked after that", async () => {
  const nvml = twoGpus();
  const { source } = machine(nvml);
  await source.read(ALL);
  source.close();
  source.close();
  assert.equal(nvml.initialised, 0);
  assert.equal((await source.read(ALL)).devices.length, 2);
});
