/**
 * One form of FFI for Bun and Deno.
 *
 * Five types are enough for every C function called here: a handle or address is a `u64` (same register
 * class as a pointer on every 64-bit ABI), everything written or read is a `buffer`. So no pointer value
 * of either runtime appears outside `bun.ts` and `deno.ts`.
 */

/** Type of a C parameter or result. */
export type NativeType = "void" | "i32" | "u32" | "u64" | "buffer";

/** One C function. */
export interface Signature {
  readonly args: readonly NativeType[];
  readonly returns: Exclude<NativeType, "buffer">;
}

/** The C functions of a library, by their C names. */
export type Signatures = Readonly<Record<string, Signature>>;

/** What a native type is in TypeScript. `null` as a buffer is NULL. */
export type Value<T extends NativeType> = T extends "void" ? void
  : T extends "u64" ? bigint
  : T extends "buffer" ? Uint8Array | BigUint64Array | Uint32Array | null
  : number;

type Values<A extends readonly NativeType[]> = {
  -readonly [K in keyof A]: A[K] extends NativeType ? Value<A[K]> : never;
};

/** A C function as called from TypeScript. */
export type NativeFunction<S extends Signature> = (
  ...args: Values<S["args"]>
) => Value<S["returns"]>;

/** Makes a function of the address of one, as a table of methods (a COM vtable) holds it. It must be one of `signature`. */
export type FunctionAt = <S extends Signature>(address: bigint, signature: S) => NativeFunction<S>;

/** An open library. A function the library does not have is `null`. */
export interface Library<S extends Signatures> {
  /** The path that loaded. */
  readonly path: string;
  /** The functions by their C names. */
  readonly functions: { readonly [K in keyof S]: NativeFunction<S[K]> | null };
  /** Unloads it. Never call it while another call into the library may be running. */
  close(): void;
}
