/** Layouts of NVML's structs on 64-bit systems (nvml.h), and how to read them. */
import type { Bytes } from "../../../lib/records.ts";
import { formatPciId } from "../pci_bus_id.ts";

/** `NVML_VALUE_NOT_AVAILABLE` as a u64. */
export const NOT_AVAILABLE = 0xffff_ffff_ffff_ffffn;
/** What a GPU or compute instance id is outside MIG. */
const NO_INSTANCE = 0xffff_ffff;

/** `nvmlMemory_t`: total, free, used. `used` contains the reserve. */
export const MEMORY_V1 = { size: 24, total: 0, free: 8, used: 16 } as const;
/** `nvmlMemory_v2_t`. */
export const MEMORY_V2 = {
  size: 40,
  version: 0,
  total: 8,
  reserved: 16,
  free: 24,
  used: 32,
  /** `NVML_STRUCT_VERSION(Memory, 2)`: the size, and the version from bit 24. */
  versionWord: 40 | (2 << 24),
} as const;
/** `nvmlProcessInfo_v1_t` (16 bytes), `_v2_t` (24), and R535's own (32), which share their beginning. */
export const PROCESS_INFO = {
  pid: 0,
  usedGpuMemory: 8,
  gpuInstanceId: 16,
  computeInstanceId: 20,
} as const;
/** Sizes of a row of a process list. */
export type RowSize = 16 | 24 | 32;
/** `nvmlUtilization_t`: percent. */
export const UTILIZATION = { size: 8, gpu: 0, memory: 4 } as const;
/** `nvmlPciInfo_t`. */
export const PCI_INFO = { size: 68, pciDeviceId: 28, busId: 36, busIdLength: 32 } as const;
/** Lengths of the text buffers, from nvml.h. */
export const TEXT = { name: 96, uuid: 96, version: 80 } as const;

/** A u64 as bytes: `null` above 2^53-1, which no memory has. */
export function readBytes(view: DataView, at: number): Bytes {
  const value = view.getBigUint64(at, true);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value);
}

/** Maker and model, the model above the maker; `null` where the driver left it out. */
export function readPciId(pci: Uint8Array): string | null {
  const view = new DataView(pci.buffer, pci.byteOffset, pci.byteLength);
  const id = view.getUint32(PCI_INFO.pciDeviceId, true);
  return id === 0 ? null : formatPciId(id & 0xffff, id >>> 16);
}

/** An instance id: `null` outside MIG. */
export function readInstanceId(view: DataView, at: number): number | null {
  const id = view.getUint32(at, true);
  return id === NO_INSTANCE ? null : id;
}

const decoder = new TextDecoder();

/** A C string in a buffer; `null` where it is empty. */
export function readCString(
  bytes: Uint8Array,
  from = 0,
  length = bytes.length - from,
): string | null {
  const field = bytes.subarray(from, from + length);
  const end = field.indexOf(0);
  const text = decoder.decode(end < 0 ? field : field.subarray(0, end));
  return text === "" ? null : text;
}
