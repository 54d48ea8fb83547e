/** Which sources told of a GPU. */
import type { DeviceInfo } from "./records.ts";
import type { SourceName } from "./sources.ts";

/** The one that told of the device, and Windows' counters where they told its memory. */
export function sourcesOfDevice(
  { source, wddm }: Pick<DeviceInfo, "source" | "wddm">,
): readonly SourceName[] {
  const isCounted = wddm !== null && wddm.dedicatedUsageBytes !== null;
  return isCounted && source !== "pdh" ? [source, "pdh"] : [source];
}
