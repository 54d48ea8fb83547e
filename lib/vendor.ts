/** Who made a GPU. */
import type { DeviceInfo } from "./records.ts";

const BY_PCI_ID: Readonly<Record<string, string>> = {
  "1002": "AMD",
  "10de": "NVIDIA",
  "8086": "Intel",
};

/** The maker's name, from its number on the PCI bus, or from a source that knows one maker only; `null`: not known. */
export function vendorOf({ pciId, source }: Pick<DeviceInfo, "pciId" | "source">): string | null {
  const told = pciId === null ? undefined : BY_PCI_ID[pciId.slice(0, 4).toLowerCase()];
  return told ?? (source === "nvml" || source === "nvidia_smi" ? "NVIDIA" : null);
}
