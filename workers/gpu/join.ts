/**
 * Joins what Windows' sources tell of the same machine: each knows devices and processes that another does not, and
 * other numbers of those it does. Pure.
 */
import type { Failure } from "../../lib/errors.ts";
import type { Bytes, DeviceInfo, GpuProcess, WddmDevice } from "../../lib/records.ts";
import type { SourceName } from "../../lib/sources.ts";
import { fillDevice } from "./fill_gaps.ts";
import { pairDevices } from "./pair_devices.ts";
import type { GpuReading } from "./source.ts";
import { rowWithUnifiedUsage, withUnifiedUsage } from "./unified_usage.ts";

/**
 * `reading` and `other`, whose source is `name`, as one. A device that both have keeps the numbers it has in `reading`,
 * and its nulls are filled; one that only `other` has comes behind the others. Devices that either says are no GPUs
 * are left out, and where `addsDevices` is false everything that `reading` does not have: a count of memory is kept for
 * neural processors and virtual displays too. A device that may or may not be one of ours is left out with a failure.
 */
export function joinReadings(
  reading: GpuReading,
  other: GpuReading,
  name: SourceName,
  addsDevices = true,
): GpuReading {
  const leftOut = [...reading.leftOut ?? [], ...other.leftOut ?? []];
  const isGpu = ({ luid }: DeviceInfo) => luid === null || !leftOut.includes(luid);
  const ours = reading.devices.filter(isGpu);
  const theirs = other.devices.filter(isGpu);
  const { pairs, others: strangers, unclear } = pairDevices(ours, theirs);
  const others = addsDevices ? strangers : [];
  /** Our index of each of their devices. */
  const indices = new Map(pairs.map((pair) => [pair.theirs.index, pair.ours.index]));
  let next = Math.max(-1, ...ours.map(({ index }) => index)) + 1;
  for (const { index } of others) indices.set(index, next++);
  const devices = [
    ...ours.map((device) => {
      const twin = pairs.find((pair) => pair.ours === device)?.theirs;
      return twin === undefined ? device : joinDevice(device, twin);
    }),
    ...others.map((device) => ({ ...device, index: indices.get(device.index)! })),
  ].map(withUnifiedUsage);
  const listed = other.listedDevices.flatMap((index) => indices.get(index) ?? []);
  return {
    devices,
    processes: joinRows(
      reading.processes.filter(({ deviceIndex }) =>
        devices.some(({ index }) => index === deviceIndex)
      ),
      other.processes,
      indices,
      devices,
      name,
    ),
    listedDevices: [...new Set([...reading.listedDevices, ...listed])]
      .filter((index) => devices.some((device) => device.index === index))
      .sort((a, b) => a - b),
    failures: [
      ...reading.failures,
      ...other.failures.flatMap((failure) => renumbered(failure, indices)),
      ...unclear.map((device) => unclearFailure(device, name)),
    ],
    leftOut,
  };
}

/** The device with its nulls filled, and with what follows from both together. */
function joinDevice(device: DeviceInfo, twin: DeviceInfo): DeviceInfo {
  const filled = fillDevice(device, twin);
  const { totalBytes, usedBytes } = filled;
  const isOver = totalBytes === null || usedBytes === null || usedBytes > totalBytes;
  return {
    ...filled,
    wddm: joinWddm(device.wddm, twin.wddm),
    freeBytes: filled.freeBytes ?? (isOver ? null : totalBytes - usedBytes),
  };
}

function joinWddm(one: WddmDevice | null, other: WddmDevice | null): WddmDevice | null {
  if (one === null || other === null) return one ?? other;
  const joined: Record<string, Bytes> = { ...other };
  for (const [key, value] of Object.entries(one)) if (value !== null) joined[key] = value;
  return joined as unknown as WddmDevice;
}

function joinRows(
  ours: readonly GpuProcess[],
  theirs: readonly GpuProcess[],
  indices: ReadonlyMap<number, number>,
  devices: readonly DeviceInfo[],
  name: SourceName,
): GpuProcess[] {
  const rows = [...ours];
  const places = Map.groupBy(ours.keys(), (place) => keyOf(ours[place]!));
  for (const row of theirs) {
    const deviceIndex = indices.get(row.deviceIndex);
    if (deviceIndex === undefined) continue;
    const known = places.get(keyOf({ ...row, deviceIndex })) ?? [];
    if (known.length === 0) rows.push({ ...row, deviceIndex });
    // A process on two MIG slices has two rows; which figure belongs to which can't be known.
    if (known.length === 1) rows[known[0]!] = joinRow(rows[known[0]!]!, row, name);
  }
  return rows.map((row) => ofDevice(row, devices))
    .sort((a, b) => a.deviceIndex - b.deviceIndex || a.pid - b.pid);
}

function keyOf({ deviceIndex, pid }: GpuProcess): string {
  return `${deviceIndex} ${pid}`;
}

function joinRow(row: GpuProcess, twin: GpuProcess, name: SourceName): GpuProcess {
  const named = row.name === null && twin.name !== null ? twin : row;
  const told = row.usedBytes === null && twin.usedBytes !== null;
  return {
    ...row,
    name: named.name,
    nameStatus: named.nameStatus,
    usedBytes: told ? twin.usedBytes : row.usedBytes,
    missing: told ? null : row.missing,
    source: told ? name : row.source,
    sharedUsedBytes: row.sharedUsedBytes ?? twin.sharedUsedBytes,
    wddm: row.wddm ?? twin.wddm,
    contexts: [...new Set([...row.contexts, ...twin.contexts])],
  };
}

/** A device may have got its name, its UUID and its kind after its rows were made. */
function ofDevice(row: GpuProcess, devices: readonly DeviceInfo[]): GpuProcess {
  const device = devices.find(({ index }) => index === row.deviceIndex);
  return {
    ...rowWithUnifiedUsage(row, device?.memoryKind ?? null),
    deviceUuid: device?.uuid ?? row.deviceUuid,
    deviceName: device?.name ?? row.deviceName,
  };
}

/** In our numbers; what is about a device that was left out is no loss. */
function renumbered(failure: Failure, indices: ReadonlyMap<number, number>): Failure[] {
  if (failure.deviceIndex === undefined) return [failure];
  const deviceIndex = indices.get(failure.deviceIndex);
  return deviceIndex === undefined ? [] : [{ ...failure, deviceIndex }];
}

function unclearFailure({ name, luid, pciId }: DeviceInfo, source: SourceName): Failure {
  const who = name ?? luid ?? pciId ?? "a device";
  return {
    code: "not_supported",
    source,
    message: `Cannot tell which of the GPUs ${JSON.stringify(who)}${
      luid === null || luid === who ? "" : ` (${luid})`
    } is: Windows does not tell its PCI address; its numbers are left out`,
  };
}
