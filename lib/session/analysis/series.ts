/** The series of a session: what is measured over time, each with its limit. Pure. */
import type { Bytes } from "../../records.ts";
import { gpuLimits, lowerLimit, ramLimits } from "../alerts/limits.ts";
import type { SessionSettings } from "../config/settings.ts";
import type { SessionData } from "../load/data.ts";
import { isKnown, lastKnown, type Samples } from "./samples.ts";
import type { SeriesId } from "./records.ts";
import { alignedTo } from "./align.ts";

/** What a series measures. */
export type SeriesKind =
  | "vram"
  | "vram_all"
  | "ram"
  | "swap"
  | "cgroup"
  | "target_rss"
  | "target_vram"
  | "allocated"
  | "reserved"
  | "utilization"
  | "cpu";

/** One series, with what it is about. */
export interface Series extends Samples {
  readonly id: SeriesId;
  readonly kind: SeriesKind;
  /** The GPU, of `vram` and `utilization`. */
  readonly gpu: number | null;
  /** The watched group or process, of `target_rss` and `target_vram`; the process of an allocator. */
  readonly owner: string | null;
  readonly limit: Bytes;
  /** Above this it is critical, as the settings have it; `null`: they say nothing about it. */
  readonly critical: Bytes;
}

/** A sample counts for at most so many intervals. */
const HOLD_INTERVALS = 1.5;

/** The memory of these is asked for in every session: that nothing of it is known has to be told. */
const ALWAYS: ReadonlySet<SeriesKind> = new Set(["vram", "ram", "target_rss"]);

/** The series of a session, GPUs first; without those of side matters of which nothing is known. */
export function seriesOf(
  data: SessionData,
  settings: Pick<SessionSettings, "gpu" | "ram" | "groups">,
): readonly Series[] {
  const all = [
    ...gpuSeries(data, settings.gpu),
    ...systemSeries(data, settings.ram),
    ...targetSeries(data, settings.groups),
    ...allocatorSeries(data),
  ];
  return withUniqueIds(all.filter(({ kind, values }) => ALWAYS.has(kind) || isKnown(values)));
}

type Named = Omit<Series, "id" | "holdMs" | "sessionEndMs" | "critical"> & SeriesId & {
  readonly holdMs?: number;
  readonly critical?: Bytes;
};

function make(data: SessionData, { id, label, unit, ...rest }: Named): Series {
  return {
    holdMs: data.intervalMs * HOLD_INTERVALS,
    sessionEndMs: data.durationMs,
    critical: null,
    ...rest,
    id: { id, label, unit },
  };
}

function gpuSeries(data: SessionData, settings: SessionSettings["gpu"]): readonly Series[] {
  const vram = data.gpus.map(({ gpu, timesMs, columns }) => {
    const totalBytes = lastKnown(columns.totalBytes);
    return make(data, {
      id: `vram:gpu${gpu}`,
      label: `GPU ${gpu} memory`,
      unit: "bytes",
      kind: "vram",
      gpu,
      owner: null,
      limit: totalBytes,
      critical: gpuLimits({ totalBytes }, settings).critical,
      timesMs,
      values: columns.usedBytes,
    });
  });
  const utilization = data.gpus.map(({ gpu, timesMs, columns }) =>
    make(data, {
      id: `utilization:gpu${gpu}`,
      label: `GPU ${gpu} utilisation`,
      unit: "ratio",
      kind: "utilization",
      gpu,
      owner: null,
      limit: null,
      timesMs,
      values: columns.utilizationRatio,
    })
  );
  return [...vram, ...(vram.length < 2 ? [] : [sumOf(data, vram)]), ...utilization];
}

/** The memory of all GPUs together, at the times of the first; not known where that of one is not. */
function sumOf(data: SessionData, vram: readonly Series[]): Series {
  const { timesMs } = vram[0]!;
  const values = new Float64Array(timesMs.length);
  for (const series of vram) {
    const aligned = alignedTo(timesMs, series);
    for (let i = 0; i < values.length; i++) values[i]! += aligned[i]!;
  }
  const limits = vram.map(({ limit }) => limit);
  return make(data, {
    id: "vram:all",
    label: "Memory of all GPUs",
    unit: "bytes",
    kind: "vram_all",
    gpu: null,
    owner: null,
    limit: limits.reduce((sum, limit) => sum === null || limit === null ? null : sum + limit, 0),
    timesMs,
    values,
  });
}

