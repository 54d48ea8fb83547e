/** The questions and answers of `lib/protocol.ts` as schemas. What only this machine may ask is not among them. */
import { z } from "zod";
import {
  bytes,
  count,
  deviceInfo,
  failures,
  finding,
  gpuProcess,
  ownVideoMemory,
  processMemory,
  systemMemory,
} from "./records.ts";

const pid = z.int().min(1).max(0x7fffffff);
/** So many processes can be asked about at once. */
const MOST_PIDS = 4_096;
const pids = z.array(pid).max(MOST_PIDS);
/** Left out is no. */
const flag = z.boolean().default(false);

const memoryRequest = z.strictObject({
  kind: z.literal("memory"),
  pids: pids.default([]),
  system: flag,
  details: flag,
  pss: flag,
  cpu: flag,
}).meta({ id: "MemoryRequest" });

const treeRequest = z.strictObject({
  kind: z.literal("tree"),
  roots: pids,
  cgroup: z.strictObject({ owner: pid, run: z.int().min(1) }).nullable().default(null),
}).meta({ id: "TreeRequest" });

const findRequest = z.strictObject({
  kind: z.literal("find"),
  name: z.string().max(256).nullable().default(null),
  top: z.int().min(1).max(MOST_PIDS),
}).meta({ id: "FindRequest" });

const gpuRequest = z.strictObject({ kind: z.literal("gpu"), processes: flag, telemetry: flag })
  .meta({ id: "GpuRequest" });
const processesRequest = z.strictObject({ kind: z.literal("processes"), details: flag })
  .meta({ id: "ProcessesRequest" });
const snapshotRequest = z.strictObject({ kind: z.literal("snapshot"), pid })
  .meta({ id: "SnapshotRequest" });
const doctorRequest = z.strictObject({ kind: z.literal("doctor") }).meta({ id: "DoctorRequest" });
const pingRequest = z.strictObject({ kind: z.literal("ping") }).meta({ id: "PingRequest" });
const devicesRequest = z.strictObject({ kind: z.literal("devices") })
  .meta({ id: "DevicesRequest" });

/** Any question that may come from outside. */
export const request = z.discriminatedUnion("kind", [
  memoryRequest,
  treeRequest,
  findRequest,
  gpuRequest,
  doctorRequest,
  pingRequest,
  devicesRequest,
  processesRequest,
  snapshotRequest,
]).meta({ id: "Request" });

const listing = {
  devices: z.array(deviceInfo),
  processes: z.array(gpuProcess),
  listedDevices: z.array(count),
  foreignPids: z.boolean(),
};

/** The answer to each kind of question. */
export const replies = {
  memory: z.object({
    kind: z.literal("memory"),
    processes: z.array(processMemory),
    system: systemMemory.nullable(),
    failures,
  }).meta({ id: "MemoryReply" }),
  tree: z.object({
    kind: z.literal("tree"),
    processes: z.array(processMemory),
    inCgroup: z.array(count),
    failures,
  }).meta({ id: "TreeReply" }),
  find: z.object({
    kind: z.literal("find"),
    processes: z.array(processMemory),
    count,
    failures,
  }).meta({ id: "FindReply" }),
  gpu: z.object({ kind: z.literal("gpu"), ...listing, failures }).meta({ id: "GpuReply" }),
  doctor: z.object({ kind: z.literal("doctor"), findings: z.array(finding) })
    .meta({ id: "DoctorReply" }),
  ping: z.object({ kind: z.literal("ping") }).meta({ id: "PingReply" }),
  devices: z.object({ kind: z.literal("devices"), devices: z.array(deviceInfo), failures })
    .meta({ id: "DevicesReply" }),
  processes: z.object({
    kind: z.literal("processes"),
    ...listing,
    memory: z.array(processMemory),
    failures,
  }).meta({ id: "ProcessesReply" }),
  snapshot: z.object({
    kind: z.literal("snapshot"),
    atMs: z.number(),
    durationMs: z.number(),
    pid: count,
    process: processMemory.nullable(),
    system: systemMemory.nullable(),
    ...listing,
    videoMemory: z.array(ownVideoMemory),
    failures,
  }).meta({ id: "SnapshotReply" }),
} as const;

/** Any answer. */
export const reply = z.discriminatedUnion("kind", [
  replies.memory,
  replies.tree,
  replies.find,
  replies.gpu,
  replies.doctor,
  replies.ping,
  replies.devices,
  replies.processes,
  replies.snapshot,
]).meta({ id: "Reply" });

/** What a program's allocator holds. */
export const allocatorReport = z.object({
  allocatedBytes: count,
  reservedBytes: count,
  peakBytes: bytes,
  device: count.nullable(),
  pid: count.nullable(),
  step: z.string().nullable(),
}).meta({ id: "AllocatorReport" });
