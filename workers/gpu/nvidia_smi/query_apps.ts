/** The output of `--query-compute-apps` as rows. Pure; any text is fine. */
import type { Failure } from "../../../lib/errors.ts";
import type { Bytes, DeviceInfo, GpuProcess } from "../../../lib/records.ts";
import type { MissingMemory } from "../../../lib/records.ts";
import type { Host } from "../../host/host.ts";
import { type Cell, readCell, readMebibytes, splitLine } from "./cells.ts";
import { readName } from "./names.ts";
import { troubleFailure } from "./troubles.ts";

/** What the output told. */
export interface ParsedApps {
  /** Sorted by device, then PID. */
  readonly processes: readonly GpuProcess[];
  /** Indices of the devices whose rows explain all memory in use, see {@linkcode parseApps}. */
  readonly listedDevices: readonly number[];
  readonly failures: readonly Failure[];
  readonly otherLines: readonly string[];
}

/** Rounding of one row to whole MiB. */
const MIB = 2 ** 20;
const MAX_PID = 2 ** 32 - 1;

/**
 * Reads the rows `pid, process_name, used_memory, gpu_uuid`; the name may contain commas.
 *
 * nvidia-smi lists compute processes here and no graphics ones, so a process that is not among them may
 * hold memory all the same. A device counts as listed whole only where its rows explain all of its memory
 * in use; then nobody else can hold any.
 */
export function parseApps(
  output: string,
  devices: readonly DeviceInfo[],
  platform: Host["platform"] = "linux",
): ParsedApps {
  const byUuid = new Map(devices.flatMap((d) => d.uuid === null ? [] : [[d.uuid, d] as const]));
  const processes: GpuProcess[] = [];
  const otherLines: string[] = [];
  const failures = new FailuresByDevice();
  const incomplete = new Set<number>();
  for (const line of output.split(/\r?\n/)) {
    if (line.trim() === "") continue;
    const cells = splitLine(line, 4, 1);
    const device = byUuid.get(cells?.[3] ?? "");
    const pidCell = readCell(cells?.[0] ?? "");
    const pid = /^\d{1,10}$/.test(pidCell.text ?? "") ? Number(pidCell.text) : 0;
    if (device !== undefined && pidCell.trouble !== null) {
      incomplete.add(device.index);
      failures.addTrouble(device, "the processes", pidCell);
    } else if (cells === null || device === undefined || pid < 1 || pid > MAX_PID) {
      otherLines.push(line);
    } else {
      const memory = readMemory(cells[2]!, device);
      // Windows keeps the memory of processes itself (WDDM), so there that is the rule.
      const isRule = platform === "windows" && memory.cell.trouble === "not_supported";
      if (memory.missing !== null && !isRule) failures.addMemory(device, memory);
      processes.push(row(pid, cells[1]!, memory, device));
    }
  }
  processes.sort((a, b) => a.deviceIndex - b.deviceIndex || a.pid - b.pid);
  const listed = otherLines.length > 0
    ? []
    : devices.filter((device) =>
      !incomplete.has(device.index) &&
      explains(processes.filter((p) => p.deviceIndex === device.index), device.usedBytes)
    );
  return {
    processes,
    listedDevices: listed.map(({ index }) => index),
    failures: failures.all(),
    otherLines,
  };
}

/** Do these rows leave no room for a process that is not among them? */
function explains(rows: readonly GpuProcess[], usedBytes: Bytes): boolean {
  if (usedBytes === null) return false;
  let sum = 0;
  for (const { usedBytes: bytes } of rows) {
    if (bytes === null) return false;
    sum += bytes;
  }
  return usedBytes - sum <= rows.length * MIB;
}

interface RowMemory {
  readonly usedBytes: Bytes;
  readonly missing: MissingMemory | null;
  readonly cell: Cell;
}

function readMemory(text: string, device: DeviceInfo): RowMemory {
  const cell = readCell(text);
  if (cell.text === null) return { usedBytes: null, missing: "not_told", cell };
  const bytes = readMebibytes(cell.text);
  if (bytes === "sentinel") return { usedBytes: null, missing: "sentinel", cell };
  if (bytes === null) return { usedBytes: null, missing: "not_told", cell };
  if (device.totalBytes !== null && bytes > device.totalBytes) {
    return { usedBytes: null, missing: "exceeds_total", cell };
  }
  return { usedBytes: bytes, missing: null, cell };
}

function row(pid: number, name: string, memory: RowMemory, device: DeviceInfo): GpuProcess {
  return {
    pid,
    ...readName(name),
    usedBytes: memory.usedBytes,
    sharedUsedBytes: null,
    missing: memory.missing,
    rssBytes: null,
    deviceIndex: device.index,
    deviceUuid: device.uuid,
    deviceName: device.name,
    contexts: ["compute"],
    gpuInstanceId: null,
    wddm: null,
    computeInstanceId: null,
    source: "nvidia_smi",
  };
}

/** Counts what is missing, so that 200 rows make one failure. */
class FailuresByDevice {
  readonly #groups = new Map<string, { count: number; make: (count: number) => Failure }>();

  addTrouble({ index }: DeviceInfo, what: string, cell: Cell): void {
    this.#add(
      `${index} ${what} ${cell.words}`,
      (count) => troubleFailure(`${what} of GPU ${index}`, cell, index, count),
    );
  }

  addMemory(device: DeviceInfo, { missing, cell }: RowMemory): void {
    if (cell.text === null) return this.addTrouble(device, "the memory of processes", cell);
    const why = missing === "exceeds_total"
      ? "told more than the device has"
      : missing === "sentinel"
      ? 'told the value for "not available"'
      : "printed no number";
    this.#add(`${device.index} ${missing}`, (count) => ({
      code: "bad_value",
      message: `Cannot read the memory of processes of GPU ${device.index}: nvidia-smi ${why}`,
      source: "nvidia_smi",
      deviceIndex: device.index,
      count,
    }));
  }

  all(): Failure[] {
    return [...this.#groups.values()].map(({ count, make }) => make(count));
  }

  #add(key: string, make: (count: number) => Failure): void {
    const group = this.#groups.get(key) ?? { count: 0, make };
    group.count++;
    this.#groups.set(key, group);
  }
}
