/**
 * The data: everything a source can tell, as plain JSON values.
 *
 * Bytes are whole bytes, times are milliseconds, ratios are 0…1. `null` means "not known" and has its
 * reason among the `failures` of the answer; 0 is a measurement. A number above 2^53-1 is `null`.
 *
 * Over 200 lines because each number has its definition beside it, and the records are read together.
 */
import type { Failure } from "./errors.ts";
import type { SourceName } from "./sources.ts";

/** A count of bytes; `null` where it is not known. */
export type Bytes = number | null;

/** How a process's name was found, so that no marker has to be read out of the name itself. */
export type NameStatus =
  /** `name` is the process's name. */
  | "known"
  /** The source refused to tell (`?`, `[Insufficient Permissions]`); `name` is null. */
  | "protected"
  /** The process ended between the listing and the look-up (`[Not Found]`); `name` is null. */
  | "exited"
  /** Windows' kernel, PID 4, which has no program; `name` is null. */
  | "kernel"
  /** The PID belongs to another PID namespace than ours; `name` is null. */
  | "foreign_namespace"
  /** The source told no name; `name` is null. */
  | "unknown";

/**
 * Memory of one process. Linux: `/proc/PID/status`, `/proc/PID/stat`, `/proc/PID/comm`; Windows:
 * `K32GetProcessMemoryInfo` and `GetProcessTimes` of a process that may be opened, else and for lists
 * `NtQuerySystemInformation(SystemProcessInformation)`.
 */
export interface ProcessMemory {
  /** The process. */
  readonly pid: number;
  /** Its parent; `null` where `/proc/PID/stat` could not be read. */
  readonly parentPid: number | null;
  /** It has ended and its parent has not waited for it yet (`State` Z): a zombie, without memory. */
  readonly zombie: boolean | null;
  /**
   * Linux: the kernel's name for it, at most 15 characters (`/proc/PID/comm`). Windows: the file name of its program
   * (`ImageName`). Untrusted text.
   */
  readonly name: string | null;
  /**
   * Start of the process: on Linux in clock ticks since boot (`stat` field 22), on Windows in microseconds since the
   * epoch (`lpCreationTime`). With the PID it identifies a process.
   */
  readonly startTicks: number | null;
  /** Start of the process in milliseconds since the epoch, from `btime` and `startTicks`. */
  readonly startedAtMs: number | null;
  /**
   * Resident set: pages of this process in RAM, shared ones included (`VmRSS`; Windows `WorkingSetSize`). `null` for a
   * kernel thread.
   */
  readonly rssBytes: Bytes;
  /** The highest resident set so far (`VmHWM`; Windows `PeakWorkingSetSize`). */
  readonly peakRssBytes: Bytes;
  /**
   * Commit charge: memory promised to this process alone, in RAM, in the page file or not touched yet (Windows
   * `PrivateUsage`). `null` on Linux, which does not count it.
   */
  readonly privateBytes: Bytes;
  /** Resident anonymous memory: heap, stacks (`RssAnon`). `null` on Windows, as the four below. */
  readonly anonBytes: Bytes;
  /** Resident pages of mapped files (`RssFile`). */
  readonly fileBytes: Bytes;
  /** Resident shared memory, tmpfs and shared anonymous mappings (`RssShmem`). */
  readonly shmemBytes: Bytes;
  /** Anonymous memory swapped out (`VmSwap`). */
  readonly swapBytes: Bytes;
  /** Proportional share: each shared page divided by its users (`smaps_rollup` Pss). `null` unless asked for. */
  readonly pssBytes: Bytes;
  /**
   * CPU time it has used, all threads, user and system (`stat` fields 14 and 15; to 10 ms. Windows `GetProcessTimes`).
   * `null` unless asked for.
   */
  readonly cpuTimeMs: number | null;
  /** Owner: user id of the process (`Uid`, effective). `null` on Windows, as the three below. */
  readonly uid: number | null;
  /** Owner's name from `/etc/passwd`; `null` unless details were asked for, or where it has no name. */
  readonly user: string | null;
  /** Id of the container it runs in, from its cgroup path; `null` outside one or where not asked for. */
  readonly container: string | null;
  /** Its arguments (`/proc/PID/cmdline`); `null` unless asked for, empty for a kernel thread. Untrusted text. */
  readonly command: readonly string[] | null;
}

