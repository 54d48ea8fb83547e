/** The source `dxgi_self` on fake machines: what the calling process uses of each GPU. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeOwnVideoMemory } from "../workers/gpu/dxgi/own.ts";
import { fakeD3dkmt } from "./support/fake_d3dkmt.ts";
import { type FakeAdapter, fakeAdapter, fakeDxgi } from "./support/fake_dxgi.ts";
import { fakeHost } from "./support/fake_host.ts";
import { FakeHeap, windowsHost } from "./support/fake_windows.ts";

const GIB = 2 ** 30;

function machine(adapters: FakeAdapter[]) {
  const heap = new FakeHeap();
  const dxgi = fakeDxgi(heap, adapters);
  const gdi32 = fakeD3dkmt(heap, []);
  const host = windowsHost(heap, { "dxgi.dll": dxgi.functions, "gdi32.dll": gdi32.functions });
  return { dxgi, source: makeOwnVideoMemory(host) };
}

test("usage, budget and reservation of both parts of each card", () => {
  const { source, dxgi } = machine([
    fakeAdapter(),
    fakeAdapter({ flags: 2, luid: [0, 2] }),
    fakeAdapter({ luid: [-1, 3], local: [1n, 2n, 3n, 4n], nonLocal: [0n, 0n, 0n, 0n] }),
  ]);
  assert.deepEqual(source.read(), {
    kind: "video_memory",
    devices: [{
      luid: "0x00000000_0x0000d3f1",
      local: {
        usageBytes: 3 * GIB,
        budgetBytes: 22 * GIB,
        reservedBytes: 0,
        reservableBytes: 11 * GIB,
      },
      nonLocal: {
        usageBytes: GIB / 4,
        budgetBytes: 15 * GIB,
        reservedBytes: 44,
        reservableBytes: 7 * GIB,
      },
      readIn: "calling_process",
    }, {
      luid: "0xffffffff_0x00000003",
      local: { usageBytes: 1, budgetBytes: 2, reservedBytes: 3, reservableBytes: 4 },
      nonLocal: { usageBytes: 0, budgetBytes: 0, reservedBytes: 0, reservableBytes: 0 },
      readIn: "calling_process",
    }],
    failures: [],
  });
  assert.equal(dxgi.references, 1, "the list alone is kept");
});

test("a card that can't tell costs itself alone, and everything is given back", () => {
  const { source, dxgi } = machine([
    fakeAdapter({ luid: [0, 1], adapter3Code: 0x80004002 | 0 }),
    fakeAdapter({ luid: [0, 2], local: 0x887a0005 | 0 }),
    fakeAdapter({ luid: [0, 3], local: 0x887a0005 | 0, nonLocal: 0x887a0007 | 0 }),
    fakeAdapter({ luid: [0, 4], local: [1n << 60n, 2n, 3n, 4n] }),
  ]);
  const { devices, failures } = source.read();
  assert.deepEqual(
    devices.map(({ luid, local }) => [luid, local?.usageBytes, local?.budgetBytes]),
    [
      ["0x00000000_0x00000002", undefined, undefined],
      ["0x00000000_0x00000004", null, 2],
    ],
  );
  assert.deepEqual(failures.map(({ code, message }) => `${code}: ${message}`), [
    "not_supported: Cannot read this process's use of adapter 0: QueryInterface(IDXGIAdapter3) " +
    "answered E_NOINTERFACE",
    "driver_failed: Cannot read this process's use of adapter 1: QueryVideoMemoryInfo answered " +
    "DXGI_ERROR_DEVICE_REMOVED",
    "driver_failed: Cannot read this process's use of adapter 2: QueryVideoMemoryInfo answered " +
    "DXGI_ERROR_DEVICE_REMOVED",
    "driver_failed: Cannot read this process's use of adapter 2: QueryVideoMemoryInfo answered " +
    "DXGI_ERROR_DEVICE_RESET",
  ]);
  assert.equal(dxgi.references, 1);
});

test("no dxgi.dll, no GPU", () => {
  assert.deepEqual(
    makeOwnVideoMemory(fakeHost()).read().failures.map(({ code, source }) => [code, source]),
    [["absent", "dxgi_self"]],
  );
  const { source, dxgi } = machine([]);
  assert.deepEqual(source.read(), { kind: "video_memory", devices: [], failures: [] });
  dxgi.isCurrent = false;
  dxgi.createCode = 0x887a0004 | 0;
  assert.deepEqual(source.read().failures.map(({ code }) => code), ["absent"]);
});

test("the doctor tells each call, and what it measures", () => {
  const { source, dxgi } = machine([fakeAdapter()]);
  const finding = source.diagnose();
  assert.deepEqual(finding.calls.map(({ name, outcome }) => `${name} ${outcome}`), [
    "CreateDXGIFactory1 S_OK",
    "EnumAdapters1 S_OK",
    "GetDesc1 S_OK",
    "QueryInterface S_OK",
    "QueryVideoMemoryInfo S_OK",
    "QueryVideoMemoryInfo S_OK",
    "EnumAdapters1 DXGI_ERROR_NOT_FOUND",
  ]);
  assert.deepEqual(
    [finding.source, finding.present, finding.failures, finding.measures.length],
    ["dxgi_self", true, [], 1],
  );
  assert.equal(dxgi.references, 0);
});
