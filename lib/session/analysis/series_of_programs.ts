/** The series of watched programs and of the allocators that reported. Pure. */
import type { SessionSettings } from "../config/settings.ts";
import type { SessionData } from "../load/data.ts";
import { HOLD_INTERVALS, makeSeries, type Series } from "./make_series.ts";

/** RAM and GPU memory of each watched group and process. */
export function targetSeries(
  data: SessionData,
  groups: SessionSettings["groups"],
): readonly Series[] {
  return data.processes.flatMap(({ target, timesMs, columns, drifts }) => {
    const group = groups.find(({ name }) => name === target);
    const common = { unit: "bytes", gpu: null, owner: target, timesMs } as const;
    return [
      makeSeries(data, {
        ...common,
        id: `rss:${target}`,
        label: `RAM of ${target}`,
        kind: "target_rss",
        limit: group?.ramLimitBytes ?? null,
        values: columns.rssBytes,
      }),
      makeSeries(data, {
        ...common,
        id: `vram:${target}`,
        label: `GPU memory of ${target}`,
        kind: "target_vram",
        limit: group?.vramLimitBytes ?? null,
        values: columns.vramBytes,
        drifts,
      }),
    ];
  });
}

/** What each reporting allocator uses and holds. */
export function allocatorSeries(data: SessionData): readonly Series[] {
  return data.allocators.flatMap(({ pid, gpu, timesMs, columns }) => {
    const owner = pid === null ? "?" : String(pid);
    // A program reports when it likes, not at our ticks.
    const holdMs = HOLD_INTERVALS * Math.max(data.intervalMs, medianDistance(timesMs));
    const common = { unit: "bytes", gpu, owner, limit: null, timesMs, holdMs } as const;
    const whose = `${pid === null ? "an allocator" : `process ${pid}`}${
      gpu === null ? "" : ` on GPU ${gpu}`
    }`;
    return [
      makeSeries(data, {
        ...common,
        id: `allocated:${owner}`,
        label: `Allocated by ${whose}`,
        kind: "allocated",
        values: columns.allocatedBytes,
      }),
      makeSeries(data, {
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
