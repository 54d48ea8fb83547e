/** What a spill tracker is fed with: one measurement of a whole device. */
import type { Bytes, DeviceInfo } from "./records.ts";
import { type DeviceListing, type SharedHolder, sharedHolders } from "./spill_causes.ts";

/** One measurement of a whole device, all processes together. */
export interface SpillSample {
  /** Memory of the device in use. */
  readonly dedicatedBytes: number;
  /** Memory of the system in use by the device. */
  readonly sharedBytes: number;
  /** Size of the device's memory; `null` (or 0) where it is not known, and then nothing is a spill. */
  readonly dedicatedLimitBytes: Bytes;
  /**
   * Who uses the system's memory through the device, so that a spill can be laid at the door of those whose use grew;
   * left out where it is not told.
   */
  readonly processes?: readonly SharedHolder[] | undefined;
}

/**
 * A device's numbers as a sample; `null` where its source does not tell how much of the system it uses. Windows' own
 * counters are taken where there are any, because its dedicated and its shared usage are counted alike.
 *
 * `null` also of a device whose memory is unified: it uses the system's memory in the ordinary way, and the little that
 * is set aside for it may be full at all times, so that anything that grows would look like a spill.
 *
 * @param listing who uses the devices; left out where that was not asked for
 */
export function spillSampleOf(device: DeviceInfo, listing?: DeviceListing): SpillSample | null {
  const { usedBytes, sharedUsedBytes, totalBytes, memoryKind, wddm } = device;
  if (memoryKind === "unified") return null;
  const isCounted = wddm !== null && wddm.dedicatedUsageBytes !== null &&
    wddm.sharedUsageBytes !== null;
  const dedicatedBytes = isCounted ? wddm.dedicatedUsageBytes : usedBytes;
  const sharedBytes = isCounted ? wddm.sharedUsageBytes : sharedUsedBytes;
  if (dedicatedBytes === null || sharedBytes === null) return null;
  const processes = listing === undefined ? null : sharedHolders(device, listing);
  return {
    dedicatedBytes,
    sharedBytes,
    dedicatedLimitBytes: isCounted ? wddm.dedicatedTotalBytes ?? totalBytes : totalBytes,
    ...processes === null ? {} : { processes },
  };
}
