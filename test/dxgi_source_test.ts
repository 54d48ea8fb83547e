/** The source `dxgi` on fake machines: every adapter, whatever is broken about the others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeDxgi } from "../workers/gpu/dxgi/dxgi.ts";
import type { GpuReading } from "../workers/gpu/source.ts";
import { HostError } from "../workers/host/host.ts";
import { fakeHost } from "./support/fake_host.ts";
import { fakeD3dkmt, type FakeKernelAdapter } from "./support/fake_d3dkmt.ts";
import { type FakeAdapter, fakeAdapter, fakeDxgi } from "./support/fake_dxgi.ts";
import { FakeHeap, windowsHost } from "./support/fake_windows.ts";

const GIB = 2 ** 30;
const OPTIONS = { nvmlPath: null, nvidiaSmiPath: null, nvidiaSmiMs: 1000, debug: false };
const QUESTION = { processes: true, telemetry: true };
const LUID = "0x00000000_0x0000d3f1";

function machine(adapters: FakeAdapter[], kernel: FakeKernelAdapter[] = []) {
  const heap = new FakeHeap();
  const dxgi = fakeDxgi(heap, adapters);
  const gdi32 = fakeD3dkmt(heap, kernel);
  const host = windowsHost(heap, { "dxgi.dll": dxgi.functions, "gdi32.dll": gdi32.functions });
  const source = makeDxgi(host, OPTIONS);
  const read = () => source.read(QUESTION) as GpuReading;
  return { heap, dxgi, gdi32, host, source, read };
}

const kernel = (luid: readonly [number, number], more: Partial<FakeKernelAdapter> = {}) => ({
  luid,
  pci: [0x65, 0, 0] as const,
  type: 3,
  ...more,
});
const names = ({ devices }: GpuReading) => devices.map(({ name }) => name);
const messages = ({ failures }: GpuReading) => failures.map(({ message }) => message);

test("a card is told whole", () => {
  const { read, dxgi, gdi32, source } = machine([fakeAdapter()], [kernel([0, 0xd3f1])]);
  assert.deepEqual(read(), {
    devices: [{
      index: 0,
      name: "NVIDIA GeForce RTX 4090",
      totalBytes: 24 * GIB,
      freeBytes: null,
      usedBytes: null,
      reservedBytes: null,
      driverVersion: null,
      sharedUsedBytes: null,
      usedIncludesReserved: null,
      memoryKind: "dedicated",
      state: "ok",
      uuid: null,
      pciBusId: "00000000:65:00.0",
      pciId: "10de:2684",
      luid: LUID,
      wddm: {
        dedicatedUsageBytes: null,
        sharedUsageBytes: null,
        totalCommittedBytes: null,
        localUsageBytes: null,
        nonLocalUsageBytes: null,
        dedicatedTotalBytes: 24 * GIB,
        sharedTotalBytes: 16 * GIB,
      },
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
      source: "dxgi",
    }],
    processes: [],
    listedDevices: [],
    failures: [],
    leftOut: [],
  });
  assert.equal(dxgi.references, 1, "the list is kept, the adapters are not");
  assert.equal(gdi32.open.size, 0);
  source.close();
  assert.equal(dxgi.references, 0);
});

test("every vendor, two of one name, a GPU without memory of its own; software is left out", () => {
  const { read } = machine([
    fakeAdapter({ name: "Twin", luid: [0, 1] }),
    fakeAdapter({ name: "Intel UHD é", vendorId: 0x8086, dedicated: 0n, luid: [-2, 7] }),
    fakeAdapter({ name: "Microsoft Basic Render Driver", flags: 2, luid: [0, 3] }),
    fakeAdapter({ name: "Twin", luid: [0, 4] }),
    fakeAdapter({ name: "Virtual display", vendorId: 0x1414, luid: [0, 5] }),
  ], [
    kernel([0, 1]),
    kernel([0, 4], { pci: [0x17, 0, 0] }),
    kernel([-2, 7], { pci: [0, 2, 0] }),
    kernel([0, 5], { pci: [-1, -1, -1], type: 1 << 6 }),
  ]);
  const reading = read();
  assert.deepEqual(
    reading.devices.map((d) => [d.index, d.name, d.luid, d.pciBusId, d.memoryKind, d.totalBytes]),
    [
      [0, "Twin", "0x00000000_0x00000001", "00000000:65:00.0", "dedicated", 24 * GIB],
      [1, "Intel UHD é", "0xfffffffe_0x00000007", "00000000:00:02.0", "unified", 16 * GIB],
      [2, "Twin", "0x00000000_0x00000004", "00000000:17:00.0", "dedicated", 24 * GIB],
    ],
  );
  assert.deepEqual(reading.leftOut, ["0x00000000_0x00000003", "0x00000000_0x00000005"]);
  assert.deepEqual(reading.failures, []);
});

test("integrated: as the kernel says, or by how little is set aside for it", () => {
  const MIB = 2n ** 20n;
  const kind = (dedicated: bigint, type: number | null, shared = 16n << 30n) => {
    const known = type === null ? [] : [kernel([0, 0xd3f1], { type })];
    const [device] = machine([fakeAdapter({ dedicated, shared })], known).read().devices;
    const { memoryKind, totalBytes, wddm } = device!;
    assert.equal(wddm!.dedicatedTotalBytes, dedicated >> 53n ? null : Number(dedicated));
    return [memoryKind, totalBytes];
  };
  assert.deepEqual(kind(0n, 3), ["unified", 16 * GIB]);
  assert.deepEqual(kind(128n * MIB, 3), ["unified", 16.125 * GIB], "Intel's piece");
  assert.deepEqual(kind(512n * MIB, null), ["unified", 16.5 * GIB], "AMD's, without gdi32");
  assert.deepEqual(kind(768n * MIB - 1n, 3)[0], "unified");
  assert.deepEqual(kind(768n * MIB, 3), ["dedicated", 0.75 * GIB]);
  assert.deepEqual(kind(4096n * MIB, 0x23), ["unified", 20 * GIB], "the kernel knows");
  assert.deepEqual(kind(4096n * MIB, 0x13), ["dedicated", 4 * GIB], "beside an integrated one");
  assert.deepEqual(kind(1n << 60n, 3), [null, null]);
  assert.deepEqual(kind(1n << 60n, 0x23), ["unified", null], "a part that is not known");
  assert.deepEqual(kind(128n * MIB, 3, 1n << 60n), ["unified", null]);
});

test("a broken adapter hides no other, and each is told of", () => {
  const { read, dxgi } = machine([
    fakeAdapter({ enumCode: 0x887a0020 | 0 }),
    fakeAdapter({ name: "First", luid: [0, 1] }),
    fakeAdapter({ descCode: 0x887a0005 | 0, luid: [0, 2] }),
    fakeAdapter({ enumCode: "null" }),
    fakeAdapter({ name: "No LUID", luid: [0, 0] }),
    fakeAdapter({ name: "No size", dedicated: 1n << 60n, luid: [0, 3] }),
    fakeAdapter({ name: "Last", luid: [0, 4] }),
  ]);
  const reading = read();
  assert.deepEqual(names(reading), ["First", "No size", "Last"]);
  assert.deepEqual(messages(reading), [
    "Cannot read adapter 0: EnumAdapters1 answered DXGI_ERROR_DRIVER_INTERNAL_ERROR",
    "Cannot read adapter 2: GetDesc1 answered DXGI_ERROR_DEVICE_REMOVED",
    "Cannot read adapter 3: EnumAdapters1 gave a null pointer",
    "Cannot read adapter 4: GetDesc1 gave no LUID",
    "Cannot tell the size of GPU 1: GetDesc1 gave more than 2^53 bytes",
  ]);
  assert.equal(reading.devices[1]!.totalBytes, null);
  assert.equal(reading.devices[1]!.memoryKind, null);
  assert.equal(reading.failures[1]!.driverCode, "DXGI_ERROR_DEVICE_REMOVED");
  assert.equal(dxgi.references, 1);
});

test("a list that fails at each place, or never ends, is left", () => {
  const broken = machine(Array.from({ length: 40 }, () => fakeAdapter({ enumCode: -1 })));
  assert.equal(broken.read().failures.length, 4);
  const endless = machine([fakeAdapter()]);
  endless.dxgi.endless = true;
  const reading = endless.read();
  assert.deepEqual([reading.devices.length, reading.failures.length], [1, 0], "once each");
  assert.equal(endless.dxgi.calls.filter((name) => name === "EnumAdapters1").length, 64);
  assert.equal(endless.dxgi.references, 1);
});

test("the list is kept while it is current, and made anew when it is not", () => {
  const { read, dxgi } = machine([fakeAdapter()]);
  const made = () => dxgi.calls.filter((name) => name === "CreateDXGIFactory1").length;
  read();
  read();
  assert.equal(made(), 1);
  dxgi.isCurrent = false;
  dxgi.adapters.push(fakeAdapter({ name: "Plugged in", luid: [0, 9] }));
  assert.deepEqual(names(read()), ["NVIDIA GeForce RTX 4090", "Plugged in"]);
  assert.equal(made(), 2);
  assert.equal(dxgi.references, 1);
});

test("DXGI without a GPU is one absence; another code is the driver's failure", () => {
  const { read, dxgi } = machine([fakeAdapter()]);
  dxgi.createCode = 0x887a0004 | 0;
  assert.deepEqual(read(), {
    devices: [],
    processes: [],
    listedDevices: [],
    leftOut: [],
    failures: [{
      code: "absent",
      source: "dxgi",
      message: "Cannot list the GPUs by DXGI: Windows offers none to it " +
        "(DXGI_ERROR_UNSUPPORTED); if a GPU is missing, install its WDDM driver",
      driverCode: "DXGI_ERROR_UNSUPPORTED",
    }],
  });
  dxgi.createCode = 0x80004005 | 0;
  assert.deepEqual(messages(read()), [
    "Cannot list the GPUs by DXGI: CreateDXGIFactory1 answered E_FAIL",
  ]);
  assert.deepEqual(read().failures.map(({ code }) => code), ["driver_failed"]);
  dxgi.createCode = 0;
  assert.equal(read().devices.length, 1);
});

test("without gdi32, or where it does not know the card, the place is not known", () => {
  for (
    const adapters of [[], [kernel([0, 0xd3f1], { pci: 0xc000000d, type: -1 })]] as const
  ) {
    const { read, gdi32 } = machine([fakeAdapter()], [...adapters]);
    assert.equal(read().devices[0]!.pciBusId, null);
    assert.equal(gdi32.open.size, 0);
  }
  const heap = new FakeHeap();
  const host = windowsHost(heap, { "dxgi.dll": fakeDxgi(heap, [fakeAdapter()]).functions });
  const reading = makeDxgi(host, OPTIONS).read(QUESTION) as GpuReading;
  assert.deepEqual([reading.devices[0]!.pciBusId, reading.failures], [null, []]);
});

test("a card is looked up once", () => {
  const { read, gdi32, heap } = machine([fakeAdapter()], [kernel([0, 0xd3f1])]);
  read();
  const live = heap.live;
  read();
  assert.equal(gdi32.opened, 1);
  assert.equal(heap.live, live, "no memory is kept");
});

test("no dxgi.dll is an absence, and no permission is told as one", () => {
  const reading = makeDxgi(fakeHost({ platform: "linux" }), OPTIONS).read(QUESTION) as GpuReading;
  assert.deepEqual(reading.failures.map(({ code }) => code), ["absent"]);
  const heap = new FakeHeap();
  const dxgi = fakeDxgi(heap, [fakeAdapter()]);
  const host = {
    ...windowsHost(heap, { "dxgi.dll": dxgi.functions }),
    functionAt: () => {
      throw new HostError("ENOTCAPABLE", "", "Deno runs without --allow-ffi");
    },
  };
  const refused = makeDxgi(host, OPTIONS).read(QUESTION) as GpuReading;
  assert.deepEqual(refused.failures.map(({ code }) => code), ["permission_denied"]);
  const lacking = windowsHost(new FakeHeap(), { "dxgi.dll": {} });
  const reason = (makeDxgi(lacking, OPTIONS).read(QUESTION) as GpuReading).failures[0]!;
  assert.deepEqual([reason.code, /CreateDXGIFactory1/.test(reason.message)], ["absent", true]);
});

test("the folder of Windows is asked for", () => {
  const heap = new FakeHeap();
  const libraries = {
    "D:\\Win\\System32\\kernel32.dll": heap.kernel32,
    "D:\\Win\\System32\\dxgi.dll": fakeDxgi(heap, [fakeAdapter()]).functions,
  };
  const host = {
    ...fakeHost({ platform: "windows", libraries, variables: { SystemRoot: "D:\\Win" } }),
    functionAt: heap.functionAt,
  };
  assert.equal((makeDxgi(host, OPTIONS).read(QUESTION) as GpuReading).devices.length, 1);
});

test("the doctor tells each call of a list of its own, and debugging the raw ones", async () => {
  const { source, dxgi } = machine([
    fakeAdapter(),
    fakeAdapter({ descCode: 0x80004005 | 0, luid: [0, 2] }),
  ]);
  const finding = await source.diagnose();
  assert.equal(dxgi.references, 0);
  assert.deepEqual(finding.calls.map(({ name, outcome }) => `${name} ${outcome}`), [
    "CreateDXGIFactory1 S_OK",
    "EnumAdapters1 S_OK",
    "GetDesc1 S_OK",
    "EnumAdapters1 S_OK",
    "GetDesc1 E_FAIL",
    "EnumAdapters1 DXGI_ERROR_NOT_FOUND",
  ]);
  assert.equal(finding.present, true);
  assert.equal(finding.path, "C:\\Windows\\System32\\dxgi.dll");
  assert.equal(finding.failures.length, 1);
  assert.equal(finding.measures.length, 1);

  const heap = new FakeHeap();
  const host = windowsHost(heap, { "dxgi.dll": fakeDxgi(heap, [fakeAdapter()]).functions });
  makeDxgi(host, { ...OPTIONS, debug: true }).read(QUESTION);
  assert.equal(host.debugLines[0], "dxgi CreateDXGIFactory1: S_OK, 0.000 ms");
});

test("the doctor on a machine without it", async () => {
  const finding = await makeDxgi(fakeHost(), OPTIONS).diagnose();
  assert.deepEqual([finding.present, finding.path, finding.measures], [false, null, []]);
  assert.deepEqual(finding.calls.map(({ name }) => name), ["LoadLibrary"]);
});
