/**
 * Recordings for tests, written as the recorder writes them: through the table of columns, with `@std/csv`.
 *
 * ```ts
 * using folder = makeFolder();
 * writeSession(folder.path, {
 *   gpu: overTicks(100, (tick) => aGpuRow({ tick, usedBytes: tick * 2 ** 20 })),
 *   events: aPhase("Training", 10, 60),
 * });
 * ```
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
// @ts-types="../../types/std_csv.d.ts"
import { stringify } from "@std/csv/stringify";
import { toSnakeCase } from "../../lib/json_case.ts";
import { COLUMNS, type RowOf, type Table } from "../../lib/session/columns.ts";
import { DEFAULT_SETTINGS } from "../../lib/session/config/settings.ts";
import { toCell } from "../../lib/session/csv_cells.ts";
import { fileName, partName } from "../../lib/session/file_names.ts";
import type {
  AllocatorRow,
  EventRow,
  GpuRow,
  ProcessRow,
  RowStart,
  SystemRow,
} from "../../lib/session/rows.ts";
import { SESSION_FORMAT, type SessionMeta } from "../../lib/session/session_meta.ts";

/** 1 GiB. */
export const GIB = 2 ** 30;
/** Elapsed 0 of the rows below: 2026-01-31 12:00:00 UTC. */
export const STARTED_AT_MS = Date.UTC(2026, 0, 31, 12);
/** Time between two ticks of the rows below. */
export const INTERVAL_MS = 1_000;

/** Some fields of a row; the rest is made up. `tick` alone gives `time` and `elapsedMs`. */
type Some<Row> = { readonly [K in keyof Row]?: Row[K] | undefined };

function aStart({ tick = 0, elapsedMs = tick * INTERVAL_MS, time, phase = null }: Some<RowStart>) {
  return {
    time: time ?? new Date(STARTED_AT_MS + elapsedMs).toISOString(),
    elapsedMs,
    tick,
    phase,
  };
}

/** Fields that are given, over those that are made up. */
function over<Row>(made: Row, some: Some<Row>): Row {
  const given = Object.entries(some).filter(([, value]) => value !== undefined);
  return { ...made, ...Object.fromEntries(given) };
}

/** A row of a GPU of 12 GiB, in which 4 are used. What is free follows from what is used. */
export function aGpuRow(some: Some<GpuRow> = {}): GpuRow {
  const gpu = some.gpu ?? 0;
  const totalBytes = some.totalBytes === undefined ? 12 * GIB : some.totalBytes;
  const usedBytes = some.usedBytes === undefined ? 4 * GIB : some.usedBytes;
  return over<GpuRow>({
    ...aStart(some),
    gpu,
    uuid: `GPU-${gpu}`,
    usedBytes,
    freeBytes: totalBytes === null || usedBytes === null ? null : totalBytes - usedBytes,
    totalBytes,
    reservedBytes: 0,
    zone: null,
    utilizationRatio: 0.5,
    temperatureCelsius: 60,
    powerWatts: 200,
    smClockMhz: 1_500,
    memoryClockMhz: 7_000,
    gap: null,
  }, some);
}

/** The row of a GPU that could not be read. */
export function aGpuGap(some: Some<GpuRow> = {}): GpuRow {
  return aGpuRow({
    usedBytes: null,
    freeBytes: null,
    totalBytes: null,
    reservedBytes: null,
    utilizationRatio: null,
    temperatureCelsius: null,
    powerWatts: null,
    smClockMhz: null,
    memoryClockMhz: null,
    gap: "nvml hung",
    ...some,
  });
}

/** A row of a machine with 64 GiB, of which 16 are used. What is available follows from what is used. */
export function aSystemRow(some: Some<SystemRow> = {}): SystemRow {
  const totalBytes = some.totalBytes === undefined ? 64 * GIB : some.totalBytes;
  const usedBytes = some.usedBytes === undefined ? 16 * GIB : some.usedBytes;
  return over<SystemRow>({
    ...aStart(some),
    usedBytes,
    availableBytes: totalBytes === null || usedBytes === null ? null : totalBytes - usedBytes,
    totalBytes,
    level: "normal",
    swapUsedBytes: 0,
    swapTotalBytes: 8 * GIB,
    cpuUtilizationRatio: 0.25,
    processCount: 300,
    pressureSomeRatio: 0,
    pressureFullRatio: 0,
    cgroupUsedBytes: null,
    cgroupLimitBytes: null,
    ownCpuRatio: 0.01,
    ownRssBytes: 60 * 2 ** 20,
    systemProbeMs: 1,
    gpuProbeMs: 2,
    gap: null,
  }, some);
}

/** A row of a group of one process with 1 GiB of RAM and 2 GiB of GPU memory. */
export function aProcessRow(some: Some<ProcessRow> = {}): ProcessRow {
  return over<ProcessRow>({
    ...aStart(some),
    target: "ollama",
    kind: "group",
    pid: null,
    name: "ollama",
    processCount: 1,
    rssBytes: GIB,
    swapBytes: 0,
    vramBytes: 2 * GIB,
    vramSource: "nvml",
    cpuRatio: 0.5,
    gap: null,
  }, some);
}

