/** The attributes of GPUs, and text from outside as the value of an attribute. */
import type { Reading } from "../reading/reading.ts";
import type { DeviceInfo } from "../records.ts";
import { escapeText } from "../text.ts";
import { vendorOf } from "../vendor.ts";
import type { SeriesAttributes } from "./instrument.ts";

/** Names of the attributes of every series of a GPU. */
export const GPU_ATTRIBUTES = ["hw.id", "hw.name", "hw.vendor", "hw.driver_version"] as const;

/** A GPU and its attributes. */
export interface NamedGpu {
  readonly device: DeviceInfo;
  /** `hw.id`, different for each GPU of a reading. */
  readonly id: string;
  readonly attributes: SeriesAttributes;
}

const LONGEST = 256;

/** Text from outside, without what acts on a terminal or hides, and no longer than 256 characters. */
export function safeText(text: string): string {
  return escapeText(text.slice(0, LONGEST)).slice(0, LONGEST);
}

/** The attributes that are known. */
export function told(fields: Readonly<Record<string, string | number | null>>): SeriesAttributes {
  const entries = Object.entries(fields).flatMap(([name, value]) =>
    value === null ? [] : [[name, typeof value === "string" ? safeText(value) : value] as const]
  );
  return Object.fromEntries(entries);
}

/** The GPUs of a reading; none where their driver gave no answer. */
export function gpusOf({ gpu }: Reading): readonly NamedGpu[] {
  const devices = gpu?.devices ?? [];
  const taken = new Set<string>();
  return devices.map((device) => {
    const id = idsOf(device).find((id) => !taken.has(id)) ?? `index:${device.index}#${taken.size}`;
    taken.add(id);
    return {
      device,
      id,
      attributes: told({
        "hw.id": id,
        "hw.name": device.name,
        "hw.vendor": vendorOf(device),
        "hw.driver_version": device.driverVersion,
      }),
    };
  });
}

/** The ids that a GPU can have, the steadiest first. */
function idsOf({ uuid, pciBusId, index }: DeviceInfo): readonly string[] {
  return [
    ...(uuid === null || uuid === "" ? [] : [safeText(uuid)]),
    ...(pciBusId === null || pciBusId === "" ? [] : [safeText(`pci:${shortBusId(pciBusId)}`)]),
    `index:${index}`,
  ];
}

/** NVML writes the domain with 8 digits; 4 are usual, `0000:65:00.0`. */
function shortBusId(busId: string): string {
  return busId.toLowerCase().replace(/^0000(?=[0-9a-f]{4}:)/, "");
}
