/** Metrics of processes and their allocators: everything that has a PID, and so comes and goes. */
import type { ProcessMemory } from "../records.ts";
import type { AllocatorState } from "../telemetry/board.ts";
import { type Family, gauges, type Measure, type Sample, seriesCount } from "./family.ts";
import type { Holding } from "./holdings.ts";
import type { Capped } from "./view.ts";

const RAM_MEASURES: readonly Measure<ProcessMemory>[] = [
  {
    name: "hmn_process_resident_memory_bytes",
    unit: "bytes",
    help: "Pages of the process in RAM, shared ones included.",
    value: ({ rssBytes }) => rssBytes,
  },
  {
    name: "hmn_process_proportional_memory_bytes",
    unit: "bytes",
    help: "Pages of the process in RAM, each shared one divided by its users.",
    value: ({ pssBytes }) => pssBytes,
  },
  {
    name: "hmn_process_swapped_memory_bytes",
    unit: "bytes",
    help: "Memory of the process that was swapped out.",
    value: ({ swapBytes }) => swapBytes,
  },
];

const HOLDING_MEASURES: readonly Measure<Holding>[] = [
  {
    name: "hmn_process_gpu_memory_bytes",
    unit: "bytes",
    help: "Memory the process holds on the GPU; in a container the PID may be one of the host.",
    value: ({ bytes }) => bytes,
  },
];

const ALLOCATOR_MEASURES: readonly Measure<AllocatorState>[] = [
  {
    name: "hmn_allocator_allocated_bytes",
    unit: "bytes",
    help: "Memory in use by tensors, as the program told; it counts GPUs in its own way.",
    value: ({ allocatedBytes }) => allocatedBytes,
  },
  {
    name: "hmn_allocator_reserved_bytes",
    unit: "bytes",
    help: "Memory the allocator holds from the driver, as the program told.",
    value: ({ reservedBytes }) => reservedBytes,
  },
  {
    name: "hmn_allocator_peak_bytes",
    unit: "bytes",
    help: "The highest allocated memory so far, as the program told.",
    value: ({ peakBytes }) => peakBytes,
  },
  {
    name: "hmn_allocator_usage_ratio",
    unit: "ratio",
    help: "Allocated as a share of reserved.",
    value: ({ memoryUsagePercent }) =>
      memoryUsagePercent === null ? null : memoryUsagePercent / 100,
  },
  {
    name: "hmn_allocator_fragmentation_ratio",
    unit: "ratio",
    help: "Share of the reserve that no tensor uses.",
    value: ({ fragmentation }) => fragmentation,
  },
];

/** Everything with a PID. */
export const PROCESS_FAMILIES: readonly Family[] = [
  ...gauges(
    RAM_MEASURES,
    ({ processes }) => processes?.kept ?? [],
    ({ pid, name }) => ({ pid, process_name: name }),
  ),
  ...gauges(
    HOLDING_MEASURES,
    ({ holdings }) => holdings?.kept ?? [],
    ({ pid, name, gpu, uuid, mig, kind }) => ({ pid, process_name: name, gpu, uuid, mig, kind }),
  ),
  ...gauges(
    ALLOCATOR_MEASURES,
    ({ allocators }) => allocators.kept,
    ({ pid, device }) => ({ pid, gpu: device }),
  ),
  {
    name: "hmn_process_series_dropped",
    type: "gauge",
    unit: null,
    help: "How many series the cap left out: of processes (ram, gpu) and of allocators.",
    samples: ({ processes, holdings, allocators }) => [
      dropped("ram", RAM_MEASURES, processes),
      dropped("gpu", HOLDING_MEASURES, holdings),
      dropped("allocator", ALLOCATOR_MEASURES, allocators),
    ],
  },
];

function dropped<T>(part: string, measures: readonly Measure<T>[], rows: Capped<T> | null): Sample {
  return { labels: { part }, value: rows === null ? null : seriesCount(measures, rows.dropped) };
}
