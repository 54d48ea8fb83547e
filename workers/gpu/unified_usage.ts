/**
 * What Windows' counters mean of a GPU that lives in the system's memory: it uses what is carved out for it and what it
 * shares, both together. Beside that sum the shared part would be counted twice, so it stands in `wddm` alone. Pure.
 */
import type { DeviceInfo, GpuProcess } from "../../lib/records.ts";
import { sumBytes } from "./sum_bytes.ts";

/** The device with what follows from its kind; any other as it is. */
export function withUnifiedUsage(device: DeviceInfo): DeviceInfo {
  const { memoryKind, wddm, totalBytes } = device;
  if (memoryKind !== "unified" || wddm === null) return device;
  const usedBytes = sumBytes(wddm.dedicatedUsageBytes, wddm.sharedUsageBytes);
  const isFree = totalBytes !== null && usedBytes !== null && usedBytes <= totalBytes;
  return {
    ...device,
    usedBytes,
    freeBytes: isFree ? totalBytes - usedBytes : null,
    usedIncludesReserved: usedBytes === null ? null : false,
    sharedUsedBytes: null,
  };
}

/** A process's row on a device of that kind. */
export function rowWithUnifiedUsage(
  row: GpuProcess,
  memoryKind: DeviceInfo["memoryKind"],
): GpuProcess {
  const { source, wddm } = row;
  if (memoryKind !== "unified" || source !== "pdh" || wddm === null) return row;
  const usedBytes = sumBytes(wddm.dedicatedUsageBytes, wddm.sharedUsageBytes);
  const missing = usedBytes === null ? "not_told" : null;
  return { ...row, usedBytes, missing, sharedUsedBytes: null };
}
