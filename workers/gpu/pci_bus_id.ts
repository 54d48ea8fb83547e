/** Maker and model as they are written everywhere: `10de:2684`. */
export function formatPciId(vendor: number, device: number): string {
  const hex = (id: number) => id.toString(16).padStart(4, "0");
  return `${hex(vendor)}:${hex(device)}`;
}

/**
 * A PCI bus id as NVML writes it, `00000000:65:00.0`: eight digits of domain, upper case. The kernel and
 * older drivers write four digits, or lower case, for the same place. `null` where it is no bus id.
 */
export function normalPciBusId(text: string | null): string | null {
  const found = /^(?:([0-9a-f]{1,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i.exec(
    text?.trim() ?? "",
  );
  if (found === null) return null;
  const [, domain = "0", bus, device, part] = found;
  return `${domain.padStart(8, "0")}:${bus}:${device}.${part}`.toUpperCase();
}
