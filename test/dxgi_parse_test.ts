/** LUIDs, descriptions and memory infos of adapters: reading them, whatever stands in them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readAddress } from "../workers/gpu/adapter_address.ts";
import { DESC1, MEMORY_INFO } from "../workers/gpu/dxgi/abi.ts";
import { parseDesc } from "../workers/gpu/dxgi/desc.ts";
import { hresultFailure, hresultName, succeeded } from "../workers/gpu/dxgi/hresult.ts";
import { parseSegment } from "../workers/gpu/dxgi/own.ts";
import { formatLuid, parseLuid } from "../workers/gpu/luid.ts";
import { put32, put64, utf16 } from "./support/fake_windows.ts";

test("a LUID is written as the counters write it, its signed half by its bits", () => {
  assert.equal(formatLuid({ high: 0, low: 0xd3f1 }), "0x00000000_0x0000d3f1");
  assert.equal(formatLuid({ high: -2, low: 0xffff_ffff }), "0xfffffffe_0xffffffff");
  assert.deepEqual(parseLuid("0xFFFFFFFE_0xFFFFFFFF"), { high: 0xffff_fffe, low: 0xffff_ffff });
  assert.deepEqual(parseLuid("0x0_0xd3f1"), { high: 0, low: 0xd3f1 });
  for (const text of ["", "0x_0x1", "0x123456789_0x1", "0x1-0x1", " 0x1_0x1", "0x1_0x1\n"]) {
    assert.equal(parseLuid(text), null, text);
  }
});

function desc(fill: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(312);
  bytes.set(utf16("A card"));
  put32(bytes, 256, 0x10de);
  put32(bytes, 260, 0x2684);
  put64(bytes, 272, 1n << 34n);
  put64(bytes, 288, 1n << 33n);
  put32(bytes, 296, 0xd3f1);
  fill(bytes);
  return bytes;
}

test("a description is read whole", () => {
  assert.deepEqual(parseDesc(desc(() => {})), {
    name: "A card",
    pciId: "10de:2684",
    dedicatedBytes: 2 ** 34,
    sharedBytes: 2 ** 33,
    luid: "0x00000000_0x0000d3f1",
    isSoftware: false,
  });
});

test("names: full to the last unit, not ASCII, empty, half of a pair", () => {
  const name = (text: string) =>
    parseDesc(desc((bytes) => {
      bytes.fill(0, 0, 256);
      bytes.set(utf16(text).subarray(0, 256));
    })).name;
  assert.equal(name("x".repeat(200)), "x".repeat(128));
  assert.equal(name("é 显卡 \u{1f5a5}"), "é 显卡 \u{1f5a5}");
  assert.equal(name(""), null);
  assert.equal(name("a\ud800b"), "a\ufffdb");
  assert.equal(name("a\0b"), "a");
});

test("what is no number of bytes, no PCI id and no LUID is not known", () => {
  const odd = parseDesc(desc((bytes) => {
    put32(bytes, 256, 0x4d4f4351);
    put64(bytes, 272, -1n);
    put64(bytes, 288, 1n << 53n);
    put32(bytes, 296, 0);
  }));
  assert.equal(odd.pciId, null);
  assert.equal(odd.dedicatedBytes, null);
  assert.equal(odd.sharedBytes, null);
  assert.equal(odd.luid, null);
  assert.equal(parseDesc(desc((bytes) => put32(bytes, 256, 0))).pciId, null);
});

test("software: by the flag, as a remote one, and Microsoft Basic Render Driver", () => {
  const isSoftware = (vendor: number, device: number, flags: number) =>
    parseDesc(desc((bytes) => {
      put32(bytes, 256, vendor);
      put32(bytes, 260, device);
      put32(bytes, 304, flags);
    })).isSoftware;
  assert.equal(isSoftware(0x10de, 1, 2), true);
  assert.equal(isSoftware(0x10de, 1, 1), true);
  assert.equal(isSoftware(0x10de, 1, 4), false);
  assert.equal(isSoftware(0x1414, 0x8c, 0), true);
  assert.equal(isSoftware(0x1414, 0x8d, 0), false);
});

test("a place on the PCI bus; what can't be one is null", () => {
  const place = (...numbers: number[]) =>
    readAddress(new DataView(Uint32Array.from(numbers).buffer));
  assert.equal(place(0x65, 0, 0), "00000000:65:00.0");
  assert.equal(place(255, 31, 7), "00000000:FF:1F.7");
  assert.equal(place(0xffff_ffff, 0xffff_ffff, 0xffff_ffff), null);
  assert.equal(place(0x165, 0, 0), "00000001:65:00.0", "the segment stands above the bus");
  assert.equal(place(0xffff_fe, 2, 1), "0000FFFF:FE:02.1");
  assert.equal(place(0x0100_0000, 0, 0), null);
  assert.equal(place(0xffff_ffff, 0, 0), null);
  assert.equal(place(0, 32, 0), null);
  assert.equal(place(0, 0, 8), null);
});

test("a memory info is read by its fields", () => {
  const bytes = new Uint8Array(MEMORY_INFO.size);
  [4n, 3n, 2n, 1n << 60n].forEach((value, i) => put64(bytes, i * 8, value));
  assert.deepEqual(parseSegment(bytes), {
    budgetBytes: 4,
    usageBytes: 3,
    reservableBytes: 2,
    reservedBytes: null,
  });
});

test("codes have their names, and the sign bit is that of failure", () => {
  assert.equal(hresultName(0x887a0005), "DXGI_ERROR_DEVICE_REMOVED");
  assert.equal(hresultName(0x8badf00d), "HRESULT 0x8badf00d");
  assert.equal(succeeded(1), true);
  assert.equal(succeeded(0x80000000), false);
  assert.deepEqual(hresultFailure("dxgi", 0x80070005, "read adapter 1", "GetDesc1"), {
    code: "permission_denied",
    source: "dxgi",
    message: "Cannot read adapter 1: GetDesc1 answered E_ACCESSDENIED",
    driverCode: "E_ACCESSDENIED",
  });
});

test("any bytes are a description or not, and never throw", () => {
  let seed = 42;
  const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 16 & 0xff;
  for (let round = 0; round < 3000; round++) {
    const read = parseDesc(Uint8Array.from({ length: DESC1.size }, random));
    assert.ok(read.name === null || (read.name.length <= 128 && !read.name.includes("\0")));
    for (const bytes of [read.dedicatedBytes, read.sharedBytes]) {
      assert.ok(bytes === null || (Number.isSafeInteger(bytes) && bytes >= 0));
    }
    assert.match(read.luid ?? "0x00000000_0x00000000", /^0x[0-9a-f]{8}_0x[0-9a-f]{8}$/);
    assert.match(read.pciId ?? "0000:0000", /^[0-9a-f]{4}:[0-9a-f]{4}$/);
  }
});
