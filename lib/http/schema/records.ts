/**
 * The records of `lib/records.ts` as schemas: what a client checks an answer by, and what the OpenAPI document shows.
 * `same.ts` holds them to the types.
 */
import { z } from "zod";
import { FAILURES } from "../../failures.ts";
import { SOURCE_NAMES } from "../../sources.ts";

/** A whole number from 0. */
export const count = z.int().min(0);
/** Bytes; `null`: not known. */
export const bytes = count.nullable();
/** Any text; `null`: not known. */
export const text = z.string().nullable();
/** 0…1, with the slack of a sample that was measured late. */
const ratio = z.number().min(0).nullable();
const measured = z.number().nullable();

const FAILURE_CODES = Object.keys(FAILURES) as [keyof typeof FAILURES];

/** The code of a failure. */
export const failureCode = z.enum(FAILURE_CODES).meta({ id: "FailureCode" });

/** The name of a source. */
export const sourceName = z.enum(SOURCE_NAMES).meta({ id: "SourceName" });

/** One failure as plain data. */
export const failure = z.object({
  code: failureCode,
  message: z.string(),
  source: sourceName.nullable(),
  driverCode: z.string().exactOptional(),
  deviceIndex: count.exactOptional(),
  pid: count.exactOptional(),
  count: count.exactOptional(),
  retryInMs: z.number().nullable().exactOptional(),
}).meta({ id: "Failure" });

/** Why something is missing. */
export const failures = z.array(failure);

/** Memory of one process. */
export const processMemory = z.object({
  pid: count,
  parentPid: count.nullable(),
  zombie: z.boolean().nullable(),
  name: text,
  startTicks: count.nullable(),
  startedAtMs: measured,
  rssBytes: bytes,
  peakRssBytes: bytes,
  privateBytes: bytes,
  anonBytes: bytes,
  fileBytes: bytes,
  shmemBytes: bytes,
  swapBytes: bytes,
  pssBytes: bytes,
  cpuTimeMs: measured,
  uid: count.nullable(),
  user: text,
  container: text,
  command: z.array(z.string()).nullable(),
}).meta({ id: "ProcessMemory" });

const pressureLine = z.object({
  avg10Ratio: z.number(),
  avg60Ratio: z.number(),
  avg300Ratio: z.number(),
  totalMs: z.number(),
}).meta({ id: "PressureLine" });

/** Memory of the machine. */
export const systemMemory = z.object({
  totalBytes: bytes,
  availableBytes: bytes,
  usedBytes: bytes,
  freeBytes: bytes,
  swapTotalBytes: bytes,
  swapUsedBytes: bytes,
  commitBytes: bytes,
  commitLimitBytes: bytes,
  pressure: z.object({ some: pressureLine, full: pressureLine.nullable() }).nullable(),
  cpuUtilizationRatio: ratio,
  processCount: count.nullable(),
  cgroup: z.object({
    version: z.union([z.literal(1), z.literal(2)]),
    path: z.string(),
    limitBytes: bytes,
    usageBytes: bytes,
    workingSetBytes: bytes,
    peakBytes: bytes,
    oomKills: count.nullable(),
  }).nullable(),
  job: z.object({ limitBytes: bytes, processLimitBytes: bytes }).nullable(),
}).meta({ id: "SystemMemory" });

const migSlice = z.object({
  index: count,
  uuid: text,
  name: text,
  gpuInstanceId: count.nullable(),
  computeInstanceId: count.nullable(),
  totalBytes: bytes,
  usedBytes: bytes,
  freeBytes: bytes,
  reservedBytes: bytes,
}).meta({ id: "MigSlice" });

const WDDM_USAGE = {
  dedicatedUsageBytes: bytes,
  sharedUsageBytes: bytes,
  totalCommittedBytes: bytes,
  localUsageBytes: bytes,
  nonLocalUsageBytes: bytes,
};

const wddmUsage = z.object(WDDM_USAGE).meta({ id: "WddmUsage" });

const wddmDevice = z.object({
  ...WDDM_USAGE,
  dedicatedTotalBytes: bytes,
  sharedTotalBytes: bytes,
}).meta({ id: "WddmDevice" });

const videoMemorySegment = z.object({
  usageBytes: bytes,
  budgetBytes: bytes,
  reservedBytes: bytes,
  reservableBytes: bytes,
}).meta({ id: "VideoMemorySegment" });

/** What the calling process itself uses of one GPU. */
export const ownVideoMemory = z.object({
  luid: z.string(),
  local: videoMemorySegment.nullable(),
  nonLocal: videoMemorySegment.nullable(),
  readIn: z.literal("calling_process"),
}).meta({ id: "OwnVideoMemory" });

/** One GPU, all processes together. */
export const deviceInfo = z.object({
  index: count,
  name: text,
  totalBytes: bytes,
  freeBytes: bytes,
  usedBytes: bytes,
  reservedBytes: bytes,
  driverVersion: text,
  sharedUsedBytes: bytes,
  usedIncludesReserved: z.boolean().nullable(),
  memoryKind: z.enum(["dedicated", "unified"]).nullable(),
  state: z.enum(["ok", "lost", "reset_required", "blocked", "mismatched", "failed"]),
  uuid: text,
  pciBusId: text,
  pciId: text,
  luid: text,
  wddm: wddmDevice.nullable(),
  utilizationRatio: ratio,
  memoryBandwidthBusyRatio: ratio,
  temperatureCelsius: measured,
  powerWatts: measured,
  smClockMhz: measured,
  memoryClockMhz: measured,
  cudaDriverVersion: text,
  eccEnabled: z.boolean().nullable(),
  migEnabled: z.boolean().nullable(),
  migSlices: z.array(migSlice),
  source: sourceName,
}).meta({ id: "DeviceInfo" });

/** What one process holds on one GPU. */
export const gpuProcess = z.object({
  pid: count,
  name: text,
  nameStatus: z.enum(["known", "protected", "exited", "kernel", "foreign_namespace", "unknown"]),
  usedBytes: bytes,
  sharedUsedBytes: bytes,
  missing: z.enum(["sentinel", "exceeds_total", "not_told"]).nullable(),
  rssBytes: bytes,
  deviceIndex: count,
  deviceUuid: text,
  deviceName: text,
  contexts: z.array(z.enum(["compute", "graphics", "mps"])),
  gpuInstanceId: count.nullable(),
  computeInstanceId: count.nullable(),
  wddm: wddmUsage.nullable(),
  source: sourceName,
}).meta({ id: "GpuProcess" });

/** What the doctor found about one source. */
export const finding = z.object({
  source: sourceName,
  present: z.boolean().nullable(),
  path: text,
  version: text,
  calls: z.array(z.object({ name: z.string(), outcome: z.string(), durationMs: z.number() })),
  failures,
  advice: z.array(z.string()),
  measures: z.array(z.string()),
}).meta({ id: "Finding" });
