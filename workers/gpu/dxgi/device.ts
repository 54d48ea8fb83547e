/** An adapter of DXGI as a device. Pure. */
import type { Failure } from "../../../lib/errors.ts";
import type { DeviceInfo } from "../../../lib/records.ts";
import { windowsDevice } from "../windows_device.ts";
import type { Adapter } from "./adapters.ts";

/**
 * The device of an adapter. One without memory of its own (`DedicatedVideoMemory` 0) is a part of the processor and
 * uses the system's: `SharedSystemMemory` is then what it has.
 */
export function toDevice(
  { desc, luid, address }: Pick<Adapter, "desc" | "luid" | "address">,
  index: number,
): DeviceInfo {
  const { dedicatedBytes, sharedBytes } = desc;
  const isUnified = dedicatedBytes === 0;
  return {
    ...windowsDevice("dxgi", index, luid),
    name: desc.name,
    totalBytes: isUnified ? sharedBytes : dedicatedBytes,
    memoryKind: dedicatedBytes === null ? null : isUnified ? "unified" : "dedicated",
    pciBusId: address.pciBusId,
    pciId: desc.pciId,
    wddm: {
      dedicatedUsageBytes: null,
      sharedUsageBytes: null,
      totalCommittedBytes: null,
      localUsageBytes: null,
      nonLocalUsageBytes: null,
      dedicatedTotalBytes: dedicatedBytes,
      sharedTotalBytes: sharedBytes,
    },
  };
}

/** What is said of sizes that no memory has. */
export function sizeFailures(device: DeviceInfo): Failure[] {
  const { dedicatedTotalBytes, sharedTotalBytes } = device.wddm!;
  if (dedicatedTotalBytes !== null && sharedTotalBytes !== null) return [];
  return [{
    code: "bad_value",
    source: "dxgi",
    message: `Cannot tell the size of GPU ${device.index}: GetDesc1 gave more than 2^53 bytes`,
    deviceIndex: device.index,
  }];
}
