import assert from "node:assert/strict";
import { test } from "node:test";
import { processGpuInfo, viewAll, viewSnapshot } from "../lib/snapshot.ts";
import {
  aDevice,
  aFailure,
  aGpuProcess,
  aGpuReply,
  aProcessGpuInfo,
  aProcessMemory,
  aSnapshot,
  aSnapshotReply,
  aSystemMemory,
} from "../lib/testing.ts";

const PID = 4242;

test("snapshot_constructs_with_no_gpu", () => {
  const snapshot = aSnapshot({ ramBytes: 1000 });
  assert.equal(snapshot.gpu, null);
  assert.equal(snapshot.gpuDevice, null);
});

test("snapshot_constructs_with_full_gpu", () => {
  const gpu = aProcessGpuInfo({ usedBytes: 7, isPerProcess: true, source: "nvml" });
  const gpuDevice = aDevice({ index: 1, name: "NVIDIA Test GPU", totalBytes: 100 });
  const snapshot = aSnapshot({ ramBytes: 1000, gpu, gpuDevice });
  assert.equal(snapshot.ramBytes, 1000);
  assert.deepEqual(snapshot.gpu, gpu);
  assert.deepEqual(snapshot.gpuDevice, gpuDevice);
});

test("a process's figure is its row on that device", () => {
  const listing = aGpuReply({
    devices: [aDevice({ index: 0, usedBytes: 900 }), aDevice({ index: 1, usedBytes: 50 })],
    processes: [
      aGpuProcess({ pid: PID, deviceIndex: 0, usedBytes: 300, source: "nvidia_smi" }),
      aGpuProcess({ pid: 7, deviceIndex: 0, usedBytes: 500 }),
      aGpuProcess({ pid: PID, deviceIndex: 1, usedBytes: 20 }),
    ],
  });
  assert.deepEqual(processGpuInfo(listing, 0, PID), {
    usedBytes: 300,
    deviceUsedBytes: 900,
    isPerProcess: true,
    source: "nvidia_smi",
    videoMemory: null,
  });
  assert.equal(processGpuInfo(listing, 1, PID)?.usedBytes, 20);
});

test("rows of one process on several MIG slices add up", () => {
  const listing = aGpuReply({
    devices: [aDevice({ usedBytes: 900 })],
    processes: [
      aGpuProcess({ pid: PID, usedBytes: 300, gpuInstanceId: 1 }),
      aGpuProcess({ pid: PID, usedBytes: 40, gpuInstanceId: 2 }),
    ],
  });
  assert.equal(processGpuInfo(listing, 0, PID)?.usedBytes, 340);
});

test("one row without a figure leaves only the device's figure", () => {
  const listing = aGpuReply({
    devices: [aDevice({ usedBytes: 900 })],
    processes: [
      aGpuProcess({ pid: PID, usedBytes: 300, gpuInstanceId: 1 }),
      aGpuProcess({ pid: PID, usedBytes: null, gpuInstanceId: 2 }),
    ],
  });
  assert.deepEqual(processGpuInfo(listing, 0, PID), {
    usedBytes: null,
    deviceUsedBytes: 900,
    isPerProcess: false,
    source: "nvml",
    videoMemory: null,
  });
});

test("no row means 0 only where the list was read whole", () => {
  const devices = [aDevice({ usedBytes: 900 })];
  const listed = aGpuReply({ devices, listedDevices: [0] });
  assert.deepEqual(processGpuInfo(listed, 0, PID), {
    usedBytes: 0,
    deviceUsedBytes: 900,
    isPerProcess: true,
    source: "nvml",
    videoMemory: null,
  });
  const unlisted = aGpuReply({ devices, listedDevices: [] });
  assert.deepEqual(processGpuInfo(unlisted, 0, PID), {
    usedBytes: null,
    deviceUsedBytes: 900,
    isPerProcess: false,
    source: "nvml",
    videoMemory: null,
  });
});

test("without the whole list, rows of MIG slices are no sum, and a plain row still counts", () => {
  const devices = [aDevice({ usedBytes: 900 })];
  const onSlice = [aGpuProcess({ pid: PID, usedBytes: 300, gpuInstanceId: 1 })];
  const partial = aGpuReply({ devices, processes: onSlice, listedDevices: [] });
  assert.equal(processGpuInfo(partial, 0, PID)?.usedBytes, null);
  const plain = [aGpuProcess({ pid: PID, usedBytes: 300 })];
  assert.equal(processGpuInfo({ ...partial, processes: plain }, 0, PID)?.usedBytes, 300);
});

