/**
 * Dxgi.dll in memory, with its objects and their tables of methods. Only the used methods are there, each at the place
 * that dxgi1_4.h gives it; slots and offsets stand here as numbers and are not taken from the code under test.
 */
import { bytesOf, type FakeHeap, put32, put64, utf16 } from "./fake_windows.ts";

/** Usage, budget, reservation and what may be reserved, or the HRESULT that is answered instead. */
export type FakeSegment = readonly [bigint, bigint, bigint, bigint] | number;

/** An adapter; a test changes it as it likes. */
export interface FakeAdapter {
  /** At most 128 UTF-16 units; longer ones are cut, without a NUL. */
  name: string;
  vendorId: number;
  deviceId: number;
  dedicated: bigint;
  shared: bigint;
  /** High half, low half. */
  luid: readonly [number, number];
  flags: number;
  local: FakeSegment;
  nonLocal: FakeSegment;
  /** What `EnumAdapters1` answers instead, or `"null"`: success and no adapter. */
  enumCode: number | "null";
  descCode: number;
  /** What `QueryInterface(IDXGIAdapter3)` answers. */
  adapter3Code: number;
}

/** The library, and its switches. */
export interface FakeDxgi {
  readonly functions: Record<string, (...args: never[]) => number>;
  readonly adapters: FakeAdapter[];
  /** Names of the calls so far. */
  readonly calls: string[];
  /** References that are not given back. */
  references: number;
  /** What `CreateDXGIFactory1` answers. */
  createCode: number;
  isCurrent: boolean;
  /** The list never ends. */
  endless: boolean;
}

const FACTORY1 = "78ae0a776ff2ba4da829253c83d1b387";
const ADAPTER3 = "a467596492131043a7988053ce3e93fd";
const NOT_FOUND = 0x887a0002 | 0;
const GIB = 2n ** 30n;

/** A healthy card. */
export function fakeAdapter(more: Partial<FakeAdapter> = {}): FakeAdapter {
  return {
    name: "NVIDIA GeForce RTX 4090",
    vendorId: 0x10de,
    deviceId: 0x2684,
    dedicated: 24n * GIB,
    shared: 16n * GIB,
    luid: [0, 0xd3f1],
    flags: 0,
    local: [3n * GIB, 22n * GIB, 0n, 11n * GIB],
    nonLocal: [GIB / 4n, 15n * GIB, 44n, 7n * GIB],
    enumCode: 0,
    descCode: 0,
    adapter3Code: 0,
    ...more,
  };
}

/** Makes the library. */
export function fakeDxgi(heap: FakeHeap, adapters: FakeAdapter[]): FakeDxgi {
  const fake: FakeDxgi = {
    functions: {},
    adapters,
    calls: [],
    references: 0,
    createCode: 0,
    isCurrent: true,
    endless: false,
  };
  /** Objects by their address, with what they are about. */
  const objects = new Map<bigint, { adapter: FakeAdapter | null; is3: boolean; count: number }>();
  const hand = (out: BigUint64Array, object: bigint) => {
    objects.get(object)!.count++;
    fake.references++;
    put64(out, 0, object);
    return 0;
  };
  const self = (object: bigint) => {
    const found = objects.get(object);
    if (found === undefined || found.count <= 0) throw new Error("Called a released object");
    return found;
  };
  const method = (name: string, types: string, call: (...args: never[]) => number) =>
    heap.place(types, (...args) => {
      self(args[0] as unknown as bigint);
      fake.calls.push(name);
      return call(...args);
    });

  const release = heap.place("u64:u32", (object: bigint) => {
    fake.references--;
    return --self(object).count;
  });
  const queryInterface = method(
    "QueryInterface",
    "u64,buffer,buffer:i32",
    (object: bigint, iid: Uint8Array, out: BigUint64Array) => {
      const { adapter } = self(object);
      if (hex(iid) !== ADAPTER3 || adapter === null) return 0x80004002 | 0;
      return adapter.adapter3Code === 0 ? hand(out, objectOf(adapter, true)) : adapter.adapter3Code;
    },
  );
  const getDesc1 = method("GetDesc1", "u64,buffer:i32", (object: bigint, out: Uint8Array) => {
    const adapter = self(object).adapter!;
    if (adapter.descCode !== 0) return adapter.descCode;
    if (out.length !== 312) throw new Error(`A struct of ${out.length} bytes`);
    out.set(utf16(adapter.name).subarray(0, 256));
    put32(out, 256, adapter.vendorId);
    put32(out, 260, adapter.deviceId);
    put32(out, 264, 0x11223344);
    put32(out, 268, 161);
    put64(out, 272, adapter.dedicated);
    put64(out, 280, 99n);
    put64(out, 288, adapter.shared);
    put32(out, 296, adapter.luid[1]);
    put32(out, 300, adapter.luid[0]);
    put32(out, 304, adapter.flags);
    return 0;
  });
  const queryMemory = method(
    "QueryVideoMemoryInfo",
    "u64,u32,u32,buffer:i32",
    (object: bigint, node: number, group: number, out: Uint8Array) => {
      const { adapter, is3 } = self(object);
      if (!is3 || node !== 0 || out.length !== 32) throw new Error("Not as it is called");
      const segment = [adapter!.local, adapter!.nonLocal][group]!;
      if (typeof segment === "number") return segment;
      const [usage, budget, reserved, reservable] = segment;
      [budget, usage, reservable, reserved].forEach((value, i) => put64(out, i * 8, value));
      return 0;
    },
  );
  const enumAdapters1 = method(
    "EnumAdapters1",
    "u64,u32,buffer:i32",
    (_object: bigint, index: number, out: BigUint64Array) => {
      const adapter = adapters[fake.endless ? index % adapters.length : index];
      if (adapter === undefined) return NOT_FOUND;
      if (adapter.enumCode === "null") return 0;
      return adapter.enumCode === 0 ? hand(out, objectOf(adapter, false)) : adapter.enumCode;
    },
  );
  const isCurrent = method("IsCurrent", "u64:i32", () => fake.isCurrent ? 1 : 0);

  const made = new Map<FakeAdapter, { plain: bigint; three: bigint }>();
  function objectOf(adapter: FakeAdapter, is3: boolean): bigint {
    let both = made.get(adapter);
    if (both === undefined) {
      const table = { 0: queryInterface, 2: release, 10: getDesc1 };
      both = { plain: heap.object(table), three: heap.object({ ...table, 14: queryMemory }) };
      made.set(adapter, both);
      objects.set(both.plain, { adapter, is3: false, count: 0 });
      objects.set(both.three, { adapter, is3: true, count: 0 });
    }
    return is3 ? both.three : both.plain;
  }

  fake.functions["CreateDXGIFactory1"] = (iid: Uint8Array, out: BigUint64Array) => {
    fake.calls.push("CreateDXGIFactory1");
    if (hex(iid) !== FACTORY1) return 0x80004002 | 0;
    if (fake.createCode !== 0) return fake.createCode;
    const factory = heap.object({
      0: queryInterface,
      2: release,
      12: enumAdapters1,
      13: isCurrent,
    });
    objects.set(factory, { adapter: null, is3: false, count: 0 });
    return hand(out, factory);
  };
  return fake;
}

function hex(bytes: ArrayBufferView): string {
  return Array.from(bytesOf(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
