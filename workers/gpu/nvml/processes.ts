/** The processes of one device: the compute, graphics and MPS lists, whatever their generation. */
import type { Bytes, GpuContext } from "../../../lib/records.ts";
import { isPlausible, mergeRows, parseRows, type ProcessRow } from "./process_rows.ts";
import {
  ARGUMENT_VERSION_MISMATCH,
  FUNCTION_NOT_FOUND,
  INSUFFICIENT_SIZE,
  NOT_SUPPORTED,
  SUCCESS,
} from "./return_codes.ts";
import type { ListGeneration, Session } from "./session.ts";
import type { NvmlFunctionName } from "./symbols.ts";

/** What the lists of a device say. */
export interface ProcessReading {
  readonly rows: readonly ProcessRow[];
  /** What the compute list answered; success: the lists were read whole. */
  readonly code: number;
}

const LISTS: readonly { readonly context: GpuContext; readonly stem: string }[] = [
  { context: "compute", stem: "nvmlDeviceGetComputeRunningProcesses" },
  { context: "graphics", stem: "nvmlDeviceGetGraphicsRunningProcesses" },
  { context: "mps", stem: "nvmlDeviceGetMPSComputeRunningProcesses" },
];

/** Processes come and go between two calls; a list that outgrows its room so often is given up. */
const MOST_TRIES = 8;

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
    const isAbsent = context !== "compute" &&
      (list.code === NOT_SUPPORTED || list.code === FUNCTION_NOT_FOUND);
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
    if (filled.code !== SUCCESS) return { rows: [], code: filled.code };
    if (filled.count === 0) return { rows: [], code: SUCCESS };
    const rows = parseRows(session.rows, filled.count, rowSize, context, totalBytes);
    if (isPlausible(rows) || rowSize === 16) return { rows, code: SUCCESS };
    const otherSize = rowSize === 24 ? 32 : 24;
    const again = parseRows(session.rows, filled.count, otherSize, context, totalBytes);
    if (!isPlausible(again)) return { rows, code: SUCCESS };
    session.generation = { suffix, rowSize: otherSize };
    return { rows: again, code: SUCCESS };
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
    session.number[0] = room;
    const code = call(handle, session.number, session.rows);
    const count = session.number[0]!;
    if (code === SUCCESS) return { code, count: Math.min(count, room) };
    if (code !== INSUFFICIENT_SIZE) return { code, count: 0 };
    session.rows = new Uint8Array(32 * (Math.max(count, room) * 2 + 5));
  }
  return { code: INSUFFICIENT_SIZE, count: 0 };
}
