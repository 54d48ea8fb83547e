/** Where Windows lists the GPUs of every maker: what NVIDIA's own sources are still asked for, or not missed for. Pure. */
import type { Failure } from "../../lib/errors.ts";
import type { DeviceInfo } from "../../lib/records.ts";
import type { GpuReading } from "./source.ts";

const isNvidia = ({ pciId }: DeviceInfo) => pciId?.startsWith("10de:") === true;

/** Windows knows an NVIDIA GPU of which NVIDIA's own library told nothing. */
export function hasUntoldNvidia({ devices }: GpuReading): boolean {
  return devices.some((device) =>
    isNvidia(device) && device.source !== "nvml" && device.uuid === null
  );
}

/** On a machine whose GPUs are all of other makers, NVIDIA's driver is not missed. */
export function withoutNvidiaTrouble(reading: GpuReading): GpuReading {
  const { devices, failures } = reading;
  const mayHaveOne = devices.length === 0 ||
    devices.some((device) => isNvidia(device) || device.pciId === null);
  const isTrouble = ({ source, code }: Failure) =>
    code === "absent" && (source === "nvml" || source === "nvidia_smi");
  return mayHaveOne ? reading : { ...reading, failures: failures.filter((f) => !isTrouble(f)) };
}
