/** The NVML source through real FFI, on the fake library in each of its generations. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openMeter } from "../mod.ts";
import type { GpuReply } from "../mod.ts";
import { type Conf, fakeMachine, GENERATIONS, skipNative } from "./support/native.ts";

const GIB = 2 ** 30;

async function read(conf: Conf, missing: readonly string[] = []): Promise<GpuReply> {
  const machine = fakeMachine(conf, { missing });
  const meter = openMeter({
    isolation: "process",
    nvmlPath: machine.nvmlPath,
    nvidiaSmiPath: "/nonexistent/nvidia-smi",
  });
  try {
    return await meter.ask({ kind: "gpu", processes: true, telemetry: true });
  } finally {
    await meter.close();
    machine.cleanup();
  }
}

const PROCESSES = ["0,101,1073741824", "0,102,2147483648,graphics", "0,103,3221225472,mps"];

describe("NVML through real FFI", { skip: skipNative() }, () => {
  it("a current driver: every number", async () => {
    const { devices, processes, listedDevices, failures } = await read({
      gpus: 1,
      process: [...PROCESSES, "0,104,1048576,compute+graphics"],
    });
    assert.deepEqual(failures, []);
    const { uuid: _, ...device } = devices[0]!;
    assert.deepEqual(device, {
      index: 0,
      name: "NVIDIA Fake A100",
      totalBytes: 16 * GIB,
      freeBytes: 16 * GIB - 768 * 2 ** 20,
      usedBytes: 512 * 2 ** 20,
      reservedBytes: 256 * 2 ** 20,
      driverVersion: "550.163.01",
      sharedUsedBytes: null,
      usedIncludesReserved: false,
      memoryKind: "dedicated",
      state: "ok",
      pciBusId: "00000000:00:00.0",
      pciId: "10de:20b0",
      luid: null,
      wddm: null,
      utilizationRatio: 0.1,
      memoryBandwidthBusyRatio: 0.05,
      temperatureCelsius: 40,
      powerWatts: 100.5,
      smClockMhz: 1410,
      memoryClockMhz: 1215,
      cudaDriverVersion: "12.4",
      eccEnabled: true,
      migEnabled: false,
      migSlices: [],
      source: "nvml",
    });
    assert.deepEqual(
      processes.map(({ pid, usedBytes, contexts }) => [pid, usedBytes, contexts]),
      [
        [101, GIB, ["compute"]],
        [102, 2 * GIB, ["graphics"]],
        [103, 3 * GIB, ["mps"]],
        [104, 2 ** 20, ["compute", "graphics"]],
      ],
    );
    assert.deepEqual(listedDevices, [0]);
  });

  for (const [name, { missing, conf }] of Object.entries(GENERATIONS)) {
    it(`driver generation ${name}: rows of its own size, memory of its own version`, async () => {
      const { devices, processes, failures } = await read(
        { ...conf, gpus: 1, process: PROCESSES },
        missing,
      );
      const hasMps = name !== "r440";
      assert.deepEqual(
        processes.map(({ pid, usedBytes }) => [pid, usedBytes]),
        [[101, GIB], [102, 2 * GIB], [103, 3 * GIB]].slice(0, hasMps ? 3 : 2),
      );
      const [device] = devices;
      assert.equal(device!.usedIncludesReserved, name !== "r535");
      assert.equal(device!.reservedBytes, name === "r535" ? 256 * 2 ** 20 : null);
      assert.equal(device!.totalBytes, 16 * GIB);
      assert.deepEqual(failures, []);
    });
  }

  it("0 GPUs is an answer; 16 are all listed", async () => {
    const none = await read({ gpus: 0 });
    assert.deepEqual([none.devices, none.failures], [[], []]);
    const many = await read({ gpus: 16 });
    assert.equal(many.devices.length, 16);
    assert.equal(new Set(many.devices.map(({ uuid }) => uuid)).size, 16);
  });

  for (const count of [200, 5_000]) {
    it(`${count} processes are all listed`, async () => {
      const { processes, failures } = await read({ gpus: 1, processes: count });
      assert.equal(processes.length, count);
      assert.equal(new Set(processes.map(({ pid }) => pid)).size, count);
      assert.deepEqual(failures, []);
    });
  }

  it("the two driver bugs: rows stay, without a figure, and are counted", async () => {
    for (
      const [conf, missing] of [[{ sentinel: 1 }, "sentinel"], [
        { exceeds: 1 },
        "exceeds_total",
      ]] as const
    ) {
      const { processes, failures } = await read({ gpus: 1, process: PROCESSES, ...conf });
      assert.deepEqual(
        processes.map(({ usedBytes, missing }) => [usedBytes, missing]),
        PROCESSES.map(() => [null, missing]),
      );
      const told = failures.find(({ code }) => code === "bad_value");
      assert.equal(told?.count, 3, JSON.stringify(failures));
    }
  });

  it("MIG slices have memory of their own", async () => {
    const { devices } = await read({
      gpus: 1,
      mig: 1,
      "mig.0.0": `${8 * GIB},${GIB},1,0`,
      "mig.0.2": `${4 * GIB},${2 * GIB},2,0`,
    });
    assert.equal(devices[0]!.migEnabled, true);
    assert.deepEqual(
      devices[0]!.migSlices.map((slice) => [
        slice.index,
        slice.totalBytes,
        slice.usedBytes,
        slice.gpuInstanceId,
      ]),
      [[0, 8 * GIB, GIB, 1], [2, 4 * GIB, 2 * GIB, 2]],
    );
  });

  it("a GPU that shares the system's RAM is flagged and has the system's numbers", async () => {
    for (const unified of ["1", "zero"]) {
      const { devices, failures } = await read({
        gpus: 1,
        unified,
        "device.0.name": "NVIDIA GB10",
        process: ["0,101,1073741824"],
      });
      assert.equal(devices[0]!.memoryKind, "unified");
      assert.ok((devices[0]!.totalBytes ?? 0) > GIB);
      assert.equal(devices[0]!.usedBytes, GIB);
      assert.deepEqual(failures, []);
    }
  });

  for (
    const [code, state] of [
      [15, "lost"],
      [16, "reset_required"],
      [17, "blocked"],
      [18, "mismatched"],
    ] as const
  ) {
    it(`a GPU that answers ${code} is listed as ${state}, and the other is measured`, async () => {
      const { devices, failures } = await read({
        gpus: 2,
        "code.nvmlDeviceGetMemoryInfo_v2.1": code,
      });
      assert.deepEqual(devices.map(({ state }) => state), ["ok", state]);
      assert.equal(devices[1]!.usedBytes, null);
      assert.ok(failures.some(({ deviceIndex, driverCode }) => deviceIndex === 1 && driverCode));
    });
  }

  it("a GPU that is lost and comes back is measured again", async () => {
    const machine = fakeMachine({ gpus: 2, "lost.1": 0 });
    const meter = openMeter({
      isolation: "process",
      nvmlPath: machine.nvmlPath,
      nvidiaSmiPath: "/nonexistent/nvidia-smi",
    });
    const states = async () =>
      (await meter.ask({ kind: "devices" })).devices.map(({ state }) => state);
    try {
      assert.deepEqual(await states(), ["ok", "lost"]);
      machine.setConf({ gpus: 2 });
      assert.deepEqual(await states(), ["ok", "ok"]);
    } finally {
      await meter.close();
      machine.cleanup();
    }
  });
});
