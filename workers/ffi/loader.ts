/**
 * Loads a library as the system does.
 *
 * Bun's own `dlopen` looks for a name the system does not know in the working directory, where anybody
 * may have put a library of that name. So the system's loader is asked first.
 */

/** `RTLD_LAZY` of dlfcn.h. */
const RTLD_LAZY = 1;

/** The C library, or where the loader's functions were before glibc 2.34. */
const LOADERS = ["libc.so.6", "libdl.so.2"];

const TABLE = {
  dlopen: { args: ["ptr", "i32"], returns: "u64" },
  dlclose: { args: ["u64"], returns: "i32" },
  dlerror: { args: [], returns: "cstring" },
} as const;

interface Loader {
  dlopen(name: Uint8Array, flags: number): bigint;
  dlclose(handle: bigint): number;
  dlerror(): { toString(): string } | null;
}

/** Bun's `dlopen`, as far as it is needed here. */
type Open = (path: string, table: typeof TABLE) => { readonly symbols: unknown };

let loader: Loader | null = null;

/**
 * Has the system load `path`; throws with the loader's words where it can't. Returns how to give it back.
 * Other systems than Linux look elsewhere, so there nothing is done.
 */
export function load(path: string, open: Open): () => void {
  if (process.platform !== "linux") return () => {};
  loader ??= openLoader(open);
  const { dlopen, dlclose, dlerror } = loader;
  const handle = dlopen(new TextEncoder().encode(`${path}\0`), RTLD_LAZY);
  if (handle === 0n) throw new Error(String(dlerror() ?? `${path}: can't be loaded`));
  return () => void dlclose(handle);
}

function openLoader(open: Open): Loader {
  let refusal: unknown;
  for (const path of LOADERS) {
    try {
      return open(path, TABLE).symbols as Loader;
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}
