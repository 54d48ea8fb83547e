/** Sums of counters as devices and rows. Pure. */
import type { DeviceInfo, GpuProcess, WddmUsage } from "../../../lib/records.ts";
import type { AdapterAddress } from "../adapter_address.ts";
import type { ProcessName } from "../../process_namer.ts";
import { rowWithUnifiedUsage, withUnifiedUsage } from "../unified_usage.ts";
import { windowsDevice } from "../windows_device.ts";

/**
 * A GPU by its counters; `null` where it has none. Its sizes are told by `dxgi`. One that is integrated uses the
 * system's memory like its own, so that both together are what it uses; of others this is not known here.
 */
export function toDevice(
  luid: string,
  index: number,
  usage: WddmUsage | null,
  { pciBusId, isIntegrated }: AdapterAddress,
): DeviceInfo {
  const usedBytes = usage?.dedicatedUsageBytes ?? null;
  return withUnifiedUsage({
    ...windowsDevice("pdh", index, luid),
    memoryKind: isIntegrated ? "unified" : null,
    pciBusId,
    usedBytes,
    usedIncludesReserved: usedBytes === null ? null : false,
    sharedUsedBytes: usage?.sharedUsageBytes ?? null,
    wddm: usage && { ...usage, dedicatedTotalBytes: null, sharedTotalBytes: null },
  });
}

/**
 * A process by its counters. What it has committed in the GPU's own memory is what it "uses", and on a GPU that is
 * known to be integrated what it uses of the system's too.
 */
export function toProcess(
  pid: number,
  { name, nameStatus }: ProcessName,
  { index, memoryKind }: DeviceInfo,
  usage: WddmUsage,
): GpuProcess {
  const usedBytes = usage.dedicatedUsageBytes;
  const row: GpuProcess = {
    pid,
    name,
    nameStatus,
    usedBytes,
    sharedUsedBytes: usage.sharedUsageBytes,
    missing: usedBytes === null ? "not_told" : null,
    rssBytes: null,
    deviceIndex: index,
    deviceUuid: null,
    deviceName: null,
    contexts: [],
    gpuInstanceId: null,
    computeInstanceId: null,
    wddm: usage,
    source: "pdh",
  };
  return rowWithUnifiedUsage(row, memoryKind);
}
