/**
 * NVML opened and initialised: its functions, what does not change while it is open, and buffers that are
 * used again and again.
 */
import { type Host, HostError } from "../../host/host.ts";
import { codeName, FUNCTION_NOT_FOUND, SUCCESS } from "./return_codes.ts";
import { readCString, type RowSize, TEXT } from "./structs.ts";
import {
  libraryCandidates,
  NVML_SIGNATURES,
  type NvmlFunctionName,
  type NvmlFunctions,
} from "./symbols.ts";

/** Which generation of process lists the library has. */
export interface ListGeneration {
  readonly suffix: "_v3" | "_v2" | "";
  readonly rowSize: RowSize;
}

/** Told of each call: the C function, what it answered, how long it took. */
export type OnCall = (name: NvmlFunctionName, code: number, durationMs: number) => void;

/** Why NVML could not be opened. */
export interface OpenFailure {
  /** NVML's own code; `null` where there is no library. */
  readonly code: number | null;
  /** What the loader or the runtime said. */
  readonly detail: string;
  /** The runtime does not allow native code. */
  readonly refused: boolean;
  /** How long it took to find out. */
  readonly durationMs: number;
}

/** NVML, ready to be asked. */
export interface Session {
  readonly path: string;
  readonly functions: NvmlFunctions;
  readonly driverVersion: string | null;
  readonly nvmlVersion: string | null;
  readonly cudaDriverVersion: string | null;
  /** Changes once, when the newest generation turns out not to work. */
  generation: ListGeneration;
  /** One number that a call writes. */
  readonly number: Uint32Array;
  readonly second: Uint32Array;
  readonly handle: BigUint64Array;
  /** Rows of a process list; replaced by a larger one when it is too small. */
  rows: Uint8Array;
}

/** Room for this many processes of one device at first. */
const FIRST_ROWS = 128;

/** Opens and initialises NVML. */
export function openSession(
  host: Host,
  nvmlPath: string | null,
  onCall: OnCall | null,
): Session | OpenFailure {
  const startMs = host.now();
  let path: string;
  let functions: NvmlFunctions;
  try {
    const library = host.openLibrary(libraryCandidates(host.platform, nvmlPath), NVML_SIGNATURES);
    path = library.path;
    functions = onCall === null ? library.functions : traced(library.functions, host, onCall);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return {
      code: null,
      detail: error.message,
      refused: error.code === "ENOTCAPABLE",
      durationMs: host.now() - startMs,
    };
  }
  const code = functions.nvmlInit_v2 === null ? FUNCTION_NOT_FOUND : functions.nvmlInit_v2();
  if (code !== SUCCESS) {
    return { code, detail: codeName(code), refused: false, durationMs: host.now() - startMs };
  }
  return {
    path,
    functions,
    driverVersion: readText(functions.nvmlSystemGetDriverVersion),
    nvmlVersion: readText(functions.nvmlSystemGetNVMLVersion),
    cudaDriverVersion: readCudaVersion(functions),
    generation: newestGeneration(functions),
    number: new Uint32Array(1),
    second: new Uint32Array(1),
    handle: new BigUint64Array(1),
    rows: new Uint8Array(FIRST_ROWS * 32),
  };
}

/** Tells the two apart. */
export function isSession(opened: Session | OpenFailure): opened is Session {
  return "functions" in opened;
}

/** A text that a device tells; `null` where it does not. */
export function readDeviceText(
  call: NvmlFunctions["nvmlDeviceGetName"],
  handle: bigint,
  length: number,
): string | null {
  const text = new Uint8Array(length);
  return call !== null && call(handle, text, length) === SUCCESS ? readCString(text) : null;
}

function readText(call: NvmlFunctions["nvmlSystemGetDriverVersion"]): string | null {
  const text = new Uint8Array(TEXT.version);
  return call !== null && call(text, text.length) === SUCCESS ? readCString(text) : null;
}

/** 12040 is 12.4. */
function readCudaVersion(
  { nvmlSystemGetCudaDriverVersion_v2: call }: NvmlFunctions,
): string | null {
  const version = new Uint32Array(1);
  if (call === null || call(version) !== SUCCESS) return null;
  return `${Math.floor(version[0]! / 1000)}.${Math.floor(version[0]! % 1000 / 10)}`;
}

/**
 * The first R535 drivers (535.43 to 535.86) write rows of 32 bytes in `_v3` lists, with no other name or
 * version. They are the only ones with `nvmlDeviceGetConfComputeMemSizeInfo` and without
 * `nvmlDeviceGetRunningProcessDetailList`.
 */
function newestGeneration(functions: NvmlFunctions): ListGeneration {
  if (functions.nvmlDeviceGetComputeRunningProcesses_v3 !== null) {
    const isEarlyR535 = functions.nvmlDeviceGetConfComputeMemSizeInfo !== null &&
      functions.nvmlDeviceGetRunningProcessDetailList === null;
    return { suffix: "_v3", rowSize: isEarlyR535 ? 32 : 24 };
  }
  return functions.nvmlDeviceGetComputeRunningProcesses_v2 !== null
    ? { suffix: "_v2", rowSize: 24 }
    : { suffix: "", rowSize: 16 };
}

/** The same functions, each call told of. */
function traced(functions: NvmlFunctions, host: Host, onCall: OnCall): NvmlFunctions {
  const all: Record<string, unknown> = {};
  for (const name of Object.keys(NVML_SIGNATURES) as NvmlFunctionName[]) {
    const call = functions[name] as ((...args: unknown[]) => number) | null;
    all[name] = call === null ? null : (...args: unknown[]) => {
      const startMs = host.now();
      const code = call(...args);
      onCall(name, code, host.now() - startMs);
      return code;
    };
  }
  return all as unknown as NvmlFunctions;
}
