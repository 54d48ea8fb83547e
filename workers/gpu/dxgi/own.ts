/**
 * The source `dxgi_self`: what the calling process uses of each GPU (`IDXGIAdapter3::QueryVideoMemoryInfo`). Windows
 * answers it only to the process that asks, so this runs in a thread of it.
 */
import type { Failure } from "../../../lib/errors.ts";
import type { VideoMemoryReply } from "../../../lib/protocol.ts";
import type { Finding, OwnVideoMemory, VideoMemorySegment } from "../../../lib/records.ts";
import { type Host, HostError } from "../../host/host.ts";
import { type AdapterAddresses, makeAdapterAddresses } from "../adapter_address.ts";
import { libraryFailure } from "../library_failure.ts";
import { type Call, toldCalls } from "../told_calls.ts";
import { IID_ADAPTER3, MEMORY_INFO, SEGMENT, SLOT } from "./abi.ts";
import { type Adapter, eachAdapter } from "./adapters.ts";
import type { Com } from "./com.ts";
import { readBytes } from "./desc.ts";
import { diagnoseDxgi } from "./diagnose.ts";
import { type Factory, openFactory } from "./factory.ts";
import { E_POINTER, hresultFailure, hresultName, succeeded } from "./hresult.ts";

/** Reads it. Never throws for what the machine does. */
export interface OwnVideoMemorySource {
  read(): VideoMemoryReply;
  diagnose(): Finding;
}

/** `HRESULT QueryInterface(this, REFIID, void **)` */
const QUERY_INTERFACE = { args: ["u64", "buffer", "buffer"], returns: "i32" } as const;
/** `HRESULT QueryVideoMemoryInfo(this, UINT node, DXGI_MEMORY_SEGMENT_GROUP, DXGI_QUERY_VIDEO_MEMORY_INFO *)` */
const QUERY_MEMORY = { args: ["u64", "u32", "u32", "buffer"], returns: "i32" } as const;

/** Makes the source. It opens nothing before it is asked. */
export function makeOwnVideoMemory(host: Host): OwnVideoMemorySource {
  const addresses = makeAdapterAddresses(host);
  const call = toldCalls(host, hresultName, null);
  let factory: Factory | null = null;
  return {
    read() {
      try {
        factory ??= openFactory(host);
        return { kind: "video_memory", ...readAll(factory, addresses, call) };
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        const failures = [libraryFailure("dxgi_self", "dxgi.dll", error)];
        return { kind: "video_memory", devices: [], failures };
      }
    },
    diagnose: () =>
      diagnoseDxgi(host, "dxgi_self", (list, told) => {
        const { devices, failures } = readAll(list, addresses, told);
        return {
          failures,
          measures: devices.length === 0
            ? []
            : ["the calling process's use and budget of each GPU"],
        };
      }),
  };
}

function readAll(
  factory: Factory,
  addresses: AdapterAddresses,
  call: Call,
): { devices: OwnVideoMemory[]; failures: Failure[] } {
  const devices: OwnVideoMemory[] = [];
  const own: Failure[] = [];
  const { failures } = eachAdapter("dxgi_self", factory, addresses, call, (adapter) => {
    const memory = readOwn(factory.com, adapter, call, own);
    if (memory !== null) devices.push(memory);
  });
  return { devices, failures: [...failures, ...own] };
}

function readOwn(
  com: Com,
  { object, luid, index }: Adapter,
  call: Call,
  failures: Failure[],
): OwnVideoMemory | null {
  const doing = `read this process's use of adapter ${index}`;
  const out = new BigUint64Array(1);
  const code = call(
    "QueryInterface",
    () =>
      com.method(object, SLOT.QueryInterface, QUERY_INTERFACE)(
        object,
        Uint8Array.from(IID_ADAPTER3),
        out,
      ),
  );
  const adapter3 = out[0]!;
  if (!succeeded(code) || adapter3 === 0n) {
    const why = succeeded(code) ? E_POINTER : code;
    failures.push(hresultFailure("dxgi_self", why, doing, "QueryInterface(IDXGIAdapter3)"));
    return null;
  }
  const segment = (group: number): VideoMemorySegment | null => {
    const info = new Uint8Array(MEMORY_INFO.size);
    const code = call(
      "QueryVideoMemoryInfo",
      () => com.method(adapter3, SLOT.QueryVideoMemoryInfo, QUERY_MEMORY)(adapter3, 0, group, info),
    );
    if (succeeded(code)) return parseSegment(info);
    failures.push(hresultFailure("dxgi_self", code, doing, "QueryVideoMemoryInfo"));
    return null;
  };
  try {
    const local = segment(SEGMENT.local);
    const nonLocal = segment(SEGMENT.nonLocal);
    if (local === null && nonLocal === null) return null;
    return { luid, local, nonLocal, readIn: "calling_process" };
  } finally {
    com.release(adapter3);
  }
}

/** Reads a `DXGI_QUERY_VIDEO_MEMORY_INFO`. Pure. */
export function parseSegment(info: Uint8Array): VideoMemorySegment {
  const view = new DataView(info.buffer, info.byteOffset, info.byteLength);
  return {
    usageBytes: readBytes(view, MEMORY_INFO.currentUsage),
    budgetBytes: readBytes(view, MEMORY_INFO.budget),
    reservedBytes: readBytes(view, MEMORY_INFO.currentReservation),
    reservableBytes: readBytes(view, MEMORY_INFO.availableForReservation),
  };
}
