/** Metrics of GPUs and their slices. */
import type { DeviceInfo, DeviceState, MigSlice } from "../records.ts";
import { vendorOf } from "../vendor.ts";
import { type Family, gauges, type Labels, type Measure, stateSamples } from "./family.ts";
import type { View } from "./view.ts";

const STATES = [
  "ok",
  "lost",
  "reset_required",
  "blocked",
  "mismatched",
  "failed",
] as const satisfies readonly DeviceState[];

const DEVICE_MEASURES: readonly Measure<DeviceInfo>[] = [
  {
    name: "hmn_gpu_memory_total_bytes",
    unit: "bytes",
    help: "Memory of the GPU: used, free and reserved together.",
    value: ({ totalBytes }) => totalBytes,
  },
  {
    name: "hmn_gpu_memory_used_bytes",
    unit: "bytes",
    help: "Memory in use by processes; with the reserve where that is not told.",
    value: ({ usedBytes }) => usedBytes,
  },
  {
    name: "hmn_gpu_memory_free_bytes",
    unit: "bytes",
    help: "Memory nobody uses.",
    value: ({ freeBytes }) => freeBytes,
  },
  {
    name: "hmn_gpu_memory_reserved_bytes",
    unit: "bytes",
    help: "Memory the driver and firmware keep.",
    value: ({ reservedBytes }) => reservedBytes,
  },
  {
    name: "hmn_gpu_memory_shared_used_bytes",
    unit: "bytes",
    help: "The system's memory that the GPU uses for all processes (Windows); absent elsewhere.",
    value: ({ sharedUsedBytes }) => sharedUsedBytes,
  },
  {
    name: "hmn_gpu_utilization_ratio",
    unit: "ratio",
    help: "Share of the last sample period in which a kernel ran.",
    value: ({ utilizationRatio }) => utilizationRatio,
  },
  {
    name: "hmn_gpu_memory_bandwidth_busy_ratio",
    unit: "ratio",
    help: "Share of time in which GPU memory was read or written; not how full it is.",
    value: ({ memoryBandwidthBusyRatio }) => memoryBandwidthBusyRatio,
  },
  {
    name: "hmn_gpu_temperature_celsius",
    unit: "celsius",
    help: "Temperature of the GPU.",
    value: ({ temperatureCelsius }) => temperatureCelsius,
  },
  {
    name: "hmn_gpu_power_watts",
    unit: "watts",
    help: "Power the board draws.",
    value: ({ powerWatts }) => powerWatts,
  },
];

interface PlacedSlice {
  readonly device: DeviceInfo;
  readonly slice: MigSlice;
}

const SLICE_MEASURES: readonly Measure<PlacedSlice>[] = [
  {
    name: "hmn_gpu_mig_memory_total_bytes",
    unit: "bytes",
    help: "Memory of the MIG slice; slices of one GPU instance share it and show the same.",
    value: ({ slice }) => slice.totalBytes,
  },
  {
    name: "hmn_gpu_mig_memory_used_bytes",
    unit: "bytes",
    help: "Memory in use on the MIG slice; slices of one GPU instance show the same.",
    value: ({ slice }) => slice.usedBytes,
  },
  {
    name: "hmn_gpu_mig_memory_free_bytes",
    unit: "bytes",
    help: "Memory nobody uses on the MIG slice; slices of one GPU instance show the same.",
    value: ({ slice }) => slice.freeBytes,
  },
  {
    name: "hmn_gpu_mig_memory_reserved_bytes",
    unit: "bytes",
    help: "Memory the driver keeps on the MIG slice; slices of one GPU instance show the same.",
    value: ({ slice }) => slice.reservedBytes,
  },
];

/** Everything about GPUs. */
export const GPU_FAMILIES: readonly Family[] = [
  {
    name: "hmn_gpu_info",
    type: "info",
    unit: null,
    help: "What each GPU is.",
    samples: (view) =>
      devicesOf(view).map((device) => ({
        labels: {
          ...deviceLabels(device),
          name: device.name,
          vendor: vendorOf(device)?.toLowerCase() ?? null,
          driver_version: device.driverVersion,
          pci_bus_id: device.pciBusId,
          memory_type: device.memoryKind,
        },
        value: 1,
      })),
  },
  {
    name: "hmn_gpu_state",
    type: "stateset",
    unit: null,
    help: "Whether each GPU answers, and if not, why.",
    samples: (view) =>
      devicesOf(view).flatMap((device) =>
        stateSamples("hmn_gpu_state", deviceLabels(device), STATES, device.state)
      ),
  },
  {
    name: "hmn_gpu_mig_info",
    type: "info",
    unit: null,
    help: "What each MIG slice is.",
    samples: (view) =>
      slicesOf(view).map((placed) => ({
        labels: {
          ...sliceLabels(placed),
          mig_uuid: placed.slice.uuid,
          name: placed.slice.name,
          gpu_instance: placed.slice.gpuInstanceId,
          compute_instance: placed.slice.computeInstanceId,
        },
        value: 1,
      })),
  },
  ...gauges(DEVICE_MEASURES, devicesOf, deviceLabels),
  ...gauges(SLICE_MEASURES, slicesOf, sliceLabels),
];

function devicesOf({ reading }: View): readonly DeviceInfo[] {
  return reading.gpu?.devices ?? [];
}

function slicesOf(view: View): readonly PlacedSlice[] {
  return devicesOf(view).flatMap((device) => device.migSlices.map((slice) => ({ device, slice })));
}

/** The index is in it beside the UUID, as not every source tells one. */
function deviceLabels({ index, uuid }: DeviceInfo): Labels {
  return { gpu: index, uuid };
}

function sliceLabels({ device, slice }: PlacedSlice): Labels {
  return { ...deviceLabels(device), mig: slice.index };
}
