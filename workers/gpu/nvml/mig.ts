/** The slices of a GPU in MIG mode, each with memory of its own. */
import type { MigSlice } from "../../../lib/records.ts";
import { readMemory } from "./memory.ts";
import { FUNCTION_NOT_FOUND, NOT_BELIEVABLE, NOT_FOUND, SUCCESS } from "./return_codes.ts";
import { readDeviceText, type Session } from "./session.ts";
import { readInstanceId, TEXT } from "./structs.ts";
import type { NvmlFunctions } from "./symbols.ts";
import { note, type Untold } from "./untold.ts";

/** A GPU has at most seven slices; a far larger number is not believed. */
const MOST_PLACES = 64;

/** Reads them. A place without a slice is left out. */
export function readMigSlices(session: Session, gpu: bigint, untold: Untold): MigSlice[] {
  const { functions: f, number, handle } = session;
  const counted = f.nvmlDeviceGetMaxMigDeviceCount?.(gpu, number) ?? FUNCTION_NOT_FOUND;
  note(untold, "number of MIG slices", counted);
  if (counted !== SUCCESS) return [];
  const places = Math.min(number[0]!, MOST_PLACES);
  const slices: MigSlice[] = [];
  for (let index = 0; index < places; index++) {
    const which = `MIG slice ${index}`;
    const opened = f.nvmlDeviceGetMigDeviceHandleByIndex?.(gpu, index, handle) ??
      FUNCTION_NOT_FOUND;
    if (opened !== NOT_FOUND) note(untold, which, opened);
    if (opened !== SUCCESS) continue;
    const slice = handle[0]!;
    const memory = readMemory(session, slice);
    note(untold, `memory of ${which}`, memory.isGarbled ? NOT_BELIEVABLE : memory.code);
    const { totalBytes, usedBytes, freeBytes, reservedBytes } = memory;
    slices.push({
      index,
      uuid: readDeviceText(f.nvmlDeviceGetUUID, slice, TEXT.uuid, untold, `UUID of ${which}`),
      name: readDeviceText(f.nvmlDeviceGetName, slice, TEXT.name, untold, `name of ${which}`),
      gpuInstanceId: readId(f.nvmlDeviceGetGpuInstanceId, slice, untold, `GPU id of ${which}`),
      computeInstanceId: readId(
        f.nvmlDeviceGetComputeInstanceId,
        slice,
        untold,
        `compute id of ${which}`,
      ),
      totalBytes,
      usedBytes,
      freeBytes,
      reservedBytes,
    });
  }
  return slices;
}

const idBytes = new Uint8Array(4);
const idView = new DataView(idBytes.buffer);

function readId(
  call: NvmlFunctions["nvmlDeviceGetGpuInstanceId"],
  slice: bigint,
  untold: Untold,
  what: string,
): number | null {
  const code = call?.(slice, idBytes) ?? FUNCTION_NOT_FOUND;
  note(untold, what, code);
  return code === SUCCESS ? readInstanceId(idView, 0) : null;
}
