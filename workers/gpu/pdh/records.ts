/** Sums of counters as devices and rows. Pure. */
import type { DeviceInfo, GpuProcess, WddmUsage } from "../../../lib/records.ts";
import type { AdapterAddress } from "../adapter_address.ts";
import type { ProcessName } from "../../process_namer.ts";
import { windowsDevice } from "../windows_device.ts";

/** A GPU by its counters; `null` where it has none. Its sizes are told by `dxgi`. */
export function toDevice(
  luid: string,
  index: number,
  usage: WddmUsage | null,
  { pciBusId }: AdapterAddress,
): DeviceInfo {
  const usedBytes = usage?.dedicatedUsageBytes ?? null;
  return {
    ...windowsDevice("pdh", index, luid),
    pciBusId,
    usedBytes,
    usedIncludesReserved: usedBytes === null ? null : false,
    sharedUsedBytes: usage?.sharedUsageBytes ?? null,
    wddm: usage && { ...usage, dedicatedTotalBytes: null, sharedTotalBytes: null },
  };
}

/** A process by its counters. What it has committed in the GPU's own memory is what it "uses". */
export function toProcess(
  pid: number,
  { name, nameStatus }: ProcessName,
  deviceIndex: number,
  usage: WddmUsage,
): GpuProcess {
  return {
    pid,
    name,
    nameStatus,
    usedBytes: usage.dedicatedUsageBytes,
    sharedUsedBytes: usage.sharedUsageBytes,
    missing: usage.dedicatedUsageBytes === null ? "not_told" : null,
    rssBytes: null,
    deviceIndex,
    deviceUuid: null,
    deviceName: null,
    contexts: [],
    gpuInstanceId: null,
    computeInstanceId: null,
    wddm: usage,
    source: "pdh",
  };
}
