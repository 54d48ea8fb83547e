/** FFI on Bun. */
import { dlopen, type FFIFunction } from "bun:ffi";
import { HostError } from "../host/host.ts";
import type { Library, NativeType, Signature, Signatures } from "./library.ts";

const TYPES: Readonly<Record<NativeType, string>> = {
  void: "void",
  i32: "i32",
  u32: "u32",
  u64: "u64",
  buffer: "ptr",
};

function definition({ args, returns }: Signature): FFIFunction {
  return {
    args: args.map((type) => TYPES[type]),
    returns: TYPES[returns],
  } as FFIFunction;
}

/** See {@linkcode Host.openLibrary}. */
export function openLibrary<S extends Signatures>(
  paths: readonly string[],
  signatures: S,
): Library<S> {
  const words: string[] = [];
  for (const path of paths) {
    try {
      return bind(path, signatures);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof TypeError && /JIT/.test(message)) {
        throw new HostError("ENOTCAPABLE", path, `Cannot call native code: ${message}`);
      }
      words.push(`${path}: ${message}`);
    }
  }
  throw new HostError("ENOENT", paths[0] ?? "", words.join("; "));
}

/** Bun refuses a whole table for the want of one symbol; then each is bound by itself. */
function bind<S extends Signatures>(path: string, signatures: S): Library<S> {
  const names = Object.keys(signatures);
  const closers: (() => void)[] = [];
  const open = (subset: readonly string[]): Record<string, unknown> => {
    const library = dlopen(
      path,
      Object.fromEntries(subset.map((name) => [name, definition(signatures[name]!)])),
    );
    closers.push(() => library.close());
    return library.symbols as Record<string, unknown>;
  };
  const functions: Record<string, unknown> = {};
  try {
    Object.assign(functions, open(names));
  } catch (error) {
    let loaded = false;
    for (const name of names) {
      try {
        functions[name] = open([name])[name];
        loaded = true;
      } catch {
        functions[name] = null;
      }
    }
    if (!loaded) throw error;
  }
  return {
    path,
    functions: functions as Library<S>["functions"],
    close: () => closers.forEach((close) => close()),
  };
}
