/** What the counters of one moment tell of the GPUs and their processes. */
import type { Failure } from "../../../lib/errors.ts";
import type { AdapterAddresses } from "../adapter_address.ts";
import type { ProcessNamer } from "../../process_namer.ts";
import type { GpuReading } from "../source.ts";
import { absentFailure, answerFailures, unusableFailures } from "./failures.ts";
import { type Answer, hasNone } from "./query.ts";
import { toDevice, toProcess } from "./records.ts";
import { sumUp } from "./sums.ts";

/** Reads the answers of both queries; `processes` is `null` where they were not asked for. */
export function toReading(
  adapters: readonly Answer[],
  processes: readonly Answer[] | null,
  addresses: AdapterAddresses,
  namer: ProcessNamer,
): GpuReading {
  if (hasNone([...adapters, ...processes ?? []])) return nothing([absentFailure(adapters)]);
  const gpus = sumUp(adapters, "adapter");
  const rows = sumUp(processes ?? [], "process");
  const failures: Failure[] = [
    ...answerFailures([...adapters, ...processes ?? []]),
    ...unusableFailures(gpus.unusable, "adapter"),
    ...unusableFailures(rows.unusable, "process"),
  ];
  const luids = [...new Set([...gpus.usages, ...rows.usages].map(({ luid }) => luid))].sort();
  const isLeftOut = (luid: string) => addresses.addressOf(luid).isSoftware === true;
  const devices = luids.filter((luid) => !isLeftOut(luid)).map((luid, index) => {
    const usage = gpus.usages.find((gpu) => gpu.luid === luid)?.usage ?? null;
    return toDevice(luid, index, usage, addresses.addressOf(luid));
  });
  const byLuid = new Map(devices.map((device) => [device.luid, device]));
  const isListed = processes?.some(({ counter, items }) =>
    counter.tells === "dedicatedUsageBytes" && items !== null
  );
  return {
    devices,
    processes: rows.usages.flatMap(({ pid, luid, usage }) => {
      const device = byLuid.get(luid);
      if (pid === null || device === undefined) return [];
      return [toProcess(pid, namer.name(pid), device, usage)];
    }),
    listedDevices: isListed ? devices.map(({ index }) => index) : [],
    leftOut: luids.filter(isLeftOut),
    failures,
  };
}

/** No device, and why. */
export function nothing(failures: readonly Failure[]): GpuReading {
  return { devices: [], processes: [], listedDevices: [], failures };
}
