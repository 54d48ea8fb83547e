/** Every address of the endpoint: what it takes and what it gives. Handlers and the OpenAPI document follow this list. */
import { z } from "zod";
import { healthy, liveHistory, liveReading, problem, telemetry } from "./schema/live.ts";
import { replies, reply, request } from "./schema/messages.ts";
import { seconds } from "./schema/query.ts";

/** One address and method. */
export interface Endpoint {
  readonly summary: string;
  /** What stands behind the `?`, by name; left out: nothing may. */
  readonly query?: z.ZodObject;
  /** The JSON it takes. */
  readonly body?: z.ZodType;
  /** The JSON it gives; `null`: an empty answer (204). */
  readonly reply: z.ZodType | null;
  /** What it gives where that is not JSON. */
  readonly contentType?: string;
  /** It answers without a token. */
  readonly isOpen?: true;
}

const pid = z.coerce.number().int().min(1).max(0x7fffffff);
const yesOrNo = z.enum(["true", "false"]).transform((text) => text === "true");

/** What a program reports of its allocator, in either form; {@linkcode parseReport} says more exactly what is wrong. */
const report = z.union([
  z.object({
    allocatedBytes: z.int().min(0),
    reservedBytes: z.int().min(0),
    peakBytes: z.int().min(0).nullish(),
    device: z.int().min(0).nullish(),
    pid: z.int().min(1).nullish(),
    step: z.union([z.string(), z.number()]).nullish(),
  }),
  z.object({
    cudaMemoryAllocatedGb: z.number().min(0),
    cudaMemoryReservedGb: z.number().min(0),
    cudaMemoryPeakGb: z.number().min(0).nullish(),
    cudaMemoryFragmentation: z.number().nullish(),
    device: z.int().min(0).nullish(),
    pid: z.int().min(1).nullish(),
    step: z.union([z.string(), z.number()]).nullish(),
  }),
]).meta({ id: "TelemetryReport" });

const phase = z.object({
  name: z.string().optional(),
  nested: z.boolean().optional(),
  end: z.boolean().optional(),
  type: z.string().nullish(),
  step: z.union([z.string(), z.number()]).nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
}).meta({ id: "PhaseWish" });

/** By method and path. */
export const ENDPOINTS = {
  "GET /v1/devices": {
    summary: "The GPUs, each with all its numbers",
    reply: replies.devices,
  },
  "GET /v1/snapshot": {
    summary: "RAM of a process and of the machine, every GPU and every process on it",
    query: z.strictObject({ pid: pid.optional() }),
    reply: replies.snapshot,
  },
  "GET /v1/processes": {
    summary: "The processes that use GPUs, with their RAM; details for authorized askers only",
    query: z.strictObject({ details: yesOrNo.optional() }),
    reply: replies.processes,
  },
  "GET /v1/doctor": {
    summary: "What each source of numbers answers, call by call",
    reply: replies.doctor,
  },
  "POST /v1/ask": {
    summary: "Any question of the protocol",
    body: request,
    reply,
  },
  "GET /v1/stream": {
    summary: "Readings as server-sent events named reading, with ids to resume by (Last-Event-ID)",
    query: z.strictObject({ interval: seconds.optional() }),
    reply: liveReading,
    contentType: "text/event-stream",
  },
  "GET /v1/history": {
    summary: "The numbers of the last hour, a second apart, as far as somebody looked",
    query: z.strictObject({ since_ms: z.coerce.number().min(0).optional() }),
    reply: liveHistory,
  },
  "POST /v1/phase": {
    summary: "Begins a phase, or ends the innermost one with end: true",
    body: phase,
    reply: null,
  },
  "GET /v1/telemetry": {
    summary: "What allocators reported, and the alarm over all memories",
    reply: telemetry,
  },
  "POST /v1/telemetry": {
    summary: "Takes the report of a program's allocator",
    body: report,
    reply: null,
  },
  "GET /metrics": {
    summary: "Metrics for Prometheus and whatever reads OpenMetrics, by Accept",
    reply: z.string(),
    contentType: "text/plain",
  },
  "GET /-/healthy": {
    summary: "The process is there; says nothing about GPUs",
    reply: healthy,
    isOpen: true,
  },
  "GET /-/ready": {
    summary: "The process takes questions; says nothing about GPUs",
    reply: healthy,
    isOpen: true,
  },
  "GET /openapi.json": {
    summary: "This document",
    reply: z.record(z.string(), z.unknown()),
    isOpen: true,
  },
  "GET /": {
    summary: "The live page",
    reply: z.string(),
    contentType: "text/html",
    isOpen: true,
  },
} as const satisfies Record<string, Endpoint>;

/** A method and a path. */
export type EndpointName = keyof typeof ENDPOINTS;

/** What is answered where a request was not done. */
export const PROBLEM = problem;
