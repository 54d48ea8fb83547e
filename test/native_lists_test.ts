/** The fake NVML's lists: processes in each row size, MIG slices, generations of drivers. */
import assert from "node:assert/strict";
import process from "node:process";
import { nvmlTest } from "./native/nvml_case.ts";
import { bytes, memoryV2, number, type Row, rows, text, u32 } from "./native/read_nvml.ts";
import { GENERATIONS } from "./support/native.ts";

const COMPUTE = "nvmlDeviceGetComputeRunningProcesses";
const GIB = 1024n ** 3n;
const MIB = 1024n ** 2n;
const GRAPHICS = "nvmlDeviceGetGraphicsRunningProcesses";
const MPS = "nvmlDeviceGetMPSComputeRunningProcesses";
const NONE = 0xffffffff;
const SENTINEL = 0xffffffffffffffffn;

nvmlTest("processes come out in the list of their kind", {
  gpus: 2,
  process: [
    "0,100,1G",
    "0,200,2M,graphics",
    "0,300,3M,mps",
    "0,400,sentinel,compute+graphics",
    "0,self,5,compute,3,4",
    "1,600,6",
  ],
}, (nvml) => {
  const none = [NONE, NONE];
  const both = { pid: 400, used: SENTINEL, instances: none };
  const device = nvml.device(0);
  assert.deepEqual(rows(nvml, `${COMPUTE}_v3`, device, 24), [
    { pid: 100, used: GIB, instances: none },
    both,
    { pid: process.pid, used: 5n, instances: [3, 4] },
  ]);
  assert.deepEqual(rows(nvml, `${GRAPHICS}_v2`, device, 24), [
    { pid: 200, used: 2n * MIB, instances: none },
    both,
  ]);
  assert.deepEqual(rows(nvml, MPS, device, 16), [{ pid: 300, used: 3n * MIB }]);
  assert.deepEqual(rows(nvml, COMPUTE, nvml.device(1), 16), [{ pid: 600, used: 6n }]);
  assert.deepEqual(rows(nvml, `${MPS}_v3`, nvml.device(1), 24), []);
});

for (const [stride, third] of [[16, null], [24, 24], [32, 32]] as const) {
  nvmlTest(
    `rows of a driver with stride ${stride}`,
    { stride, process: ["0,7,8", "0,9,10"] },
    (nvml) => {
      const expected = [{ pid: 7, used: 8n }, { pid: 9, used: 10n }];
      const device = nvml.device(0);
      const bare = (list: Row[] | number) =>
        typeof list === "number" ? list : list.map(({ pid, used }) => ({ pid, used }));
      assert.deepEqual(rows(nvml, COMPUTE, device, 16), expected);
      const newer = third === null ? 13 : expected;
      assert.deepEqual(bare(rows(nvml, `${COMPUTE}_v2`, device, 24)), newer);
      assert.deepEqual(bare(rows(nvml, `${COMPUTE}_v3`, device, third ?? 24)), newer);
    },
  );
}

nvmlTest("thousands of rows", { gpus: 2, processes: 200, "device.1.processes": 5000 }, (nvml) => {
  const list = rows(nvml, `${COMPUTE}_v3`, nvml.device(1), 24) as Row[];
  assert.equal(list.length, 5000);
  assert.equal(new Set(list.map((row) => row.pid)).size, 5000);
  assert.equal((rows(nvml, COMPUTE, nvml.device(0), 16) as Row[]).length, 200);
  assert.equal((rows(nvml, GRAPHICS, nvml.device(0), 16) as Row[]).length, 0);
});

nvmlTest("the two lies: the sentinel and more than there is", {
  gpus: 2,
  processes: 3,
  "device.0.sentinel": 1,
  "device.1.exceeds": 1,
}, (nvml) => {
  const used = (index: number) =>
    (rows(nvml, `${COMPUTE}_v3`, nvml.device(index), 24) as Row[]).map((row) => row.used);
  assert.deepEqual(used(0), [SENTINEL, SENTINEL, SENTINEL]);
  assert.ok(used(1).every((bytes) => bytes > 16n * GIB && bytes < SENTINEL));
});

