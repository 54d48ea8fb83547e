/**
 * The instruments of the machine's memory, and of the container's.
 *
 * Over 200 lines because it is one table.
 */
import type { CgroupMemory, Pressure, SystemMemory } from "../records.ts";
import { type Instrument, known, type Observation, share } from "./instrument.ts";

/** Values of the machine's memory, where that could be read. */
function machine(
  observations: (system: SystemMemory) => readonly Observation[],
): Instrument["observations"] {
  return ({ system }) => system === null ? [] : observations(system);
}

/** The limit's own numbers; without one there is no container to tell of. */
function container(
  value: (cgroup: CgroupMemory, limitBytes: number) => number | null,
): Instrument["observations"] {
  return machine(({ cgroup }) => {
    const limitBytes = cgroup?.limitBytes ?? null;
    return cgroup === null || limitBytes === null ? [] : known(value(cgroup, limitBytes));
  });
}

/** Values of either kind of pressure, where the kernel tells it. */
function pressure(
  observations: (
    line: NonNullable<Pressure["full"]>,
    attributes: { readonly "hmn.pressure.kind": string },
  ) => readonly Observation[],
): Instrument["observations"] {
  return machine(({ pressure }) =>
    (["some", "full"] as const).flatMap((kind) => {
      const line = pressure?.[kind] ?? null;
      return line === null ? [] : observations(line, { "hmn.pressure.kind": kind });
    })
  );
}

const MEMORY_STATE = "system.memory.state";
const PAGING_STATE = "system.paging.state";

const swapFree = ({ swapTotalBytes, swapUsedBytes }: SystemMemory) =>
  swapTotalBytes === null || swapUsedBytes === null ? null : swapTotalBytes - swapUsedBytes;

/** The instruments of the machine. */
export const SYSTEM_INSTRUMENTS: readonly Instrument[] = [
  {
    name: "system.memory.usage",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "RAM by state: used is what a new program can't get, free what nobody uses",
    attributes: [MEMORY_STATE],
    observations: machine(({ usedBytes, freeBytes }) => [
      ...known(usedBytes, { [MEMORY_STATE]: "used" }),
      ...known(freeBytes, { [MEMORY_STATE]: "free" }),
    ]),
  },
  {
    name: "system.memory.limit",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "Usable RAM",
    attributes: [],
    observations: machine(({ totalBytes }) => known(totalBytes)),
  },
  {
    name: "system.memory.utilization",
    kind: "gauge",
    unit: "1",
    type: "double",
    description: "RAM by state as a share of usable RAM",
    attributes: [MEMORY_STATE],
    observations: machine(({ usedBytes, freeBytes, totalBytes }) => [
      ...known(share(usedBytes, totalBytes), { [MEMORY_STATE]: "used" }),
      ...known(share(freeBytes, totalBytes), { [MEMORY_STATE]: "free" }),
    ]),
  },
  {
    name: "system.memory.linux.available",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "RAM that a new program can get without swapping",
    attributes: [],
    observations: machine(({ availableBytes }) => known(availableBytes)),
  },
  {
    name: "hmn.system.memory.commit.usage",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "Memory promised to all programs, touched or not",
    attributes: [],
    observations: machine(({ commitBytes }) => known(commitBytes)),
  },
  {
    name: "hmn.system.memory.commit.limit",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "What can be promised; above it Windows refuses memory",
    attributes: [],
    observations: machine(({ commitLimitBytes }) => known(commitLimitBytes)),
  },
  {
    name: "system.paging.usage",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "Swap by state",
    attributes: [PAGING_STATE],
    observations: machine((system) => [
      ...known(system.swapUsedBytes, { [PAGING_STATE]: "used" }),
      ...known(swapFree(system), { [PAGING_STATE]: "free" }),
    ]),
  },
  {
    name: "system.paging.utilization",
    kind: "gauge",
    unit: "1",
    type: "double",
    description: "Used swap as a share of all swap; a machine without swap has none",
    attributes: [PAGING_STATE],
    observations: machine(({ swapUsedBytes, swapTotalBytes }) =>
      known(share(swapUsedBytes, swapTotalBytes), { [PAGING_STATE]: "used" })
    ),
  },
  {
    name: "hmn.system.memory.pressure",
    kind: "gauge",
    unit: "1",
    type: "double",
    description: "Share of time in which work stood still for want of memory",
    attributes: ["hmn.pressure.kind", "hmn.pressure.window"],
    observations: pressure(({ avg10Ratio, avg60Ratio, avg300Ratio }, kind) => [
      ...known(avg10Ratio, { ...kind, "hmn.pressure.window": "10s" }),
      ...known(avg60Ratio, { ...kind, "hmn.pressure.window": "60s" }),
      ...known(avg300Ratio, { ...kind, "hmn.pressure.window": "300s" }),
    ]),
  },
  {
    name: "hmn.system.memory.stall.time",
    kind: "counter",
    unit: "s",
    type: "double",
    description: "Time since boot in which work stood still for want of memory",
    attributes: ["hmn.pressure.kind"],
    isOlder: true,
    observations: pressure(({ totalMs }, kind) => known(totalMs / 1_000, kind)),
  },
  {
    name: "container.memory.usage",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "Memory that counts against the container's limit, page cache included",
    attributes: [],
    observations: container(({ usageBytes }) => usageBytes),
  },
  {
    name: "container.memory.working_set",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "The container's usage less the file cache that can be dropped",
    attributes: [],
    observations: container(({ workingSetBytes }) => workingSetBytes),
  },
  {
    name: "container.memory.available",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "The container's limit less its working set",
    attributes: [],
    observations: container(({ workingSetBytes }, limitBytes) =>
      workingSetBytes === null ? null : Math.max(0, limitBytes - workingSetBytes)
    ),
  },
  {
    name: "hmn.container.memory.limit",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "The container's limit",
    attributes: [],
    observations: container((_cgroup, limitBytes) => limitBytes),
  },
  {
    name: "hmn.container.memory.peak",
    kind: "gauge",
    unit: "By",
    type: "int",
    description: "The container's highest usage so far",
    attributes: [],
    observations: container(({ peakBytes }) => peakBytes),
  },
  {
    name: "hmn.container.oom_kills",
    kind: "counter",
    unit: "{kill}",
    type: "int",
    description: "Processes of the container that the kernel killed for want of memory",
    attributes: [],
    isOlder: true,
    observations: container(({ oomKills }) => oomKills),
  },
];
