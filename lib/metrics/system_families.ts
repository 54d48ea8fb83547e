/** Metrics of the machine's RAM, of memory pressure, and of the limit a container sets. */
import type { CgroupMemory, PressureLine, SystemMemory } from "../records.ts";
import { type Family, gauges, type Measure } from "./family.ts";
import type { View } from "./view.ts";

const SYSTEM_MEASURES: readonly Measure<SystemMemory>[] = [
  {
    name: "hmn_system_memory_total_bytes",
    unit: "bytes",
    help: "Usable RAM.",
    value: ({ totalBytes }) => totalBytes,
  },
  {
    name: "hmn_system_memory_available_bytes",
    unit: "bytes",
    help: "RAM a new program can get without swapping.",
    value: ({ availableBytes }) => availableBytes,
  },
  {
    name: "hmn_system_memory_used_bytes",
    unit: "bytes",
    help: "RAM that is not available: total less available.",
    value: ({ usedBytes }) => usedBytes,
  },
  {
    name: "hmn_system_memory_free_bytes",
    unit: "bytes",
    help: "RAM nobody uses, not even as cache.",
    value: ({ freeBytes }) => freeBytes,
  },
  {
    name: "hmn_system_swap_total_bytes",
    unit: "bytes",
    help: "Size of swap.",
    value: ({ swapTotalBytes }) => swapTotalBytes,
  },
  {
    name: "hmn_system_swap_used_bytes",
    unit: "bytes",
    help: "Swap in use.",
    value: ({ swapUsedBytes }) => swapUsedBytes,
  },
  {
    name: "hmn_system_commit_bytes",
    unit: "bytes",
    help: "Memory promised to all programs, touched or not.",
    value: ({ commitBytes }) => commitBytes,
  },
  {
    name: "hmn_system_commit_limit_bytes",
    unit: "bytes",
    help: "What can be promised: above it Windows refuses memory.",
    value: ({ commitLimitBytes }) => commitLimitBytes,
  },
  {
    name: "hmn_job_memory_limit_bytes",
    unit: "bytes",
    help:
      "What the job object of this program may commit (Windows); absent where there is no limit.",
    value: ({ job }) => job?.limitBytes ?? null,
  },
];

const CGROUP_MEASURES: readonly Measure<CgroupMemory>[] = [
  {
    name: "hmn_cgroup_memory_current_bytes",
    unit: "bytes",
    help: "What counts against the limit of the cgroup, page cache included.",
    value: ({ usageBytes }) => usageBytes,
  },
  {
    name: "hmn_cgroup_memory_working_set_bytes",
    unit: "bytes",
    help: "What counts against the limit of the cgroup, less the file cache that can be dropped.",
    value: ({ workingSetBytes }) => workingSetBytes,
  },
  {
    name: "hmn_cgroup_memory_max_bytes",
    unit: "bytes",
    help: "Memory limit of the cgroup; absent where there is none.",
    value: ({ limitBytes }) => limitBytes,
  },
  {
    name: "hmn_cgroup_memory_peak_bytes",
    unit: "bytes",
    help: "The highest usage of the cgroup so far.",
    value: ({ peakBytes }) => peakBytes,
  },
];

/** Everything about the machine. */
export const SYSTEM_FAMILIES: readonly Family[] = [
  ...gauges(
    SYSTEM_MEASURES,
    ({ reading }) => reading.system === null ? [] : [reading.system],
    () => ({}),
  ),
  ...gauges(CGROUP_MEASURES, cgroupsOf, cgroupLabels),
  {
    name: "hmn_cgroup_oom_kills_total",
    type: "counter",
    unit: null,
    help: "How often the kernel killed a process of the cgroup for want of memory.",
    samples: (view) =>
      cgroupsOf(view).map((cgroup) => ({ labels: cgroupLabels(cgroup), value: cgroup.oomKills })),
  },
  {
    name: "hmn_memory_pressure_ratio",
    type: "gauge",
    unit: "ratio",
    help: "Share of the window in which some task, or every task (full), waited for memory.",
    samples: (view) =>
      pressureOf(view).flatMap(({ kind, line }) =>
        Object.entries({
          "10s": line.avg10Ratio,
          "60s": line.avg60Ratio,
          "300s": line.avg300Ratio,
        }).map(([window, value]) => ({ labels: { scope: "system", kind, window }, value }))
      ),
  },
  {
    name: "hmn_memory_pressure_waiting_seconds_total",
    type: "counter",
    unit: "seconds",
    help: "Time since boot in which some task, or every task (full), waited for memory.",
    samples: (view) =>
      pressureOf(view).map(({ kind, line }) => ({
        labels: { scope: "system", kind },
        value: line.totalMs / 1000,
      })),
  },
];

function cgroupsOf({ reading }: View): readonly CgroupMemory[] {
  const cgroup = reading.system?.cgroup ?? null;
  return cgroup === null ? [] : [cgroup];
}

function cgroupLabels({ path }: CgroupMemory) {
  return { cgroup: path };
}

function pressureOf(
  { reading }: View,
): readonly { readonly kind: "some" | "full"; readonly line: PressureLine }[] {
  const pressure = reading.system?.pressure ?? null;
  if (pressure === null) return [];
  const { some, full } = pressure;
  return [
    { kind: "some", line: some },
    ...full === null ? [] : [{ kind: "full", line: full } as const],
  ];
}
