/** The FFI of this runtime. */
import { functionAtInBun, openWithBun } from "./bun.ts";
import { functionAtInDeno, openWithDeno } from "./deno.ts";
import type { FunctionAt, Library, Signatures } from "./library.ts";

/** See {@linkcode Host.openLibrary}. */
export type OpenLibrary = <S extends Signatures>(
  paths: readonly string[],
  signatures: S,
) => Library<S>;

/** Both ways to native code. */
export interface Ffi {
  readonly openLibrary: OpenLibrary;
  readonly functionAt: FunctionAt;
}

/**
 * Loads it. A function and not a top-level `await`: a thread must listen for messages before anything in it
 * waits, or Bun drops the first ones.
 */
export async function loadFfi(): Promise<Ffi> {
  if (!("Bun" in globalThis)) {
    return { openLibrary: openWithDeno, functionAt: functionAtInDeno };
  }
  const { dlopen, CFunction } = await import("bun:ffi");
  return {
    openLibrary: (paths, signatures) => openWithBun(dlopen, paths, signatures),
    functionAt: (address, signature) => functionAtInBun(CFunction, address, signature),
  };
}
