/**
 * nvidia-smi's own words about what went wrong, as failures. It prints them on stdout, next to rows or
 * instead of them.
 */
import type { Failure, FailureCode } from "../../../lib/errors.ts";

/** One way to say it: what it means, NVML's name for it, and what to do. */
interface Saying {
  readonly pattern: RegExp;
  readonly code: FailureCode;
  readonly driverCode: string;
  readonly advice: string;
}

/** The first that matches counts. The exit code of nvidia-smi is NVML's number of the same error. */
const SAYINGS: readonly Saying[] = [
  {
    pattern: /version mismatch/i,
    code: "driver_failed",
    driverCode: "NVML_ERROR_LIB_RM_VERSION_MISMATCH",
    advice: "restart the machine, or on Linux reload the kernel module, after a driver update",
  },
  {
    pattern: /couldn't communicate with the NVIDIA driver|driver (is )?not loaded/i,
    code: "driver_failed",
    driverCode: "NVML_ERROR_DRIVER_NOT_LOADED",
    advice: "load the driver (on Linux: modprobe nvidia), or install it",
  },
  {
    pattern: /couldn't find (libnvidia-ml|nvml\.dll)|LIBRARY_NOT_FOUND|library not found/i,
    code: "absent",
    driverCode: "NVML_ERROR_LIBRARY_NOT_FOUND",
    advice: "install the NVIDIA driver",
  },
  {
    pattern: /(insufficient|no) permission/i,
    code: "permission_denied",
    driverCode: "NVML_ERROR_NO_PERMISSION",
    advice: "run as a user who may open the GPU (on Linux: /dev/nvidia*)",
  },
  {
    pattern: /blocked by the operating system/i,
    code: "driver_failed",
    driverCode: "NVML_ERROR_OPERATING_SYSTEM",
    advice: "let the container or cgroup use the GPU",
  },
  {
    pattern: /GPU is lost|fallen off the bus/i,
    code: "driver_failed",
    driverCode: "NVML_ERROR_GPU_IS_LOST",
    advice: "restart the machine",
  },
  {
    pattern: /requires? (a )?reset/i,
    code: "driver_failed",
    driverCode: "NVML_ERROR_RESET_REQUIRED",
    advice: "reset the GPU with `nvidia-smi --gpu-reset`",
  },
  {
    pattern: /insufficient (external )?power/i,
    code: "driver_failed",
    driverCode: "NVML_ERROR_INSUFFICIENT_POWER",
    advice: "attach the power cables of the GPU",
  },
  {
    pattern: /timeout/i,
    code: "driver_failed",
    driverCode: "NVML_ERROR_TIMEOUT",
    advice: "restart the machine if it stays so",
  },
  {
    pattern: /Function Not Found/i,
    code: "driver_failed",
    driverCode: "NVML_ERROR_FUNCTION_NOT_FOUND",
    advice: "use a driver and an nvidia-smi of one version",
  },
  {
    pattern: /unknown error/i,
    code: "driver_failed",
    driverCode: "NVML_ERROR_UNKNOWN",
    advice: "look into the system's log; in a container, restart it",
  },
];

/** Exit codes that name an error where the text does not. */
const EXIT_CODES: Readonly<Record<number, string>> = {
  4: "NVML_ERROR_NO_PERMISSION",
  8: "NVML_ERROR_INSUFFICIENT_POWER",
  9: "NVML_ERROR_DRIVER_NOT_LOADED",
  12: "NVML_ERROR_LIBRARY_NOT_FOUND",
  13: "NVML_ERROR_FUNCTION_NOT_FOUND",
  14: "NVML_ERROR_CORRUPTED_INFOROM",
  15: "NVML_ERROR_GPU_IS_LOST",
};

/** "There is no GPU", which is an answer. */
export function saysNoDevices(output: string): boolean {
  return /^\s*No devices( were)? found/m.test(output);
}

/** What nvidia-smi said, with the name of the error and what to do. `what` completes "Cannot …". */
export function sayingFailure(what: string, output: string, exitCode: number | null): Failure {
  const saying = SAYINGS.find(({ pattern }) => pattern.test(output)) ??
    SAYINGS.find(({ driverCode }) => driverCode === EXIT_CODES[exitCode ?? 0]);
  const driverCode = saying?.driverCode ?? EXIT_CODES[exitCode ?? 0];
  const words = firstSentence(output) ?? `exit code ${exitCode ?? "unknown"} and no word`;
  return {
    code: saying?.code ?? "driver_failed",
    message: `Cannot ${what}: nvidia-smi says "${words}"${saying ? `; ${saying.advice}` : ""}`,
    source: "nvidia_smi",
    ...(driverCode === undefined ? {} : { driverCode }),
  };
}

/** The first line that says something, short and without control characters. */
export function firstSentence(output: string): string | null {
  // deno-lint-ignore no-control-regex
  const line = output.replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, " ").split("\n")
    .map((text) => text.trim()).find((text) => text !== "");
  if (line === undefined) return null;
  const sentence = line.split(/\.(?:\s|$)/)[0]!.trim() || line;
  return sentence.length > 200 ? `${[...sentence].slice(0, 199).join("")}…` : sentence;
}
