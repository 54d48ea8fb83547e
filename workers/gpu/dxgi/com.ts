/** Methods of COM objects by their place in the object's table. */
import type { NativeFunction, Signature } from "../../ffi/library.ts";
import type { Host } from "../../host/host.ts";
import type { NativeMemory } from "../native_memory.ts";
import { SLOT } from "./abi.ts";

/** Calls methods. */
export interface Com {
  /**
   * The method in a slot of an object; its first argument is the object itself. A wrong slot or signature ends the
   * process.
   */
  method<S extends Signature>(object: bigint, slot: number, signature: S): NativeFunction<S>;
  /** `IUnknown::Release`. */
  release(object: bigint): void;
}

/** `ULONG Release(this)` */
const RELEASE = { args: ["u64"], returns: "u32" } as const;

/** Makes the caller. A function is bound once for each of its addresses, which costs. */
export function makeCom(host: Host, memory: NativeMemory): Com {
  const bound = new Map<string, unknown>();
  const method = <S extends Signature>(object: bigint, slot: number, signature: S) => {
    const table = memory.readAddress(object);
    const address = memory.readAddress(table + BigInt(slot * 8));
    const key = `${address} ${signature.args.join()} ${signature.returns}`;
    let call = bound.get(key);
    if (call === undefined) bound.set(key, call = host.functionAt(address, signature));
    return call as NativeFunction<S>;
  };
  return { method, release: (object) => void method(object, SLOT.Release, RELEASE)(object) };
}
