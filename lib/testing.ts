/**
 * Builders for tests of programs that use hypomnesis: each makes one whole record from the fields that
 * matter to the test.
 *
 * Defaults: indexes, PIDs, times and the memory of processes and devices are 0; lists are empty;
 * everything else is `null`, as on a machine that tells little. Fields that follow from others (a name's
 * status, why a figure is missing) follow them unless given.
 *
 * Every default is a complete record of its type, so a new field without a default does not compile.
 *
 * Over 200 lines because each record has its builder, one after the other; there is nothing to understand across them.
 */
import type { Failure } from "./errors.ts";
import type {
  DevicesReply,
  DoctorReply,
  FindReply,
  GpuReply,
  MemoryReply,
  ProcessesReply,
  RunCgroupReply,
  SnapshotReply,
  TreeReply,
} from "./protocol.ts";
import type {
  CgroupMemory,
  DeviceInfo,
  DoctorCall,
  Finding,
  GpuProcess,
  MigSlice,
  Pressure,
  PressureLine,
  ProcessMemory,
  SystemMemory,
} from "./records.ts";
import type { ProcessGpuInfo, Snapshot } from "./snapshot.ts";

/** RAM of a process: PID and resident set 0, the rest `null`. */
export function aProcessMemory(fields: Partial<ProcessMemory> = {}): ProcessMemory {
  const defaults: ProcessMemory = {
    pid: 0,
    parentPid: null,
    zombie: null,
    name: null,
    startTicks: null,
    startedAtMs: null,
    rssBytes: 0,
    peakRssBytes: null,
    privateBytes: null,
    anonBytes: null,
    fileBytes: null,
    shmemBytes: null,
    swapBytes: null,
    pssBytes: null,
    cpuTimeMs: null,
    uid: null,
    user: null,
    container: null,
    command: null,
  };
  return { ...defaults, ...fields };
}

/** One line of pressure: no pressure at all. */
export function aPressureLine(fields: Partial<PressureLine> = {}): PressureLine {
  const defaults: PressureLine = { avg10Ratio: 0, avg60Ratio: 0, avg300Ratio: 0, totalMs: 0 };
  return { ...defaults, ...fields };
}

/** Memory pressure: `some` is none at all, `full` is `null`. */
export function aPressure(fields: Partial<Pressure> = {}): Pressure {
  const defaults: Pressure = { some: aPressureLine(), full: null };
  return { ...defaults, ...fields };
}

/** A memory cgroup: version 2, the root, nothing known. */
export function aCgroupMemory(fields: Partial<CgroupMemory> = {}): CgroupMemory {
  const defaults: CgroupMemory = {
    version: 2,
    path: "/",
    limitBytes: null,
    usageBytes: null,
    workingSetBytes: null,
    peakBytes: null,
    oomKills: null,
  };
  return { ...defaults, ...fields };
}

/** Memory of a machine: total, available, used and free 0, the rest `null`. */
export function aSystemMemory(fields: Partial<SystemMemory> = {}): SystemMemory {
  const defaults: SystemMemory = {
    totalBytes: 0,
    availableBytes: 0,
    usedBytes: 0,
    freeBytes: 0,
    swapTotalBytes: null,
    swapUsedBytes: null,
    commitBytes: null,
    commitLimitBytes: null,
    pressure: null,
    cpuUtilizationRatio: null,
    processCount: null,
    cgroup: null,
    job: null,
  };
  return { ...defaults, ...fields };
}

/** A slice of a GPU in MIG mode: index and memory 0, the rest `null`. */
export function aMigSlice(fields: Partial<MigSlice> = {}): MigSlice {
  const defaults: MigSlice = {
    index: 0,
    uuid: null,
    name: null,
    gpuInstanceId: null,
    computeInstanceId: null,
    totalBytes: 0,
    usedBytes: 0,
    freeBytes: 0,
    reservedBytes: null,
  };
  return { ...defaults, ...fields };
}

/**
 * A GPU that answers, told of by NVML: index, total, free and used 0, the rest `null`.
 * `usedIncludesReserved` is false, or `null` where `usedBytes` is.
 */
export function aDevice(fields: Partial<DeviceInfo> = {}): DeviceInfo {
  const defaults: DeviceInfo = {
    index: 0,
    name: null,
    totalBytes: 0,
    freeBytes: 0,
    usedBytes: 0,
    reservedBytes: null,
    driverVersion: null,
    sharedUsedBytes: null,
    usedIncludesReserved: fields.usedBytes === null ? null : false,
    memoryKind: null,
    state: "ok",
    uuid: null,
    pciBusId: null,
    pciId: null,
    luid: null,
    wddm: null,
    utilizationRatio: null,
    memoryBandwidthBusyRatio: null,
    temperatureCelsius: null,
    powerWatts: null,
    smClockMhz: null,
    memoryClockMhz: null,
    cudaDriverVersion: null,
    eccEnabled: null,
    migEnabled: null,
    migSlices: [],
    source: "nvml",
  };
  return { ...defaults, ...fields };
}

/**
 * A process on a GPU, told of by NVML: PID, used bytes and device 0, the rest `null` or empty.
 * `nameStatus` is `"known"` where a name is given, else `"unknown"`; `missing` is `"not_told"` where
 * `usedBytes` is `null`.
 */
export function aGpuProcess(fields: Partial<GpuProcess> = {}): GpuProcess {
  const defaults: GpuProcess = {
    pid: 0,
    name: null,
    nameStatus: typeof fields.name === "string" ? "known" : "unknown",
    usedBytes: 0,
    sharedUsedBytes: null,
    missing: fields.usedBytes === null ? "not_told" : null,
    rssBytes: null,
    deviceIndex: 0,
    deviceUuid: null,
    deviceName: null,
    contexts: [],
    gpuInstanceId: null,
    computeInstanceId: null,
    wddm: null,
    source: "nvml",
  };
  return { ...defaults, ...fields };
}

