/** One process's view of memory at one time: its RAM, and what it holds on one GPU. */
import { sourcesOfDevice } from "./device_sources.ts";
import type { Failure } from "./errors.ts";
import type { SnapshotReply } from "./protocol.ts";
import type {
  Bytes,
  DeviceInfo,
  GpuProcess,
  OwnVideoMemory,
  ProcessMemory,
  SystemMemory,
} from "./records.ts";
import type { SourceName } from "./sources.ts";

/** What one process holds on one GPU. */
export interface ProcessGpuInfo {
  /**
   * Device memory the process holds, all its contexts and MIG slices together. 0 when the device's list
   * of processes was read whole and the process is not in it. `null` where only a device-wide figure
   * exists: the list could not be read, has no figure for the process, or counts PIDs in another
   * namespace.
   */
  readonly usedBytes: Bytes;
  /** Memory all processes together use on the device (`usedBytes` of the device); `null` where not known. */
  readonly deviceUsedBytes: Bytes;
  /** True where `usedBytes` is the process's own figure; false where only `deviceUsedBytes` can help. */
  readonly isPerProcess: boolean;
  /**
   * The source of `usedBytes`, or of `deviceUsedBytes` where `isPerProcess` is false; `null` where
   * neither is known.
   */
  readonly source: SourceName | null;
  /**
   * What the process uses as Windows tells it alone, with its budget; `null` elsewhere, for another process than the
   * calling one, and where it could not be read. Where the lists have no figure for the process, `usedBytes` is
   * `videoMemory.local.usageBytes`, with source `dxgi_self`.
   */
  readonly videoMemory: OwnVideoMemory | null;
}

/** RAM of one process, the machine's memory and one GPU, at one time. */
export interface Snapshot {
  /** Resident memory of the process (`VmRSS`); `null` where it could not be read. */
  readonly ramBytes: Bytes;
  /** What the process holds on the GPU; `null` where there is no such device. */
  readonly gpu: ProcessGpuInfo | null;
  /** The GPU, all processes together; `null` where there is no such device. */
  readonly gpuDevice: DeviceInfo | null;
  /** When it was asked, milliseconds since the epoch. */
  readonly atMs: number;
  /** The process it tells about. */
  readonly pid: number;
  /** Everything known about the process's RAM; `null` where it could not be read. */
  readonly process: ProcessMemory | null;
  /** Memory of the machine; `null` where it could not be read. */
  readonly system: SystemMemory | null;
  /** Why a number is `null`: each source that could not answer. Empty when all is well. */
  readonly failures: readonly Failure[];
}

/** The part of an answer that tells who holds what on which device. */
export interface GpuListing {
  readonly devices: readonly DeviceInfo[];
  readonly processes: readonly GpuProcess[];
  readonly listedDevices: readonly number[];
  readonly foreignPids: boolean;
  /** What the asked process uses of each device as Windows tells it alone. */
  readonly videoMemory?: readonly OwnVideoMemory[];
}

/** The row's PID means the same process here. In a container only NVML's names are checked for that. */
export function isOurs(row: GpuProcess, foreignPids: boolean): boolean {
  return !foreignPids || (row.source === "nvml" && row.nameStatus === "known");
}

/**
 * What process `pid` holds on one device; `null` where there is no such device. Where the driver may
 * count PIDs in another namespace (`foreignPids`), no row can be told to be the process's, nor does its
 * absence mean 0.
 */
export function processGpuInfo(
  listing: GpuListing,
  deviceIndex: number,
  pid: number,
): ProcessGpuInfo | null {
  const device = listing.devices.find((candidate) => candidate.index === deviceIndex);
  if (device === undefined) return null;
  const deviceUsedBytes = device.usedBytes;
  const videoMemory = listing.videoMemory?.find(({ luid }) => luid === device.luid) ?? null;
  const held = holdings(listing)(device, pid) ?? heldByItself(videoMemory);
  if (held !== null) {
    const { bytes: usedBytes, source } = held;
    return { usedBytes, deviceUsedBytes, isPerProcess: true, source, videoMemory };
  }
  const source = deviceUsedBytes === null ? null : device.source;
  return { usedBytes: null, deviceUsedBytes, isPerProcess: false, source, videoMemory };
}

function heldByItself(own: OwnVideoMemory | null): ReturnType<Holdings> {
  const bytes = own?.local?.usageBytes ?? null;
  return bytes === null ? null : { bytes, source: "dxgi_self" };
}

/** What a process holds on a device; `null`: it can't be told. */
export type Holdings = (
  device: DeviceInfo,
  pid: number,
) => { readonly bytes: number; readonly source: SourceName } | null;

/**
 * Makes the look-up of who holds what. It is not told where the driver may count PIDs in another namespace, where a
 * row has no figure, or where rows may be missing: the list was not read whole, and the process has none, or only
 * those of some MIG slices.
 */
export function holdings(listing: GpuListing): Holdings {
  if (listing.foreignPids) return () => null;
  const rows = Map.groupBy(listing.processes, (row) => `${row.deviceIndex} ${row.pid}`);
  return (device, pid) =>
    sumOf(
      rows.get(`${device.index} ${pid}`) ?? [],
      device,
      listing.listedDevices.includes(device.index),
    );
}

function sumOf(
  rows: readonly GpuProcess[],
  device: DeviceInfo,
  isWhole: boolean,
): { bytes: number; source: SourceName } | null {
  const first = rows[0];
  if (first === undefined) {
    return isWhole ? { bytes: 0, source: sourcesOfDevice(device).at(-1)! } : null;
  }
  if (first.gpuInstanceId !== null && !isWhole) return null;
  let bytes = 0;
  for (const row of rows) {
    if (row.usedBytes === null) return null;
    bytes += row.usedBytes;
  }
  return { bytes, source: first.source };
}

/** The answer as seen from one device. A device that does not exist leaves the GPU parts `null`. */
export function viewSnapshot(reply: SnapshotReply, deviceIndex: number): Snapshot {
  return {
    ramBytes: reply.process?.rssBytes ?? null,
    gpu: processGpuInfo(reply, deviceIndex, reply.pid),
    gpuDevice: reply.devices.find((device) => device.index === deviceIndex) ?? null,
    atMs: reply.atMs,
    pid: reply.pid,
    process: reply.process,
    system: reply.system,
    failures: reply.failures,
  };
}

/** One view for each device, in their order; empty where no device was seen. */
export function viewAll(reply: SnapshotReply): Snapshot[] {
  return reply.devices.map((device) => viewSnapshot(reply, device.index));
}
