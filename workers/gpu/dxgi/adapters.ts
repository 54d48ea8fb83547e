/** The adapters of this machine, one after the other. One that is broken never hides the others. */
import type { Failure } from "../../../lib/errors.ts";
import type { SourceName } from "../../../lib/sources.ts";
import type { AdapterAddress, AdapterAddresses } from "../adapter_address.ts";
import type { Call } from "../told_calls.ts";
import { DESC1, SLOT } from "./abi.ts";
import { type AdapterDesc, parseDesc } from "./desc.ts";
import type { Factory } from "./factory.ts";
import { hresultFailure, hresultName, NOT_FOUND, succeeded, UNSUPPORTED } from "./hresult.ts";

/** An adapter while it is looked at. */
export interface Adapter {
  /** Its place in Windows' list. */
  readonly index: number;
  readonly object: bigint;
  readonly luid: string;
  readonly desc: AdapterDesc;
  readonly address: AdapterAddress;
}

/** What came of going through them. */
export interface Walk {
  /** LUIDs of those that are no GPUs. */
  readonly leftOut: readonly string[];
  readonly failures: readonly Failure[];
}

/** `HRESULT GetDesc1(this, DXGI_ADAPTER_DESC1 *)` */
const GET_DESC1 = { args: ["u64", "buffer"], returns: "i32" } as const;

/** More adapters than this no machine has; a list that goes on is not believed. */
const MOST_ADAPTERS = 64;
/** After so many places of the list that can't be read, one after the other, its end is not waited for. */
const MOST_BROKEN_IN_A_ROW = 4;

/** Calls `use` for each GPU, once; the object is released after it. */
export function eachAdapter(
  source: SourceName,
  factory: Factory,
  addresses: AdapterAddresses,
  call: Call,
  use: (adapter: Adapter) => void,
): Walk {
  const created = factory.refresh(call);
  if (!succeeded(created)) return { leftOut: [], failures: [creationFailure(source, created)] };
  const failures: Failure[] = [];
  const leftOut: string[] = [];
  const seen = new Set<string>();

  const look = (object: bigint, index: number): void => {
    const bytes = new Uint8Array(DESC1.size);
    const code = call(
      "GetDesc1",
      () => factory.com.method(object, SLOT.GetDesc1, GET_DESC1)(object, bytes),
    );
    const desc = succeeded(code) ? parseDesc(bytes) : null;
    if (desc === null) {
      failures.push(hresultFailure(source, code, `read adapter ${index}`, "GetDesc1"));
    } else if (desc.luid === null) {
      failures.push(notBelievable(source, index, "GetDesc1 gave no LUID"));
    } else if (!seen.has(desc.luid)) {
      const { luid } = desc;
      seen.add(luid);
      const address = addresses.addressOf(luid);
      if (desc.isSoftware || address.isSoftware === true) leftOut.push(luid);
      else use({ index, object, luid, desc, address });
    }
  };

  for (let index = 0, broken = 0; index < MOST_ADAPTERS; index++) {
    const { code, object } = factory.adapter(index, call);
    if (code === NOT_FOUND) break;
    if (object === null) {
      failures.push(
        succeeded(code)
          ? notBelievable(source, index, "EnumAdapters1 gave a null pointer")
          : hresultFailure(source, code, `read adapter ${index}`, "EnumAdapters1"),
      );
      if (++broken >= MOST_BROKEN_IN_A_ROW) break;
      continue;
    }
    broken = 0;
    try {
      look(object, index);
    } finally {
      factory.com.release(object);
    }
  }
  return { leftOut, failures };
}

function creationFailure(source: SourceName, code: number): Failure {
  const doing = "list the GPUs by DXGI";
  const failure = hresultFailure(source, code, doing, "CreateDXGIFactory1");
  if (code !== UNSUPPORTED) return failure;
  const why = `Windows offers none to it (${hresultName(code)})`;
  return {
    ...failure,
    code: "absent",
    message: `Cannot ${doing}: ${why}; if a GPU is missing, install its WDDM driver`,
  };
}

function notBelievable(source: SourceName, index: number, why: string): Failure {
  return { code: "bad_value", source, message: `Cannot read adapter ${index}: ${why}` };
}
