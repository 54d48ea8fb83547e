/** Headers and cells of nvidia-smi's CSV. Pure; any text is fine. */
import type { GpuQuantity } from "./data.ts";

/** What a column of a log can be. */
export type SmiField = GpuQuantity | "timestamp" | "index" | "uuid" | "pciBusId" | "name";

/** nvidia-smi's names of the fields, the older and the newer ones. */
const FIELDS: Readonly<Record<string, SmiField>> = {
  timestamp: "timestamp",
  index: "index",
  uuid: "uuid",
  gpu_uuid: "uuid",
  name: "name",
  gpu_name: "name",
  "pci.bus_id": "pciBusId",
  gpu_bus_id: "pciBusId",
  "memory.used": "usedBytes",
  "memory.free": "freeBytes",
  "memory.total": "totalBytes",
  "memory.reserved": "reservedBytes",
  "utilization.gpu": "utilizationRatio",
  "temperature.gpu": "temperatureCelsius",
  "power.draw": "powerWatts",
  "power.draw.instant": "powerWatts",
  "power.draw.average": "powerWatts",
  "clocks.sm": "smClockMhz",
  "clocks.current.sm": "smClockMhz",
  "clocks.mem": "memoryClockMhz",
  "clocks.current.memory": "memoryClockMhz",
};

/** What a header such as `memory.used [MiB]` stands for; `null`: none of what is used here. */
export function fieldOf(header: string): SmiField | null {
  const name = header.replace(/\[[^\]]*\]\s*$/, "").trim().toLowerCase();
  return Object.hasOwn(FIELDS, name) ? FIELDS[name]! : null;
}

/** What one of each unit is in ours. */
const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  "%": 0.01,
  W: 1,
  mW: 0.001,
  MHz: 1,
  C: 1,
};
/** Fields whose numbers mean nothing without their unit. */
const NEEDS_UNIT = /^\s*memory\./;
const NUMBER = /^(-?\d{1,15}(?:\.\d{1,9})?)(?: ?([A-Za-z%]{1,3}))?$/;

/** The number of a cell in our unit; the unit stands in the cell or in the header. NaN: it is none. */
export function smiNumber(cell: string, header: string): number {
  const found = NUMBER.exec(cell);
  if (found === null) return NaN;
  const unit = found[2] ?? /\[([^\]]*)\]\s*$/.exec(header)?.[1] ?? "";
  // Of a number without a unit nobody knows what it counts; temperatures and indexes never have one.
  const factor = unit === "" ? (NEEDS_UNIT.test(header) ? undefined : 1) : UNITS[unit];
  if (factor === undefined) return NaN;
  return unit === "%" ? Number(found[1]) / 100 : Number(found[1]) * factor;
}

/** The markers of a number that is not told, which is no failure. */
const NOT_TOLD = /^(?:n\/a|not supported|not active|function not found|)$/i;

/** Why a cell that is no number could not be read; `null`: the device or the driver does not tell this number. */
export function smiTrouble(cell: string): string | null {
  const words = cell.replace(/^\[(.*)\]$/, "$1").trim();
  return NOT_TOLD.test(words) ? null : words;
}

const TIMESTAMP = /^\s*(\d{4})\/(\d\d)\/(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s*$/;

/** `2026/01/31 12:00:00.123`, local time, as milliseconds since the epoch; `null`: it is none. */
export function parseTimestamp(text: string): number | null {
  const found = TIMESTAMP.exec(text);
  if (found === null) return null;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  const ms = Number(`0.${found[7] ?? "0"}`) * 1000;
  const at = new Date(year!, month! - 1, day, hour, minute, second);
  const isReal = at.getMonth() === month! - 1 && at.getDate() === day;
  return isReal ? at.getTime() + Math.floor(ms) : null;
}
