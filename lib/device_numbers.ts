/**
 * Keeps the numbers of GPUs from one answer to the next. On Windows several sources tell of the same devices, each in
 * its own order, and one that fails would leave the others to be counted anew: GPU 0 would be another card in the
 * middle of a recording. So a device keeps the index, and the UUID, that it has once had.
 */
import type { GpuReply } from "./protocol.ts";
import type { DeviceInfo } from "./records.ts";
import { vendorOf } from "./vendor.ts";

type Identity = Pick<DeviceInfo, "luid" | "uuid" | "pciBusId" | "pciId" | "name">;

interface Known extends Identity {
  readonly index: number;
}

/** More than a machine ever has; who comes and goes so often is not remembered. */
const MOST_KNOWN = 256;

/** The numbers of one meter's devices. */
export class DeviceNumbers {
  #known: Known[] = [];

  /** The answer in these numbers. Where no device is one of Windows' it stays as it is. */
  number(reply: GpuReply): GpuReply {
    if (this.#known.length === 0 && reply.devices.every(({ luid }) => luid === null)) return reply;
    const indices = new Map<number, number>();
    const devices = preferences(reply.devices).map(({ device, preferred }) => {
      const known = this.#find(device);
      const index = known?.index ?? this.#freeFor(preferred);
      indices.set(device.index, index);
      const named = { ...device, ...identityOf(device, known), index };
      this.#remember(named);
      return named;
    });
    const numbered = (index: number) => indices.get(index) ?? index;
    const uuids = new Map(devices.map(({ index, uuid }) => [index, uuid]));
    return {
      ...reply,
      devices: devices.sort((a, b) => a.index - b.index),
      processes: reply.processes.map((row) => {
        const deviceIndex = numbered(row.deviceIndex);
        return { ...row, deviceIndex, deviceUuid: uuids.get(deviceIndex) ?? row.deviceUuid };
      }).sort((a, b) => a.deviceIndex - b.deviceIndex || a.pid - b.pid),
      listedDevices: reply.listedDevices.map(numbered).sort((a, b) => a - b),
      failures: reply.failures.map((failure) =>
        failure.deviceIndex === undefined
          ? failure
          : { ...failure, deviceIndex: numbered(failure.deviceIndex) }
      ),
    };
  }

  #find(device: DeviceInfo): Known | undefined {
    const same = (name: "luid" | "uuid" | "pciBusId") =>
      device[name] === null ? undefined : this.#known.find((known) => known[name] === device[name]);
    return same("luid") ?? same("uuid") ?? same("pciBusId");
  }

  /** The index, if nobody has it; else the next one. */
  #freeFor(preferred: number): number {
    let index = preferred;
    while (this.#known.some((known) => known.index === index)) index++;
    return index;
  }

  #remember({ index, luid, uuid, pciBusId, pciId, name }: DeviceInfo): void {
    const others = this.#known.filter((known) => known.index !== index);
    this.#known = [...others.slice(-MOST_KNOWN), { index, luid, uuid, pciBusId, pciId, name }];
  }
}

/** Which index each would have: NVML's; without it as it would count, NVIDIA's by their place on the bus. */
function preferences(
  devices: readonly DeviceInfo[],
): { readonly device: DeviceInfo; readonly preferred: number }[] {
  if (devices.some(({ source }) => source === "nvml")) {
    return devices.map((device) => ({ device, preferred: device.index }));
  }
  const rank = (device: DeviceInfo) => vendorOf(device) === "NVIDIA" ? 0 : 1;
  const place = ({ pciBusId }: DeviceInfo) => pciBusId ?? "~";
  return devices
    .toSorted((a, b) =>
      rank(a) - rank(b) || (rank(a) === 0 ? compareTexts(place(a), place(b)) : 0) ||
      a.index - b.index
    )
    .map((device, preferred) => ({ device, preferred }));
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What is not told this time is as it was. */
function identityOf(device: DeviceInfo, known: Known | undefined): Identity {
  return {
    luid: device.luid ?? known?.luid ?? null,
    uuid: device.uuid ?? known?.uuid ?? null,
    pciBusId: device.pciBusId ?? known?.pciBusId ?? null,
    pciId: device.pciId ?? known?.pciId ?? null,
    name: device.name ?? known?.name ?? null,
  };
}
