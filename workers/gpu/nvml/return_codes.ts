/** `nvmlReturn_t` (nvml.h): names, what they mean for us, and what to do. */
import type { Failure, FailureCode } from "../../../lib/errors.ts";
import type { DeviceState } from "../../../lib/records.ts";

/** Codes that are acted upon. */
export const SUCCESS = 0;
export const NOT_SUPPORTED = 3;
export const NOT_FOUND = 6;
export const INSUFFICIENT_SIZE = 7;
export const FUNCTION_NOT_FOUND = 13;
export const LIB_RM_VERSION_MISMATCH = 18;
export const ARGUMENT_VERSION_MISMATCH = 25;
/** Not NVML's: a call succeeded, and what it gave can't be true. */
export const NOT_BELIEVABLE = -1;

interface Meaning {
  readonly name: string;
  readonly code: FailureCode;
  /** What a person can do. */
  readonly advice?: string;
  /** What it makes of a device that answers so. */
  readonly state?: DeviceState;
  /** The library has to be initialised anew. */
  readonly stale?: true;
}

const MEANINGS: Readonly<Record<number, Meaning>> = {
  [NOT_BELIEVABLE]: { name: "a value that can't be true", code: "bad_value" },
  0: { name: "NVML_SUCCESS", code: "internal" },
  1: { name: "NVML_ERROR_UNINITIALIZED", code: "driver_failed", stale: true },
  2: { name: "NVML_ERROR_INVALID_ARGUMENT", code: "driver_failed" },
  3: { name: "NVML_ERROR_NOT_SUPPORTED", code: "not_supported" },
  4: {
    name: "NVML_ERROR_NO_PERMISSION",
    code: "permission_denied",
    advice: "run as root, or ask the administrator to allow it",
  },
  6: { name: "NVML_ERROR_NOT_FOUND", code: "driver_failed" },
  7: { name: "NVML_ERROR_INSUFFICIENT_SIZE", code: "driver_failed" },
  8: {
    name: "NVML_ERROR_INSUFFICIENT_POWER",
    code: "driver_failed",
    advice: "connect the power cables of the GPU",
  },
  9: {
    name: "NVML_ERROR_DRIVER_NOT_LOADED",
    code: "absent",
    advice: "load the driver (on Linux: modprobe nvidia), or install it",
    stale: true,
  },
  10: { name: "NVML_ERROR_TIMEOUT", code: "driver_failed" },
  11: { name: "NVML_ERROR_IRQ_ISSUE", code: "driver_failed" },
  12: {
    name: "NVML_ERROR_LIBRARY_NOT_FOUND",
    code: "absent",
    advice: "install the NVIDIA driver; in a container, start it with the NVIDIA runtime",
    stale: true,
  },
  13: { name: "NVML_ERROR_FUNCTION_NOT_FOUND", code: "not_supported" },
  15: {
    name: "NVML_ERROR_GPU_IS_LOST",
    code: "driver_failed",
    advice: "the GPU fell off the bus: look for Xid 79 in the kernel log, and reboot",
    state: "lost",
  },
  16: {
    name: "NVML_ERROR_RESET_REQUIRED",
    code: "driver_failed",
    advice: "end its processes and reset it: nvidia-smi --gpu-reset -i INDEX",
    state: "reset_required",
  },
  17: {
    name: "NVML_ERROR_OPERATING_SYSTEM",
    code: "permission_denied",
    advice: "the system blocks the GPU; in a container, `systemctl daemon-reload` on the host " +
      "takes its devices away: restart the container",
    state: "blocked",
  },
  18: {
    name: "NVML_ERROR_LIB_RM_VERSION_MISMATCH",
    code: "driver_failed",
    advice: "the library and the loaded driver have different versions, as after an update: " +
      "restart the machine, or on Linux reload the kernel module",
    state: "mismatched",
    stale: true,
  },
  19: { name: "NVML_ERROR_IN_USE", code: "driver_failed" },
  20: { name: "NVML_ERROR_MEMORY", code: "driver_failed" },
  21: { name: "NVML_ERROR_NO_DATA", code: "driver_failed" },
  23: { name: "NVML_ERROR_INSUFFICIENT_RESOURCES", code: "driver_failed" },
  25: { name: "NVML_ERROR_ARGUMENT_VERSION_MISMATCH", code: "not_supported" },
  27: { name: "NVML_ERROR_NOT_READY", code: "driver_failed" },
  28: { name: "NVML_ERROR_GPU_NOT_FOUND", code: "driver_failed" },
  999: {
    name: "NVML_ERROR_UNKNOWN",
    code: "driver_failed",
    advice:
      "look into the system's log (on Linux: NVRM lines of the kernel); in a container, restart it",
  },
};

/** The name of a code; an unknown one keeps its number. */
export function codeName(code: number): string {
  return MEANINGS[code]?.name ?? `NVML_ERROR_${code}`;
}

/** What a device is in that answers so. */
export function stateOf(code: number): DeviceState {
  return MEANINGS[code]?.state ?? "failed";
}

/** A device that answers so answers nothing else. */
export function isFatal(code: number): boolean {
  return MEANINGS[code]?.state !== undefined;
}

/** The device or the library does not have what was asked for; that is no failure. */
export function isLacking(code: number): boolean {
  return code === NOT_SUPPORTED || code === FUNCTION_NOT_FOUND;
}

/** The library has to be initialised anew after this. */
export function isStale(code: number): boolean {
  return MEANINGS[code]?.stale ?? false;
}

/** What to do about it; `null` where there is nothing known. */
export function adviceFor(code: number): string | null {
  return MEANINGS[code]?.advice ?? null;
}

/** The failure of `doing`, such as "read the memory of GPU 0". */
export function nvmlFailure(code: number, doing: string, deviceIndex?: number): Failure {
  const advice = adviceFor(code);
  return {
    code: MEANINGS[code]?.code ?? "driver_failed",
    source: "nvml",
    message: `Cannot ${doing}: the driver answered ${codeName(code)}` +
      (advice === null ? "" : `; ${advice}`),
    ...(code < 0 ? {} : { driverCode: codeName(code) }),
    ...(deviceIndex === undefined ? {} : { deviceIndex }),
  };
}
