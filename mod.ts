/**
 * External memory, measured: RAM and GPU memory of a process, a machine and each GPU.
 *
 * Whatever probes runs in a worker thread or a child process behind deadlines, so that a driver that
 * hangs never holds up the program that asks.
 *
 * @example What this process uses
 * ```ts
 * import { snapshot } from "hypomnesis";
 *
 * const now = await snapshot();
 * console.log(`RAM: ${now.ramBytes} bytes`);
 * ```
 *
 * @module
 */
export { type AskOptions, Meter, openMeter, type WatchOptions } from "./lib/meter.ts";
export type { Isolation, MeterOptions } from "./lib/options.ts";
export {
  deviceCount,
  deviceInfo,
  gpuProcesses,
  processGpuInfo,
  processRss,
  snapshot,
  snapshotAll,
} from "./lib/questions.ts";
export type { Tick } from "./lib/watch.ts";
export { type DeviceSelector, selectDevice } from "./lib/select_device.ts";
export {
  type ErrorDetails,
  type Failure,
  type FailureCode,
  type FailureMeaning,
  FAILURES,
  HypomnesisError,
} from "./lib/errors.ts";
export {
  isSourceName,
  type Lane,
  SOURCE_NAMES,
  type SourceInfo,
  type SourceName,
  SOURCES,
} from "./lib/sources.ts";
export type { ProcessGpuInfo, Snapshot } from "./lib/snapshot.ts";
export type {
  Bytes,
  CgroupMemory,
  DeviceInfo,
  DeviceState,
  DoctorCall,
  Finding,
  GpuContext,
  GpuProcess,
  MigSlice,
  MissingMemory,
  NameStatus,
  Pressure,
  PressureLine,
  ProcessMemory,
  SystemMemory,
} from "./lib/records.ts";
export type {
  DevicesReply,
  DevicesRequest,
  DoctorReply,
  DoctorRequest,
  ElementaryReply,
  ElementaryRequest,
  FailureReply,
  FindReply,
  FindRequest,
  GpuReply,
  GpuRequest,
  LocalRequest,
  MemoryReply,
  MemoryRequest,
  PingReply,
  PingRequest,
  ProcessesReply,
  ProcessesRequest,
  Reply,
  ReplyTo,
  Request,
  RunCgroupReply,
  RunCgroupRequest,
  SnapshotReply,
  SnapshotRequest,
  TreeReply,
  TreeRequest,
} from "./lib/protocol.ts";
export {
  formatFree,
  formatTotal,
  formatUsed,
  nameOrUnknown,
  printFree,
  printTotal,
  printUsed,
} from "./lib/device_text.ts";
export { MemoryReport, ramMb, vramMb } from "./lib/report.ts";
export { type AllocatorState, type BoardOptions, TelemetryBoard } from "./lib/telemetry/board.ts";
export type { AllocatorReport } from "./lib/telemetry/report.ts";
export type { AllocatorHealth } from "./lib/telemetry/pressure.ts";
export {
  type AlarmInput,
  type AlarmPart,
  type MemoryAlarm,
  type MemoryAlarms,
  memoryAlarms,
} from "./lib/telemetry/alarm.ts";
export { type BannerOptions, formatBanner } from "./lib/telemetry/banner.ts";
export { PeakTracker } from "./lib/peak.ts";
export {
  type DedicatedThreshold,
  DEFAULT_DEDICATED_THRESHOLD_PERCENT,
  DEFAULT_SHARED_GROWTH_BYTES,
  type SpillOptions,
  SpillTracker,
} from "./lib/spill.ts";
export type { DeviceListing, SharedHolder, SpillCause } from "./lib/spill_causes.ts";
export { type SpillEpisode, SpillReport } from "./lib/spill_report.ts";
export { type SpillSample, spillSampleOf } from "./lib/spill_sample.ts";
export { runCommand, type RunOptions } from "./lib/run/run_command.ts";
export type { RunSample } from "./lib/run/look.ts";
export type { CommandEnd, RunningCommand } from "./lib/run/start_command.ts";
export type { PeakRamSource, RunGpu, RunMoment, RunProcess, RunReport } from "./lib/run/report.ts";
