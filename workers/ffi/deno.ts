/** FFI on Deno. */
import { HostError } from "../host/host.ts";
import type { Library, Signature, Signatures } from "./library.ts";

/** See {@linkcode Host.openLibrary}. Never asks for a permission: it is there or it is not. */
export function openLibrary<S extends Signatures>(
  paths: readonly string[],
  signatures: S,
): Library<S> {
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    throw new HostError("ENOTCAPABLE", paths[0] ?? "", "Deno runs without --allow-ffi");
  }
  const words: string[] = [];
  for (const path of paths) {
    try {
      Deno.dlopen(path, {}).close();
      return lazily(path, signatures);
    } catch (error) {
      words.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new HostError("ENOENT", paths[0] ?? "", words.join("; "));
}

/** Binding a symbol takes Deno 0.2 ms, so each is bound when it is first needed. */
function lazily<S extends Signatures>(path: string, signatures: S): Library<S> {
  // Keeps the library loaded between the first and the last symbol.
  const closers = [Deno.dlopen(path, {})];
  const functions: Record<string, unknown> = {};
  for (const [name, signature] of Object.entries(signatures)) {
    Object.defineProperty(functions, name, {
      configurable: true,
      enumerable: true,
      get() {
        const library = Deno.dlopen(path, { [name]: definition(signature) });
        closers.push(library);
        const value = library.symbols[name] ?? null;
        Object.defineProperty(functions, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return {
    path,
    functions: functions as Library<S>["functions"],
    close: () => closers.forEach((library) => library.close()),
  };
}

function definition({ args, returns }: Signature): Deno.ForeignFunction & { optional: true } {
  return { parameters: args as Deno.NativeType[], result: returns, optional: true };
}
