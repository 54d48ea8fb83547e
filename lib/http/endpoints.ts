/** Every address of the endpoint: what it takes and what it gives. Handlers and the OpenAPI document follow this list. */
import { z } from "zod";
import { healthy, liveHistory, liveReading, problem, telemetry } from "./schema/live.ts";
import { replies, reply, request } from "./schema/messages.ts";
import { seconds, wholeNumber } from "./schema/query.ts";

/** One address and method. */
export interface Endpoint {
  readonly summary: string;
  /** What stands behind the `?`, by name; left out: nothing of it is read. */
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

const pid = wholeNumber.pipe(z.int().min(1).max(0x7fffffff));
const yesOrNo = z.enum(["true", "false"]).transform((text) => text === "true");

/** Short texts, as {@linkcode parseReport} and {@linkcode parsePhaseRequest} take them. */
// Spelled out, for whoever checks by the document: few languages know \p{Cc}.
// deno-lint-ignore no-control-regex
const short = z.string().max(100).regex(/^[^\u0000-\u001f\u007f-\u009f]*$/);
const step = z.union([z.number(), short]).nullish();

const beside = {
  device: z.int().min(0).max(65_535).nullish(),
  pid: z.int().min(1).max(0xffffffff).nullish(),
  step,
};
const gib = z.number().min(0).lt(8_388_608);

/**
 * What a program reports of its allocator, in either form; {@linkcode parseReport} checks it, and says more exactly
 * what is wrong.
 */
const report = z.union([
  z.strictObject({
    allocatedBytes: z.int().min(0),
    reservedBytes: z.int().min(0),
    peakBytes: z.int().min(0).nullish(),
    ...beside,
  }),
  z.strictObject({
    cudaMemoryAllocatedGb: gib,
    cudaMemoryReservedGb: gib,
    cudaMemoryPeakGb: gib.nullish(),
    /** It follows from the others. */
    cudaMemoryFragmentation: z.unknown().optional(),
    ...beside,
  }),
]).meta({
  id: "TelemetryReport",
  description: "Allocated is at most reserved. gb are 2^30 bytes.",
});

const phaseDetails = {
  nested: z.boolean().nullish(),
  type: short.nullish(),
  step,
  labels: z.record(short.min(1), short.min(1)).meta({ maxProperties: 32 }).nullish(),
};

/** What begins or ends a phase; {@linkcode parsePhaseRequest} checks it. */
const phase = z.union([
  z.strictObject({
    name: short.regex(/^(?!\s*$)[^/]+$/),
    end: z.literal(false).nullish(),
    ...phaseDetails,
  }),
  z.strictObject({ end: z.literal(true), name: z.null().optional(), ...phaseDetails }),
]).meta({ id: "PhaseWish" });

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
    query: z.strictObject({ since_ms: wholeNumber.optional() }),
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
