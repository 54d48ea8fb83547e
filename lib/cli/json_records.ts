/** Records as JSON, with the original's keys first and in its order. */
import { toJsonLine } from "../json_case.ts";
import type { DeviceInfo, GpuProcess } from "../records.ts";

/** The original's seven keys of a device, then ours. */
export function orderedDevice(device: DeviceInfo): DeviceInfo {
  const { index, name, totalBytes, freeBytes, usedBytes, reservedBytes, driverVersion } = device;
  return {
    index,
    name,
    totalBytes,
    freeBytes,
    usedBytes,
    reservedBytes,
    driverVersion,
    ...device,
  };
}

/** The original's six keys of a process on a GPU, then ours. */
export function orderedProcess<P extends GpuProcess>(row: P): P {
  const { pid, name, usedBytes, sharedUsedBytes, deviceIndex, deviceName } = row;
  return { pid, name, usedBytes, sharedUsedBytes, deviceIndex, deviceName, ...row };
}

/** An array of devices as one line of JSON. */
export function devicesJson(devices: readonly DeviceInfo[]): string {
  return toJsonLine(devices.map(orderedDevice));
}
