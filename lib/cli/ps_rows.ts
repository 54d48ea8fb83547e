/** The rows of `hmn ps`: their order, their cells, and the sentence about them. Pure. */
import { formatSize } from "../format.ts";
import type { Bytes, DeviceInfo, GpuProcess, NameStatus, ProcessMemory } from "../records.ts";
import { renderTable } from "./table.ts";

/** What rows can be sorted by. */
export type SortKey = "dedicated" | "shared" | "total" | "rss";

/** A row with what `--wide` adds. */
export interface WideProcess extends GpuProcess {
  readonly user: string | null;
  readonly container: string | null;
  readonly command: readonly string[] | null;
}

/** A number that is not known. */
const NOT_KNOWN = "-";
/** Characters of a container's id that are shown. */
const CONTAINER_ID = 12;

/**
 * Order of rows: by `key`, most first, not known last; then by name (byte by byte, no name first), PID
 * and device.
 */
export function compareRows(key: SortKey): (a: GpuProcess, b: GpuProcess) => number {
  return (a, b) =>
    amount(b, key) - amount(a, key) || compareNames(sortName(a), sortName(b)) ||
    a.pid - b.pid || a.deviceIndex - b.deviceIndex;
}

function amount(row: GpuProcess, key: SortKey): number {
  const { usedBytes, sharedUsedBytes, rssBytes } = row;
  const bytes = {
    dedicated: usedBytes,
    shared: sharedUsedBytes,
    total: usedBytes === null ? null : usedBytes + (sharedUsedBytes ?? 0),
    rss: rssBytes,
  }[key];
  return bytes ?? -1;
}

/** The original has these words in the place of a name. */
const MARKERS: Readonly<Partial<Record<NameStatus, string>>> = {
  exited: "[exited]",
  kernel: "[kernel]",
  protected: "[protected]",
};

function sortName({ name, nameStatus }: GpuProcess): string | null {
  return name ?? MARKERS[nameStatus] ?? null;
}

/** In the order of UTF-8's bytes, which is that of the code points. */
function compareNames(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (a === b) return 0;
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Adds what is known of each process beside its memory. */
export function widen(
  rows: readonly GpuProcess[],
  memory: readonly ProcessMemory[],
  foreignPids: boolean,
): WideProcess[] {
  const found = new Map(memory.map((process) => [process.pid, process]));
  return rows.map((row) => {
    // Where PIDs are another namespace's, a row without a name may be another process than ours.
    const known = foreignPids && row.nameStatus !== "known" ? undefined : found.get(row.pid);
    const { user = null, container = null, command = null } = known ?? {};
    return { ...row, user, container, command };
  });
}

/** Which columns a table has beside PID, NAME, VRAM, SHARED and DEVICE. */
export interface ProcessColumns {
  /** RAM; left out where it was not asked for. */
  readonly ram: boolean;
  /** USER, CONTAINER and COMMAND. */
  readonly wide: boolean;
}

/** The table. `devices` are all of the machine, so that equal names can be told apart. */
export function processTable(
  rows: readonly (GpuProcess | WideProcess)[],
  devices: readonly DeviceInfo[],
  { ram, wide }: ProcessColumns,
  maxWidth: number | null,
): string {
  const headers = [
    "PID",
    "NAME",
    "VRAM",
    "SHARED",
    ...ram ? ["RAM"] : [],
    "DEVICE",
    ...wide ? ["USER", "CONTAINER", "COMMAND"] : [],
  ];
  const cells = rows.map((row) => [
    String(row.pid),
    sortName(row) ?? "?",
    size(row.usedBytes),
    size(row.sharedUsedBytes),
    ...ram ? [size(row.rssBytes)] : [],
    deviceCell(row, devices),
    ...wide && "command" in row ? wideCells(row) : [],
  ]);
  // Numbers are never cut.
  const cuttable = ["NAME", "DEVICE", "USER", "CONTAINER", "COMMAND"]
    .map((header) => headers.indexOf(header)).filter((column) => column >= 0);
  return renderTable(headers, cells, maxWidth === null ? { cuttable } : { cuttable, maxWidth });
}

function wideCells({ user, container, command }: WideProcess): string[] {
  return [
    user ?? NOT_KNOWN,
    container?.slice(0, CONTAINER_ID) ?? NOT_KNOWN,
    command === null || command.length === 0 ? NOT_KNOWN : command.join(" "),
  ];
}

function size(bytes: Bytes): string {
  return bytes === null ? NOT_KNOWN : formatSize(bytes);
}

function deviceCell(row: GpuProcess, devices: readonly DeviceInfo[]): string {
  const { deviceIndex, deviceName, gpuInstanceId, computeInstanceId } = row;
  const slice = gpuInstanceId === null ? "" : ` MIG ${gpuInstanceId}/${computeInstanceId ?? "?"}`;
  if (deviceName === null) return `GPU ${deviceIndex}${slice}`;
  const isShared = devices.filter(({ name }) => name === deviceName).length > 1;
  return `${isShared ? `${deviceIndex}: ` : ""}${deviceName}${slice}`;
}

/** What the rows were filtered by. */
export interface PsFilter {
  readonly pid?: number | undefined;
  readonly device?: number | undefined;
}

/**
 * `hmn: 3 GPU processes found matching pid=42 device=0 (1.2 GiB committed total; 1 protected — re-run
 * elevated for names).` and a line break. Rows whose memory is not known are counted beside the total.
 */
export function psSummary(rows: readonly GpuProcess[], filter: PsFilter): string {
  const noun = rows.length === 1 ? "process" : "processes";
  const filters = [
    ...filter.pid === undefined ? [] : [`pid=${filter.pid}`],
    ...filter.device === undefined ? [] : [`device=${filter.device}`],
  ];
  const matching = filters.length === 0 ? "" : ` matching ${filters.join(" ")}`;
  const remarks = rows.length === 0 ? "" : ` (${remarksOn(rows).join("; ")})`;
  return `hmn: ${rows.length} GPU ${noun} found${matching}${remarks}.\n`;
}

function remarksOn(rows: readonly GpuProcess[]): string[] {
  const total = rows.reduce((sum, { usedBytes }) => sum + (usedBytes ?? 0), 0);
  const count = (test: (row: GpuProcess) => boolean) => rows.filter(test).length;
  const remark = (number: number, text: string) => number === 0 ? [] : [`${number} ${text}`];
  return [
    `${formatSize(total)} committed total`,
    ...remark(
      count(({ nameStatus }) => nameStatus === "protected" || nameStatus === "unknown"),
      "protected — re-run elevated for names",
    ),
    ...remark(
      count(({ nameStatus }) => nameStatus === "foreign_namespace"),
      "of another PID namespace, without names",
    ),
    ...remark(count(({ usedBytes }) => usedBytes === null), "with unknown VRAM"),
  ];
}