test("PIDs of another namespace match nothing and their absence means nothing", () => {
  const devices = [aDevice({ usedBytes: 900 })];
  const deviceWide = {
    usedBytes: null,
    deviceUsedBytes: 900,
    isPerProcess: false,
    source: "nvml",
    videoMemory: null,
  };
  const processes = [aGpuProcess({ pid: PID, usedBytes: 300 })];
  const listing = aGpuReply({ devices, processes, foreignPids: true });
  assert.deepEqual(processGpuInfo(listing, 0, PID), deviceWide);
  assert.deepEqual(processGpuInfo({ ...listing, processes: [] }, 0, PID), deviceWide);
});

test("nothing known has no source, and no device has no record", () => {
  const listing = aGpuReply({ devices: [aDevice({ usedBytes: null })], listedDevices: [] });
  assert.deepEqual(processGpuInfo(listing, 0, PID), {
    usedBytes: null,
    deviceUsedBytes: null,
    isPerProcess: false,
    source: null,
    videoMemory: null,
  });
  assert.equal(processGpuInfo(listing, 1, PID), null);
});

test("the calling process's own word stands where the lists have no figure, and beside them", () => {
  const device = aDevice({ usedBytes: 900, luid: "0x00000000_0x0000d3f1", source: "dxgi" });
  const segment = { usageBytes: 70, budgetBytes: 800, reservedBytes: 0, reservableBytes: 400 };
  const own = {
    luid: "0x00000000_0x0000d3f1",
    local: segment,
    nonLocal: null,
    readIn: "calling_process",
  } as const;
  const unlisted = { ...aGpuReply({ devices: [device], listedDevices: [] }), videoMemory: [own] };
  assert.deepEqual(processGpuInfo(unlisted, 0, PID), {
    usedBytes: 70,
    deviceUsedBytes: 900,
    isPerProcess: true,
    source: "dxgi_self",
    videoMemory: own,
  });
  const processes = [aGpuProcess({ pid: PID, usedBytes: 300, source: "pdh" })];
  const listed = { ...unlisted, processes, listedDevices: [0] };
  assert.deepEqual(processGpuInfo(listed, 0, PID), {
    usedBytes: 300,
    deviceUsedBytes: 900,
    isPerProcess: true,
    source: "pdh",
    videoMemory: own,
  });
  const elsewhere = { ...unlisted, videoMemory: [{ ...own, luid: "0x00000000_0x00000001" }] };
  assert.equal(processGpuInfo(elsewhere, 0, PID)?.videoMemory, null);
  const untold = { ...unlisted, videoMemory: [{ ...own, local: null }] };
  assert.equal(processGpuInfo(untold, 0, PID)?.usedBytes, null);
});

test("viewSnapshot shows a whole answer from one device", () => {
  const process = aProcessMemory({ pid: PID, rssBytes: 1000 });
  const system = aSystemMemory({ totalBytes: 5000 });
  const devices = [aDevice({ index: 0 }), aDevice({ index: 3, usedBytes: 900 })];
  const failures = [aFailure({ source: "nvidia_smi" })];
  const processes = [aGpuProcess({ pid: PID, deviceIndex: 3, usedBytes: 300 })];
  const reply = aSnapshotReply({
    atMs: 99,
    pid: PID,
    process,
    system,
    devices,
    processes,
    failures,
  });
  assert.deepEqual(viewSnapshot(reply, 3), {
    ramBytes: 1000,
    gpu: aProcessGpuInfo({ usedBytes: 300, deviceUsedBytes: 900 }),
    gpuDevice: devices[1],
    atMs: 99,
    pid: PID,
    process,
    system,
    failures,
  });
  assert.equal(viewSnapshot({ ...reply, foreignPids: true }, 3).gpu?.isPerProcess, false);
  const elsewhere = viewSnapshot(reply, 1);
  assert.equal(elsewhere.gpu, null);
  assert.equal(elsewhere.gpuDevice, null);
  assert.equal(elsewhere.ramBytes, 1000);
});

test("RAM that could not be read is null, not 0", () => {
  assert.equal(viewSnapshot(aSnapshotReply({ pid: PID }), 0).ramBytes, null);
  const unread = aSnapshotReply({ process: aProcessMemory({ rssBytes: null }) });
  assert.equal(viewSnapshot(unread, 0).ramBytes, null);
});

test("viewAll has one view for each device, with the same RAM", () => {
  const reply = aSnapshotReply({
    pid: PID,
    process: aProcessMemory({ pid: PID, rssBytes: 1000 }),
    devices: [aDevice({ index: 0 }), aDevice({ index: 2 })],
  });
  const views = viewAll(reply);
  assert.deepEqual(views.map((view) => view.gpuDevice?.index), [0, 2]);
  assert.deepEqual(views.map((view) => view.ramBytes), [1000, 1000]);
  assert.deepEqual(viewAll(aSnapshotReply()), []);
});
