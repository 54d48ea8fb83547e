/** NVML's functions, each call told of. */
import type { Host } from "../../host/host.ts";
import { NVML_SIGNATURES, type NvmlFunctionName, type NvmlFunctions } from "./symbols.ts";

/** Told of each call: the C function, what it answered, how long it took, its arguments afterwards. */
export type OnCall = (
  name: NvmlFunctionName,
  code: number,
  durationMs: number,
  args: readonly unknown[],
) => void;

/** The same functions, each call told of. */
export function traced(functions: NvmlFunctions, host: Host, onCall: OnCall): NvmlFunctions {
  const all: Record<string, unknown> = {};
  for (const name of Object.keys(NVML_SIGNATURES) as NvmlFunctionName[]) {
    const call = functions[name] as ((...args: unknown[]) => number) | null;
    all[name] = call === null ? null : (...args: unknown[]) => {
      const startMs = host.now();
      const code = call(...args);
      onCall(name, code, host.now() - startMs, args);
      return code;
    };
  }
  return all as unknown as NvmlFunctions;
}

/** Bytes of a buffer that are shown. */
const SHOWN_BYTES = 96;

/** An argument as it stands in memory: numbers as they are, buffers in hexadecimal. */
export function rawText(argument: unknown): string {
  if (argument instanceof Uint32Array || argument instanceof BigUint64Array) {
    return argument.join(" ");
  }
  if (argument instanceof Uint8Array) {
    const shown = Array.from(
      argument.subarray(0, SHOWN_BYTES),
      (byte) => byte.toString(16).padStart(2, "0"),
    ).join("");
    return argument.length > SHOWN_BYTES ? `${shown}…` : shown;
  }
  return typeof argument === "bigint" ? `0x${argument.toString(16)}` : String(argument);
}
