/** What the stream, the history and the telemetry carry, as schemas. */
import { z } from "zod";
import { allocatorReport } from "./messages.ts";
import {
  bytes,
  count,
  deviceInfo,
  failureCode,
  failures,
  gpuProcess,
  processMemory,
  sourceName,
  systemMemory,
  text,
} from "./records.ts";

const measured = z.number().nullable();

const memoryAlarm = z.object({
  part: z.enum(["allocator", "device", "system"]),
  device: count.nullable(),
  pid: count.nullable(),
  ratio: z.number(),
  message: z.string(),
}).meta({ id: "MemoryAlarm" });

const allocatorState = allocatorReport.extend({
  atMs: z.number(),
  ageMs: z.number(),
  isStale: z.boolean(),
  memoryUsagePercent: measured,
  fragmentation: measured,
  health: z.enum(["healthy", "warning", "critical"]).nullable(),
  advice: text,
}).meta({ id: "AllocatorState" });

const alarms = { hasMemoryAlarm: z.boolean().nullable(), alarms: z.array(memoryAlarm) };

/** What allocators told, and the alarm over all memories. */
export const telemetry = z.object({
  atMs: z.number(),
  memoryUsagePercent: measured,
  allocators: z.array(allocatorState),
  ...alarms,
  failures,
}).meta({ id: "Telemetry" });

const sourceState = z.object({
  source: sourceName,
  state: z.union([z.literal("ok"), failureCode]),
  message: text,
  sinceMs: z.number(),
  lastSuccessMs: measured,
  hangs: count,
}).meta({ id: "SourceState" });

const livePhase = z.object({
  path: z.string(),
  type: text,
  step: text,
  labels: z.record(z.string(), z.string()),
  beganAtMs: z.number(),
  endedAtMs: measured,
}).meta({ id: "Phase" });

const liveAlert = z.object({
  id: z.string(),
  kind: z.enum([
    "gpu_zone",
    "ram",
    "group_ram",
    "group_vram",
    "spike",
    "pressure",
    "forecast",
    "lost",
  ]),
  subject: z.string(),
  severity: z.enum(["warning", "critical"]),
  value: measured,
  limit: measured,
  unit: z.enum(["bytes", "ratio", "ms"]).nullable(),
  message: z.string(),
  beganAtMs: z.number(),
  endedAtMs: measured,
}).meta({ id: "Alert" });

/** One event of the stream. */
export const liveReading = z.object({
  atMs: z.number(),
  gpu: z.object({
    devices: z.array(deviceInfo),
    processes: z.array(gpuProcess),
    listedDevices: z.array(count),
    foreignPids: z.boolean(),
  }).nullable(),
  system: systemMemory.nullable(),
  processes: z.array(processMemory),
  allocators: z.array(allocatorState),
  sources: z.array(sourceState),
  probeMs: z.object({ system: measured, driver: measured }),
  failures,
  ...alarms,
  intervalMs: z.number(),
  phases: z.array(livePhase),
  alerts: z.array(liveAlert),
}).meta({ id: "Reading" });

/** What was seen of late, in columns. */
export const liveHistory = z.object({
  intervalMs: z.number(),
  atMs: z.array(z.number()),
  devices: z.array(z.object({
    index: count,
    uuid: text,
    name: text,
    totalBytes: bytes,
    usedBytes: z.array(bytes),
    utilizationRatio: z.array(measured),
  })),
  system: z.object({ totalBytes: bytes, usedBytes: z.array(bytes) }),
  memoryUsagePercent: z.array(measured),
  phases: z.array(livePhase),
  alerts: z.array(liveAlert),
}).meta({ id: "History" });

/** Whether the process is there; nothing about GPUs. */
export const healthy = z.object({
  status: z.literal("ok"),
  version: z.string(),
  protocol: z.int(),
  pid: count,
}).meta({ id: "Healthy" });

/** A request that was not done (RFC 9457). */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: failureCode,
}).meta({ id: "Problem" });
