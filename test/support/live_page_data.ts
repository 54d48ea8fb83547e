/** Readings and histories made by hand, for the tests of the live page. */
import type {
  LiveAlert,
  LiveHistory,
  LivePhase,
  LiveReading,
} from "../../lib/http/live/live_reading.ts";
import type { SourceState } from "../../lib/reading/source_states.ts";
import type { DeviceInfo, GpuProcess, ProcessMemory, SystemMemory } from "../../lib/records.ts";
import { memoryAlarms } from "../../lib/telemetry/alarm.ts";
import { type AllocatorState, TelemetryBoard } from "../../lib/telemetry/board.ts";

export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

/** A GPU of 24 GiB that answers everything. */
export function aDevice(index: number, some: Partial<DeviceInfo> = {}): DeviceInfo {
  return {
    index,
    name: "NVIDIA GeForce RTX 3090",
    totalBytes: 24 * GIB,
    freeBytes: 15.5 * GIB,
    usedBytes: 8 * GIB,
    reservedBytes: 0.5 * GIB,
    driverVersion: "550.163.01",
    sharedUsedBytes: null,
    usedIncludesReserved: false,
    memoryKind: "dedicated",
    state: "ok",
    uuid: `GPU-${index}2345678-1234-1234-1234-123456789abc`,
    pciBusId: "00000000:65:00.0",
    pciId: null,
    luid: null,
    wddm: null,
    utilizationRatio: 0.42,
    memoryBandwidthBusyRatio: 0.1,
    temperatureCelsius: 61,
    powerWatts: 203.4,
    smClockMhz: 1695,
    memoryClockMhz: 9501,
    cudaDriverVersion: "12.4",
    eccEnabled: null,
    migEnabled: null,
    migSlices: [],
    source: "nvml",
    ...some,
  };
}

/** RAM of a process. */
export function aProcess(
  pid: number,
  name: string,
  rssBytes: number | null,
  some: Partial<ProcessMemory> = {},
): ProcessMemory {
  return {
    pid,
    parentPid: 1,
    zombie: false,
    name,
    startTicks: 1,
    startedAtMs: 1,
    rssBytes,
    peakRssBytes: rssBytes,
    privateBytes: null,
    anonBytes: rssBytes,
    fileBytes: 0,
    shmemBytes: 0,
    swapBytes: 0,
    pssBytes: null,
    cpuTimeMs: null,
    uid: 1000,
    user: null,
    container: null,
    command: null,
    ...some,
  };
}

/** What a process holds on a GPU. */
export function aGpuProcess(
  pid: number,
  name: string,
  usedBytes: number | null,
  some: Partial<GpuProcess> = {},
): GpuProcess {
  return {
    pid,
    name,
    nameStatus: "known",
    usedBytes,
    sharedUsedBytes: null,
    missing: usedBytes === null ? "sentinel" : null,
    rssBytes: null,
    deviceIndex: 0,
    deviceUuid: null,
    deviceName: null,
    contexts: ["compute"],
    gpuInstanceId: null,
    computeInstanceId: null,
    wddm: null,
    source: "nvml",
    ...some,
  };
}

/** A machine of 64 GiB, with swap, a limit and some pressure. */
export function aMachine(some: Partial<SystemMemory> = {}): SystemMemory {
  const line = (ratio: number) => ({
    avg10Ratio: ratio,
    avg60Ratio: ratio,
    avg300Ratio: ratio,
    totalMs: 100,
  });
  return {
    totalBytes: 64 * GIB,
    availableBytes: 40 * GIB,
    usedBytes: 24 * GIB,
    freeBytes: 10 * GIB,
    swapTotalBytes: 8 * GIB,
    swapUsedBytes: GIB,
    commitBytes: null,
    commitLimitBytes: null,
    job: null,
    pressure: { some: line(0.012), full: line(0) },
    cpuUtilizationRatio: 0.2,
    processCount: 312,
    cgroup: {
      version: 2,
      path: "/user.slice/trainer",
      limitBytes: 32 * GIB,
      usageBytes: 26 * GIB,
      workingSetBytes: 20 * GIB,
      peakBytes: 27 * GIB,
      oomKills: 0,
    },
    ...some,
  };
}

/** How a source does; well, unless told otherwise. */
export function aSource(source: SourceState["source"], some: Partial<SourceState> = {}) {
  return {
    source,
    state: "ok",
    message: null,
    sinceMs: 1,
    lastSuccessMs: 1,
    hangs: 0,
    ...some,
  } satisfies SourceState;
}

