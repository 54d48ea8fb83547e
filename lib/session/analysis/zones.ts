/** How long the memory was in which zone. Pure. */
import type { Bytes } from "../../records.ts";
import { ramLevelOf, zoneOf } from "../alerts/zones.ts";
import type { SessionSettings } from "../config/settings.ts";
import type { SessionData } from "../load/data.ts";
import type { RamTimes, ZoneTimes } from "./records.ts";
import { heldMs, type TimeSpan } from "./samples.ts";
import type { Series } from "./series.ts";

interface Memory {
  usedBytes: Bytes;
  totalBytes: Bytes;
}

/** Time in each zone, of every GPU. */
export function zoneTimes(
  data: SessionData,
  series: readonly Series[],
  settings: SessionSettings["gpu"],
): readonly ZoneTimes[] {
  return data.gpus.flatMap((track) => {
    const vram = series.find(({ kind, gpu, values }) =>
      kind === "vram" && gpu === track.gpu && values === track.columns.usedBytes
    );
    if (vram === undefined) return [];
    const ms = { safe: 0, caution: 0, critical: 0, unknown: 0 };
    const { usedBytes, totalBytes } = track.columns;
    // One object for all rows, of which there may be a million.
    const memory: Memory = { usedBytes: null, totalBytes: null };
    for (let i = 0; i < usedBytes.length; i++) {
      memory.usedBytes = orNull(usedBytes[i]!);
      memory.totalBytes = orNull(totalBytes[i]!);
      const zone = zoneOf(memory, settings);
      if (zone !== null) ms[zone] += heldMs(vram, i, data.durationMs);
    }
    ms.unknown = rest(data, ms);
    return [{ series: vram.id, ms }];
  });
}

/** Time at each level of the machine's RAM; `null`: the session tells nothing about RAM. */
export function ramTimes(data: SessionData, settings: SessionSettings["ram"]): RamTimes | null {
  if (data.system === null) return null;
  const { timesMs, columns } = data.system;
  const frame = { timesMs, holdMs: 1.5 * data.intervalMs, sessionEndMs: data.durationMs };
  const ms = { normal: 0, elevated: 0, warning: 0, critical: 0, unknown: 0 };
  const memory: Memory = { usedBytes: null, totalBytes: null };
  for (let i = 0; i < timesMs.length; i++) {
    memory.usedBytes = orNull(columns.usedBytes[i]!);
    memory.totalBytes = orNull(columns.totalBytes[i]!);
    const level = ramLevelOf(memory, settings);
    if (level !== null) ms[level] += heldMs(frame, i, data.durationMs);
  }
  ms.unknown = rest(data, ms);
  return { ms };
}

/** Time in which a series was at a level or above it, in milliseconds. */
export function msAtOrAbove(series: Series, level: number, { startMs, endMs }: TimeSpan): number {
  let ms = 0;
  for (let i = 0; i < series.values.length; i++) {
    const time = series.timesMs[i]!;
    if (time >= startMs && series.values[i]! >= level) ms += heldMs(series, i, endMs);
  }
  return ms;
}

function rest({ durationMs }: SessionData, ms: Readonly<Record<string, number>>): number {
  return Math.max(0, durationMs - Object.values(ms).reduce((a, b) => a + b, 0));
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
