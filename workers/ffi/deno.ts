/** FFI on Deno. */
import { HostError } from "../host/host.ts";
import type { Library, NativeFunction, Signature, Signatures } from "./library.ts";

/** See {@linkcode Host.openLibrary}. Never asks for a permission: it is there or it is not. */
export function openWithDeno<S extends Signatures>(
  paths: readonly string[],
  signatures: S,
): Library<S> {
  const allowed = paths.filter((path) =>
    Deno.permissions.querySync({ name: "ffi", path }).state === "granted"
  );
  if (allowed.length === 0 && paths.length > 0) {
    throw new HostError("ENOTCAPABLE", paths[0]!, "Deno runs without --allow-ffi");
  }
  const words: string[] = [];
  for (const path of allowed) {
    try {
      // Keeps the library loaded between the first and the last symbol.
      return lazily(path, signatures, Deno.dlopen(path, {}));
    } catch (error) {
      words.push(wordsOf(error));
    }
  }
  throw new HostError("ENOENT", paths[0] ?? "", words.join("; ") || "no path was given");
}

/** Binding a symbol takes Deno 0.1 ms, so each is bound when it is first needed. */
function lazily<S extends Signatures>(
  path: string,
  signatures: S,
  first: { close(): void },
): Library<S> {
  const open = [first];
  const functions: Record<string, unknown> = {};
  for (const [name, signature] of Object.entries(signatures)) {
    Object.defineProperty(functions, name, {
      configurable: true,
      enumerable: true,
      get() {
        const library = Deno.dlopen(path, { [name]: definition(signature) });
        open.push(library);
        const value = library.symbols[name] ?? null;
        Object.defineProperty(functions, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return {
    path,
    functions: functions as Library<S>["functions"],
    close: () => open.splice(0).forEach((library) => library.close()),
  };
}

/** See {@linkcode Host.functionAt}. Needs `--allow-ffi` for every library. */
export function functionAtInDeno<S extends Signature>(
  address: bigint,
  { args, returns }: S,
): NativeFunction<S> {
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    throw new HostError("ENOTCAPABLE", "", "Deno runs without --allow-ffi for every library");
  }
  const type = { parameters: args as readonly Deno.NativeType[], result: returns } as const;
  const at = Deno.UnsafePointer.create<typeof type>(address)!;
  const native = new Deno.UnsafeFnPointer(at, type);
  return ((...args) => native.call(...args as never[])) as NativeFunction<S>;
}

function definition({ args, returns }: Signature): Deno.ForeignFunction & { optional: true } {
  return { parameters: args as Deno.NativeType[], result: returns, optional: true };
}

/** The loader's own words; Deno says twice in front of them what they say anyway. */
function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^(?:Could not open library: )+/, "");
}