/** What a report of an allocator means at once, or after `ageMs`. */
export function anAllocator(report: Record<string, unknown>, ageMs = 0): AllocatorState {
  let nowMs = 1_000_000;
  const board = new TelemetryBoard({ now: () => nowMs });
  board.report(report);
  nowMs += ageMs;
  return board.allocators()[0]!;
}

/** A phase. */
export function aPhase(path: string, beganAtMs: number, endedAtMs: number | null): LivePhase {
  return { path, type: null, step: null, labels: {}, beganAtMs, endedAtMs };
}

/** An alert about GPU 0. */
export function anAlert(id: string, beganAtMs: number, some: Partial<LiveAlert> = {}): LiveAlert {
  return {
    id,
    kind: "gpu_zone",
    subject: "gpu 0",
    severity: "warning",
    value: 19 * GIB,
    limit: 18 * GIB,
    unit: "bytes",
    message: "GPU 0 holds 19.0 GiB of 24.0 GiB, at or above 18.0 GiB (75 %)",
    beganAtMs,
    endedAtMs: null,
    ...some,
  };
}

/** Everything in order: two GPUs, a few processes. */
export function aReading(atMs: number, some: Partial<LiveReading> = {}): LiveReading {
  const gpu = some.gpu !== undefined ? some.gpu : {
    devices: [aDevice(0), aDevice(1, { name: "NVIDIA GeForce RTX 3060", usedBytes: 19 * GIB })],
    processes: [
      aGpuProcess(4711, "python3", 7 * GIB),
      aGpuProcess(4711, "python3", 2 * GIB, { deviceIndex: 1 }),
      aGpuProcess(812, "Xorg", 300 * MIB),
      aGpuProcess(900, "mystery", null),
    ],
    listedDevices: [0, 1],
    foreignPids: false,
  };
  const system = some.system !== undefined ? some.system : aMachine();
  const allocators = some.allocators ?? [];
  return {
    atMs,
    gpu,
    system,
    processes: [
      aProcess(4711, "python3", 3 * GIB),
      aProcess(812, "Xorg", 120 * MIB),
      aProcess(5000, "postgres", 6 * GIB, { swapBytes: 200 * MIB }),
      aProcess(900, "mystery", 50 * MIB),
    ],
    allocators,
    sources: [
      aSource("proc", { sinceMs: atMs - 600_000, lastSuccessMs: atMs }),
      aSource("nvml", { sinceMs: atMs - 600_000, lastSuccessMs: atMs }),
    ],
    probeMs: { system: 3, driver: 12 },
    failures: [],
    ...memoryAlarms({ allocators, devices: gpu?.devices ?? [], system }),
    intervalMs: 1000,
    phases: [],
    alerts: [],
    ...some,
  };
}

/** The driver hangs since `sinceMs`: no answer about GPUs, and why. */
export function aHungReading(atMs: number, sinceMs: number): LiveReading {
  const message = "Cannot read nvmlDeviceGetMemoryInfo_v2: it did not return within 5 s";
  return aReading(atMs, {
    gpu: null,
    sources: [
      aSource("proc", { sinceMs: atMs - 600_000, lastSuccessMs: atMs }),
      aSource("nvml", { state: "hung", message, sinceMs, lastSuccessMs: sinceMs, hangs: 1 }),
    ],
    failures: [{ code: "hung", message, source: "nvml" }],
    probeMs: { system: 3, driver: null },
  });
}

/** So many seconds up to `endMs` of the two GPUs, in which nothing is known of a few samples. */
export function aHistory(endMs: number, count: number, some: Partial<LiveHistory> = {}) {
  const atMs = Array.from({ length: count }, (_, i) => endMs - (count - i) * 1000);
  const isLost = (i: number) => i >= count / 2 && i < count / 2 + 20;
  const used = (base: number) =>
    atMs.map((_, i) => isLost(i) ? null : (base + 3 * Math.sin(i / 60)) * GIB);
  return {
    intervalMs: 1000,
    atMs,
    devices: [aDevice(0), aDevice(1, { name: "NVIDIA GeForce RTX 3060" })].map((device) => ({
      index: device.index,
      uuid: device.uuid,
      name: device.name,
      totalBytes: device.totalBytes,
      usedBytes: used(device.index === 0 ? 8 : 17),
      utilizationRatio: atMs.map((_, i) => isLost(i) ? null : 0.5 + 0.4 * Math.sin(i / 20)),
    })),
    system: {
      totalBytes: 64 * GIB,
      usedBytes: atMs.map((_, i) => (22 + Math.sin(i / 100)) * GIB),
    },
    memoryUsagePercent: atMs.map(() => null),
    phases: [],
    alerts: [],
    ...some,
  } satisfies LiveHistory;
}
