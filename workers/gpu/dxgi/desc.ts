/** What an adapter tells of itself (`DXGI_ADAPTER_DESC1`). Pure. */
import type { Bytes } from "../../../lib/records.ts";
import { formatLuid } from "../luid.ts";
import { formatPciId } from "../pci_bus_id.ts";
import { BASIC_RENDER, DESC1, FLAG } from "./abi.ts";

/** An adapter, read. */
export interface AdapterDesc {
  /** `null`: it has none. Untrusted text. */
  readonly name: string | null;
  /** `VVVV:DDDD`; `null` where Windows has the ids from no PCI device. */
  readonly pciId: string | null;
  readonly dedicatedBytes: Bytes;
  readonly sharedBytes: Bytes;
  /** `null`: 0, which Windows gives to no adapter. */
  readonly luid: string | null;
  /** It draws with the processor, or on another machine's GPU. */
  readonly isSoftware: boolean;
}

// A lone half of a pair becomes U+FFFD.
const decoder = new TextDecoder("utf-16le");

/** Reads it. `bytes` is at least as long as the struct. */
export function parseDesc(bytes: Uint8Array): AdapterDesc {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const vendorId = view.getUint32(DESC1.vendorId, true);
  const deviceId = view.getUint32(DESC1.deviceId, true);
  const high = view.getUint32(DESC1.luidHigh, true);
  const low = view.getUint32(DESC1.luidLow, true);
  const flags = view.getUint32(DESC1.flags, true);
  return {
    name: readName(bytes),
    pciId: isPciIds(vendorId, deviceId) ? formatPciId(vendorId, deviceId) : null,
    dedicatedBytes: readBytes(view, DESC1.dedicatedVideoMemory),
    sharedBytes: readBytes(view, DESC1.sharedSystemMemory),
    luid: high === 0 && low === 0 ? null : formatLuid({ high, low }),
    isSoftware: (flags & (FLAG.software | FLAG.remote)) !== 0 ||
      (vendorId === BASIC_RENDER.vendorId && deviceId === BASIC_RENDER.deviceId),
  };
}

/** A u64 as bytes: `null` above 2^53-1, which no memory has. */
export function readBytes(view: DataView, at: number): Bytes {
  const value = view.getBigUint64(at, true);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value);
}

/** The text up to the first NUL; `null` where it is empty. */
function readName(bytes: Uint8Array): string | null {
  const field = decoder.decode(
    bytes.subarray(DESC1.description, DESC1.description + DESC1.descriptionBytes),
  );
  const end = field.indexOf("\0");
  return (end < 0 ? field : field.slice(0, end)) || null;
}

/** PCI numbers makers and models in 16 bits; on ARM, Windows gives other numbers, such as `QCOM` in letters. */
function isPciIds(vendorId: number, deviceId: number): boolean {
  return vendorId > 0 && vendorId <= 0xffff && deviceId <= 0xffff;
}
