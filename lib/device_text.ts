/**
 * One device as a line of text, in the original's exact forms.
 *
 * A `?` stands for an unknown number and keeps its unit, so that the fields of a line stay where scripts
 * expect them. Names are untrusted: what could act on a terminal is escaped.
 */
import { bytesToMb, MIB, roundHalfEven, UNKNOWN } from "./format.ts";
import type { Bytes, DeviceInfo } from "./records.ts";
import { escapeText, printText } from "./text.ts";

/** The device's name as it is (untrusted text), or `unknown GPU`. */
export function nameOrUnknown(device: DeviceInfo): string {
  return device.name ?? "unknown GPU";
}

/** `␣␣GPU 0: free 13284 MB / 16384 MB [NAME]` and a line break; units of 2^20 bytes, ties to even. */
export function formatFree(device: DeviceInfo): string {
  return deviceLine(device, `free ${mb(device.freeBytes)} / ${mb(device.totalBytes)}`);
}

/** `␣␣GPU 0: total 16384 MB [NAME]` and a line break. */
export function formatTotal(device: DeviceInfo): string {
  return deviceLine(device, `total ${mb(device.totalBytes)}`);
}

/** `␣␣GPU 0: used 3100 MB [NAME]` and a line break. */
export function formatUsed(device: DeviceInfo): string {
  return deviceLine(device, `used ${mb(device.usedBytes)}`);
}

/** Prints what {@linkcode formatFree} returns to standard output, or hands it to `write`. */
export function printFree(device: DeviceInfo, write: (text: string) => void = printText): void {
  write(formatFree(device));
}

/** Prints what {@linkcode formatTotal} returns to standard output, or hands it to `write`. */
export function printTotal(device: DeviceInfo, write: (text: string) => void = printText): void {
  write(formatTotal(device));
}

/** Prints what {@linkcode formatUsed} returns to standard output, or hands it to `write`. */
export function printUsed(device: DeviceInfo, write: (text: string) => void = printText): void {
  write(formatUsed(device));
}

/**
 * `GPU 0 [NAME]: free F MiB / T MiB (R MiB reserved), driver V`, without a line break. MiB are cut off;
 * the name, the reserve and the driver are left out where they are not known. A device that does not
 * answer properly says so at the end: `, state lost`.
 */
export function summaryLine(device: DeviceInfo): string {
  const name = device.name === null ? "" : ` [${escapeText(device.name)}]`;
  const reserved = device.reservedBytes === null ? "" : ` (${mib(device.reservedBytes)} reserved)`;
  const driver = device.driverVersion === null
    ? ""
    : `, driver ${escapeText(device.driverVersion)}`;
  const state = device.state === "ok" ? "" : `, state ${device.state}`;
  const memory = `free ${mib(device.freeBytes)} / ${mib(device.totalBytes)}`;
  return `GPU ${device.index}${name}: ${memory}${reserved}${driver}${state}`;
}

function deviceLine(device: DeviceInfo, figures: string): string {
  const name = device.name === null ? "" : ` [${escapeText(device.name)}]`;
  return `  GPU ${device.index}: ${figures}${name}\n`;
}

function mb(bytes: Bytes): string {
  return `${bytes === null ? UNKNOWN : roundHalfEven(bytesToMb(bytes), 0)} MB`;
}

function mib(bytes: Bytes): string {
  return `${bytes === null ? UNKNOWN : Math.floor(bytes / MIB)} MiB`;
}
