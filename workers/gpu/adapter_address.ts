/**
 * What the kernel of Windows knows of a GPU by its LUID: its place on the PCI bus, whether it is one at all, and
 * whether it is a part of the processor (`D3DKMTQueryAdapterInfo` of gdi32.dll; d3dkmthk.h).
 */
import type { Host } from "../host/host.ts";
import { parseLuid } from "./luid.ts";
import { type NativeMemory, openNativeMemory } from "./native_memory.ts";
import { normalPciBusId } from "./pci_bus_id.ts";
import { inSystem32 } from "../host/system32.ts";

/** What is known of a GPU. */
export interface AdapterAddress {
  /**
   * As NVML writes it, `00000000:65:00.0`; `null` where it is on no PCI bus, or could not be read. The domain is 0
   * where Windows tells none.
   */
  readonly pciBusId: string | null;
  /** It is no GPU: it draws in software, or only hands pictures on (an indirect display). `null`: not known. */
  readonly isSoftware: boolean | null;
  /**
   * It is the integrated one of a machine with several kinds of GPUs. `false` does not make it a discrete one: where it
   * is the only GPU, Windows need not say so. `null`: not known.
   */
  readonly isIntegrated: boolean | null;
}

/** Looks GPUs up by their LUID. */
export interface AdapterAddresses {
  /** What is known of one, kept once it is found. Never throws. */
  addressOf(luid: string): AdapterAddress;
}

export const D3DKMT_SIGNATURES = {
  D3DKMTOpenAdapterFromLuid: { args: ["buffer"], returns: "i32" },
  D3DKMTQueryAdapterInfo: { args: ["buffer"], returns: "i32" },
  D3DKMTCloseAdapter: { args: ["buffer"], returns: "i32" },
} as const;

/** `D3DKMT_OPENADAPTERFROMLUID`. */
export const OPEN_BY_LUID = { size: 12, low: 0, high: 4, adapter: 8 } as const;
/** `D3DKMT_QUERYADAPTERINFO`. */
export const QUERY_INFO = { size: 24, adapter: 0, type: 4, data: 8, dataSize: 16 } as const;
/** `KMTQUERYADAPTERINFOTYPE`. */
export const INFO_TYPE = { address: 6, adapterType: 15 } as const;
/** `D3DKMT_ADAPTERADDRESS`. */
export const ADDRESS = { size: 12, bus: 0, device: 4, function: 8 } as const;
/** Bits of `D3DKMT_ADAPTERTYPE`. */
export const TYPE_BITS = {
  softwareDevice: 1 << 2,
  hybridIntegrated: 1 << 5,
  indirectDisplay: 1 << 6,
} as const;

const UNKNOWN: AdapterAddress = { pciBusId: null, isSoftware: null, isIntegrated: null };

/** Makes the look-up. It opens nothing before it is asked. */
export function makeAdapterAddresses(host: Host): AdapterAddresses {
  const known = new Map<string, AdapterAddress>();
  let look: ((luid: string) => AdapterAddress | null) | null = null;
  return {
    addressOf(luid) {
      const kept = known.get(luid);
      if (kept !== undefined) return kept;
      try {
        look ??= openLook(host);
        const found = look(luid);
        if (found === null) return UNKNOWN;
        known.set(luid, found);
        return found;
      } catch {
        return UNKNOWN; // No gdi32, or the runtime does not allow it: the devices then do without.
      }
    },
  };
}

function openLook(host: Host): (luid: string) => AdapterAddress | null {
  const memory = openNativeMemory(host);
  const { functions } = host.openLibrary([inSystem32(host, "gdi32.dll")], D3DKMT_SIGNATURES);
  const open = functions.D3DKMTOpenAdapterFromLuid;
  const query = functions.D3DKMTQueryAdapterInfo;
  const close = functions.D3DKMTCloseAdapter;
  if (open === null || query === null || close === null) return () => null;

  const ask = (adapter: number, type: number, size: number): DataView | null => {
    const data = memory.allocate(size);
    try {
      return queryInfo(query, memory, adapter, type, data, size);
    } finally {
      memory.free(data);
    }
  };
  return (luid) => {
    const adapter = openAdapter(open, luid);
    if (adapter === null) return null;
    try {
      const place = ask(adapter, INFO_TYPE.address, ADDRESS.size);
      const type = ask(adapter, INFO_TYPE.adapterType, 4)?.getUint32(0, true) ?? null;
      const hasType = (bits: number) => type === null ? null : (type & bits) !== 0;
      return {
        pciBusId: place === null ? null : readAddress(place),
        isSoftware: hasType(TYPE_BITS.softwareDevice | TYPE_BITS.indirectDisplay),
        isIntegrated: hasType(TYPE_BITS.hybridIntegrated),
      };
    } finally {
      close(new Uint8Array(new Uint32Array([adapter]).buffer));
    }
  };
}

/** The kernel's handle of a GPU; `null` where it knows none of this LUID. */
function openAdapter(open: (struct: Uint8Array) => number, luid: string): number | null {
  const parts = parseLuid(luid);
  if (parts === null) return null;
  const struct = new Uint8Array(OPEN_BY_LUID.size);
  const view = new DataView(struct.buffer);
  view.setUint32(OPEN_BY_LUID.low, parts.low, true);
  view.setUint32(OPEN_BY_LUID.high, parts.high, true);
  return open(struct) === 0 ? view.getUint32(OPEN_BY_LUID.adapter, true) : null;
}

function queryInfo(
  query: (struct: Uint8Array) => number,
  memory: NativeMemory,
  adapter: number,
  type: number,
  data: bigint,
  size: number,
): DataView | null {
  const struct = new Uint8Array(QUERY_INFO.size);
  const view = new DataView(struct.buffer);
  view.setUint32(QUERY_INFO.adapter, adapter, true);
  view.setUint32(QUERY_INFO.type, type, true);
  view.setBigUint64(QUERY_INFO.data, data, true);
  view.setUint32(QUERY_INFO.dataSize, size, true);
  if (query(struct) !== 0) return null;
  return new DataView(memory.read(data, size).buffer);
}

/**
 * A place on the PCI bus; what can't be one (0xffffffff: no PCI device) is `null`. On machines with several PCI
 * segments the segment stands above the eight bits of the bus. Pure.
 */
export function readAddress(place: DataView): string | null {
  const bus = place.getUint32(ADDRESS.bus, true);
  const device = place.getUint32(ADDRESS.device, true);
  const part = place.getUint32(ADDRESS.function, true);
  const domain = bus >>> 8;
  if (domain > 0xffff || device > 0x1f || part > 7) return null;
  const hex = (number: number) => number.toString(16).padStart(2, "0");
  return normalPciBusId(`${hex(domain)}:${hex(bus & 0xff)}:${hex(device)}.${part}`);
}
