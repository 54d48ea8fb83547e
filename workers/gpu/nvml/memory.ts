/** Memory of a device or of a MIG slice: version 2 of the call, and version 1 where that is not there. */
import type { Bytes } from "../../../lib/records.ts";
import {
  ARGUMENT_VERSION_MISMATCH,
  FUNCTION_NOT_FOUND,
  NOT_SUPPORTED,
  SUCCESS,
} from "./return_codes.ts";
import type { Session } from "./session.ts";
import { MEMORY_V1, MEMORY_V2, readBytes } from "./structs.ts";

/** The four figures; all `null` where the code is not success. */
export interface MemoryReading {
  /** What the driver answered. */
  readonly code: number;
  readonly totalBytes: Bytes;
  readonly freeBytes: Bytes;
  readonly usedBytes: Bytes;
  readonly reservedBytes: Bytes;
  /** Version 1 counts the reserve as used. */
  readonly usedIncludesReserved: boolean | null;
}

const v1 = new Uint8Array(MEMORY_V1.size);
const v1View = new DataView(v1.buffer);
const v2 = new Uint8Array(MEMORY_V2.size);
const v2View = new DataView(v2.buffer);

/** Codes of version 2 after which version 1 may still answer. */
const NOT_IN_THIS_VERSION = new Set([
  FUNCTION_NOT_FOUND,
  ARGUMENT_VERSION_MISMATCH,
  NOT_SUPPORTED,
]);

/** Reads it. */
export function readMemory({ functions }: Session, handle: bigint): MemoryReading {
  const call = functions.nvmlDeviceGetMemoryInfo_v2;
  if (call !== null) {
    v2View.setUint32(MEMORY_V2.version, MEMORY_V2.versionWord, true);
    const code = call(handle, v2);
    if (code === SUCCESS) {
      return {
        code,
        totalBytes: readBytes(v2View, MEMORY_V2.total),
        freeBytes: readBytes(v2View, MEMORY_V2.free),
        usedBytes: readBytes(v2View, MEMORY_V2.used),
        reservedBytes: readBytes(v2View, MEMORY_V2.reserved),
        usedIncludesReserved: false,
      };
    }
    if (!NOT_IN_THIS_VERSION.has(code)) return unknown(code);
  }
  const older = functions.nvmlDeviceGetMemoryInfo;
  const code = older === null ? FUNCTION_NOT_FOUND : older(handle, v1);
  if (code !== SUCCESS) return unknown(code);
  return {
    code,
    totalBytes: readBytes(v1View, MEMORY_V1.total),
    freeBytes: readBytes(v1View, MEMORY_V1.free),
    usedBytes: readBytes(v1View, MEMORY_V1.used),
    reservedBytes: null,
    usedIncludesReserved: true,
  };
}

function unknown(code: number): MemoryReading {
  return {
    code,
    totalBytes: null,
    freeBytes: null,
    usedBytes: null,
    reservedBytes: null,
    usedIncludesReserved: null,
  };
}
