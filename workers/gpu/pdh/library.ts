/** Pdh.dll, open. */
import { type Host, HostError } from "../../host/host.ts";
import { type NativeMemory, openNativeMemory } from "../native_memory.ts";
import { inSystem32 } from "../../host/system32.ts";
import type { Call } from "../told_calls.ts";
import { PDH_SIGNATURES, type PdhFunctions } from "./abi.ts";

/** The library, and what is needed to call it. */
export interface Pdh {
  readonly path: string;
  readonly functions: PdhFunctions;
  readonly memory: NativeMemory;
  readonly call: Call;
  /** Monotonic milliseconds. */
  now(): number;
}

/** Opens it. Throws {@linkcode HostError}, also where it lacks a function. */
export function openPdh(host: Host, call: Call): Pdh {
  const memory = openNativeMemory(host);
  const { path, functions } = host.openLibrary([inSystem32(host, "pdh.dll")], PDH_SIGNATURES);
  const missing = Object.keys(PDH_SIGNATURES)
    .filter((name) => functions[name as keyof PdhFunctions] === null);
  if (missing.length > 0) {
    throw new HostError("ENOENT", path, `${path} lacks ${missing.join(", ")}`);
  }
  return { path, functions: functions as PdhFunctions, memory, call, now: () => host.now() };
}
