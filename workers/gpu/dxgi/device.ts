/** An adapter of DXGI as a device. Pure. */
import type { Failure } from "../../../lib/errors.ts";
import type { DeviceInfo } from "../../../lib/records.ts";
import { sumBytes } from "../sum_bytes.ts";
import { windowsDevice } from "../windows_device.ts";
import type { Adapter } from "./adapters.ts";

/**
 * An adapter with less dedicated memory is taken for a part of the processor: what it calls its own is a piece of the
 * system's memory that the firmware has set aside (Intel: 128 MiB, AMD: 512 MiB and more).
 */
const LEAST_OWN_BYTES = 768 * 2 ** 20;

/**
 * The device of an adapter. An integrated one uses the system's memory beside the piece that is set aside for it, so
 * both together are its size.
 */
export function toDevice(
  { desc, luid, address }: Pick<Adapter, "desc" | "luid" | "address">,
  index: number,
): DeviceInfo {
  const { dedicatedBytes, sharedBytes } = desc;
  const isUnified = address.isIntegrated === true ||
    (dedicatedBytes !== null && dedicatedBytes < LEAST_OWN_BYTES);
  return {
    ...windowsDevice("dxgi", index, luid),
    name: desc.name,
    totalBytes: isUnified ? sumBytes(dedicatedBytes, sharedBytes) : dedicatedBytes,
    memoryKind: isUnified ? "unified" : dedicatedBytes === null ? null : "dedicated",
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