/** Share of time in which work stood still for want of memory (`/proc/pressure/memory`). */
export interface PressureLine {
  /** Share of the last 10 seconds, 0…1. */
  readonly avg10Ratio: number;
  /** Share of the last 60 seconds, 0…1. */
  readonly avg60Ratio: number;
  /** Share of the last 300 seconds, 0…1. */
  readonly avg300Ratio: number;
  /** Milliseconds in all since boot. */
  readonly totalMs: number;
}

/** Memory pressure: `some` task waited, or `full`: all non-idle tasks waited at once. */
export interface Pressure {
  readonly some: PressureLine;
  readonly full: PressureLine | null;
}

/** The memory limit a container or a service sets: the tightest one from our cgroup up to the root. */
export interface CgroupMemory {
  /** Version of the hierarchy. */
  readonly version: 1 | 2;
  /** Path of the cgroup that holds the tightest limit, below the hierarchy's root; our own where none is set. */
  readonly path: string;
  /** The limit (`memory.max`; v1 `memory.limit_in_bytes`); `null`: no limit. */
  readonly limitBytes: Bytes;
  /** What counts against it (`memory.current`; v1 `memory.usage_in_bytes`), page cache included. */
  readonly usageBytes: Bytes;
  /** Usage less the file cache that can be dropped (`usage - inactive_file`), as the kubelet counts it. */
  readonly workingSetBytes: Bytes;
  /** The highest usage so far (`memory.peak`; v1 `memory.max_usage_in_bytes`). */
  readonly peakBytes: Bytes;
  /** How often the kernel killed a process here for want of memory (`memory.events` `oom_kill`). */
  readonly oomKills: number | null;
}

/**
 * The limits of the job object the calling process runs in, as a Windows container sets them
 * (`QueryInformationJobObject`). Read once.
 */
export interface JobMemory {
  /** What all processes of the job may commit together (`JobMemoryLimit`); `null`: no limit. */
  readonly limitBytes: Bytes;
  /** What each process of the job may commit (`ProcessMemoryLimit`); `null`: no limit. */
  readonly processLimitBytes: Bytes;
}

/**
 * Memory of the machine. Linux: `/proc/meminfo`, read at each question; `/proc/pressure/memory`,
 * `/proc/stat` and the cgroup's files, at most 100 ms old; the number of processes, at most a second old. Windows:
 * `GlobalMemoryStatusEx`, at each question; `K32GetPerformanceInfo`, `GetSystemTimes`, at most 100 ms old.
 */
export interface SystemMemory {
  /** Usable RAM (`MemTotal`; Windows `ullTotalPhys`). */
  readonly totalBytes: Bytes;
  /** RAM a new program can get without swapping (`MemAvailable`; Windows `ullAvailPhys`). */
  readonly availableBytes: Bytes;
  /** `totalBytes - availableBytes`. */
  readonly usedBytes: Bytes;
  /** RAM nobody uses, not even as cache (`MemFree`); `null` on Windows. */
  readonly freeBytes: Bytes;
  /** Size of swap (`SwapTotal`); on Windows of the page files. */
  readonly swapTotalBytes: Bytes;
  /** Used swap (`SwapTotal - SwapFree`); on Windows of the page files. */
  readonly swapUsedBytes: Bytes;
  /** Memory promised to all programs, touched or not (`Committed_AS`; Windows `CommitTotal`). */
  readonly commitBytes: Bytes;
  /** What can be promised: a promise above it is refused on Windows (`CommitLimit`, in both). */
  readonly commitLimitBytes: Bytes;
  /** Memory pressure; `null` on kernels without PSI. */
  readonly pressure: Pressure | null;
  /** CPU time not idle since the previous reading by this meter, 0…1 of all cores; `null` the first time. */
  readonly cpuUtilizationRatio: number | null;
  /** Number of processes: numeric entries of `/proc`; Windows `ProcessCount`. */
  readonly processCount: number | null;
  /** The memory limit this process lives under; `null` where there is no memory cgroup. */
  readonly cgroup: CgroupMemory | null;
  /** The limits of the calling process's job object; `null` where it is in none that limits memory. */
  readonly job: JobMemory | null;
}

