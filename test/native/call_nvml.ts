/**
 * Calls the fake library through the runtime's own FFI, apart from the project's, so that a fault in ours
 * does not hide one in the fake.
 *
 * As a program: `call_nvml.ts LIBRARY [FUNCTION | FUNCTION:INDEX]…` calls each in turn and prints a line
 * `name code` after it. `FUNCTION:INDEX` calls it on the device with one buffer of 4 KiB and, as the third
 * argument, its size. It prints `end` last.
 */
import process from "node:process";

/** A number is a u32, a bigint a u64 (a handle), a view a pointer to it. */
export type Argument = number | bigint | Uint8Array | null;

type Native = (...args: Argument[]) => number;

/** The open library. */
export interface Nvml {
  /** Calls a C function that returns a code. Throws where the library does not have it. */
  call(name: string, ...args: Argument[]): number;
  /** Whether the library has it. */
  has(name: string): boolean;
  /** The handle of a device. */
  device(index: number): bigint;
  close(): void;
}

/** Opens the library at `path`, by its absolute path. */
export async function openNvml(path: string): Promise<Nvml> {
  const libraries: { close(): void }[] = [];
  const functions = new Map<string, Native>();
  const bind = "Bun" in globalThis ? await bindInBun(path, libraries) : bindInDeno(path, libraries);
  function find(name: string, args: readonly Argument[]): Native {
    const kinds = args.map((arg) =>
      typeof arg === "number" ? "u32" : typeof arg === "bigint" ? "u64" : "buffer"
    );
    const key = `${name} ${kinds}`;
    const found = functions.get(key) ?? bind(name, kinds);
    functions.set(key, found);
    return found;
  }
  const call = (name: string, ...args: Argument[]) => find(name, args)(...args);
  return {
    call,
    has(name) {
      try {
        return find(name, []) !== null;
      } catch {
        return false;
      }
    },
    device(index) {
      const handle = new BigUint64Array(1);
      const code = call("nvmlDeviceGetHandleByIndex_v2", index, new Uint8Array(handle.buffer));
      if (code !== 0) throw new Error(`nvmlDeviceGetHandleByIndex_v2: ${code}`);
      return handle[0]!;
    },
    close: () => libraries.forEach((library) => library.close()),
  };
}

type Bind = (name: string, kinds: readonly string[]) => Native;

async function bindInBun(path: string, libraries: { close(): void }[]): Promise<Bind> {
  const { dlopen } = await import("bun:ffi");
  return (name, kinds) => {
    const args = kinds.map((kind) => kind === "buffer" ? "ptr" : kind) as ("ptr" | "u32" | "u64")[];
    const library = dlopen(path, { [name]: { args, returns: "i32" } });
    libraries.push(library);
    return library.symbols[name] as unknown as Native;
  };
}

function bindInDeno(path: string, libraries: { close(): void }[]): Bind {
  return (name, kinds) => {
    const parameters = kinds as ("buffer" | "u32" | "u64")[];
    const library = Deno.dlopen(path, { [name]: { parameters, result: "i32" } });
    libraries.push(library);
    return library.symbols[name] as unknown as Native;
  };
}

async function main(path: string, steps: readonly string[]): Promise<void> {
  const nvml = await openNvml(path);
  const out = new Uint8Array(4096);
  for (const step of steps) {
    const [name = "", index] = step.split(":");
    const code = index === undefined
      ? nvml.call(name, out, out.length)
      : nvml.call(name, nvml.device(Number(index)), out, out.length);
    process.stdout.write(`${name} ${code}\n`);
  }
  process.stdout.write("end\n");
}

if (import.meta.main) await main(process.argv[2]!, process.argv.slice(3));