nvmlTest("the detailed list, where it is turned on", {
  process: ["0,7,8,graphics", "0,9,10,mps"],
}, (nvml, machine) => {
  const out = new Uint8Array(64);
  const request = (version: number, mode: number) => {
    const list = new Uint8Array(24);
    new Uint32Array(list.buffer).set([version, mode, 2]);
    // The fourth field is an address; without one the call tells how many rows there are.
    new Uint32Array(list.buffer)[2] = 0;
    return [nvml.call("nvmlDeviceGetRunningProcessDetailList", nvml.device(0), list), list[8]];
  };
  assert.deepEqual(request(0x01000018, 3), [3, 0]);
  machine.setConf({ process: ["0,7,8,graphics", "0,9,10,mps"], detail: 1 });
  assert.deepEqual(request(0x01000018, 3), [7, 2]);
  assert.deepEqual(request(0x01000018, 1), [7, 1]);
  assert.deepEqual(request(0x01000018, 0), [0, 0]);
  assert.deepEqual(request(0x02000018, 3), [25, 0]);
  assert.equal(out[0], 0);
});

nvmlTest("MIG slices have their own memory, ids and processes", {
  gpus: 2,
  "device.0.mig": 1,
  "mig.0.0": "5G,1G,7,0",
  "mig.0.2": "10G,2G,9,1",
  process: ["0,50,1M,compute,7,0", "0,51,2M,compute,9,1"],
}, (nvml) => {
  const out = new BigUint64Array(1);
  const open = (gpu: bigint, slice: number) =>
    nvml.call("nvmlDeviceGetMigDeviceHandleByIndex", gpu, slice, bytes(out));
  const two = u32(9, 9);
  const mode = (gpu: bigint) =>
    nvml.call("nvmlDeviceGetMigMode", gpu, bytes(two.subarray(0, 1)), bytes(two.subarray(1)));
  assert.deepEqual([mode(nvml.device(1)), ...two], [0, 0, 0]);
  assert.deepEqual([mode(nvml.device(0)), ...two], [0, 1, 1]);
  assert.equal(number(nvml, "nvmlDeviceGetMaxMigDeviceCount", nvml.device(0)), 7);
  assert.equal(open(nvml.device(1), 0), 3);
  assert.deepEqual([open(nvml.device(0), 1), open(nvml.device(0), 7)], [6, 2]);
  assert.equal(open(nvml.device(0), 2), 0);
  const slice = out[0]!;
  assert.deepEqual(memoryV2(nvml, slice), [10n * GIB, 0n, 8n * GIB, 2n * GIB]);
  assert.equal(number(nvml, "nvmlDeviceGetGpuInstanceId", slice), 9);
  assert.equal(number(nvml, "nvmlDeviceGetComputeInstanceId", slice), 1);
  assert.match(text(nvml, "nvmlDeviceGetUUID", 96, slice), /^MIG-/);
  assert.equal(number(nvml, "nvmlDeviceGetPowerUsage", slice), "code 3");
  assert.deepEqual(rows(nvml, `${COMPUTE}_v3`, slice, 24), [
    { pid: 51, used: 2n * MIB, instances: [9, 1] },
  ]);
  assert.equal((rows(nvml, `${COMPUTE}_v3`, nvml.device(0), 24) as Row[]).length, 2);
});

for (const [generation, { missing, conf }] of Object.entries(GENERATIONS)) {
  nvmlTest(`driver generation ${generation} lacks what it lacks`, conf, (nvml) => {
    assert.deepEqual(missing.filter((name) => nvml.has(name)), []);
    assert.ok(nvml.has(COMPUTE) && nvml.has("nvmlDeviceGetMemoryInfo"));
    assert.equal(nvml.has(`${COMPUTE}_v3`), generation === "r535");
    assert.equal(text(nvml, "nvmlSystemGetDriverVersion", 80), conf.driver);
  }, { missing });
}
