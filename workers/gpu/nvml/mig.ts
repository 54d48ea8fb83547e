/** The slices of a GPU in MIG mode, each with memory of its own. */
import type { MigSlice } from "../../../lib/records.ts";
import { readMemory } from "./memory.ts";
import { SUCCESS } from "./return_codes.ts";
import { readDeviceText, type Session } from "./session.ts";
import { TEXT } from "./structs.ts";

/** Reads them. A place without a slice is left out. */
export function readMigSlices(session: Session, gpu: bigint): MigSlice[] {
  const { functions: f, number, handle } = session;
  if (f.nvmlDeviceGetMaxMigDeviceCount?.(gpu, number) !== SUCCESS) return [];
  const places = number[0]!;
  const slices: MigSlice[] = [];
  for (let index = 0; index < places; index++) {
    if (f.nvmlDeviceGetMigDeviceHandleByIndex?.(gpu, index, handle) !== SUCCESS) continue;
    const slice = handle[0]!;
    const { totalBytes, usedBytes, freeBytes, reservedBytes } = readMemory(session, slice);
    slices.push({
      index,
      uuid: readDeviceText(f.nvmlDeviceGetUUID, slice, TEXT.uuid),
      name: readDeviceText(f.nvmlDeviceGetName, slice, TEXT.name),
      gpuInstanceId: f.nvmlDeviceGetGpuInstanceId?.(slice, number) === SUCCESS ? number[0]! : null,
      computeInstanceId: f.nvmlDeviceGetComputeInstanceId?.(slice, number) === SUCCESS
        ? number[0]!
        : null,
      totalBytes,
      usedBytes,
      freeBytes,
      reservedBytes,
    });
  }
  return slices;
}
