/** What tells GPUs apart from one answer to the next. */
import type { DeviceInfo } from "./records.ts";

/**
 * The UUID, so that a GPU keeps its history when the driver numbers it anew; where none is known its PCI address, then
 * Windows' number for it, and its index at last.
 */
export function deviceKey(
  { uuid, pciBusId = null, luid = null, index }:
    & Pick<DeviceInfo, "uuid" | "index">
    & Partial<Pick<DeviceInfo, "pciBusId" | "luid">>,
): string {
  return uuid ?? pciBusId ?? luid ?? String(index);
}
