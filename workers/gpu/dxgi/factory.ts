/** dxgi.dll and its list of adapters, which is kept as long as Windows says that it is current. */
import type { Host } from "../../host/host.ts";
import { HostError } from "../../host/host.ts";
import { openNativeMemory } from "../native_memory.ts";
import { inSystem32 } from "../../host/system32.ts";
import type { Call } from "../told_calls.ts";
import { IID_FACTORY1, SLOT } from "./abi.ts";
import { type Com, makeCom } from "./com.ts";
import { E_POINTER, succeeded } from "./hresult.ts";

export const DXGI_SIGNATURES = {
  /** (REFIID, void **factory) */
  CreateDXGIFactory1: { args: ["buffer", "buffer"], returns: "i32" },
} as const;

/** `HRESULT EnumAdapters1(this, UINT, IDXGIAdapter1 **)` */
const ENUM_ADAPTERS1 = { args: ["u64", "u32", "buffer"], returns: "i32" } as const;
/** `BOOL IsCurrent(this)` */
const IS_CURRENT = { args: ["u64"], returns: "i32" } as const;

/** The library, open. */
export interface Factory {
  readonly path: string;
  readonly com: Com;
  /** Makes the list, where there is none that is current. Gives what `CreateDXGIFactory1` answered. */
  refresh(call: Call): number;
  /** The n-th adapter, for the caller to release; `null` where the call failed, or gave none. */
  adapter(index: number, call: Call): { readonly code: number; readonly object: bigint | null };
  /** Releases the list. */
  close(): void;
}

/** Opens it. Throws {@linkcode HostError}. */
export function openFactory(host: Host): Factory {
  const com = makeCom(host, openNativeMemory(host));
  const { path, functions } = host.openLibrary([inSystem32(host, "dxgi.dll")], DXGI_SIGNATURES);
  const create = functions.CreateDXGIFactory1;
  if (create === null) throw new HostError("ENOENT", path, `${path} has no CreateDXGIFactory1`);
  const out = new BigUint64Array(1);
  let factory: bigint | null = null;
  const close = () => {
    if (factory !== null) com.release(factory);
    factory = null;
  };
  return {
    path,
    com,
    close,
    refresh(call) {
      if (factory !== null && com.method(factory, SLOT.IsCurrent, IS_CURRENT)(factory) !== 0) {
        return 0;
      }
      close();
      out[0] = 0n;
      const code = call(
        "CreateDXGIFactory1",
        () => create(Uint8Array.from(IID_FACTORY1), out),
      );
      if (!succeeded(code)) return code;
      if (out[0]! === 0n) return E_POINTER;
      factory = out[0]!;
      return code;
    },
    adapter(index, call) {
      if (factory === null) return { code: 0, object: null };
      const self = factory;
      out[0] = 0n;
      const code = call(
        "EnumAdapters1",
        () => com.method(self, SLOT.EnumAdapters1, ENUM_ADAPTERS1)(self, index, out),
      );
      return { code, object: succeeded(code) && out[0]! !== 0n ? out[0]! : null };
    },
  };
}
