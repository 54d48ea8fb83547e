/**
 * The part of gdi32.dll that knows GPUs by their LUID, in memory. Offsets stand here as numbers, after d3dkmthk.h, and
 * are not taken from the code under test.
 */
import { bytesOf, type FakeHeap, get32, get64, put32 } from "./fake_windows.ts";

/** A GPU as the kernel knows it. */
export interface FakeKernelAdapter {
  /** High half, low half. */
  luid: readonly [number, number];
  /** Bus, device, function; a status where it is not told. */
  pci: readonly [number, number, number] | number;
  /** Bits of `D3DKMT_ADAPTERTYPE`; -1: not told. */
  type: number;
}

/** The library. */
export interface FakeD3dkmt {
  readonly functions: Record<string, (...args: never[]) => number>;
  readonly adapters: FakeKernelAdapter[];
  /** Handles that are open. */
  readonly open: Set<number>;
  /** How often a GPU was opened. */
  opened: number;
}

const STATUS_INVALID_PARAMETER = 0xc000_000d | 0;

/** Makes it. */
export function fakeD3dkmt(heap: FakeHeap, adapters: FakeKernelAdapter[]): FakeD3dkmt {
  const fake: FakeD3dkmt = { functions: {}, adapters, open: new Set(), opened: 0 };
  fake.functions["D3DKMTOpenAdapterFromLuid"] = (struct: Uint8Array) => {
    if (struct.length !== 12) throw new Error(`A struct of ${struct.length} bytes`);
    const low = get32(struct, 0);
    const high = get32(struct, 4);
    const index = adapters.findIndex(({ luid }) => luid[0] >>> 0 === high && luid[1] === low);
    if (index < 0) return STATUS_INVALID_PARAMETER;
    const handle = 0x4000_0000 + index * 0x40;
    fake.opened++;
    fake.open.add(handle);
    put32(struct, 8, handle);
    return 0;
  };
  fake.functions["D3DKMTQueryAdapterInfo"] = (struct: Uint8Array) => {
    if (struct.length !== 24) throw new Error(`A struct of ${struct.length} bytes`);
    const handle = get32(struct, 0);
    if (!fake.open.has(handle)) return STATUS_INVALID_PARAMETER;
    const { pci, type } = adapters[(handle - 0x4000_0000) / 0x40]!;
    const size = get32(struct, 16);
    const data = heap.at(get64(struct, 8), size);
    switch (get32(struct, 4)) {
      case 6:
        if (size !== 12) return STATUS_INVALID_PARAMETER;
        if (typeof pci === "number") return pci | 0;
        pci.forEach((number, i) => put32(data, i * 4, number));
        return 0;
      case 15:
        if (size !== 4 || type === -1) return STATUS_INVALID_PARAMETER;
        put32(data, 0, type);
        return 0;
      default:
        return STATUS_INVALID_PARAMETER;
    }
  };
  fake.functions["D3DKMTCloseAdapter"] = (struct: Uint8Array) => {
    const handle = get32(bytesOf(struct), 0);
    return fake.open.delete(handle) ? 0 : STATUS_INVALID_PARAMETER;
  };
  return fake;
}
