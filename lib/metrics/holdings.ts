/** What each process holds on each GPU, once: a driver may list a process several times. */
import type { Reading } from "../reading/reading.ts";
import type { DeviceInfo, GpuProcess } from "../records.ts";

/** Memory of one kind that one process holds on one GPU, or on one slice of it. */
export interface Holding {
  readonly pid: number;
  readonly name: string | null;
  readonly gpu: number;
  readonly uuid: string | null;
  /** Index of the slice; `null` outside MIG, and where the driver's slice is not among those of the device. */
  readonly mig: number | null;
  /** `dedicated_resident`: on the GPU; `unified`: in RAM the GPU shares; `shared`: in RAM, through the GPU. */
  readonly kind: "dedicated_resident" | "unified" | "shared";
  readonly bytes: number;
}

type Told = Omit<Holding, "bytes"> & { readonly bytes: number | null };

/** All that is known. Rows of the same process in the same place are one sum, unknown where a part of it is. */
export function holdingsOf({ processes, devices }: NonNullable<Reading["gpu"]>): Holding[] {
  const sums = new Map<string, Told>();
  for (const told of processes.flatMap((row) => parts(row, devices))) {
    const { pid, gpu, mig, kind } = told;
    const key = [pid, gpu, mig, kind].join(" ");
    const before = sums.get(key);
    sums.set(key, before === undefined ? told : sum(before, told));
  }
  return [...sums.values()].flatMap(({ bytes, ...rest }) =>
    bytes === null ? [] : [{ ...rest, bytes }]
  );
}

function parts(row: GpuProcess, devices: readonly DeviceInfo[]): readonly Told[] {
  const device = devices.find(({ index }) => index === row.deviceIndex);
  const place = {
    pid: row.pid,
    name: row.name,
    gpu: row.deviceIndex,
    uuid: device?.uuid ?? row.deviceUuid,
    mig: sliceOf(row, device),
  };
  const kind = device?.memoryKind === "unified" ? "unified" : "dedicated_resident";
  const own: Told = { ...place, kind, bytes: row.usedBytes };
  // Hardly any source tells of shared memory, and what it does not tell is no part of a sum.
  if (row.sharedUsedBytes === null) return [own];
  return [own, { ...place, kind: "shared", bytes: row.sharedUsedBytes }];
}

function sliceOf(row: GpuProcess, device: DeviceInfo | undefined): number | null {
  if (row.gpuInstanceId === null) return null;
  const slice = device?.migSlices.find(({ gpuInstanceId, computeInstanceId }) =>
    gpuInstanceId === row.gpuInstanceId && computeInstanceId === row.computeInstanceId
  );
  return slice?.index ?? null;
}

function sum(a: Told, b: Told): Told {
  const bytes = a.bytes === null || b.bytes === null ? null : a.bytes + b.bytes;
  return { ...a, name: a.name ?? b.name, bytes };
}
