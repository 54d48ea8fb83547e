/** The series that a table with a row for each of them can show. Pure. */
import type { Analysis, SeriesId } from "../analysis/records.ts";

/** More series make a table that nobody reads. */
const MOST = 8;

/** Tells the main series: memory of the machine and the largest of what was watched. The rest is in the JSON. */
export function isMain({ series, devices }: Analysis): (id: SeriesId) => boolean {
  const memory = series.filter(({ series }) => series.unit === "bytes" && series.id !== "swap");
  const ofMachine = new Set([
    "ram",
    "cgroup",
    "vram:all",
    ...devices.map(({ gpu }) => `vram:gpu${gpu}`),
  ]);
  const rank = ({ series, peak }: (typeof memory)[number]) =>
    ofMachine.has(series.id) ? Infinity : peak ?? -1;
  const chosen = memory.toSorted((a, b) => compare(rank(b), rank(a))).slice(0, MOST);
  const ids = new Set(chosen.map(({ series }) => series.id));
  return ({ id }) => ids.has(id);
}

/** Equal infinities have no difference. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
