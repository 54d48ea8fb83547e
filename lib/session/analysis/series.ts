/** The series of a session: what is measured over time, each with its limit. Pure. */
import { gpuLimits, lowerLimit, ramLimits } from "../alerts/limits.ts";
import type { SessionSettings } from "../config/settings.ts";
import type { SessionData } from "../load/data.ts";
import { alignedTo } from "./align.ts";
import { allocatorSeries, targetSeries } from "./series_of_programs.ts";
import { makeSeries, type Series, type SeriesKind } from "./make_series.ts";
import { isKnown, lastKnown } from "./samples.ts";

export type { Series, SeriesKind } from "./make_series.ts";

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

function gpuSeries(data: SessionData, settings: SessionSettings["gpu"]): readonly Series[] {
  const vram = data.gpus.map(({ gpu, timesMs, columns, drifts }) => {
    const totalBytes = lastKnown(columns.totalBytes);
    return makeSeries(data, {
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
      drifts,
    });
  });
  const utilization = data.gpus.map(({ gpu, timesMs, columns }) =>
    makeSeries(data, {
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
  return makeSeries(data, {
    id: "vram:all",
    label: "Memory of all GPUs",
    unit: "bytes",
    kind: "vram_all",
    gpu: null,
    owner: null,
    limit: limits.reduce((sum, limit) => sum === null || limit === null ? null : sum + limit, 0),
    timesMs,
    values,
    drifts: vram.some(({ drifts }) => drifts),
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
  ].map((named) => makeSeries(data, named));
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
