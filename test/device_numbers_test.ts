/** A GPU keeps its number and its UUID when one of Windows' sources fails. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DeviceNumbers } from "../lib/device_numbers.ts";
import type { GpuReply } from "../lib/protocol.ts";
import type { DeviceInfo } from "../lib/records.ts";
import { selectDevice } from "../lib/select_device.ts";
import { aDevice, aGpuProcess } from "../lib/testing.ts";

function reply(devices: readonly DeviceInfo[], some: Partial<GpuReply> = {}): GpuReply {
  return {
    kind: "gpu",
    devices,
    processes: [],
    listedDevices: [],
    foreignPids: false,
    failures: [],
    ...some,
  };
}

const place = (bus: number) => `00000000:0${bus}:00.0`;
const NVIDIA = { pciId: "10de:2684" };

/** Two cards as NVML counts them, and Intel's behind. */
const WHOLE = [
  aDevice({ index: 0, uuid: "GPU-1", luid: "a", pciBusId: place(1), ...NVIDIA }),
  aDevice({ index: 1, uuid: "GPU-2", luid: "b", pciBusId: place(4), ...NVIDIA }),
  aDevice({ index: 2, luid: "i", pciId: "8086:a780", source: "dxgi" }),
];
/** The same as DXGI counts them. */
const WITHOUT_NVML = [
  aDevice({ index: 0, luid: "i", pciId: "8086:a780", source: "dxgi" }),
  aDevice({ index: 1, luid: "b", pciBusId: place(4), ...NVIDIA, source: "dxgi" }),
  aDevice({ index: 2, luid: "a", pciBusId: place(1), ...NVIDIA, source: "dxgi" }),
];

const who = ({ devices }: GpuReply) => devices.map(({ index, luid, uuid }) => [index, luid, uuid]);

test("an answer without a device of Windows stays the same value", () => {
  const linux = reply([aDevice({ index: 3, uuid: "GPU-1" })]);
  assert.equal(new DeviceNumbers().number(linux), linux);
});

test("devices keep their numbers and UUIDs when NVML is gone, and rows and failures go with them", () => {
  const numbers = new DeviceNumbers();
  assert.deepEqual(who(numbers.number(reply(WHOLE))), [
    [0, "a", "GPU-1"],
    [1, "b", "GPU-2"],
    [2, "i", null],
  ]);
  const later = numbers.number(reply(WITHOUT_NVML, {
    processes: [aGpuProcess({ pid: 7, deviceIndex: 0 }), aGpuProcess({ pid: 9, deviceIndex: 2 })],
    listedDevices: [1, 2],
    failures: [
      { code: "hung", source: "nvml", message: "" },
      { code: "bad_value", source: "pdh", message: "", deviceIndex: 2 },
    ],
  }));
  assert.deepEqual(who(later), [[0, "a", "GPU-1"], [1, "b", "GPU-2"], [2, "i", null]]);
  assert.deepEqual(
    later.processes.map(({ pid, deviceIndex, deviceUuid }) => [pid, deviceIndex, deviceUuid]),
    [[9, 0, "GPU-1"], [7, 2, null]],
  );
  assert.deepEqual(later.listedDevices, [0, 1]);
  assert.deepEqual(later.failures.map(({ deviceIndex }) => deviceIndex), [undefined, 0]);
  assert.deepEqual(who(numbers.number(reply(WHOLE))), who(later), "and when it is back");
});

test("without NVML from the start NVIDIA's cards come first, by their place, as NVML would have it", () => {
  const numbers = new DeviceNumbers();
  const first = numbers.number(reply(WITHOUT_NVML));
  assert.deepEqual(who(first).map(([index, luid]) => [index, luid]), [[0, "a"], [1, "b"], [
    2,
    "i",
  ]]);
  // It says who they are, and finds them where they are.
  assert.deepEqual(who(numbers.number(reply(WHOLE))), [
    [0, "a", "GPU-1"],
    [1, "b", "GPU-2"],
    [2, "i", null],
  ]);
});

test("while Windows' own lists fail, NVML's devices are the known ones", () => {
  const numbers = new DeviceNumbers();
  numbers.number(reply(WHOLE));
  const nvml = WHOLE.slice(0, 2).map((device) => ({ ...device, luid: null }));
  assert.deepEqual(who(numbers.number(reply(nvml))), [[0, "a", "GPU-1"], [1, "b", "GPU-2"]]);
});

test("a device that comes later gets a number that nobody has had", () => {
  const numbers = new DeviceNumbers();
  numbers.number(reply(WHOLE));
  const eGpu = aDevice({ index: 0, luid: "e", pciId: "1002:744c", source: "dxgi" });
  const told = numbers.number(
    reply([eGpu, ...WITHOUT_NVML.map((d) => ({ ...d, index: d.index + 1 }))]),
  );
  assert.deepEqual(who(told).map(([index, luid]) => [index, luid]), [
    [0, "a"],
    [1, "b"],
    [2, "i"],
    [3, "e"],
  ]);
});

test("a device is found by the number that Windows gives it, in either case of its digits", () => {
  const devices = [aDevice({ luid: "0x00000000_0x0000d3f1" }), aDevice({ index: 1 })];
  assert.equal(selectDevice(devices, "0x00000000_0x0000D3F1").index, 0);
  assert.throws(() => selectDevice(devices, "0x00000000_0x0000d3f2"), /no device/);
});
