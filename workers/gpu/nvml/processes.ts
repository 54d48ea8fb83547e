/** The processes of one device: the compute, graphics and MPS lists, whatever their generation. */
import type { Bytes, GpuContext } from "../../../lib/records.ts";
import { isPlausible, mergeRows, parseRows, type ProcessRow } from "./process_rows.ts";
import {
  ARGUMENT_VERSION_MISMATCH,
  FUNCTION_NOT_FOUND,
  INSUFFICIENT_SIZE,
  isLacking,
  NOT_BELIEVABLE,
  SUCCESS,
} from "./return_codes.ts";
import type { ListGeneration, Session } from "./session.ts";
import type { NvmlFunctionName } from "./symbols.ts";

/** What the lists of a device say. */
export interface ProcessReading {
  readonly rows: readonly ProcessRow[];
  /** The first code that kept a list from being read; success: the lists were read whole. */
  readonly code: number;
}

const LISTS: readonly { readonly context: GpuContext; readonly stem: string }[] = [
  { context: "compute", stem: "nvmlDeviceGetComputeRunningProcesses" },
  { context: "graphics", stem: "nvmlDeviceGetGraphicsRunningProcesses" },
  { context: "mps", stem: "nvmlDeviceGetMPSComputeRunningProcesses" },
];

/** Processes come and go between two calls; a list that outgrows its room so often is given up. */
const MOST_TRIES = 8;

/** More processes than this no GPU has; a longer list is not believed. */
const MOST_ROWS = 2 ** 20;

/** Codes after which the next older generation may still answer. */
const NOT_IN_THIS_GENERATION = new Set([FUNCTION_NOT_FOUND, ARGUMENT_VERSION_MISMATCH]);

/** Reads them. `totalBytes` is what no process can exceed; `null` where it is not known. */
export function readProcesses(
  session: Session,
  handle: bigint,
  totalBytes: Bytes,
): ProcessReading {
  const rows: ProcessRow[] = [];
  let code = SUCCESS;
  for (const { context, stem } of LISTS) {
    const list = readList(session, stem, handle, context, totalBytes);
    // A device without graphics or MPS says so; that list is then empty, and known to be.
    const isAbsent = context !== "compute" && isLacking(list.code);
    if (list.code === SUCCESS) rows.push(...list.rows);
    else if (!isAbsent && code === SUCCESS) code = list.code;
  }
  return { rows: rows.length === 0 ? rows : mergeRows(rows), code };
}

function readList(
  session: Session,
  stem: string,
  handle: bigint,
  context: GpuContext,
  totalBytes: Bytes,
): ProcessReading {
  for (;;) {
    const { suffix, rowSize } = session.generation;
    const filled = fill(session, `${stem}${suffix}` as NvmlFunctionName, handle);
    if (NOT_IN_THIS_GENERATION.has(filled.code) && context === "compute") {
      const older = olderGeneration(session);
      if (older === null) return { rows: [], code: filled.code };
      session.generation = older;
      continue;
    }
    const { code, count } = filled;
    if (code !== SUCCESS || count === 0) return { rows: [], code };
    const limits = { totalBytes, notAvailable: session.notAvailable };
    const rows = parseRows(session.rows, count, rowSize, context, limits);
    if (isPlausible(rows)) return { rows, code };
    const otherSize = rowSize === 24 ? 32 : 24;
    const again = parseRows(session.rows, count, otherSize, context, limits);
    if (suffix !== "_v3" || !isPlausible(again)) return { rows: [], code: NOT_BELIEVABLE };
    session.generation = { suffix, rowSize: otherSize };
    return { rows: again, code };
  }
}

function olderGeneration({ generation }: Session): ListGeneration | null {
  switch (generation.suffix) {
    case "_v3":
      return { suffix: "_v2", rowSize: 24 };
    case "_v2":
      return { suffix: "", rowSize: 16 };
    case "":
      return null;
  }
}

/** Calls until all rows fit. The buffer has room for rows of 32 bytes, whatever their size is. */
function fill(
  session: Session,
  name: NvmlFunctionName,
  handle: bigint,
): { code: number; count: number } {
  const call = session.functions[name] as
    | ((handle: bigint, count: Uint32Array, rows: Uint8Array) => number)
    | null;
  if (call === null) return { code: FUNCTION_NOT_FOUND, count: 0 };
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const room = session.rows.length / 32;
    // Rows of the call before must not stand behind those of this one: see isPlausible.
    session.rows.fill(0);
    session.number[0] = room;
    const code = call(handle, session.number, session.rows);
    const count = session.number[0]!;
    if (code === SUCCESS && count <= room) return { code, count };
    if (code !== SUCCESS && code !== INSUFFICIENT_SIZE) return { code, count: 0 };
    const larger = Math.max(count, room) * 2 + 5;
    if (larger > 2 * MOST_ROWS + 5) return { code: NOT_BELIEVABLE, count: 0 };
    session.rows = new Uint8Array(32 * larger);
  }
  return { code: INSUFFICIENT_SIZE, count: 0 };
}
