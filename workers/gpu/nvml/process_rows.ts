/** Rows of NVML's process lists: parsing and merging. Pure. */
import type { Bytes, GpuContext, MissingMemory } from "../../../lib/records.ts";
import { NOT_AVAILABLE, PROCESS_INFO, readBytes, readInstanceId, type RowSize } from "./structs.ts";

/** One process on one device, before it has a name. */
export interface ProcessRow {
  readonly pid: number;
  readonly usedBytes: Bytes;
  readonly missing: MissingMemory | null;
  readonly gpuInstanceId: number | null;
  readonly computeInstanceId: number | null;
  readonly contexts: readonly GpuContext[];
}

/** How a figure is taken. */
export interface FigureRules {
  /** What no process can exceed; `null` where that is not known. */
  readonly totalBytes: Bytes;
  /** What `NVML_VALUE_NOT_AVAILABLE` means. */
  readonly notAvailable: MissingMemory;
}

/** The first `count` rows of a list. More rows than the buffer holds are not read. */
export function parseRows(
  bytes: Uint8Array,
  count: number,
  rowSize: RowSize,
  context: GpuContext,
  rules: FigureRules,
): ProcessRow[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows: ProcessRow[] = [];
  const held = Math.min(count, Math.floor(bytes.byteLength / rowSize));
  for (let row = 0, at = 0; row < held; row++, at += rowSize) {
    const hasInstances = rowSize > 16;
    rows.push({
      pid: view.getUint32(at + PROCESS_INFO.pid, true),
      ...readUsed(view, at + PROCESS_INFO.usedGpuMemory, rules),
      gpuInstanceId: hasInstances ? readInstanceId(view, at + PROCESS_INFO.gpuInstanceId) : null,
      computeInstanceId: hasInstances
        ? readInstanceId(view, at + PROCESS_INFO.computeInstanceId)
        : null,
      contexts: [context],
    });
  }
  return rows;
}

function readUsed(
  view: DataView,
  at: number,
  { totalBytes, notAvailable }: FigureRules,
): { usedBytes: Bytes; missing: MissingMemory | null } {
  if (view.getBigUint64(at, true) === NOT_AVAILABLE) {
    return { usedBytes: null, missing: notAvailable };
  }
  const usedBytes = readBytes(view, at);
  return usedBytes === null || (totalBytes !== null && usedBytes > totalBytes)
    ? { usedBytes: null, missing: "exceeds_total" }
    : { usedBytes, missing: null };
}

/**
 * A list read with the wrong size of a row has PID 0 in it, because a high half of a number stands there.
 * No process has PID 0.
 */
export function isPlausible(rows: readonly ProcessRow[]): boolean {
  return rows.every(({ pid }) => pid > 0);
}

/**
 * Merges the compute, graphics and MPS lists. A process with several contexts stands in several lists, each
 * time with all its memory, so the larger figure counts and not the sum. Slices stay apart.
 */
export function mergeRows(rows: readonly ProcessRow[]): ProcessRow[] {
  const merged = new Map<string, ProcessRow>();
  for (const row of rows) {
    const key = `${row.pid} ${row.gpuInstanceId} ${row.computeInstanceId}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? row : merge(known, row));
  }
  return [...merged.values()].sort((a, b) => a.pid - b.pid);
}

function merge(one: ProcessRow, other: ProcessRow): ProcessRow {
  const contexts = [...one.contexts, ...other.contexts.filter((c) => !one.contexts.includes(c))];
  const larger = (other.usedBytes ?? -1) > (one.usedBytes ?? -1) ? other : one;
  return { ...larger, contexts };
}
