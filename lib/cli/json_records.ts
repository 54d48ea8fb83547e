/** Records as JSON, with the original's keys first and in its order. */
import { toJsonLine } from "../json_case.ts";
import type { DeviceInfo, GpuProcess } from "../records.ts";

const DEVICE_KEYS = [
  "index",
  "name",
  "totalBytes",
  "freeBytes",
  "usedBytes",
  "reservedBytes",
  "driverVersion",
] as const satisfies readonly (keyof DeviceInfo)[];

const PROCESS_KEYS = [
  "pid",
  "name",
  "usedBytes",
  "sharedUsedBytes",
  "deviceIndex",
  "deviceName",
] as const satisfies readonly (keyof GpuProcess)[];

/** A copy with the original's seven keys of a device first. */
export function orderedDevice(device: DeviceInfo): DeviceInfo {
  return withFirst(device, DEVICE_KEYS);
}

/** A copy with the original's six keys of a process on a GPU first. */
export function orderedProcess<P extends GpuProcess>(row: P): P {
  return withFirst(row, PROCESS_KEYS);
}

/** An array of devices as one line of JSON. */
export function devicesJson(devices: readonly DeviceInfo[]): string {
  return toJsonLine(devices.map(orderedDevice));
}

function withFirst<R extends object>(record: R, keys: readonly (keyof R)[]): R {
  const first = Object.fromEntries(keys.map((key) => [key, record[key]])) as Partial<R>;
  return Object.assign(first, record);
}
