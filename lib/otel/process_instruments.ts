/** The instruments of processes: of those that are monitored, and of allocators that report. */
import type { Reading } from "../reading/reading.ts";
import type { ProcessMemory } from "../records.ts";
import { type GpuListing, holdings, isOurs } from "../snapshot.ts";
import type { AllocatorState } from "../telemetry/board.ts";
import { gpusOf, told } from "./attributes.ts";
import { type Instrument, known, type Observation, type SeriesAttributes } from "./instrument.ts";
import { type Monitored, monitoredPids } from "./monitored.ts";

const PROCESS_ATTRIBUTES = ["process.pid", "process.executable.name"] as const;
const KIND = "hmn.memory.kind";

function processAttributes(pid: number, process: ProcessMemory | undefined): SeriesAttributes {
  return told({ "process.pid": pid, "process.executable.name": process?.name ?? null });
}

function byPid({ processes }: Reading): ReadonlyMap<number, ProcessMemory> {
  return new Map(processes.map((process) => [process.pid, process]));
}

/** One value for each monitored process that tells it. */
function each(
  ask: (process: ProcessMemory) => number | null,
): Instrument["observations"] {
  return (reading, monitored) => {
    const processes = byPid(reading);
    return monitoredPids(reading, monitored).flatMap((pid) => {
      const process = processes.get(pid);
      return process === undefined ? [] : known(ask(process), processAttributes(pid, process));
    });
  };
}

function gpuMemory(reading: Reading, monitored: Monitored): readonly Observation[] {
  const { gpu } = reading;
  if (gpu === null) return [];
  const processes = byPid(reading);
  const rows = gpu.processes.filter((row) => isOurs(row, gpu.foreignPids));
  const listing: GpuListing = {
    devices: gpu.devices,
    processes: rows,
    // With PIDs of another namespace about, a missing row does not mean 0.
    listedDevices: gpu.foreignPids ? [] : gpu.listedDevices,
    foreignPids: false,
  };
  const held = holdings(listing);
  const asked = new Set(monitored.pids);
  return monitoredPids(reading, monitored).flatMap((pid) =>
    gpusOf(reading).flatMap(({ device, id }) => {
      const own = rows.filter((row) => row.pid === pid && row.deviceIndex === device.index);
      // That it holds nothing is worth a series only for one that was asked for, and is there.
      if (own.length === 0 && !(asked.has(pid) && processes.has(pid))) return [];
      const attributes = { ...processAttributes(pid, processes.get(pid)), "hw.id": id };
      const shared = own.flatMap(({ sharedUsedBytes }) => sharedUsedBytes ?? []);
      return [
        ...known(held(device, pid)?.bytes, {
          ...attributes,
          [KIND]: device.memoryKind === "unified" ? "unified" : "dedicated_resident",
        }),
        ...(shared.length === 0
          ? []
          : known(shared.reduce((sum, bytes) => sum + bytes), { ...attributes, [KIND]: "shared" })),
      ];
    })
  );
}

/** One value for each allocator that reported of late. */
function allocator(
  ask: (state: AllocatorState) => number | null,
): Instrument["observations"] {
  return ({ allocators }) =>
    allocators.filter(({ isStale }) => !isStale).flatMap((state) =>
      known(
        ask(state),
        told({ "process.pid": state.pid, "hmn.allocator.device": state.device }),
      )
    );
}

const ALLOCATOR_ATTRIBUTES = ["process.pid", "hmn.allocator.device"] as const;

/** The instruments of processes. */
export const PROCESS_INSTRUMENTS: readonly Instrument[] = [
  {
    name: "process.memory.usage",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "Resident memory of a monitored process, pages it shares included",
    attributes: PROCESS_ATTRIBUTES,
    observations: each(({ rssBytes }) => rssBytes),
  },
  {
    name: "hmn.process.memory.swap",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "Memory of a monitored process that is swapped out",
    attributes: PROCESS_ATTRIBUTES,
    observations: each(({ swapBytes }) => swapBytes),
  },
  {
    name: "hmn.process.gpu.memory.usage",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "Memory that a monitored process holds on a GPU, or uses through it",
    attributes: [...PROCESS_ATTRIBUTES, "hw.id", KIND],
    observations: gpuMemory,
  },
  {
    name: "hmn.allocator.allocated",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "Memory in use by the tensors of a program that reports its allocator",
    attributes: ALLOCATOR_ATTRIBUTES,
    observations: allocator(({ allocatedBytes }) => allocatedBytes),
  },
  {
    name: "hmn.allocator.reserved",
    kind: "updowncounter",
    unit: "By",
    type: "int",
    description: "Memory that the allocator holds from the driver",
    attributes: ALLOCATOR_ATTRIBUTES,
    observations: allocator(({ reservedBytes }) => reservedBytes),
  },
  {
    name: "hmn.allocator.peak",
    kind: "gauge",
    unit: "By",
    type: "int",
    description: "The most that was in use by tensors so far",
    attributes: ALLOCATOR_ATTRIBUTES,
    observations: allocator(({ peakBytes }) => peakBytes),
  },
  {
    name: "hmn.allocator.fragmentation",
    kind: "gauge",
    unit: "1",
    type: "double",
    description: "Share of the reserve that no tensor uses",
    attributes: ALLOCATOR_ATTRIBUTES,
    observations: allocator(({ fragmentation }) => fragmentation),
  },
  {
    name: "hmn.allocator.usage",
    kind: "gauge",
    unit: "1",
    type: "double",
    description: "Share of the reserve that tensors use",
    attributes: ALLOCATOR_ATTRIBUTES,
    observations: allocator(({ memoryUsagePercent }) =>
      memoryUsagePercent === null ? null : memoryUsagePercent / 100
    ),
  },
];
