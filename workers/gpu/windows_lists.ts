/** Whose lists are whole on Windows. Pure. */
import type { SourceName } from "../../lib/sources.ts";
import type { GpuReading } from "./source.ts";

/** It told the GPUs there are; `undefined`: it was not asked. */
export function listsGpus(dxgi: GpuReading | undefined): boolean {
  return dxgi !== undefined && (dxgi.devices.length > 0 || dxgi.failures.length === 0);
}

/**
 * The reading without lists of processes that may lack some. Of a GPU that Windows displays with, the counters list
 * every process and NVIDIA's library those of its own interfaces, without their memory: where the counters are there
 * and were not read, the list is not whole. `told` is what the joining sources said, `counted` whether the counters
 * are asked for on this machine.
 */
export function withWholeLists(
  reading: GpuReading,
  told: ReadonlyMap<SourceName, GpuReading>,
  counted: boolean,
): GpuReading {
  const pdh = told.get("pdh");
  if (!counted || pdh?.failures.some(({ code }) => code === "absent")) return reading;
  const luids = new Set(
    pdh?.devices.filter(({ index }) => pdh.listedDevices.includes(index)).map(({ luid }) => luid),
  );
  // Who is in neither of Windows' lists is no display device: a card in TCC mode.
  const knowsDisplays = luids.size > 0 || listsGpus(told.get("dxgi"));
  const isWhole = (index: number) => {
    const luid = reading.devices.find((device) => device.index === index)?.luid ?? null;
    return luid === null ? knowsDisplays : luids.has(luid);
  };
  return { ...reading, listedDevices: reading.listedDevices.filter(isWhole) };
}