/** A row of an allocator that uses 1 of 2 GiB. */
export function anAllocatorRow(some: Some<AllocatorRow> = {}): AllocatorRow {
  return over<AllocatorRow>({
    ...aStart(some),
    pid: 4_242,
    gpu: 0,
    allocatedBytes: GIB,
    reservedBytes: 2 * GIB,
    peakBytes: GIB,
    step: null,
  }, some);
}

/** An event. */
export function anEventRow(some: Some<EventRow> = {}): EventRow {
  return over<EventRow>({
    ...aStart(some),
    event: "start",
    subject: "session",
    severity: "info",
    value: null,
    limit: null,
    unit: null,
    type: null,
    step: null,
    labels: null,
    message: "Something happened",
  }, some);
}

/** The two events of a phase, from one tick to another. */
export function aPhase(
  path: string,
  fromTick: number,
  toTick: number,
  details: Pick<Some<EventRow>, "type" | "step" | "labels"> = {},
): EventRow[] {
  const common = { subject: path, phase: path, message: `Phase ${path}`, ...details };
  return [
    anEventRow({ ...common, tick: fromTick, event: "phase_begin" }),
    anEventRow({ ...common, tick: toTick, event: "phase_end" }),
  ];
}

/** What `make` makes of each tick: rows of one table, one or several a tick. */
export function overTicks<Row>(count: number, make: (tick: number) => Row | Row[]): Row[] {
  return Array.from({ length: count }, (_, tick) => make(tick)).flat() as Row[];
}

/** A session file's contents, as of a session that ended after 100 ticks. */
export function aSessionMeta(some: Some<SessionMeta> = {}): SessionMeta {
  return over<SessionMeta>({
    format: SESSION_FORMAT,
    name: "test",
    stamp: "2026-01-31_12-00-00",
    startedAtMs: STARTED_AT_MS,
    host: "box",
    pid: 4_000,
    version: "0.1.0",
    runtime: "bun 1.4.5",
    platform: "linux x86_64",
    devices: [{
      index: 0,
      uuid: "GPU-0",
      name: "NVIDIA Test",
      pciBusId: "00000000:01:00.0",
      totalBytes: 12 * GIB,
      driverVersion: "550.163.01",
    }],
    ramTotalBytes: 64 * GIB,
    command: null,
    settings: { ...DEFAULT_SETTINGS, intervalMs: INTERVAL_MS },
    failures: [],
    end: {
      atMs: STARTED_AT_MS + 99_000,
      elapsedMs: 99_000,
      reason: "stopped",
      ticks: 100,
      rows: 300,
      lostRows: 0,
    },
  }, some);
}

/** What a session's folder is made from. */
export type SessionParts = { readonly [T in Table]?: readonly RowOf[T][] } & {
  /** @default "test" */
  readonly name?: string;
  /** @default "2026-01-31_12-00-00" */
  readonly stamp?: string;
  /** What differs from {@linkcode aSessionMeta}; `null`: no session file. */
  readonly meta?: Some<SessionMeta> | null;
};

/** A table as text, with its header unless told otherwise. */
export function tableText<T extends Table>(
  table: T,
  rows: readonly RowOf[T][],
  { header = true }: { readonly header?: boolean } = {},
): string {
  const columns = COLUMNS[table];
  const cells = rows.map((row) => {
    const values = row as unknown as Readonly<Record<string, string | number | null>>;
    return columns.map((column) => toCell(values[column.key], column));
  });
  return stringify(header ? [columns.map((column) => column.header), ...cells] : cells);
}

/** Writes a session's files into a folder; tells where each is. */
export function writeSession(folder: string, parts: SessionParts) {
  const { name = "test", stamp = "2026-01-31_12-00-00", meta = {} } = parts;
  mkdirSync(folder, { recursive: true });
  const path = (file: Table | "session") => join(folder, fileName(file, { name, stamp }));
  if (meta !== null) {
    const whole = toSnakeCase(aSessionMeta({ name, stamp, ...meta }));
    writeFileSync(path("session"), `${JSON.stringify(whole, null, 2)}\n`);
  }
  for (const table of Object.keys(COLUMNS) as Table[]) {
    const rows = parts[table];
    if (rows !== undefined) writeFileSync(path(table), tableText(table, rows as never));
  }
  return { path, id: { name, stamp } };
}

/** Writes rows as a part that was rotated away, compressed unless told otherwise; tells where it is. */
export function writePart<T extends Table>(
  folder: string,
  table: T,
  part: number,
  rows: readonly RowOf[T][],
  { name = "test", stamp = "2026-01-31_12-00-00", gzip = true } = {},
): string {
  const path = join(folder, partName(fileName(table, { name, stamp }), part));
  const text = tableText(table, rows);
  writeFileSync(gzip ? `${path}.gz` : path, gzip ? gzipSync(text) : text);
  return gzip ? `${path}.gz` : path;
}

/** A folder of its own for a test, which removes it at its end. */
export function makeFolder(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), "hmn-session-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
