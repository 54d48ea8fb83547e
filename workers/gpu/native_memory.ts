/** Memory outside the runtime, for structs that hold pointers (Windows: `LocalAlloc`, `LocalFree`, `RtlMoveMemory`). */
import { type Host, HostError } from "../host/host.ts";
import { inSystem32 } from "../host/system32.ts";

export const MEMORY_SIGNATURES = {
  LocalAlloc: { args: ["u32", "u64"], returns: "u64" },
  LocalFree: { args: ["u64"], returns: "u64" },
  RtlMoveMemory: { args: ["buffer", "u64", "u64"], returns: "void" },
} as const;

/** `LMEM_ZEROINIT`: memory that stays where it is, all zero. */
export const LMEM_ZEROINIT = 0x40;

/** Memory by its address. A wrong address ends the process. */
export interface NativeMemory {
  /** Gets `size` bytes, all zero. Throws {@linkcode HostError} where there are none left. */
  allocate(size: number): bigint;
  free(address: bigint): void;
  /** Copies what is at an address. */
  read(address: bigint, size: number): Uint8Array;
  /** The pointer or handle at an address. */
  readAddress(address: bigint): bigint;
}

/** Opens it. Throws {@linkcode HostError}. */
export function openNativeMemory(host: Host): NativeMemory {
  const { path, functions } = host.openLibrary(
    [inSystem32(host, "kernel32.dll")],
    MEMORY_SIGNATURES,
  );
  const { LocalAlloc, LocalFree, RtlMoveMemory } = functions;
  if (LocalAlloc === null || LocalFree === null || RtlMoveMemory === null) {
    throw new HostError("ENOENT", path, `${path} lacks a function for reading memory`);
  }
  const word = new BigUint64Array(1);
  return {
    allocate(size) {
      const address = LocalAlloc(LMEM_ZEROINIT, BigInt(size));
      if (address === 0n) throw new HostError("EIO", path, `LocalAlloc got no ${size} bytes`);
      return address;
    },
    free: (address) => void LocalFree(address),
    read(address, size) {
      const bytes = new Uint8Array(size);
      RtlMoveMemory(bytes, address, BigInt(size));
      return bytes;
    },
    readAddress(address) {
      RtlMoveMemory(word, address, 8n);
      return word[0]!;
    },
  };
}
