/** Memory as lines of text: the machine's RAM, and the GPUs with their slices. Pure. */
import { summaryLine } from "../device_text.ts";
import type { Failure } from "../errors.ts";
import { formatMib } from "../format.ts";
import type { Bytes, DeviceInfo, MigSlice, SystemMemory } from "../records.ts";
import { escapeText } from "../text.ts";
import { areAllAbsent, reasons } from "./failures.ts";

/**
 * `RAM: used U MiB / T MiB, available A MiB`, and where a container or a service limits it,
 * `, container limit L MiB (used W MiB)`: what counts against the limit less the file cache that can be
 * dropped; of a job object of Windows, without what is used. MiB are cut off; `?` is not known.
 */
export function ramLine(system: SystemMemory | null): string {
  const used = mib(system?.usedBytes ?? null);
  const total = mib(system?.totalBytes ?? null);
  const available = mib(system?.availableBytes ?? null);
  return `RAM: used ${used} / ${total}, available ${available}${limit(system)}\n`;
}

function limit(system: SystemMemory | null): string {
  const cgroup = system?.cgroup ?? null;
  if (cgroup === null || cgroup.limitBytes === null) {
    const job = system?.job?.limitBytes ?? null;
    return job === null ? "" : `, container limit ${mib(job)}`;
  }
  const used = cgroup.workingSetBytes ?? cgroup.usageBytes;
  return `, container limit ${mib(cgroup.limitBytes)} (used ${mib(used)})`;
}

/** The original's line for each device, the driver's word for what is wrong with it, and its slices. */
export function deviceLines(devices: readonly DeviceInfo[], failures: readonly Failure[]): string {
  return devices.map((device) => {
    const failure = failures.find(({ deviceIndex, driverCode }) =>
      deviceIndex === device.index && driverCode !== undefined
    );
    const why = device.state === "ok" || failure === undefined ? "" : ` (${failure.driverCode})`;
    return `${summaryLine(device)}${escapeText(why)}\n` + device.migSlices.map(sliceLine).join("");
  }).join("");
}

function sliceLine(slice: MigSlice): string {
  const name = slice.name === null ? "" : ` [${escapeText(slice.name)}]`;
  const reserved = slice.reservedBytes === null ? "" : ` (${mib(slice.reservedBytes)} reserved)`;
  const memory = `free ${mib(slice.freeBytes)} / ${mib(slice.totalBytes)}${reserved}`;
  return `  MIG ${slice.index}${name}: ${memory}\n`;
}

/** `hmn: no visible GPUs.`, or why none can be seen. */
export function noDevicesLine(failures: readonly Failure[]): string {
  return failures.length === 0
    ? "hmn: no visible GPUs.\n"
    : `hmn: no visible GPUs: ${reasons(failures)}\n`;
}

/** No number could be read, and not because there is none to read: the driver or the worker failed. */
export function couldNotLook(
  devices: readonly DeviceInfo[],
  failures: readonly Failure[],
): boolean {
  return devices.every(isUnreadable) && !areAllAbsent(failures);
}

/** Nothing is known of its memory. */
function isUnreadable({ totalBytes, usedBytes, freeBytes, migSlices }: DeviceInfo): boolean {
  return totalBytes === null && usedBytes === null && freeBytes === null && migSlices.length === 0;
}

/** `14274 MiB`; the unit stays where the number is not known. */
function mib(bytes: Bytes): string {
  return bytes === null ? "? MiB" : formatMib(bytes);
}
