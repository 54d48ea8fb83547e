/** What the rows of each table are about. */
import { textOf } from "../csv_cells.ts";
import type { CsvRow } from "./csv_row.ts";
import type { AllocatorTrack, GpuTrack, ProcessTrack, Track } from "./data.ts";
import type { AllocatorQuantity, GpuQuantity, ProcessQuantity, SystemQuantity } from "./data.ts";
import type { Places } from "./read_table.ts";
import type { FindTrack, GrowingTrack, TrackTable } from "./track_table.ts";

/** A track without its numbers. */
export type IdOf<T> = Omit<T, keyof Track<string>>;

/** A GPU is its index and UUID. A row without UUID belongs to the GPU last seen with that index. */
export function gpuFinder(table: TrackTable<IdOf<GpuTrack>, GpuQuantity>) {
  return (places: Places): FindTrack<IdOf<GpuTrack>, GpuQuantity> => {
    const last = new Map<number, GrowingTrack<IdOf<GpuTrack>, GpuQuantity>>();
    const gpuCell = places.get("gpu"), uuidCell = places.get("uuid");
    return (row) => {
      const gpu = wholeNumber(row, gpuCell);
      if (gpu === null) return null;
      const uuid = text(row, uuidCell);
      const before = last.get(gpu);
      if (before !== undefined && (uuid === null || uuid === before.id.uuid)) return before;
      // The UUID of a GPU that could not be read at first comes later.
      if (before !== undefined && before.id.uuid === null) {
        before.id = { ...before.id, uuid };
        return before;
      }
      const found = table.track(
        `${gpu} ${uuid ?? ""}`,
        () => ({ gpu, uuid, name: null, drifts: false }),
      );
      last.set(gpu, found);
      return found;
    };
  };
}

/** The machine is one. */
export function systemFinder(table: TrackTable<unknown, SystemQuantity>) {
  return () => {
    const machine = table.track("", () => ({}));
    return () => machine;
  };
}

/** Windows' count of the GPU memory of a process grows by itself (KB 4490156), and jumps when the machine wakes. */
export function drifts(source: string | null): boolean {
  return source === "pdh";
}

/** A target is its name, and its PID where it is one process. */
export function processFinder(table: TrackTable<IdOf<ProcessTrack>, ProcessQuantity>) {
  return (places: Places): FindTrack<IdOf<ProcessTrack>, ProcessQuantity> => {
    const last = new Map<string, GrowingTrack<IdOf<ProcessTrack>, ProcessQuantity>>();
    const sourceCell = places.get("vramSource");
    return (row) => {
      const target = text(row, places.get("target"));
      if (target === null) return null;
      const pid = wholeNumber(row, places.get("pid"));
      let found = last.get(target);
      if (found === undefined || (pid !== null && pid !== found.id.pid)) {
        const kind = text(row, places.get("kind")) === "process" ? "process" : "group";
        const id = { target, kind, pid, name: null, drifts: false } as const;
        found = table.track(`${pid ?? ""} ${target}`, () => id);
        last.set(target, found);
      }
      const name = text(row, places.get("name"));
      if (name !== null && name !== found.id.name) found.id = { ...found.id, name };
      if (!found.id.drifts && drifts(text(row, sourceCell))) {
        found.id = { ...found.id, drifts: true };
      }
      return found;
    };
  };
}

/** An allocator is its process and GPU. */
export function allocatorFinder(table: TrackTable<IdOf<AllocatorTrack>, AllocatorQuantity>) {
  return (places: Places): FindTrack<IdOf<AllocatorTrack>, AllocatorQuantity> => (row) => {
    const pid = wholeNumber(row, places.get("pid"));
    const gpu = wholeNumber(row, places.get("gpu"));
    return table.track(`${pid ?? ""} ${gpu ?? ""}`, () => ({ pid, gpu }));
  };
}

function text(row: CsvRow, cell: number | undefined): string | null {
  return cell === undefined ? null : textOf(row.text(cell));
}

/** `null`: the cell is empty or holds no whole number from 0 on. */
function wholeNumber(row: CsvRow, cell: number | undefined): number | null {
  const value = cell === undefined ? NaN : row.number(cell);
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}