/** What a device can be asked, apart from its numbers. */
export type DeviceState =
  /** It answers. */
  | "ok"
  /** It fell off the bus (NVML 15). */
  | "lost"
  /** It needs a reset (NVML 16). */
  | "reset_required"
  /** The operating system or a cgroup blocks access (NVML 17). */
  | "blocked"
  /** Driver and library versions differ (NVML 18). */
  | "mismatched"
  /** It is listed, but its own questions fail for another reason; see `failures`. */
  | "failed";

/** One slice of a GPU in MIG mode, with memory of its own. */
export interface MigSlice {
  /** Index of the slice on its GPU. */
  readonly index: number;
  readonly uuid: string | null;
  readonly name: string | null;
  readonly gpuInstanceId: number | null;
  readonly computeInstanceId: number | null;
  /** Memory of the slice's GPU instance; slices that share an instance show the same memory. */
  readonly totalBytes: Bytes;
  readonly usedBytes: Bytes;
  readonly freeBytes: Bytes;
  readonly reservedBytes: Bytes;
}

/**
 * The counters that Windows keeps of a GPU's memory (WDDM), under their own names, because sources disagree about what
 * some of them mean. They are the performance counters `GPU Adapter Memory`, `GPU Local Adapter Memory` and
 * `GPU Non Local Adapter Memory` of a device and `GPU Process Memory` of a process on it, summed over its instances
 * (`phys_N`, and for local and non-local memory of a device `phys_N_part_N`).
 */
export interface WddmUsage {
  /** `Dedicated Usage`: of a device, resident in its own memory; of a process, committed there. It can exceed the card. */
  readonly dedicatedUsageBytes: Bytes;
  /** `Shared Usage`: the system's memory in use for the device. */
  readonly sharedUsageBytes: Bytes;
  /** `Total Committed`. */
  readonly totalCommittedBytes: Bytes;
  /** `Local Usage`: what is near to the GPU, which is its own memory where it has some. */
  readonly localUsageBytes: Bytes;
  /** `Non Local Usage`: what is far from it. */
  readonly nonLocalUsageBytes: Bytes;
}

/** The same of a device, with its sizes. */
export interface WddmDevice extends WddmUsage {
  /**
   * `DXGI_ADAPTER_DESC1.DedicatedVideoMemory`: a little below what NVML calls the total. Of an integrated GPU it is the
   * piece of the system's memory that the firmware has set aside.
   */
  readonly dedicatedTotalBytes: Bytes;
  /** `DXGI_ADAPTER_DESC1.SharedSystemMemory`: the system's memory it may use. */
  readonly sharedTotalBytes: Bytes;
}

/** One part of a device's memory as one process may use it (`DXGI_QUERY_VIDEO_MEMORY_INFO`). */
export interface VideoMemorySegment {
  /** What the process uses (`CurrentUsage`). */
  readonly usageBytes: Bytes;
  /** What the system lets it use at this time (`Budget`); above it comes the stutter. */
  readonly budgetBytes: Bytes;
  /** What it has reserved (`CurrentReservation`). */
  readonly reservedBytes: Bytes;
  /** What it may reserve (`AvailableForReservation`). */
  readonly reservableBytes: Bytes;
}

