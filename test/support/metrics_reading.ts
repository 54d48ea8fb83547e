/** A reading for the tests of metrics: nothing known, but for what a test gives. */
import type { Reading } from "../../lib/reading/reading.ts";
import type { SourceState } from "../../lib/reading/source_states.ts";
import type { AllocatorState } from "../../lib/telemetry/board.ts";
import {
  aCgroupMemory,
  aDevice,
  aGpuProcess,
  aMigSlice,
  aPressureLine,
  aProcessMemory,
  aSystemMemory,
} from "../../lib/testing.ts";

/** A reading in which no lane has answered. */
export function aReading(fields: Partial<Reading> = {}): Reading {
  const defaults: Reading = {
    atMs: 0,
    gpu: null,
    system: null,
    processes: [],
    allocators: [],
    sources: [],
    probeMs: { system: null, driver: null },
    failures: [],
    hasMemoryAlarm: null,
    alarms: [],
  };
  return { ...defaults, ...fields };
}

/** An answer about GPUs: none, and no processes. */
export function aGpuPart(
  fields: Partial<NonNullable<Reading["gpu"]>> = {},
): NonNullable<Reading["gpu"]> {
  return { devices: [], processes: [], listedDevices: [], foreignPids: false, ...fields };
}

/** A source that answers. */
export function aSourceState(fields: Partial<SourceState> = {}): SourceState {
  const defaults: SourceState = {
    source: "nvml",
    state: "ok",
    message: null,
    sinceMs: 0,
    lastSuccessMs: null,
    hangs: 0,
  };
  return { ...defaults, ...fields };
}

/** An allocator heard of just now, with nothing in it. */
export function anAllocatorState(fields: Partial<AllocatorState> = {}): AllocatorState {
  const defaults: AllocatorState = {
    allocatedBytes: 0,
    reservedBytes: 0,
    peakBytes: null,
    device: null,
    pid: null,
    step: null,
    atMs: 0,
    ageMs: 0,
    isStale: false,
    memoryUsagePercent: 0,
    fragmentation: 0,
    health: "healthy",
    advice: null,
  };
  return { ...defaults, ...fields };
}

/** A reading in which every metric has a value. */
export function aFullReading(): Reading {
  const device = aDevice({
    index: 0,
    uuid: "GPU-aa",
    name: "NVIDIA H200",
    driverVersion: "570.1",
    pciBusId: "00000000:65:00.0",
    memoryKind: "dedicated",
    totalBytes: 1000,
    usedBytes: 250,
    freeBytes: 700,
    reservedBytes: 50,
    sharedUsedBytes: 40,
    utilizationRatio: 0.5,
    memoryBandwidthBusyRatio: 0.25,
    temperatureCelsius: 41,
    powerWatts: 120.5,
    migEnabled: true,
    migSlices: [
      aMigSlice({
        index: 1,
        uuid: "MIG-bb",
        name: "1g.18gb",
        gpuInstanceId: 7,
        computeInstanceId: 0,
        totalBytes: 500,
        usedBytes: 100,
        freeBytes: 390,
        reservedBytes: 10,
      }),
    ],
  });
  return aReading({
    atMs: 1_700_000_000_000,
    gpu: aGpuPart({
      devices: [device],
      processes: [
        aGpuProcess({
          pid: 11,
          name: "python",
          usedBytes: 100,
          gpuInstanceId: 7,
          computeInstanceId: 0,
        }),
      ],
    }),
    system: aSystemMemory({
      totalBytes: 4000,
      availableBytes: 3000,
      usedBytes: 1000,
      freeBytes: 2000,
      swapTotalBytes: 100,
      swapUsedBytes: 10,
      commitBytes: 1500,
      commitLimitBytes: 4100,
      job: { limitBytes: 3900, processLimitBytes: null },
      pressure: {
        some: aPressureLine({ avg10Ratio: 0.1, avg60Ratio: 0.2, avg300Ratio: 0.3, totalMs: 1500 }),
        full: aPressureLine({ totalMs: 500 }),
      },
      cgroup: aCgroupMemory({
        path: "/pod",
        limitBytes: 2000,
        usageBytes: 900,
        workingSetBytes: 800,
        peakBytes: 950,
        oomKills: 2,
      }),
    }),
    processes: [
      aProcessMemory({ pid: 11, name: "python", rssBytes: 300, pssBytes: 200, swapBytes: 5 }),
    ],
    allocators: [
      anAllocatorState({
        pid: 11,
        device: 0,
        allocatedBytes: 60,
        reservedBytes: 80,
        peakBytes: 70,
        memoryUsagePercent: 75,
        fragmentation: 0.25,
        health: "warning",
      }),
    ],
    sources: [
      aSourceState({ source: "proc", lastSuccessMs: 1_700_000_000_250 }),
      aSourceState({ source: "nvml", lastSuccessMs: 1_700_000_000_250, hangs: 1 }),
    ],
    probeMs: { system: 3, driver: 12.5 },
    hasMemoryAlarm: false,
  });
}
