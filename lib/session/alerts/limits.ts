/** Shares of a total as whole bytes, and the limits they make. Pure. */
import type { GpuSettings, RamSettings } from "../config/settings.ts";
import type { Bytes, DeviceInfo, SystemMemory } from "../../records.ts";

/** A number that can be compared. What is no number, or negative, is not known. */
export function known(value: number | null | undefined): number | null {
  return typeof value === "number" && value >= 0 && value < Infinity ? value : null;
}

/** A size that can be full. One of 0 is not known. */
export function knownTotal(value: Bytes | undefined): Bytes {
  return known(value) || null;
}

/**
 * The lower one of a share of the total and an absolute limit; `null`: there is none. A share is rounded to a whole
 * byte, so that two thirds of 12 GB are 8 GB exactly.
 */
export function lowerLimit(ratio: number, totalBytes: Bytes, limitBytes: Bytes): Bytes {
  const share = totalBytes === null ? Infinity : Math.round(ratio * totalBytes);
  const limit = Math.min(share, limitBytes ?? Infinity);
  return limit === Infinity ? null : limit;
}

/** Two limits of one quantity; `null`: that one can't be told. */
export interface TwoLimits {
  readonly warning: Bytes;
  readonly critical: Bytes;
}

/** From where on caution, and above what critical. */
export function gpuLimits(
  { totalBytes }: Pick<DeviceInfo, "totalBytes">,
  { cautionRatio, criticalRatio, cautionBytes, criticalBytes }: GpuSettings,
): TwoLimits {
  const total = knownTotal(totalBytes);
  return {
    warning: lowerLimit(cautionRatio, total, cautionBytes),
    critical: lowerLimit(criticalRatio, total, criticalBytes),
  };
}

/** Above what warning, and above what critical. */
export function ramLimits(
  { totalBytes }: Pick<SystemMemory, "totalBytes">,
  { warningRatio, criticalRatio, warningBytes, limitBytes }: RamSettings,
): TwoLimits {
  const total = knownTotal(totalBytes);
  return {
    warning: lowerLimit(warningRatio, total, warningBytes),
    critical: lowerLimit(criticalRatio, total, limitBytes),
  };
}