/**
 * What the calling process itself uses of one device (`IDXGIAdapter3::QueryVideoMemoryInfo`). Windows answers this only
 * to the process that asks, so it is read in a thread of the calling process, whatever the isolation.
 */
export interface OwnVideoMemory {
  /** The device, as in {@linkcode DeviceInfo.luid}. */
  readonly luid: string;
  /** Near to the GPU: its own memory, where it has some. `null` where it could not be read. */
  readonly local: VideoMemorySegment | null;
  /** Far from it: the system's memory. */
  readonly nonLocal: VideoMemorySegment | null;
  /** Where it was read: a crash of the driver in there takes the calling process with it. */
  readonly readIn: "calling_process";
}

/** One GPU, all processes together. Where a number comes from is `source`; the calls are in docs/numbers.md. */
export interface DeviceInfo {
  /**
   * Position in the list of devices: NVML's index for NVIDIA; on Windows those that NVML does not know come behind. It
   * may change across reboots; the UUID does not.
   */
  readonly index: number;
  /** Name of the product, `nvmlDeviceGetName`. Untrusted text. */
  readonly name: string | null;
  /**
   * Memory of the device (`nvmlDeviceGetMemoryInfo_v2` total): total = used + free + reserved. Of a unified one on
   * Windows, what is set aside for it and what it may use of the system's memory besides.
   */
  readonly totalBytes: Bytes;
  /** Memory nobody uses. */
  readonly freeBytes: Bytes;
  /**
   * Memory in use by processes, without the reserve unless `usedIncludesReserved`. Of a unified one on Windows, its
   * dedicated and its shared usage together.
   */
  readonly usedBytes: Bytes;
  /** Memory the driver and firmware keep; `null` on drivers before R510. */
  readonly reservedBytes: Bytes;
  /** Version of the driver, such as `550.163.01`. */
  readonly driverVersion: string | null;
  /**
   * Memory of the system that the device uses for all processes (Windows WDDM, `GPU Adapter Memory` Shared Usage);
   * `null` where the source does not tell, and of a unified device, whose `usedBytes` contains it. NVIDIA on Linux has no
   * such number.
   */
  readonly sharedUsedBytes: Bytes;
  /** True where the reserve is unknown and `usedBytes` contains it; `null` where `usedBytes` is. */
  readonly usedIncludesReserved: boolean | null;
  /**
   * `"unified"`: the GPU shares the system's RAM, whose numbers then stand here; `null`: not known. On Windows it is one
   * that the kernel calls integrated (`D3DKMT_ADAPTERTYPE` HybridIntegrated), or with less than 768 MiB for itself alone.
   */
  readonly memoryKind: "dedicated" | "unified" | null;
  /** Does it answer. */
  readonly state: DeviceState;
  /** `GPU-…`; stable across reboots and machines. */
  readonly uuid: string | null;
  /** `domain:bus:device.function` as NVML writes it, `00000000:65:00.0`. */
  readonly pciBusId: string | null;
  /** Maker and model as PCI numbers them, `10de:2684`: `VVVV:DDDD` in hex. */
  readonly pciId: string | null;
  /** Windows' number for it, `0x00000000_0x0000d3f1`; another one after a restart. `null` elsewhere. */
  readonly luid: string | null;
  /** Windows' own counters of it; `null` elsewhere, and where it is not a display device of Windows (TCC). */
  readonly wddm: WddmDevice | null;
  /** Share of the last sample period in which a kernel ran, 0…1. */
  readonly utilizationRatio: number | null;
  /** Share of time in which device memory was read or written, 0…1. This is not how full the memory is. */
  readonly memoryBandwidthBusyRatio: number | null;
  /** Core temperature. */
  readonly temperatureCelsius: number | null;
  /** Board power. */
  readonly powerWatts: number | null;
  /** Clock of the multiprocessors. */
  readonly smClockMhz: number | null;
  /** Clock of the memory. */
  readonly memoryClockMhz: number | null;
  /** Highest CUDA version the driver speaks, such as `12.4`. */
  readonly cudaDriverVersion: string | null;
  /** ECC is on. `null` where the device has none. */
  readonly eccEnabled: boolean | null;
  /** MIG mode is on. `null` where the device has none. */
  readonly migEnabled: boolean | null;
  /** The slices in MIG mode; empty otherwise. */
  readonly migSlices: readonly MigSlice[];
  /** The source that told of this device. */
  readonly source: SourceName;
}

