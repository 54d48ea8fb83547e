/** What the drivers tell about one process. Pure. */
import { totalOrNull } from "../bytes.ts";
import type { GpuReply } from "../protocol.ts";
import type { Bytes, DeviceInfo, GpuProcess } from "../records.ts";
import { isOurs } from "../snapshot.ts";
import type { SourceName } from "../sources.ts";

/** What a process holds on one GPU. */
export interface HeldOnDevice {
  readonly deviceIndex: number;
  readonly deviceUuid: string | null;
  readonly usedBytes: Bytes;
}

/** What the drivers told about one process. */
export interface Held {
  readonly name: string | null;
  readonly usedBytes: Bytes;
  readonly sharedUsedBytes: Bytes;
  readonly devices: readonly HeldOnDevice[];
  readonly source: SourceName | null;
}

/** Nothing is known of what it holds. */
export const NOTHING_TOLD: Held = {
  name: null,
  usedBytes: null,
  sharedUsedBytes: null,
  devices: [],
  source: null,
};

/** The rows of an answer that are about these devices, by PID. */
export type RowsByPid = ReadonlyMap<number, readonly GpuProcess[]>;

/** Groups the rows of an answer, so that each process finds its own. */
export function rowsByPid(gpu: GpuReply | null, devices: readonly DeviceInfo[]): RowsByPid {
  const indexes = new Set(devices.map(({ index }) => index));
  const rows = (gpu?.processes ?? []).filter(({ deviceIndex }) => indexes.has(deviceIndex));
  return Map.groupBy(rows, ({ pid }) => pid);
}

/**
 * What a process holds on these devices together. Not known where one of them could not be asked, or where no list has
 * the process and one may lack it.
 */
export function heldByProcess(
  gpu: GpuReply | null,
  devices: readonly DeviceInfo[],
  byPid: RowsByPid,
  { pid, foreign }: { readonly pid: number; readonly foreign: boolean },
): Held {
  if (gpu === null || devices.length === 0) return NOTHING_TOLD;
  const rows = (byPid.get(pid) ?? []).filter((row) => isOurs(row, gpu.foreignPids) === !foreign);
  const isWhole = devices.every(({ index }) => gpu.listedDevices.includes(index)) &&
    (foreign || !gpu.foreignPids || rows.length > 0);
  const isUntold = devices.some((device) => {
    const isListed = gpu.listedDevices.includes(device.index) ||
      rows.some(({ deviceIndex }) => deviceIndex === device.index);
    const isAsked = device.state === "ok" &&
      !gpu.failures.some(({ deviceIndex }) => deviceIndex === device.index);
    return !isListed && !isAsked;
  });
  return {
    name: rows.find(({ name }) => name !== null)?.name ?? null,
    usedBytes: !isUntold && (rows.length > 0 || isWhole)
      ? totalOrNull(rows.map(({ usedBytes }) => usedBytes))
      : null,
    sharedUsedBytes: !isUntold && rows.length > 0
      ? totalOrNull(rows.map(({ sharedUsedBytes }) => sharedUsedBytes))
      : null,
    devices: rows.map(({ deviceIndex, deviceUuid, usedBytes }) => ({
      deviceIndex,
      deviceUuid,
      usedBytes,
    })),
    // A sum is as good as its worst part, and what pdh counts drifts.
    source: rows.find(({ source }) => source === "pdh")?.source ?? rows[0]?.source ??
      devices[0]!.source,
  };
}
