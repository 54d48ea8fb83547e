/**
 * Layouts of Windows' structs on 64-bit systems, and the numbers that stand in its headers. Each is checked against
 * the headers themselves in `test/win32_abi_test.ts`, by its name here.
 */

/** `PROCESS_MEMORY_COUNTERS_EX`. */
export const PROCESS_COUNTERS = {
  size: 80,
  peakWorkingSetSize: 8,
  workingSetSize: 16,
  privateUsage: 72,
} as const;

/** `MEMORYSTATUSEX`. */
export const MEMORY_STATUS = { size: 64, totalPhys: 8, availPhys: 16 } as const;

/** `PERFORMANCE_INFORMATION`; the counts of memory are in pages. */
export const PERFORMANCE = {
  size: 104,
  commitTotal: 8,
  commitLimit: 16,
  pageSize: 80,
  processCount: 92,
} as const;

/** `PROCESSENTRY32W`; `exeFile` is UTF-16, up to a NUL. */
export const PROCESS_ENTRY = {
  size: 568,
  processId: 8,
  exeFile: 44,
} as const;

/** `JOBOBJECT_EXTENDED_LIMIT_INFORMATION`. */
export const JOB_LIMITS = {
  size: 144,
  limitFlags: 16,
  processMemoryLimit: 112,
  jobMemoryLimit: 120,
} as const;

/** `SYSTEM_PAGEFILE_INFORMATION`: a chain of them, in pages. */
export const PAGE_FILE = { size: 32, nextEntryOffset: 0, totalSize: 4, totalInUse: 8 } as const;

/**
 * `SYSTEM_PROCESS_INFORMATION`: a chain of them, each with its threads behind it. `size` is the part that is read.
 */
export const SYSTEM_PROCESS = {
  size: 208,
  nextEntryOffset: 0,
  numberOfThreads: 4,
  createTime: 32,
  userTime: 40,
  kernelTime: 48,
  imageName: 56,
  uniqueProcessId: 80,
  inheritedFromProcessId: 88,
  peakWorkingSetSize: 136,
  workingSetSize: 144,
  privatePageCount: 200,
} as const;

/** `UNICODE_STRING`: bytes of text, and the address of it. */
export const UNICODE_STRING = { size: 16, length: 0, buffer: 8 } as const;

/** `OBJECT_ATTRIBUTES`; empty but for its size where an object is named by a number. */
export const OBJECT_ATTRIBUTES = { size: 48 } as const;

/** `CLIENT_ID`. */
export const CLIENT_ID = { size: 16, uniqueProcess: 0 } as const;

/** `RTL_OSVERSIONINFOW`. */
export const OS_VERSION = { size: 276, major: 4, minor: 8, build: 12 } as const;

/** `FILETIME` and `LARGE_INTEGER`. */
export const FILETIME = { size: 8 } as const;

/** Numbers of the headers. */
export const CONSTANTS = {
  /** `PROCESS_QUERY_LIMITED_INFORMATION`: the least right that memory, times and path are told for. */
  queryLimitedInformation: 0x1000,
  /** `SYNCHRONIZE`: the right to ask whether it has ended. */
  synchronize: 0x10_0000,
  /** `WAIT_OBJECT_0`: it has. */
  waitObject0: 0,
  /** `TH32CS_SNAPPROCESS`. */
  snapshotOfProcesses: 2,
  /** `STILL_ACTIVE`, the exit code of a process that runs. */
  stillActive: 259,
  /** `JobObjectExtendedLimitInformation`. */
  jobExtendedLimits: 9,
  /** `JOB_OBJECT_LIMIT_PROCESS_MEMORY`. */
  jobLimitsProcess: 0x100,
  /** `JOB_OBJECT_LIMIT_JOB_MEMORY`. */
  jobLimitsJob: 0x200,
  /** `SystemProcessInformation`. */
  systemProcesses: 5,
  /** `SystemPagefileInformation`. */
  systemPageFiles: 18,
} as const;

/** Values of `NTSTATUS`, unsigned. */
export const STATUS = {
  notImplemented: 0xc000_0002,
  invalidInfoClass: 0xc000_0003,
  infoLengthMismatch: 0xc000_0004,
  invalidCid: 0xc000_000b,
  invalidParameter: 0xc000_000d,
  accessDenied: 0xc000_0022,
} as const;