/** In which of the driver's lists a process stands. */
export type GpuContext = "compute" | "graphics" | "mps";

/** Why a row has no figure of its own, although its source lists it. */
export type MissingMemory =
  /** The R570 sentinel 0xFFFFFFFFFFFFFFFF: `NVML_VALUE_NOT_AVAILABLE`. */
  | "sentinel"
  /** More than the device has. */
  | "exceeds_total"
  /** The source says it can't tell (`[N/A]`). */
  | "not_told";

/** Memory one process holds on one device (and, in MIG mode, on one slice). */
export interface GpuProcess {
  /** The process, as the driver counts PIDs: in a container these may be the host's. */
  readonly pid: number;
  /** Its name; read `nameStatus` for why it is `null`. Untrusted text. */
  readonly name: string | null;
  readonly nameStatus: NameStatus;
  /**
   * Device memory it holds, all of its contexts (`usedGpuMemory`); `null` with `missing` set. With source `pdh` it is
   * what the process has committed (`wddm.dedicatedUsageBytes`), which can exceed the card and drifts. On a unified
   * device of Windows it is the dedicated and the shared usage together.
   */
  readonly usedBytes: Bytes;
  /**
   * System memory it uses through the GPU (Windows WDDM); `null` where the source does not tell, and on a unified device,
   * where `usedBytes` contains it.
   */
  readonly sharedUsedBytes: Bytes;
  /** Why `usedBytes` is `null`; `null` when it is not. */
  readonly missing: MissingMemory | null;
  /** Resident memory of the process; `null` unless RAM was asked for, or where it could not be read. */
  readonly rssBytes: Bytes;
  /** Index of its device in the list of devices. */
  readonly deviceIndex: number;
  readonly deviceUuid: string | null;
  readonly deviceName: string | null;
  /** The lists it stands in. Empty where the source does not tell. */
  readonly contexts: readonly GpuContext[];
  /** MIG: the GPU instance; `null` outside MIG. */
  readonly gpuInstanceId: number | null;
  /** MIG: the compute instance; `null` outside MIG. */
  readonly computeInstanceId: number | null;
  /** Windows' own counters of it; `null` elsewhere. */
  readonly wddm: WddmUsage | null;
  /** The source of `usedBytes`, or of the row where that is `null`. */
  readonly source: SourceName;
}

/** One native call as the doctor saw it. */
export interface DoctorCall {
  /** The C function, program or file. */
  readonly name: string;
  /** What it answered: `NVML_SUCCESS`, `ENOENT`, `exit 0`, … */
  readonly outcome: string;
  /** How long it took. */
  readonly durationMs: number;
}

/** What the doctor found about one source. */
export interface Finding {
  readonly source: SourceName;
  /** It is here and answers; `null`: it could not be found out. */
  readonly present: boolean | null;
  /** Library, program or folder that was used. */
  readonly path: string | null;
  /** Version of the driver, library or kernel. */
  readonly version: string | null;
  /** Each call, in order. */
  readonly calls: readonly DoctorCall[];
  /** What is wrong; empty when all is well. */
  readonly failures: readonly Failure[];
  /** What to do about it; empty when there is nothing to do. */
  readonly advice: readonly string[];
  /** What it can tell on this machine, in the words of the records. */
  readonly measures: readonly string[];
}
