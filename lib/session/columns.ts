/**
 * The one table of the columns of a session's files: the writer, the reader, the documentation and the analysis take
 * them from here. A header is the field's name in snake_case, so its unit is in it.
 */
import { snakeKey } from "../json_case.ts";
import type { AllocatorRow, EventRow, GpuRow, ProcessRow, RowStart, SystemRow } from "./rows.ts";

/** The tables of a session, and the beginning of their files' names. */
export const TABLES = {
  gpu: "gpu-memory",
  system: "system-memory",
  process: "process-memory",
  allocator: "allocator-memory",
  events: "session-events",
} as const;

/** One of the tables. */
export type Table = keyof typeof TABLES;

/** The rows of each table. */
export interface RowOf {
  readonly gpu: GpuRow;
  readonly system: SystemRow;
  readonly process: ProcessRow;
  readonly allocator: AllocatorRow;
  readonly events: EventRow;
}

/** One column. */
export interface Column {
  /** The row's field. */
  readonly key: string;
  /** The header in the file. */
  readonly header: string;
  /** How its cells are read. */
  readonly type: "text" | "number";
  /** Digits behind the point at most. */
  readonly decimals: number;
  /** What it tells. */
  readonly about: string;
}

type Cell = readonly [type: "text" | "number", decimals: number, about: string];
/** Exactly one line for each field of the row, in the order of the file. */
type Cells<Row> = { readonly [K in keyof Row]: Cell };

const text = (about: string): Cell => ["text", 0, about];
const whole = (about: string): Cell => ["number", 0, about];
const ratio = (about: string): Cell => ["number", 4, about];
const tenths = (about: string): Cell => ["number", 1, about];

const START: Cells<RowStart> = {
  time: text("wall clock, ISO 8601 in UTC"),
  elapsedMs: whole("milliseconds since the session began, on a steady clock"),
  tick: whole("number of the tick; the same in every file"),
  phase: text("the phase, nested ones behind their parents"),
};
const GAP = text("why nothing could be read at this tick, as SOURCE CODE");

const CELLS: { readonly [T in Table]: Cells<RowOf[T]> } = {
  gpu: {
    ...START,
    gpu: whole("index of the GPU"),
    uuid: text("its UUID"),
    usedBytes: whole("memory in use by all processes, without the reserve"),
    freeBytes: whole("memory nobody uses"),
    totalBytes: whole("memory of the GPU"),
    reservedBytes: whole("memory the driver keeps"),
    zone: text("safe, caution or critical"),
    utilizationRatio: ratio("share of time in which a kernel ran"),
    temperatureCelsius: tenths("core temperature"),
    powerWatts: tenths("board power"),
    smClockMhz: whole("clock of the multiprocessors"),
    memoryClockMhz: whole("clock of the memory"),
    gap: GAP,
  },
  system: {
    ...START,
    usedBytes: whole("RAM in use: total less available"),
    availableBytes: whole("RAM a program can get without swapping"),
    totalBytes: whole("usable RAM"),
    level: text("normal, elevated, warning or critical"),
    swapUsedBytes: whole("used swap or page file"),
    swapTotalBytes: whole("size of swap or page file"),
    cpuUtilizationRatio: ratio("share of all cores' time that was not idle"),
    processCount: whole("number of processes"),
    pressureSomeRatio: ratio("share of the last 10 s in which some task waited for memory"),
    pressureFullRatio: ratio("share of the last 10 s in which all waited for memory"),
    cgroupUsedBytes: whole("what counts against the container's limit"),
    cgroupLimitBytes: whole("the container's limit"),
    ownCpuRatio: ratio("CPU of the recorder and its workers, in cores"),
    ownRssBytes: whole("resident memory of the recorder and its workers"),
    systemProbeMs: tenths("time the answer about RAM took"),
    gpuProbeMs: tenths("time the answer about the GPUs took"),
    gap: GAP,
  },
  process: {
    ...START,
    target: text("the watched group, name, PID or /regex/; command: the recorded command"),
    kind: text("group or process"),
    pid: whole("the process, where the target is one"),
    name: text("name of the process, or of the group's largest"),
    processCount: whole("processes of the group"),
    rssBytes: whole("resident memory, summed"),
    swapBytes: whole("swapped-out memory, summed"),
    vramBytes: whole("dedicated memory on all GPUs, summed"),
    vramSource: text(
      "the source of vram_bytes; what pdh counts drifts, and no leak is judged by it",
    ),
    cpuRatio: ratio("CPU since the last tick, in cores"),
    gap: GAP,
  },
  allocator: {
    ...START,
    pid: whole("the process that reported"),
    gpu: whole("its GPU as it names it"),
    allocatedBytes: whole("memory in use by tensors"),
    reservedBytes: whole("memory the allocator holds from the driver"),
    peakBytes: whole("highest allocated memory so far"),
    step: text("the step it reported"),
  },
  events: {
    ...START,
    event: text(
      "start, phase_begin, phase_end, alert_begin, alert_end, health, gap, clock, storage, end",
    ),
    subject: text("which alert, phase, source or file"),
    severity: text("info, warning or critical"),
    value: ["number", 6, "the number that decided"],
    limit: ["number", 6, "what it was compared with"],
    unit: text("bytes, ratio or ms"),
    type: text("type of the phase"),
    step: text("step of the phase"),
    labels: text("labels of the phase: key=value;key=value"),
    message: text("what happened"),
  },
};

/** The columns of each table, in the order of the file. */
export const COLUMNS = Object.fromEntries(
  Object.entries(CELLS).map(([table, cells]) => [table, columnsOf(cells)]),
) as { readonly [T in Table]: readonly Column[] };

function columnsOf(cells: Readonly<Record<string, Cell>>): readonly Column[] {
  return Object.entries(cells).map(([key, [type, decimals, about]]) => ({
    key,
    header: snakeKey(key),
    type,
    decimals,
    about,
  }));
}