/** A failure: the driver's, of no source in particular. */
export function aFailure(fields: Partial<Failure> = {}): Failure {
  const defaults: Failure = {
    code: "driver_failed",
    message: "Cannot read the device: the driver answered with an error",
    source: null,
  };
  return { ...defaults, ...fields };
}

/** A call the doctor made: nameless, successful, in no time. */
export function aDoctorCall(fields: Partial<DoctorCall> = {}): DoctorCall {
  const defaults: DoctorCall = { name: "", outcome: "NVML_SUCCESS", durationMs: 0 };
  return { ...defaults, ...fields };
}

/** What the doctor found about NVML: not known whether it is there, nothing tried. */
export function aFinding(fields: Partial<Finding> = {}): Finding {
  const defaults: Finding = {
    source: "nvml",
    present: null,
    path: null,
    version: null,
    calls: [],
    failures: [],
    advice: [],
    measures: [],
  };
  return { ...defaults, ...fields };
}

/**
 * What a process holds on a GPU: 0 of its own, by NVML; the device's figure is `null`. With
 * `usedBytes: null` it is device-wide, and of no source where that figure is not given either.
 */
export function aProcessGpuInfo(fields: Partial<ProcessGpuInfo> = {}): ProcessGpuInfo {
  const isPerProcess = fields.usedBytes !== null;
  const isKnown = isPerProcess || typeof fields.deviceUsedBytes === "number";
  const defaults: ProcessGpuInfo = {
    usedBytes: 0,
    deviceUsedBytes: null,
    isPerProcess,
    source: isKnown ? "nvml" : null,
    videoMemory: null,
  };
  return { ...defaults, ...fields };
}

/** A snapshot of PID 0 at time 0: 0 bytes of RAM, no GPU, nothing failed. */
export function aSnapshot(fields: Partial<Snapshot> = {}): Snapshot {
  const defaults: Snapshot = {
    ramBytes: 0,
    gpu: null,
    gpuDevice: null,
    atMs: 0,
    pid: 0,
    process: null,
    system: null,
    failures: [],
  };
  return { ...defaults, ...fields };
}

/** An answer about processes and the machine: none, and not known. */
export function aMemoryReply(fields: Partial<MemoryReply> = {}): MemoryReply {
  const defaults: MemoryReply = { kind: "memory", processes: [], system: null, failures: [] };
  return { ...defaults, ...fields };
}

/** An answer about a tree: all its processes have ended. */
export function aTreeReply(fields: Partial<TreeReply> = {}): TreeReply {
  const defaults: TreeReply = { kind: "tree", processes: [], inCgroup: [], failures: [] };
  return { ...defaults, ...fields };
}

/** An answer about processes by name: as many as are given. */
export function aFindReply(fields: Partial<FindReply> = {}): FindReply {
  const defaults: FindReply = {
    kind: "find",
    processes: [],
    count: fields.processes?.length ?? 0,
    failures: [],
  };
  return { ...defaults, ...fields };
}

/** An answer about the cgroup of a run: there is none. */
export function aRunCgroupReply(fields: Partial<RunCgroupReply> = {}): RunCgroupReply {
  const defaults: RunCgroupReply = {
    kind: "run_cgroup",
    folder: null,
    peakBytes: null,
    failures: [],
  };
  return { ...defaults, ...fields };
}

/** An answer about GPUs: none. Devices given are listed whole, unless `listedDevices` says otherwise. */
export function aGpuReply(fields: Partial<GpuReply> = {}): GpuReply {
  const defaults: GpuReply = {
    kind: "gpu",
    devices: [],
    processes: [],
    listedDevices: indexesOf(fields.devices),
    foreignPids: false,
    failures: [],
  };
  return { ...defaults, ...fields };
}

/** An answer of the doctor: nothing found. */
export function aDoctorReply(fields: Partial<DoctorReply> = {}): DoctorReply {
  const defaults: DoctorReply = { kind: "doctor", findings: [] };
  return { ...defaults, ...fields };
}

/** An answer about devices: none. */
export function aDevicesReply(fields: Partial<DevicesReply> = {}): DevicesReply {
  const defaults: DevicesReply = { kind: "devices", devices: [], failures: [] };
  return { ...defaults, ...fields };
}

/** An answer about processes on GPUs: none. Devices given are listed whole unless said otherwise. */
export function aProcessesReply(fields: Partial<ProcessesReply> = {}): ProcessesReply {
  const defaults: ProcessesReply = {
    kind: "processes",
    processes: [],
    devices: [],
    listedDevices: indexesOf(fields.devices),
    foreignPids: false,
    memory: [],
    failures: [],
  };
  return { ...defaults, ...fields };
}

/** A whole answer for PID 0 at time 0: nothing known. Devices given are listed whole unless said otherwise. */
export function aSnapshotReply(fields: Partial<SnapshotReply> = {}): SnapshotReply {
  const defaults: SnapshotReply = {
    kind: "snapshot",
    atMs: 0,
    durationMs: 0,
    pid: 0,
    process: null,
    system: null,
    devices: [],
    processes: [],
    listedDevices: indexesOf(fields.devices),
    foreignPids: false,
    videoMemory: [],
    failures: [],
  };
  return { ...defaults, ...fields };
}

function indexesOf(devices: readonly DeviceInfo[] | undefined): number[] {
  return (devices ?? []).map((device) => device.index);
}
