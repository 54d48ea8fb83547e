/**
 * Calls the fake library through the runtime's own FFI, apart from the project's, so that a fault in ours
 * does not hide one in the fake.
 *
 * As a program: `call_nvml.ts LIBRARY [FUNCTION | FUNCTION:INDEX]…` calls each in turn and prints a line
 * `name code` after it. `FUNCTION:INDEX` calls it on the device with one buffer of 4 KiB and, as the third
 * argument, its size. The step `thread` calls nvmlDeviceGetName in a thread and goes on, `exit` is C's
 * exit(0). It prints `end` last.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parentPort, Worker, workerData } from "node:worker_threads";

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

/** Calls nvmlDeviceGetName on device 0 in a thread, and waits until it must be inside. */
async function callInThread(path: string): Promise<void> {
  const thread = new Worker(fileURLToPath(import.meta.url), { workerData: { hangIn: path } });
  await new Promise((resolve) => thread.once("message", resolve));
  await new Promise((resolve) => setTimeout(resolve, 200));
}

/** What the thread does: it tells that it is about to call, then calls. */
async function thread(path: string): Promise<void> {
  const nvml = await openNvml(path);
  const device = nvml.device(0);
  parentPort!.postMessage("calling");
  nvml.call("nvmlDeviceGetName", device, new Uint8Array(96), 96);
}

/** Ends the process as a C program ends: destructors of libraries run. */
async function exitInC(): Promise<void> {
  await (await openNvml("libc.so.6")).call("exit", 0);
}

async function main(path: string, steps: readonly string[]): Promise<void> {
  const nvml = await openNvml(path);
  const out = new Uint8Array(4096);
  for (const step of steps) {
    const [name = "", index] = step.split(":");
    if (name === "thread") await callInThread(path);
    if (name === "thread" || name === "exit") await print(name);
    if (name === "exit") await exitInC();
    if (name === "thread") continue;
    const code = index === undefined
      ? nvml.call(name, out, out.length)
      : nvml.call(name, nvml.device(Number(index)), out, out.length);
    await print(`${name} ${code}`);
  }
  await print("end");
}

/** Prints a line, and waits until it is out: the next call may hold this thread for ever. */
function print(line: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()));
}

const hangIn = (workerData as { hangIn?: string } | null)?.hangIn;
if (hangIn !== undefined) await thread(hangIn);
else if (import.meta.main) await main(process.argv[2]!, process.argv.slice(3));
