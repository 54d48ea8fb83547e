/**
 * The questions as plain functions, for a program that asks now and then. They share one meter, which is
 * opened when first asked and never keeps the program alive.
 */
import { type AskOptions, Meter } from "./meter.ts";
import type { DeviceInfo, GpuProcess } from "./records.ts";
import type { DeviceSelector } from "./select_device.ts";
import type { ProcessGpuInfo, Snapshot } from "./snapshot.ts";

let shared: Meter | null = null;

function meter(): Meter {
  return shared ??= new Meter({});
}

/** RAM of the calling process and its share of one GPU. See {@linkcode Meter.snapshot}. */
export function snapshot(device: DeviceSelector = 0, options?: AskOptions): Promise<Snapshot> {
  return meter().snapshot(device, options);
}

/** One snapshot for each GPU. See {@linkcode Meter.snapshotAll}. */
export function snapshotAll(options?: AskOptions): Promise<Snapshot[]> {
  return meter().snapshotAll(options);
}

/** How many GPUs there are. See {@linkcode Meter.deviceCount}. */
export function deviceCount(options?: AskOptions): Promise<number> {
  return meter().deviceCount(options);
}

/** One GPU by index, UUID or PCI bus id. See {@linkcode Meter.deviceInfo}. */
export function deviceInfo(device: DeviceSelector, options?: AskOptions): Promise<DeviceInfo> {
  return meter().deviceInfo(device, options);
}

/** What the calling process holds on one GPU. See {@linkcode Meter.processGpuInfo}. */
export function processGpuInfo(
  device: DeviceSelector,
  options?: AskOptions & { readonly pid?: number },
): Promise<ProcessGpuInfo> {
  return meter().processGpuInfo(device, options);
}

/** The processes on one GPU. See {@linkcode Meter.gpuProcesses}. */
export function gpuProcesses(
  device: DeviceSelector,
  options?: AskOptions,
): Promise<GpuProcess[]> {
  return meter().gpuProcesses(device, options);
}

/** Resident memory of a process in bytes. See {@linkcode Meter.processRss}. */
export function processRss(pid?: number, options?: AskOptions): Promise<number> {
  return meter().processRss(pid, options);
}
