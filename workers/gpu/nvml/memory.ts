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
  /** The driver gave a figure above the total or above 2^53-1, which is `null` here. */
  readonly isGarbled: boolean;
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
      const totalBytes = readBytes(v2View, MEMORY_V2.total);
      return believable({
        code,
        totalBytes,
        freeBytes: readPart(v2View, MEMORY_V2.free, totalBytes),
        usedBytes: readPart(v2View, MEMORY_V2.used, totalBytes),
        reservedBytes: readPart(v2View, MEMORY_V2.reserved, totalBytes),
        usedIncludesReserved: false,
      });
    }
    if (!NOT_IN_THIS_VERSION.has(code)) return unknown(code);
  }
  const older = functions.nvmlDeviceGetMemoryInfo;
  const code = older === null ? FUNCTION_NOT_FOUND : older(handle, v1);
  if (code !== SUCCESS) return unknown(code);
  const totalBytes = readBytes(v1View, MEMORY_V1.total);
  return believable({
    code,
    totalBytes,
    freeBytes: readPart(v1View, MEMORY_V1.free, totalBytes),
    usedBytes: readPart(v1View, MEMORY_V1.used, totalBytes),
    reservedBytes: null,
    usedIncludesReserved: true,
  });
}

/** A part of the whole; `null` where it is more than the whole. */
function readPart(view: DataView, at: number, totalBytes: Bytes): Bytes {
  const part = readBytes(view, at);
  return part === null || (totalBytes !== null && part > totalBytes) ? null : part;
}

/** Marks a reading in which the driver gave a figure that can't be true. */
function believable(reading: Omit<MemoryReading, "isGarbled">): MemoryReading {
  const { totalBytes, freeBytes, usedBytes, reservedBytes, usedIncludesReserved } = reading;
  return {
    ...reading,
    usedIncludesReserved: usedBytes === null ? null : usedIncludesReserved,
    isGarbled: totalBytes === null || freeBytes === null || usedBytes === null ||
      (reservedBytes === null && usedIncludesReserved === false),
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
    isGarbled: false,
  };
}
