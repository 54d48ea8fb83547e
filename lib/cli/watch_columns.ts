/** The table of a watch: its columns, their widths, and a row of it. Pure. */
import { formatSize } from "../format.ts";
import type { Bytes } from "../records.ts";
import { escapeText } from "../text.ts";
import type { WatchSample } from "../watch/records.ts";
import { displayWidth, padEnd, truncateToWidth } from "./table.ts";

type Row = WatchSample["rows"][number];

/** One column. Its width does not change, so that every line stands below the header. */
interface Column {
  readonly header: string;
  readonly width: number;
  readonly cell: (row: Row, time: string) => string;
  /** Left out on a terminal that is too narrow, the highest first; `undefined`: never. */
  readonly spare?: number;
}

/** What stands for a number that is not known. */
const NOT_KNOWN = "-";
const GAP = "  ";

const COLUMNS: readonly Column[] = [
  { header: "TIME", width: 8, cell: (_, time) => time },
  { header: "PID", width: 7, cell: ({ pid }) => String(pid) },
  { header: "NAME", width: 15, cell: ({ name }) => truncateToWidth(escapeText(name ?? "?"), 15) },
  { header: "COMMITTED", width: 9, cell: (row) => size(row, row.usedBytes) },
  {
    header: "ΔCOMMIT",
    width: 9,
    cell: ({ usedDeltaBytes }) => formatDelta(usedDeltaBytes),
    spare: 1,
  },
  { header: "SHARED", width: 9, cell: ({ sharedUsedBytes }) => known(sharedUsedBytes), spare: 4 },
  {
    header: "ΔSHARED",
    width: 9,
    cell: ({ sharedDeltaBytes }) => formatDelta(sharedDeltaBytes),
    spare: 5,
  },
  { header: "RAM", width: 9, cell: (row) => size(row, row.rssBytes) },
  { header: "ΔRAM", width: 9, cell: ({ rssDeltaBytes }) => formatDelta(rssDeltaBytes), spare: 2 },
  { header: "GPU", width: 5, cell: gpus, spare: 3 },
  { header: "SPILL", width: 5, cell: ({ spilling }) => spillCell(spilling), spare: 6 },
];

/** The columns that fit into `maxWidth`; all of them where it is `null`. */
export function columnsFor(maxWidth: number | null, leaveOut: readonly string[] = []) {
  const columns = COLUMNS.filter(({ header }) => !leaveOut.includes(header));
  const spare = columns.filter((column) => column.spare !== undefined)
    .sort((a, b) => b.spare! - a.spare!);
  for (const column of spare) {
    if (maxWidth === null || widthOf(columns) <= maxWidth) break;
    columns.splice(columns.indexOf(column), 1);
  }
  return columns;
}

/** Columns of the terminal that they take. */
export function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width, GAP.length * (columns.length - 1));
}

/** The header line, without a line break. */
export function headerLine(columns: readonly Column[]): string {
  return columns.map(({ header, width }) => padEnd(header, width)).join(GAP);
}

/** One process at one time, without a line break. */
export function rowLine(columns: readonly Column[], row: Row, time: string): string {
  return columns.map(({ width, cell }) => padEnd(cell(row, time), width)).join(GAP);
}

/** Where a text that takes the place of the cells behind PID begins. */
export function indentOf(time: string): string {
  return padEnd(time, Math.max(8, displayWidth(time))) + GAP;
}

/** A process that has ended is not one that holds nothing; a driver may still hold memory for it. */
function size({ state }: Row, bytes: Bytes): string {
  return state === "exited" && bytes === null ? "exited" : known(bytes);
}

function known(bytes: Bytes): string {
  return bytes === null ? NOT_KNOWN : formatSize(bytes);
}

const KIB = 1024;
const MIB = 1024 ** 2;

/** `+0 B`, `+4 KiB`, `+700 MiB`, `-1.2 GiB`. */
export function formatDelta(bytes: number | null): string {
  if (bytes === null) return NOT_KNOWN;
  const amount = Math.abs(bytes);
  const text = amount < KIB
    ? `${amount} B`
    : amount < MIB
    ? `${Math.floor(amount / KIB)} KiB`
    : formatSize(amount);
  return `${bytes < 0 ? "-" : "+"}${text}`;
}

function gpus({ devices }: Row): string {
  const indexes = [...new Set(devices.map(({ deviceIndex }) => deviceIndex))];
  const text = indexes.join(",");
  // The width does not change, so many are told by their number.
  return text === "" ? NOT_KNOWN : text.length <= 5 ? text : `${indexes.length}×`;
}

/** Whether a GPU spills: the original's words, and a dash where it can't be measured. */
function spillCell(spilling: boolean | null): string {
  return spilling === null ? NOT_KNOWN : spilling ? "SPILL" : "no";
}
