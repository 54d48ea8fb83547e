/** The instruments of GPUs. */
import type { Reading } from "../reading/reading.ts";
import type { DeviceInfo, DeviceState, MigSlice } from "../records.ts";
import { GPU_ATTRIBUTES, gpusOf, told } from "./attributes.ts";
import { type Instrument, known, type SeriesAttributes, share, stateSeries } from "./instrument.ts";

const SLICE_ATTRIBUTES = ["hw.id", "hw.parent", "hw.name"] as const;

type Ask = (device: DeviceInfo) => number | null;

/** One value for each GPU that tells it. */
function each(ask: Ask, more: SeriesAttributes = {}): Instrument["observations"] {
  return (reading: Reading) =>
    gpusOf(reading).flatMap(({ device, attributes }) =>
      known(ask(device), { ...attributes, ...more })
    );
}

/** One value for each slice of a GPU in MIG mode. Slices of one GPU instance show the same memory. */
function eachSlice(ask: (slice: MigSlice) => number | null): Instrument["observations"] {
  return (reading: Reading) =>
    gpusOf(reading).flatMap(({ device, id }) =>
      device.migSlices.flatMap((slice) => {
        const own = slice.uuid ?? `${id}/mig:${slice.index}`;
        return known(ask(slice), told({ "hw.id": own, "hw.parent": id, "hw.name": slice.name }));
      })
    );
}

/** What a state says of the GPU itself; the others say that it may not be asked. */
const CONDITIONS: Readonly<Partial<Record<DeviceState, string>>> = {
  ok: "ok",
  failed: "degraded",
  lost: "failed",
  reset_required: "failed",
};

/** The instruments of GPUs. */
export const GPU_INSTRUMENTS: readonly Instrument[] = [
  {
    name: "hw.gpu.memory.usage",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "GPU memory in use, without what the driver and firmware keep where that is known",
    attributes: GPU_ATTRIBUTES,
    observations: each(({ usedBytes }) => usedBytes),
  },
  {
    name: "hmn.gpu.memory.shared_usage",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "The system's memory that the GPU uses for all processes (Windows)",
    attributes: GPU_ATTRIBUTES,
    observations: each(({ sharedUsedBytes }) => sharedUsedBytes),
  },
  {
    name: "hw.gpu.memory.limit",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "Size of the GPU memory",
    attributes: GPU_ATTRIBUTES,
    observations: each(({ totalBytes }) => totalBytes),
  },
  {
    name: "hw.gpu.memory.utilization",
    kind: "gauge",
    unit: "1",
    type: "double",
    description: "GPU memory in use as a share of its size",
    attributes: GPU_ATTRIBUTES,
    observations: each(({ usedBytes, totalBytes }) => share(usedBytes, totalBytes)),
  },
  {
    name: "hmn.gpu.memory.reserved",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "GPU memory that the driver and firmware keep",
    attributes: GPU_ATTRIBUTES,
    observations: each(({ reservedBytes }) => reservedBytes),
  },
  {
    name: "hmn.gpu.memory.bandwidth.busy",
    kind: "gauge",
    unit: "1",
    type: "double",
    description: "Share of time in which GPU memory was read or written; not how full it is",
    attributes: GPU_ATTRIBUTES,
    observations: each(({ memoryBandwidthBusyRatio }) => memoryBandwidthBusyRatio),
  },
  {
    name: "hmn.gpu.mig.memory.usage",
    kind: "gauge",
    unit: "By",
    type: "int",
    description: "Memory in use of a MIG slice's GPU instance, which several slices may share",
    attributes: SLICE_ATTRIBUTES,
    observations: eachSlice(({ usedBytes }) => usedBytes),
  },
  {
    name: "hmn.gpu.mig.memory.limit",
    kind: "gauge",
    unit: "By",
    type: "int",
    description: "Size of the memory of a MIG slice's GPU instance",
    attributes: SLICE_ATTRIBUTES,
    observations: eachSlice(({ totalBytes }) => totalBytes),
  },
  {
    name: "hw.gpu.utilization",
    kind: "gauge",
    unit: "1",
    type: "double",
    description: "Share of time in which a kernel ran on the GPU",
    attributes: [...GPU_ATTRIBUTES, "hw.gpu.task"],
    observations: each(({ utilizationRatio }) => utilizationRatio, { "hw.gpu.task": "general" }),
  },
  {
    name: "hw.temperature",
    kind: "gauge",
    unit: "Cel",
    type: "double",
    description: "Temperature of the GPU's core",
    attributes: [...GPU_ATTRIBUTES, "hw.sensor_location"],
    observations: each(({ temperatureCelsius }) => temperatureCelsius, {
      "hw.sensor_location": "gpu",
    }),
  },
  {
    name: "hw.power",
    kind: "gauge",
    unit: "W",
    type: "double",
    description: "Power that the GPU's board draws",
    attributes: [...GPU_ATTRIBUTES, "hw.type"],
    observations: each(({ powerWatts }) => powerWatts, { "hw.type": "gpu" }),
  },
  {
    name: "hw.status",
    kind: "updowncounter",
    unit: "1",
    type: "int",
    description: "1 for the state that the GPU is in, 0 for the others",
    attributes: [...GPU_ATTRIBUTES, "hw.type", "hw.state"],
    observations: (reading) =>
      gpusOf(reading).flatMap(({ device, attributes }) => {
        const condition = CONDITIONS[device.state];
        if (condition === undefined) return [];
        const series = { ...attributes, "hw.type": "gpu" };
        return stateSeries("hw.state", ["ok", "degraded", "failed"], condition, series);
      }),
  },
];
