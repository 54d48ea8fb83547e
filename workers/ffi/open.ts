/** The FFI of this runtime. */
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
  const { openLibrary } = "Bun" in globalThis
    ? await import("./bun.ts")
    : await import("./deno.ts");
  return openLibrary;
}
