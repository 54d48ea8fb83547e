/** The FFI of this runtime. */
import { openWithBun } from "./bun.ts";
import { openWithDeno } from "./deno.ts";
import type { Library, Signatures } from "./library.ts";

/** See {@linkcode Host.openLibrary}. */
export type OpenLibrary = <S extends Signatures>(
  paths: readonly string[],
  signatures: S,
) => Library<S>;

/**
 * Loads it. A function and not a top-level `await`: a thread must listen for messages before anything in it
 * waits, or Bun drops the first ones.
 */
export async function loadFfi(): Promise<OpenLibrary> {
  if (!("Bun" in globalThis)) return openWithDeno;
  const { dlopen } = await import("bun:ffi");
  return (paths, signatures) => openWithBun(dlopen, paths, signatures);
}
