/**
 * NVML opened and initialised: its functions, what does not change while it is open, and buffers that are
 * used again and again.
 */
import type { MissingMemory } from "../../../lib/records.ts";
import { type Host, HostError } from "../../host/host.ts";
import { codeName, FUNCTION_NOT_FOUND, LIB_RM_VERSION_MISMATCH, SUCCESS } from "./return_codes.ts";
import { readCString, type RowSize, TEXT } from "./structs.ts";
import type { KeptLibrary } from "./kept_library.ts";
import type { NvmlFunctions } from "./symbols.ts";
import { type OnCall, traced } from "./trace.ts";
import { note, type Untold } from "./untold.ts";

/** Which generation of process lists the library has. */
export interface ListGeneration {
  readonly suffix: "_v3" | "_v2" | "";
  readonly rowSize: RowSize;
}

/** Why NVML could not be opened. */
export interface OpenFailure {
  /** The library that was loaded; `null` where there is none. */
  readonly path: string | null;
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
  driverVersion: string | null;
  nvmlVersion: string | null;
  cudaDriverVersion: string | null;
  /** The three versions were asked for, and told where the driver has them. */
  areVersionsTold: boolean;
  /** Changes once, when the newest generation turns out not to work. */
  generation: ListGeneration;
  /** One number that a call writes. */
  readonly number: Uint32Array;
  readonly second: Uint32Array;
  readonly handle: BigUint64Array;
  /**
   * What "not available" means for the memory of a process: on Windows that NVML has no such figures, as the system
   * keeps them (WDDM); elsewhere a fault of the driver.
   */
  readonly notAvailable: MissingMemory;
  /** Rows of a process list; replaced by a larger one when it is too small. */
  rows: Uint8Array;
}

/** Room for this many processes of one device at first. */
const FIRST_ROWS = 128;

/** Opens and initialises NVML. */
export function openSession(
  host: Host,
  kept: KeptLibrary,
  onCall: OnCall | null,
): Session | OpenFailure {
  const startMs = host.now();
  let path: string;
  let functions: NvmlFunctions;
  try {
    const library = kept.open();
    path = library.path;
    functions = onCall === null ? library.functions : traced(library.functions, host, onCall);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return {
      path: null,
      code: null,
      detail: error.message,
      refused: error.code === "ENOTCAPABLE",
      durationMs: host.now() - startMs,
    };
  }
  const code = functions.nvmlInit_v2 === null ? FUNCTION_NOT_FOUND : functions.nvmlInit_v2();
  if (code !== SUCCESS) {
    if (code === LIB_RM_VERSION_MISMATCH) kept.unload();
    const durationMs = host.now() - startMs;
    return { path, code, detail: codeName(code), refused: false, durationMs };
  }
  return {
    path,
    functions,
    driverVersion: null,
    nvmlVersion: null,
    cudaDriverVersion: null,
    areVersionsTold: false,
    generation: newestGeneration(functions),
    notAvailable: host.platform === "windows" ? "not_told" : "sentinel",
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
  untold: Untold,
  what: string,
): string | null {
  const text = new Uint8Array(length);
  const code = call?.(handle, text, length) ?? FUNCTION_NOT_FOUND;
  note(untold, what, code);
  return code === SUCCESS ? readCString(text) : null;
}

/** Reads the versions where they are not known yet. They hold as long as the session. */
export function readVersions(session: Session, untold: Untold): void {
  if (session.areVersionsTold) return;
  const before = untold.length;
  const { functions: f } = session;
  const text = (call: NvmlFunctions["nvmlSystemGetDriverVersion"], what: string) => {
    const buffer = new Uint8Array(TEXT.version);
    const code = call?.(buffer, buffer.length) ?? FUNCTION_NOT_FOUND;
    note(untold, what, code);
    return code === SUCCESS ? readCString(buffer) : null;
  };
  session.driverVersion = text(f.nvmlSystemGetDriverVersion, "driver version");
  session.nvmlVersion = text(f.nvmlSystemGetNVMLVersion, "NVML version");
  session.cudaDriverVersion = readCudaVersion(f, untold);
  session.areVersionsTold = untold.length === before;
}

/** 12040 is 12.4. */
function readCudaVersion(
  { nvmlSystemGetCudaDriverVersion_v2: call }: NvmlFunctions,
  untold: Untold,
): string | null {
  const version = new Uint32Array(1);
  const code = call?.(version) ?? FUNCTION_NOT_FOUND;
  note(untold, "CUDA version", code);
  if (code !== SUCCESS) return null;
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
