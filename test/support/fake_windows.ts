/**
 * Windows in memory, as far as native code goes: memory by its address, functions by theirs. An address that is
 * nobody's throws, where the real machine would end the process.
 */
import type { FunctionAt } from "../../workers/ffi/library.ts";
import { type FakeHost, fakeHost, type FakeMachine } from "./fake_host.ts";

type AnyFunction = (...args: never[]) => unknown;

/** Memory by its address. */
export class FakeHeap {
  readonly #blocks = new Map<bigint, Uint8Array>();
  readonly #functions = new Map<bigint, { readonly types: string; readonly call: AnyFunction }>();
  #next = 0x7ff0_0000_1000n;
  /** The next allocations that `LocalAlloc` refuses. */
  refuse = 0;

  /** Blocks that are not given back. */
  get live(): number {
    return this.#blocks.size;
  }

  allocate(size: number): bigint {
    const address = this.#next;
    // A gap behind each block, so that reading past one is seen.
    this.#next += BigInt(Math.ceil(size / 16) * 16 + 4096);
    this.#blocks.set(address, new Uint8Array(size));
    return address;
  }

  free(address: bigint): void {
    if (!this.#blocks.delete(address)) throw new Error(`Freed twice, or never got: ${address}`);
  }

  /** The memory from an address to the end of its block, at least `size` bytes. */
  at(address: bigint, size: number): Uint8Array {
    for (const [start, block] of this.#blocks) {
      const offset = Number(address - start);
      if (offset >= 0 && offset + size <= block.length) return block.subarray(offset);
    }
    throw new Error(`Access violation: ${size} bytes at 0x${address.toString(16)}`);
  }

  /** Gives a function an address; `types` are its arguments and its result, as in `u64,buffer:i32`. */
  place(types: string, call: AnyFunction): bigint {
    const address = this.#next;
    this.#next += 16n;
    this.#functions.set(address, { types, call });
    return address;
  }

  /** An object with a table of methods; the others are null. */
  object(methods: Readonly<Record<number, bigint>>): bigint {
    const slots = Math.max(...Object.keys(methods).map(Number)) + 1;
    const table = this.allocate(slots * 8);
    for (const [slot, address] of Object.entries(methods)) {
      put64(this.at(table, slots * 8), Number(slot) * 8, address);
    }
    const object = this.allocate(8);
    put64(this.at(object, 8), 0, table);
    return object;
  }

  readonly functionAt: FunctionAt = (address, { args, returns }) => {
    const found = this.#functions.get(address);
    if (found === undefined) throw new Error(`Jump to 0x${address.toString(16)}`);
    const types = `${args.join()}:${returns}`;
    if (found.types !== types) throw new Error(`A function of ${found.types} called as ${types}`);
    return found.call as unknown as ReturnType<FunctionAt>;
  };

  /** Functions of kernel32.dll. */
  readonly kernel32: Readonly<Record<string, AnyFunction>> = {
    LocalAlloc: (flags: number, size: bigint) => {
      if (flags !== 0x40) throw new Error(`LocalAlloc with flags ${flags}`);
      if (this.refuse > 0) {
        this.refuse--;
        return 0n;
      }
      return this.allocate(Number(size));
    },
    LocalFree: (address: bigint) => {
      this.free(address);
      return 0n;
    },
    RtlMoveMemory: (to: Uint8Array | BigUint64Array, from: bigint, size: bigint) => {
      if (BigInt(to.byteLength) < size) throw new Error("Copied past the end of a buffer");
      bytesOf(to).set(this.at(from, Number(size)).subarray(0, Number(size)));
    },
  };
}

/** A machine with Windows' libraries, by their names in System32. */
export function windowsHost(
  heap: FakeHeap,
  libraries: Readonly<Record<string, Readonly<Record<string, AnyFunction>>>>,
  more: FakeMachine = {},
): FakeHost {
  const system: Record<string, Readonly<Record<string, AnyFunction>>> = {};
  for (const [name, functions] of Object.entries({ "kernel32.dll": heap.kernel32, ...libraries })) {
    system[`C:\\Windows\\System32\\${name}`] = functions;
  }
  const host = fakeHost({ platform: "windows", libraries: system, ...more });
  return { ...host, functionAt: heap.functionAt };
}

/** The bytes of what is handed to a C function. */
export function bytesOf(out: ArrayBufferView): Uint8Array {
  return new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
}

export function put32(out: ArrayBufferView, at: number, value: number): void {
  new DataView(out.buffer, out.byteOffset).setUint32(at, value >>> 0, true);
}

export function put64(out: ArrayBufferView, at: number, value: bigint): void {
  new DataView(out.buffer, out.byteOffset).setBigUint64(at, BigInt.asUintN(64, value), true);
}

export function get32(from: ArrayBufferView, at: number): number {
  return new DataView(from.buffer, from.byteOffset).getUint32(at, true);
}

export function get64(from: ArrayBufferView, at: number): bigint {
  return new DataView(from.buffer, from.byteOffset).getBigUint64(at, true);
}

/** UTF-16 text with its NUL. */
export function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length + 1) * 2);
  for (let i = 0; i < text.length; i++) {
    new DataView(bytes.buffer).setUint16(i * 2, text.charCodeAt(i), true);
  }
  return bytes;
}

/** UTF-16 text up to its NUL. */
export function readUtf16(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0;; at += 2) {
    const unit = bytes[at]! | (bytes[at + 1]! << 8);
    if (unit === 0) return text;
    text += String.fromCharCode(unit);
  }
}
