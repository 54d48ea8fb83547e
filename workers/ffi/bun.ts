/** FFI on Bun. */
import type { FFIFunction } from "bun:ffi";
import { HostError } from "../host/host.ts";
import type { Library, NativeFunction, NativeType, Signature, Signatures } from "./library.ts";
import { load } from "./loader.ts";

const TYPES: Readonly<Record<NativeType, string>> = {
  void: "void",
  i32: "i32",
  u32: "u32",
  u64: "u64",
  buffer: "ptr",
};

type Table = Readonly<Record<string, FFIFunction>>;

/** Bun's own `dlopen`. */
export type Dlopen = typeof import("bun:ffi").dlopen;

/**
 * See {@linkcode Host.openLibrary}. `dlopen` is an argument because nothing may import `bun:ffi` statically:
 * in one bundle for both runtimes such an import stands at the top, and Deno refuses it.
 */
export function openWithBun<S extends Signatures>(
  dlopen: Dlopen,
  paths: readonly string[],
  signatures: S,
): Library<S> {
  const table = Object.fromEntries(
    Object.entries(signatures).map(([name, signature]) => [name, definition(signature)]),
  );
  const words: string[] = [];
  for (const path of paths) {
    try {
      const unload = load(path, dlopen);
      const { functions, closers } = bind(dlopen, path, table);
      return {
        path,
        functions: functions as Library<S>["functions"],
        close: () => [...closers, unload].forEach((close) => close()),
      };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof TypeError && /JIT/.test(message)) {
        throw new HostError("ENOTCAPABLE", path, `Cannot call native code: ${message}`);
      }
      words.push(message.includes(path) ? message : `${path}: ${message}`);
    }
  }
  throw new HostError("ENOENT", paths[0] ?? "", words.join("; ") || "no path was given");
}

/** Bun's own `CFunction`. */
export type MakeCFunction = typeof import("bun:ffi").CFunction;

/** See {@linkcode Host.functionAt}. */
export function functionAtInBun<S extends Signature>(
  CFunction: MakeCFunction,
  address: bigint,
  signature: S,
): NativeFunction<S> {
  const ptr = Number(address) as import("bun:ffi").Pointer;
  return CFunction({ ...definition(signature), ptr }) as unknown as NativeFunction<S>;
}

function definition({ args, returns }: Signature): FFIFunction {
  return { args: args.map((type) => TYPES[type]), returns: TYPES[returns] } as FFIFunction;
}

/** Bun refuses a whole table for the want of one symbol; then each is bound by itself. */
function bind(
  dlopen: Dlopen,
  path: string,
  table: Table,
): { functions: Record<string, unknown>; closers: (() => void)[] } {
  const functions: Record<string, unknown> = {};
  const closers: (() => void)[] = [];
  const open = (part: Table): void => {
    const library = dlopen(path, part);
    closers.push(() => library.close());
    Object.assign(functions, library.symbols);
  };
  try {
    if (Object.keys(table).length > 0) open(table);
    return { functions, closers };
  } catch (error) {
    if (!lacksSymbol(error)) throw error;
  }
  for (const [name, definition] of Object.entries(table)) {
    functions[name] = null;
    try {
      open({ [name]: definition });
    } catch (error) {
      if (!lacksSymbol(error)) throw error;
    }
  }
  return { functions, closers };
}

function lacksSymbol(error: unknown): boolean {
  return error instanceof Error && /^Symbol ".*" not found/s.test(error.message);
}
