/** Processes on GPUs joined with their RAM, and the largest others. No drawing. */
import { sizeText } from "./text.js";

/** Why a process has no figure, although it is listed. */
const MISSING = {
  sentinel: "the driver gives no figure for it (NVML_VALUE_NOT_AVAILABLE)",
  exceeds_total: "the driver told more than the GPU has",
  not_told: "the source says that it can't tell",
};
/** Why a process has no name. */
const NAMELESS = {
  protected: "its name is protected",
  exited: "it has ended",
  foreign_namespace: "it runs in another PID namespace",
  unknown: "no name was told",
};
const FOREIGN = "its PID counts in another PID namespace, so it can't be joined with RAM";
const NOT_READ = "its memory was not read";

/**
 * One row for each process: `{ key, pid, name, note, gpus, vram, rss, peak, swap }`, of which the last four are
 * `{ bytes, note }`: `note` says why there is no number.
 */
export function processRows({ gpu, processes }) {
  const rows = new Map();
  for (const one of gpu?.processes ?? []) {
    const isOurs = !gpu.foreign_pids || (one.source === "nvml" && one.name_status === "known");
    const key = isOurs ? String(one.pid) : `foreign ${one.pid}`;
    const row = rows.get(key) ?? { key, isOurs, pid: one.pid, held: [], ram: null };
    row.held.push(one);
    rows.set(key, row);
  }
  for (const ram of processes) {
    const key = String(ram.pid);
    const row = rows.get(key) ?? { key, isOurs: true, pid: ram.pid, held: [], ram: null };
    row.ram = ram;
    rows.set(key, row);
  }
  return [...rows.values()].map((row) => rowOf(row, gpu));
}

function rowOf({ key, isOurs, pid, held, ram }, gpu) {
  const [first] = held;
  const name = first?.name ?? ram?.name ?? null;
  const unread = isOurs ? NOT_READ : FOREIGN;
  const amount = (bytes, note) => ({ bytes: bytes ?? null, note });
  return {
    key,
    pid,
    name,
    note: name === null
      ? NAMELESS[first?.name_status] ?? NAMELESS.unknown
      : ram?.zombie
      ? "ended, not yet waited for"
      : "",
    gpus: [...new Set(held.map(placeOf))].join(", "),
    vram: heldOf(held, gpu),
    rss: amount(ram?.rss_bytes ?? (isOurs ? first?.rss_bytes : null), unread),
    peak: amount(ram?.peak_rss_bytes, unread),
    swap: amount(ram?.swap_bytes, unread),
  };
}

/** `0`, or `0 GI 1` in a slice. */
function placeOf({ device_index, gpu_instance_id }) {
  return gpu_instance_id === null ? String(device_index) : `${device_index} GI ${gpu_instance_id}`;
}

/** GPU memory on all GPUs. A part that is not known makes no smaller sum. */
function heldOf(held, gpu) {
  if (held.length === 0) return heldByOther(gpu);
  const unknown = held.find(({ used_bytes }) => used_bytes === null);
  const sum = held.reduce((sum, { used_bytes }) => sum + (used_bytes ?? 0), 0);
  if (unknown === undefined) return { bytes: sum, note: "" };
  const known = held.length > 1 && sum > 0 ? `; ${sizeText(sum)} on its other GPUs` : "";
  return { bytes: null, note: `${MISSING[unknown.missing] ?? MISSING.not_told}${known}` };
}

/** A process that is not listed holds nothing, where all lists were read and count PIDs as we do. */
function heldByOther(gpu) {
  if (gpu === null) return { bytes: null, note: "the GPUs do not answer" };
  if (gpu.foreign_pids) return { bytes: null, note: "the driver may know it by another PID" };
  const isWhole = gpu.devices.every(({ index }) => gpu.listed_devices.includes(index));
  return isWhole
    ? { bytes: null, note: "", isNone: true }
    : { bytes: null, note: "not every GPU told its processes" };
}

/** The columns of the table, and what they are sorted by. */
export const PROCESS_COLUMNS = [
  { id: "pid", title: "PID", isNumber: true, by: ({ pid }) => pid },
  { id: "name", title: "Name", isNumber: false, by: ({ name }) => name?.toLowerCase() ?? null },
  { id: "gpus", title: "GPU", isNumber: false, by: ({ gpus }) => gpus === "" ? null : gpus },
  { id: "vram", title: "GPU memory", isNumber: true, by: ({ vram }) => vram.bytes },
  { id: "rss", title: "RAM", isNumber: true, by: ({ rss }) => rss.bytes },
  { id: "peak", title: "Highest RAM", isNumber: true, by: ({ peak }) => peak.bytes },
  { id: "swap", title: "Swap", isNumber: true, by: ({ swap }) => swap.bytes },
];

/**
 * In the order of a column; what is not known comes last either way. Between equals those on GPUs come
 * first, then RAM and PID decide.
 */
export function sortedRows(rows, { id, isDown }) {
  const { by } = PROCESS_COLUMNS.find((column) => column.id === id);
  const compare = (a, b) => {
    const [left, right] = [by(a), by(b)];
    if (left === null || right === null) return (left === null) - (right === null);
    if (left === right) return 0;
    return (left < right) === isDown ? 1 : -1;
  };
  return [...rows].sort((a, b) =>
    compare(a, b) || (a.gpus === "") - (b.gpus === "") ||
    (b.rss.bytes ?? -1) - (a.rss.bytes ?? -1) || a.pid - b.pid
  );
}

/** Every word has to be in the PID, the name or the place. */
export function filteredRows(rows, filter) {
  const wanted = filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return rows.filter(({ pid, name, gpus }) => {
    const text = `${pid} ${name ?? ""} ${gpus === "" ? "" : `gpu ${gpus}`}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
