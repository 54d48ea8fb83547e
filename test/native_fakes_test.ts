/** The fake NVML obeys its configuration, called through the runtime's own FFI. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { openNvml } from "./native/call_nvml.ts";
import { nvmlTest } from "./native/nvml_case.ts";
import { bytes, memoryV1, memoryV2, number, rows, text, u32 } from "./native/read_nvml.ts";
import { buildFakeNvml, fakeMachine, skipNative } from "./support/native.ts";

const skip = skipNative();
const COMPUTE = "nvmlDeviceGetComputeRunningProcesses";
const GIB = 1024n ** 3n;
const MIB = 1024n ** 2n;

nvmlTest("defaults tell of one healthy device", {}, (nvml) => {
  assert.equal(number(nvml, "nvmlDeviceGetCount_v2"), 1);
  assert.equal(text(nvml, "nvmlSystemGetDriverVersion", 80), "550.163.01");
  assert.equal(text(nvml, "nvmlSystemGetNVMLVersion", 80), "12.550.163.01");
  assert.equal(number(nvml, "nvmlSystemGetCudaDriverVersion_v2"), 12040);
  const device = nvml.device(0);
  assert.equal(text(nvml, "nvmlDeviceGetName", 96, device), "NVIDIA Fake A100");
  assert.equal(text(nvml, "nvmlDeviceGetName", 5, device), "code 7");
  assert.equal(
    text(nvml, "nvmlDeviceGetUUID", 96, device),
    "GPU-00000000-0000-0000-0000-000000000000",
  );
  assert.deepEqual(memoryV2(nvml, device), [
    16n * GIB,
    256n * MIB,
    15n * GIB + 256n * MIB,
    GIB / 2n,
  ]);
  assert.deepEqual(memoryV1(nvml, device), [16n * GIB, 15n * GIB + 256n * MIB, 768n * MIB]);
  assert.equal(memoryV2(nvml, device, 0n), 25);
  assert.equal(memoryV2(nvml, device, 0x01000028n), 25);
  assert.deepEqual(rows(nvml, `${COMPUTE}_v3`, device, 24), []);
  assert.equal(number(nvml, "nvmlDeviceGetTemperature", device, 0), 40);
  assert.equal(number(nvml, "nvmlDeviceGetPowerUsage", device), 100500);
  assert.equal(number(nvml, "nvmlDeviceGetClockInfo", device, 1), 1410);
  assert.equal(number(nvml, "nvmlDeviceGetClockInfo", device, 2), 1215);
  assert.equal(number(nvml, "nvmlDeviceGetMaxMigDeviceCount", device), 0);
  assert.equal(number(nvml, "nvmlDeviceGetGpuInstanceId", device), "code 3");
  const two = u32(9, 9);
  assert.equal(nvml.call("nvmlDeviceGetUtilizationRates", device, bytes(two)), 0);
  assert.deepEqual([...two], [10, 5]);
  assert.equal(
    nvml.call("nvmlDeviceGetEccMode", device, bytes(two.subarray(0, 1)), bytes(two.subarray(1))),
    0,
  );
  assert.deepEqual([...two], [1, 1]);
  assert.equal(nvml.call("nvmlDeviceGetUUID", 0xbadn, null, 0), 2, "a handle out of nowhere");
});

nvmlTest("calls need nvmlInit, and each nvmlShutdown takes one back", {}, (nvml) => {
  assert.equal(nvml.call("nvmlInitWithFlags", 0), 0);
  assert.equal(nvml.call("nvmlShutdown"), 0);
  assert.equal(number(nvml, "nvmlDeviceGetCount_v2"), 1);
  assert.equal(nvml.call("nvmlShutdown"), 0);
  assert.equal(number(nvml, "nvmlDeviceGetCount_v2"), "code 1");
  assert.equal(nvml.call("nvmlShutdown"), 1);
});

nvmlTest("settings hold for all devices or for one", {
  gpus: 16,
  used: "4G",
  "device.1.used": 5_000_000_000,
  "device.1.name": "Second",
  "device.1.uuid": "GPU-x",
  "device.1.free": 7,
  "device.15.pci": "0000000F:01:02.0",
  "device.2.temp": 88,
}, (nvml) => {
  assert.equal(number(nvml, "nvmlDeviceGetCount_v2"), 16);
  const out = new BigUint64Array(1);
  assert.equal(nvml.call("nvmlDeviceGetHandleByIndex_v2", 16, bytes(out)), 2);
  assert.equal((memoryV2(nvml, nvml.device(0)) as bigint[])[3], 4n * GIB);
  assert.deepEqual((memoryV2(nvml, nvml.device(1)) as bigint[]).slice(2), [7n, 5_000_000_000n]);
  assert.equal(text(nvml, "nvmlDeviceGetName", 96, nvml.device(1)), "Second");
  assert.equal(text(nvml, "nvmlDeviceGetUUID", 96, nvml.device(1)), "GPU-x");
  assert.equal(number(nvml, "nvmlDeviceGetTemperature", nvml.device(2), 0), 88);
  assert.equal(number(nvml, "nvmlDeviceGetTemperature", nvml.device(3), 0), 43);
  const pci = new Uint8Array(68);
  for (const [index, id] of [[14, "00000000:0E:00.0"], [15, "0000000F:01:02.0"]] as const) {
    assert.equal(nvml.call("nvmlDeviceGetPciInfo_v3", nvml.device(index), pci), 0);
    assert.equal(new TextDecoder().decode(pci.subarray(36, 52)), id);
  }
  assert.deepEqual([...new Uint32Array(pci.buffer, 16, 3)], [15, 1, 2]);
});

nvmlTest("no GPU is a count of 0", { gpus: 0 }, (nvml) => {
  assert.equal(number(nvml, "nvmlDeviceGetCount_v2"), 0);
  assert.throws(() => nvml.device(0), /: 2$/);
});

nvmlTest("codes of a call, of a call on one device, of every call", {
  gpus: 2,
  "code.nvmlDeviceGetName": 999,
  "code.nvmlDeviceGetName.1": 4,
}, (nvml, machine) => {
  const devices = [nvml.device(0), nvml.device(1)];
  const names = () => devices.map((device) => text(nvml, "nvmlDeviceGetName", 96, device));
  assert.deepEqual(names(), ["code 999", "code 4"]);
  machine.setConf({ gpus: 2, "code.nvmlDeviceGetName": 999, "after.nvmlDeviceGetName": 3 });
  assert.deepEqual(names(), ["NVIDIA Fake A100", "code 999"]);
  machine.setConf({ "code.*": 18, "code.nvmlInit_v2": 9 });
  assert.deepEqual(names(), ["code 18", "code 18"]);
  assert.equal(nvml.call("nvmlInit_v2"), 9);
});

nvmlTest("the configuration is read at nvmlInit alone where it says reload=0", {
  gpus: 1,
  reload: 0,
}, (nvml, machine) => {
  machine.setConf({ gpus: 5, reload: 0 });
  assert.equal(number(nvml, "nvmlDeviceGetCount_v2"), 1);
  assert.equal(nvml.call("nvmlInit_v2"), 0);
  assert.equal(number(nvml, "nvmlDeviceGetCount_v2"), 5);
});

nvmlTest("a device is lost after some calls, and back after more", {
  gpus: 2,
  "lost.1": "3,2",
}, (nvml) => {
  const device = nvml.device(1);
  const temperature = (of: bigint) => number(nvml, "nvmlDeviceGetTemperature", of, 0);
  assert.equal(temperature(device), 41);
  assert.deepEqual([temperature(device), temperature(device)], ["code 15", "code 15"]);
  assert.deepEqual([temperature(device), temperature(nvml.device(0))], [41, 40]);
});

nvmlTest("memory grows with each look", { grow: "1M", used: "1G" }, (nvml) => {
  const device = nvml.device(0);
  const used = () => (memoryV2(nvml, device) as bigint[])[3]! - GIB;
  assert.deepEqual([used(), used(), used()], [0n, MIB, 2n * MIB]);
});

nvmlTest("unified memory is not supported, or 0", {
  gpus: 2,
  "device.0.unified": 1,
  "device.1.unified": "zero",
}, (nvml) => {
  assert.equal(memoryV2(nvml, nvml.device(0)), 3);
  assert.equal(memoryV1(nvml, nvml.device(0)), 3);
  assert.deepEqual(memoryV2(nvml, nvml.device(1)), [0n, 0n, 0n, 0n]);
});

nvmlTest("the log has each call and its device", { gpus: 2 }, (nvml, machine) => {
  text(nvml, "nvmlDeviceGetName", 96, nvml.device(1));
  nvml.call("nvmlShutdown");
  assert.deepEqual(machine.calls(), [
    "nvmlInit_v2",
    "nvmlDeviceGetHandleByIndex_v2 1",
    "nvmlDeviceGetName 1",
    "nvmlShutdown",
  ]);
}, { log: true });

test("builds are kept, and a slip in a missing name is told", { skip }, async () => {
  const whole = await buildFakeNvml();
  assert.equal(await buildFakeNvml({ missing: [] }), whole);
  assert.notEqual(await buildFakeNvml({ missing: ["nvmlDeviceGetName"] }), whole);
  await assert.rejects(buildFakeNvml({ missing: ["nvmlDeviceGetNam"] }), RangeError);
});

test("a slow call takes its time, and then works", { skip }, async () => {
  using machine = fakeMachine({ "slow.nvmlDeviceGetName": 150 });
  const nvml = await openNvml(machine.nvmlPath);
  nvml.call("nvmlInit_v2");
  const before = performance.now();
  assert.equal(text(nvml, "nvmlDeviceGetName", 96, nvml.device(0)), "NVIDIA Fake A100");
  assert.ok(performance.now() - before >= 149);
  nvml.close();
});

test("a machine that is cleaned up leaves nothing", { skip }, () => {
  const machine = fakeMachine({});
  assert.ok(fs.existsSync(machine.nvmlPath));
  machine.cleanup();
  assert.ok(!fs.existsSync(machine.dir));
});
