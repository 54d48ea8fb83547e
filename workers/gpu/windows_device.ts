/** A device of which Windows has told its LUID alone. Pure. */
import type { DeviceInfo } from "../../lib/records.ts";
import type { SourceName } from "../../lib/sources.ts";
import { NO_TELEMETRY } from "./no_telemetry.ts";

/** Everything else is not known. */
export function windowsDevice(source: SourceName, index: number, luid: string): DeviceInfo {
  return {
    index,
    name: null,
    totalBytes: null,
    freeBytes: null,
    usedBytes: null,
    reservedBytes: null,
    driverVersion: null,
    sharedUsedBytes: null,
    usedIncludesReserved: null,
    memoryKind: null,
    state: "ok",
    uuid: null,
    pciBusId: null,
    pciId: null,
    luid,
    wddm: null,
    ...NO_TELEMETRY,
    cudaDriverVersion: null,
    migSlices: [],
    source,
  };
}
