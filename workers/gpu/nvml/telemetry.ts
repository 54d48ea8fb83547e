/** What a device tells beside its memory. A number it does not have is not asked for again. */
import type { Telemetry } from "../no_telemetry.ts";
import { FUNCTION_NOT_FOUND, isLacking, SUCCESS } from "./return_codes.ts";
import type { Session } from "./session.ts";
import { UTILIZATION } from "./structs.ts";
import { note, type Untold } from "./untold.ts";

/** `NVML_TEMPERATURE_GPU`, `NVML_CLOCK_SM`, `NVML_CLOCK_MEM`, `NVML_FEATURE_ENABLED`. */
const TEMPERATURE_GPU = 0;
const CLOCK_SM = 1;
const CLOCK_MEM = 2;
const FEATURE_ENABLED = 1;

const utilization = new Uint8Array(UTILIZATION.size);
const utilizationView = new DataView(utilization.buffer);

/** Reads it. `lacking` collects the calls that this device does not support. */
export function readTelemetry(
  session: Session,
  handle: bigint,
  lacking: Set<string>,
  untold: Untold,
): Telemetry {
  const { functions: f, number, second } = session;
  const answers = (name: string, call: () => number | undefined): boolean => {
    if (lacking.has(name)) return false;
    const code = call() ?? FUNCTION_NOT_FOUND;
    if (isLacking(code)) lacking.add(name);
    note(untold, name, code);
    return code === SUCCESS;
  };
  const one = (name: string, call: () => number | undefined): number | null =>
    answers(name, call) ? number[0]! : null;

  const isBusyKnown = answers(
    "utilisation",
    () => f.nvmlDeviceGetUtilizationRates?.(handle, utilization),
  );
  const milliwatts = one("power", () => f.nvmlDeviceGetPowerUsage?.(handle, number));
  return {
    utilizationRatio: isBusyKnown ? utilizationView.getUint32(UTILIZATION.gpu, true) / 100 : null,
    memoryBandwidthBusyRatio: isBusyKnown
      ? utilizationView.getUint32(UTILIZATION.memory, true) / 100
      : null,
    temperatureCelsius: one(
      "temperature",
      () => f.nvmlDeviceGetTemperature?.(handle, TEMPERATURE_GPU, number),
    ),
    powerWatts: milliwatts === null ? null : milliwatts / 1000,
    smClockMhz: one("SM clock", () => f.nvmlDeviceGetClockInfo?.(handle, CLOCK_SM, number)),
    memoryClockMhz: one(
      "memory clock",
      () => f.nvmlDeviceGetClockInfo?.(handle, CLOCK_MEM, number),
    ),
    // The second number of both is what holds after the next reboot.
    eccEnabled: enabled(one("ECC mode", () => f.nvmlDeviceGetEccMode?.(handle, number, second))),
    migEnabled: enabled(one("MIG mode", () => f.nvmlDeviceGetMigMode?.(handle, number, second))),
  };
}

function enabled(mode: number | null): boolean | null {
  return mode === null ? null : mode === FEATURE_ENABLED;
}
