/** Takes a reading: both lanes at once, each on its own time. */
import { type Failure, toFailure } from "../errors.ts";
import { lateFailure } from "../late.ts";
import type { GpuReply, MemoryReply } from "../protocol.ts";
import type { ProcessMemory } from "../records.ts";
import { isOurs } from "../snapshot.ts";
import { memoryAlarms } from "../telemetry/alarm.ts";
import type { TelemetryBoard } from "../telemetry/board.ts";
import type { AskQuestion } from "../watch/sample.ts";
import type { Reading } from "./reading.ts";
import type { SourceStates } from "./source_states.ts";

/** What a reading is taken through. */
export interface ReadingOptions {
  /** Whoever answers: a meter, or what stands for one. */
  readonly ask: AskQuestion;
  /** What allocators told. */
  readonly telemetry: TelemetryBoard;
  /** How the sources did so far; it is told how they do now. */
  readonly states: SourceStates;
  /** Processes whose RAM is wanted in any case. */
  readonly pids?: readonly number[];
  /** So many of the largest processes are looked for too; 0: none. */
  readonly largest?: number;
  /** Ends the wait: what has not come by then is left out, and its failure says so. */
  readonly cutoff?: Promise<void>;
}

interface Part<T> {
  readonly value: T | null;
  readonly failures: readonly Failure[];
  readonly tookMs: number | null;
}

/** Takes one. Never rejects: what could not be told is `null` or missing, with the reason in `failures`. */
export async function takeReading(options: ReadingOptions): Promise<Reading> {
  const { ask, telemetry, states, pids = [], largest = 0 } = options;
  // One for each reading: what waits for a promise is kept as long as the promise.
  const { cutoff = new Promise<void>(() => {}) } = options;
  const atMs = Date.now();
  const gpuPart = part("the GPUs", ask({ kind: "gpu", processes: true, telemetry: true }), cutoff);
  const [gpu, system, found, ram] = await Promise.all([
    gpuPart,
    part("RAM", ask({ ...MEMORY, pids, system: true }), cutoff),
    largest === 0
      ? NOTHING
      : part("the largest processes", ask({ kind: "find", name: null, top: largest }), cutoff),
    gpuPart.then(({ value }) => {
      const pids = value === null ? [] : ownPids(value);
      if (pids.length === 0) return NOTHING;
      return part("the RAM of processes", ask({ ...MEMORY, pids, system: false }), cutoff);
    }),
  ]);
  const memory: MemoryReply | null = system.value;
  const failures = [gpu, system, found, ram].flatMap(({ failures, value }) => [
    ...failures,
    ...(value?.failures ?? []),
  ]).filter(isTold(gpu.value));
  states.observe({ gpu: gpu.value, memory, failures }, atMs);
  const allocators = telemetry.allocators();
  const { devices = [] } = gpu.value ?? {};
  return {
    atMs,
    gpu: gpu.value === null ? null : withRam(gpu.value, ram.value?.processes ?? []),
    system: memory?.system ?? null,
    processes: eachOnce([
      ...(memory?.processes ?? []),
      ...(ram.value?.processes ?? []),
      ...(found.value?.processes ?? []),
    ]),
    allocators,
    sources: states.all,
    probeMs: { system: system.tookMs, driver: isRefused(gpu.value) ? null : gpu.tookMs },
    failures,
    ...memoryAlarms({ allocators, devices, system: memory?.system ?? null }),
  };
}

const MEMORY = { kind: "memory", details: false, pss: false, cpu: false } as const;
const NOTHING = Promise.resolve({ value: null, failures: [], tookMs: null });

async function part<T>(what: string, answer: Promise<T>, cutoff: Promise<void>): Promise<Part<T>> {
  const startMs = performance.now();
  try {
    const value = await Promise.race([answer, cutoff.then(() => null)]);
    if (value === null) return { value, failures: [lateFailure(what)], tookMs: null };
    return { value, failures: [], tookMs: performance.now() - startMs };
  } catch (error) {
    return { value: null, failures: [toFailure(error)], tookMs: null };
  }
}

/** Sources that hung or crashed before are not asked again for a while: how soon that is said is no time of a probe. */
function isRefused(gpu: GpuReply | null): boolean {
  return gpu !== null && gpu.devices.length === 0 &&
    gpu.failures.some(({ code }) => code !== "absent");
}

/** The processes on the GPUs whose PIDs mean the same here. */
function ownPids({ processes, foreignPids }: GpuReply): readonly number[] {
  return [
    ...new Set(processes.filter((row) => isOurs(row, foreignPids)).map(({ pid }) => pid)),
  ];
}

function withRam(reply: GpuReply, memory: readonly ProcessMemory[]): NonNullable<Reading["gpu"]> {
  const { devices, processes, listedDevices, foreignPids } = reply;
  const rss = new Map(memory.map(({ pid, rssBytes }) => [pid, rssBytes]));
  return {
    devices,
    processes: processes.map((row) => ({
      ...row,
      rssBytes: isOurs(row, foreignPids) ? rss.get(row.pid) ?? null : null,
    })),
    listedDevices,
    foreignPids,
  };
}

/** A process that ended between two questions is no failure. */
function isTold(gpu: GpuReply | null): (failure: Failure) => boolean {
  const listed = new Set((gpu?.processes ?? []).map(({ pid }) => pid));
  return ({ code, pid }) => !(code === "no_such_process" && pid !== undefined && listed.has(pid));
}

function eachOnce(processes: readonly ProcessMemory[]): readonly ProcessMemory[] {
  return [...new Map(processes.map((process) => [process.pid, process])).values()];
}
