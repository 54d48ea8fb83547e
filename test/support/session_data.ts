/** Sessions made from functions of time, for the tests of the analysis: what happened is known exactly. */
import type {
  AllocatorQuantity,
  AllocatorTrack,
  Gap,
  GpuQuantity,
  GpuTrack,
  ProcessQuantity,
  ProcessTrack,
  SessionData,
  SystemQuantity,
} from "../../lib/session/load/data.ts";
import { DEFAULT_SETTINGS, type SessionSettings } from "../../lib/session/config/settings.ts";
import type { PhaseSpan } from "../../lib/session/phase_span.ts";
import type { EventRow } from "../../lib/session/rows.ts";
import { aSessionMeta } from "./session_files.ts";

export const MIB = 2 ** 20;
export const GIB = 2 ** 30;
export const SECOND = 1000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

/** A number at each moment; `null`: not known then. A plain number is the same all the time. */
export type Course = number | ((atMs: number) => number | null);
/** What a track's columns are; one that is not named is not known at all. */
type Courses<Quantity extends string> = { readonly [Q in Quantity]?: Course };

/** What a session is made from. */
export interface SessionPlan {
  /** @default ten minutes */
  readonly durationMs?: number;
  /** @default 2 s */
  readonly intervalMs?: number;
  /** Ticks that are left out of the files. */
  readonly skip?: (atMs: number) => boolean;
  readonly gpus?: readonly Courses<GpuQuantity>[];
  readonly system?: Courses<SystemQuantity>;
  readonly processes?: Readonly<Record<string, Courses<ProcessQuantity>>>;
  readonly allocators?: readonly Courses<AllocatorQuantity>[];
  readonly phases?: readonly PhaseSpan[];
  readonly events?: readonly EventRow[];
  readonly gaps?: readonly Gap[];
  readonly settings?: Partial<SessionSettings>;
}

/** A session; by default one GPU of 12 GiB and 64 GiB of RAM, all of it quiet. */
export function aSession(plan: SessionPlan = {}): SessionData {
  const { durationMs = 10 * MINUTE, intervalMs = 2 * SECOND, skip = () => false } = plan;
  const ticks = Array.from(
    { length: Math.floor(durationMs / intervalMs) + 1 },
    (_, tick) => tick * intervalMs,
  ).filter((atMs) => !skip(atMs));
  const timesMs = Float64Array.from(ticks);
  const columns = <Q extends string>(all: readonly Q[], courses: Courses<Q>) =>
    Object.fromEntries(all.map((quantity) => [quantity, column(timesMs, courses[quantity])])) as {
      readonly [K in Q]: Float64Array;
    };
  const gpus = plan.gpus ?? [{ usedBytes: GIB }];
  return {
    name: "test",
    folder: "memory-logs",
    files: [],
    format: "session",
    meta: aSessionMeta({
      settings: { ...DEFAULT_SETTINGS, intervalMs, ...plan.settings },
    }),
    startedAtMs: Date.UTC(2026, 0, 31, 12),
    durationMs: ticks.at(-1) ?? 0,
    intervalMs,
    gpus: gpus.map((courses, gpu): GpuTrack => ({
      gpu,
      uuid: `GPU-${gpu}`,
      name: null,
      drifts: false,
      timesMs,
      columns: columns(GPU, { totalBytes: 12 * GIB, ...courses }),
    })),
    system: plan.system === undefined
      ? null
      : { timesMs, columns: columns(SYSTEM, { totalBytes: 64 * GIB, ...plan.system }) },
    processes: Object.entries(plan.processes ?? {}).map(([target, courses]): ProcessTrack => ({
      target,
      kind: "group",
      pid: null,
      name: target,
      drifts: false,
      timesMs,
      columns: columns(PROCESS, courses),
    })),
    allocators: (plan.allocators ?? []).map((courses, i): AllocatorTrack => ({
      pid: 4_242 + i,
      gpu: 0,
      timesMs,
      columns: columns(ALLOCATOR, courses),
    })),
    phases: plan.phases ?? [],
    events: plan.events ?? [],
    gaps: plan.gaps ?? [],
    notices: [],
  };
}

/** A phase from a moment to another; the last part of the path is its name. */
export function aSpan(
  path: string,
  startMs: number,
  endMs: number,
  details: Partial<Pick<PhaseSpan, "type" | "step" | "labels">> = {},
): PhaseSpan {
  const names = path.split("/");
  return {
    name: names.at(-1)!,
    path,
    depth: names.length - 1,
    startMs,
    endMs,
    type: null,
    step: null,
    labels: {},
    ...details,
  };
}

/** A course that jumps: `[from, value]` in the order of time; before the first it is 0. */
export function stairs(...stages: readonly (readonly [fromMs: number, value: number])[]) {
  return (atMs: number): number => stages.findLast(([fromMs]) => atMs >= fromMs)?.[1] ?? 0;
}

/** A course that goes straight from point to point. */
export function ramps(...points: readonly (readonly [atMs: number, value: number])[]) {
  return (atMs: number): number => {
    const right = points.findIndex(([time]) => time >= atMs);
    if (right < 0) return points.at(-1)![1];
    const [t1, v1] = points[right]!;
    const [t0, v0] = points[Math.max(0, right - 1)]!;
    return t1 === t0 ? v1 : v0 + (v1 - v0) * (atMs - t0) / (t1 - t0);
  };
}

/** A course with noise on it: the same numbers in every run, normally distributed. */
export function noisy(course: (atMs: number) => number, deviation: number, seed = 1) {
  let state = seed >>> 0;
  const uniform = () => {
    // xorshift32 (Marsaglia 2003)
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
  for (let i = 0; i < 16; i++) uniform();
  return (atMs: number): number =>
    course(atMs) +
    deviation * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

function column(timesMs: Float64Array, course: Course | undefined): Float64Array {
  if (course === undefined) return new Float64Array(timesMs.length).fill(NaN);
  return timesMs.map((atMs) => (typeof course === "number" ? course : course(atMs)) ?? NaN);
}

const GPU: readonly GpuQuantity[] = [
  "usedBytes",
  "freeBytes",
  "totalBytes",
  "reservedBytes",
  "utilizationRatio",
  "temperatureCelsius",
  "powerWatts",
  "smClockMhz",
  "memoryClockMhz",
];
const SYSTEM: readonly SystemQuantity[] = [
  "usedBytes",
  "availableBytes",
  "totalBytes",
  "swapUsedBytes",
  "cpuUtilizationRatio",
  "processCount",
  "pressureSomeRatio",
  "cgroupUsedBytes",
  "cgroupLimitBytes",
  "ownCpuRatio",
  "ownRssBytes",
  "gpuProbeMs",
  "systemProbeMs",
];
const PROCESS: readonly ProcessQuantity[] = [
  "processCount",
  "rssBytes",
  "swapBytes",
  "vramBytes",
  "cpuRatio",
];
const ALLOCATOR: readonly AllocatorQuantity[] = ["allocatedBytes", "reservedBytes", "peakBytes"];