function systemSeries(data: SessionData, settings: SessionSettings["ram"]): readonly Series[] {
  if (data.system === null) return [];
  const { timesMs, columns } = data.system;
  const totalBytes = lastKnown(columns.totalBytes) ?? data.meta?.ramTotalBytes ?? null;
  const limit = lowerLimit(1, totalBytes, settings.limitBytes);
  const { critical } = ramLimits({ totalBytes }, settings);
  const common = { timesMs, gpu: null, owner: null } as const;
  const bytes = { ...common, unit: "bytes" } as const;
  const cgroupLimit = lastKnown(columns.cgroupLimitBytes);
  return [
    {
      ...bytes,
      id: "ram",
      label: "RAM",
      kind: "ram",
      limit,
      critical,
      values: columns.usedBytes,
    } as const,
    {
      ...bytes,
      id: "swap",
      label: "Swap",
      kind: "swap",
      limit: null,
      values: columns.swapUsedBytes,
    } as const,
    ...(cgroupLimit === null ? [] : [
      {
        ...bytes,
        id: "cgroup",
        label: "Memory of the container",
        kind: "cgroup",
        limit: cgroupLimit,
        values: columns.cgroupUsedBytes,
      } as const,
    ]),
    {
      ...common,
      id: "cpu",
      label: "CPU utilisation",
      unit: "ratio",
      kind: "cpu",
      limit: null,
      values: columns.cpuUtilizationRatio,
    } as const,
  ].map((named) => make(data, named));
}

function targetSeries(data: SessionData, groups: SessionSettings["groups"]): readonly Series[] {
  return data.processes.flatMap(({ target, timesMs, columns }) => {
    const group = groups.find(({ name }) => name === target);
    const common = { unit: "bytes", gpu: null, owner: target, timesMs } as const;
    return [
      make(data, {
        ...common,
        id: `rss:${target}`,
        label: `RAM of ${target}`,
        kind: "target_rss",
        limit: group?.ramLimitBytes ?? null,
        values: columns.rssBytes,
      }),
      make(data, {
        ...common,
        id: `vram:${target}`,
        label: `GPU memory of ${target}`,
        kind: "target_vram",
        limit: group?.vramLimitBytes ?? null,
        values: columns.vramBytes,
      }),
    ];
  });
}

function allocatorSeries(data: SessionData): readonly Series[] {
  return data.allocators.flatMap(({ pid, gpu, timesMs, columns }) => {
    const owner = pid === null ? "?" : String(pid);
    // A program reports when it likes, not at our ticks.
    const holdMs = HOLD_INTERVALS * Math.max(data.intervalMs, medianDistance(timesMs));
    const common = { unit: "bytes", gpu, owner, limit: null, timesMs, holdMs } as const;
    const whose = `${pid === null ? "an allocator" : `process ${pid}`}${
      gpu === null ? "" : ` on GPU ${gpu}`
    }`;
    return [
      make(data, {
        ...common,
        id: `allocated:${owner}`,
        label: `Allocated by ${whose}`,
        kind: "allocated",
        values: columns.allocatedBytes,
      }),
      make(data, {
        ...common,
        id: `reserved:${owner}`,
        label: `Reserved by ${whose}`,
        kind: "reserved",
        values: columns.reservedBytes,
      }),
    ];
  });
}

/** The median time between two neighbours; 0 where there are none. */
function medianDistance(timesMs: Float64Array): number {
  const distances = timesMs.slice(1).map((time, i) => time - timesMs[i]!).sort();
  return distances[distances.length >> 1] ?? 0;
}

/** A watched group may be called `gpu0`, and a process may report for several GPUs. */
function withUniqueIds(all: readonly Series[]): readonly Series[] {
  const seen = new Map<string, number>();
  return all.map((series) => {
    const count = (seen.get(series.id.id) ?? 0) + 1;
    seen.set(series.id.id, count);
    return count === 1
      ? series
      : { ...series, id: { ...series.id, id: `${series.id.id}#${count}` } };
  });
}
