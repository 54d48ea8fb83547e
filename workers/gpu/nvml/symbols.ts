/**
 * The C functions of NVML that are called, by their names in nvml.h. A `nvmlDevice_t` is passed as the
 * `u64` it is. Every function may be missing: an old driver then loses one number, not all.
 */
import type { Library, Signature } from "../../ffi/library.ts";
import type { Host } from "../../host/host.ts";
import { inSystem32 } from "../../host/system32.ts";

const handleAndBuffer = { args: ["u64", "buffer"], returns: "i32" } as const satisfies Signature;
const handleAndTwoBuffers = {
  args: ["u64", "buffer", "buffer"],
  returns: "i32",
} as const satisfies Signature;
/** (nvmlDevice_t, char *text, unsigned length) */
const handleAndText = {
  args: ["u64", "buffer", "u32"],
  returns: "i32",
} as const satisfies Signature;
/** (nvmlDevice_t, enum which, unsigned *value) */
const handleAndChoice = {
  args: ["u64", "u32", "buffer"],
  returns: "i32",
} as const satisfies Signature;
/** (char *text, unsigned length) */
const text = { args: ["buffer", "u32"], returns: "i32" } as const satisfies Signature;

export const NVML_SIGNATURES = {
  nvmlInit_v2: { args: [], returns: "i32" },
  nvmlShutdown: { args: [], returns: "i32" },
  nvmlSystemGetDriverVersion: text,
  nvmlSystemGetNVMLVersion: text,
  nvmlSystemGetCudaDriverVersion_v2: { args: ["buffer"], returns: "i32" },
  nvmlDeviceGetCount_v2: { args: ["buffer"], returns: "i32" },
  nvmlDeviceGetHandleByIndex_v2: { args: ["u32", "buffer"], returns: "i32" },
  nvmlDeviceGetName: handleAndText,
  nvmlDeviceGetUUID: handleAndText,
  nvmlDeviceGetPciInfo_v3: handleAndBuffer,
  nvmlDeviceGetMemoryInfo: handleAndBuffer,
  nvmlDeviceGetMemoryInfo_v2: handleAndBuffer,
  nvmlDeviceGetComputeRunningProcesses: handleAndTwoBuffers,
  nvmlDeviceGetComputeRunningProcesses_v2: handleAndTwoBuffers,
  nvmlDeviceGetComputeRunningProcesses_v3: handleAndTwoBuffers,
  nvmlDeviceGetGraphicsRunningProcesses: handleAndTwoBuffers,
  nvmlDeviceGetGraphicsRunningProcesses_v2: handleAndTwoBuffers,
  nvmlDeviceGetGraphicsRunningProcesses_v3: handleAndTwoBuffers,
  nvmlDeviceGetMPSComputeRunningProcesses: handleAndTwoBuffers,
  nvmlDeviceGetMPSComputeRunningProcesses_v2: handleAndTwoBuffers,
  nvmlDeviceGetMPSComputeRunningProcesses_v3: handleAndTwoBuffers,
  // Their presence alone is looked at: see process_rows.ts.
  nvmlDeviceGetConfComputeMemSizeInfo: handleAndBuffer,
  nvmlDeviceGetRunningProcessDetailList: handleAndBuffer,
  nvmlDeviceGetUtilizationRates: handleAndBuffer,
  nvmlDeviceGetTemperature: handleAndChoice,
  nvmlDeviceGetPowerUsage: handleAndBuffer,
  nvmlDeviceGetClockInfo: handleAndChoice,
  nvmlDeviceGetEccMode: handleAndTwoBuffers,
  nvmlDeviceGetMigMode: handleAndTwoBuffers,
  nvmlDeviceGetMaxMigDeviceCount: handleAndBuffer,
  nvmlDeviceGetMigDeviceHandleByIndex: handleAndChoice,
  nvmlDeviceGetGpuInstanceId: handleAndBuffer,
  nvmlDeviceGetComputeInstanceId: handleAndBuffer,
} as const;

/** The functions of an open library. */
export type NvmlFunctions = Library<typeof NVML_SIGNATURES>["functions"];

/** Name of a function. */
export type NvmlFunctionName = keyof typeof NVML_SIGNATURES;

/**
 * Where the library is looked for. The loader's own search comes first, but not on Windows, where it takes a library
 * from folders that anybody may write to; there the second place is that of older drivers.
 */
export function libraryCandidates(host: Host, explicit: string | null): readonly string[] {
  if (explicit !== null) return [explicit];
  if (host.platform !== "windows") {
    return ["libnvidia-ml.so.1", "libnvidia-ml.so", "/usr/lib/wsl/lib/libnvidia-ml.so.1"];
  }
  const programs = host.variable("ProgramFiles") ?? "C:\\Program Files";
  return [
    inSystem32(host, "nvml.dll"),
    `${programs}\\NVIDIA Corporation\\NVSMI\\nvml.dll`,
  ];
}
