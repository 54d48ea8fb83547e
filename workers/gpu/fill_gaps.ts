/** Fills what one source could not tell from another's reading of the same devices. Pure. */
import type { DeviceInfo, GpuProcess } from "../../lib/records.ts";
import type { SourceName } from "../../lib/sources.ts";
import { normalPciBusId } from "./pci_bus_id.ts";
import type { GpuReading } from "./source.ts";

/**
 * Is it one device? By UUID, and where one of the two tells none, by PCI bus id. Never by index: sources
 * may count in different orders.
 */
export function isSameDevice(a: DeviceInfo, b: DeviceInfo): boolean {
  if (a.uuid !== null && b.uuid !== null) return a.uuid.toLowerCase() === b.uuid.toLowerCase();
  const place = normalPciBusId(a.pciBusId);
  return place !== null && place === normalPciBusId(b.pciBusId);
}

/**
 * `reading` with its nulls filled from `other`, whose source is `name`. Numbers that are there stay. A row
 * whose figure was filled names `name` as its source; a device whose list of processes could not be read
 * gets the other's rows. Devices that only `other` has are left out. The failures are those of `reading`.
 */
export function fillGaps(reading: GpuReading, other: GpuReading, name: SourceName): GpuReading {
  const pairs = new Map<number, DeviceInfo>();
  for (const device of reading.devices) {
    const same = other.devices.filter((candidate) => isSameDevice(device, candidate));
    if (same.length === 1) pairs.set(device.index, same[0]!);
  }
  const rowsOf = (from: GpuReading, deviceIndex: number) =>
    from.processes.filter((row) => row.deviceIndex === deviceIndex);
  const processes: GpuProcess[] = [];
  const listed = new Set(reading.listedDevices);
  for (const row of reading.processes) {
    const twin = pairs.get(row.deviceIndex);
    const ours = rowsOf(reading, row.deviceIndex).filter(({ pid }) => pid === row.pid);
    const theirs = twin ? rowsOf(other, twin.index).filter(({ pid }) => pid === row.pid) : [];
    // A process on two MIG slices has two rows; which figure belongs to which can't be known.
    const sole = ours.length === 1 && theirs.length === 1 ? theirs[0]! : null;
    processes.push(sole === null ? row : fillRow(row, sole, name));
  }
  for (const device of reading.devices) {
    const twin = pairs.get(device.index);
    if (twin === undefined || listed.has(device.index)) continue;
    const known = new Set(rowsOf(reading, device.index).map(({ pid }) => pid));
    for (const row of rowsOf(other, twin.index)) {
      if (known.has(row.pid)) continue;
      processes.push({
        ...row,
        deviceIndex: device.index,
        deviceUuid: device.uuid ?? row.deviceUuid,
        deviceName: device.name ?? row.deviceName,
      });
    }
    if (other.listedDevices.includes(twin.index)) listed.add(device.index);
  }
  processes.sort((a, b) => a.deviceIndex - b.deviceIndex || a.pid - b.pid);
  return {
    devices: reading.devices.map((device) => fillDevice(device, pairs.get(device.index))),
    processes,
    listedDevices: [...listed].sort((a, b) => a - b),
    failures: reading.failures,
  };
}

function fillRow(row: GpuProcess, twin: GpuProcess, name: SourceName): GpuProcess {
  const named = row.nameStatus === "unknown" && twin.name !== null
    ? { ...row, name: twin.name, nameStatus: twin.nameStatus }
    : row;
  if (row.usedBytes !== null || twin.usedBytes === null) return named;
  return { ...named, usedBytes: twin.usedBytes, missing: null, source: name };
}

/** The device with its nulls filled from what another source tells of the same one. */
export function fillDevice(device: DeviceInfo, twin: DeviceInfo | undefined): DeviceInfo {
  if (twin === undefined) return device;
  const filled: Record<string, unknown> = { ...device };
  for (const [key, value] of Object.entries(twin)) {
    if (filled[key] === null) filled[key] = value;
  }
  // Where the used memory contains the reserve, the reserve beside it would be counted twice.
  if (device.usedBytes !== null && device.usedIncludesReserved) {
    filled.reservedBytes = device.reservedBytes;
  }
  return filled as unknown as DeviceInfo;
}
