/** What a series is, and how one is made. Pure. */
import type { Bytes } from "../../records.ts";
import type { SessionData } from "../load/data.ts";
import type { SeriesId } from "./records.ts";
import type { Samples } from "./samples.ts";

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
  /** It is a count that drifts by itself: no growth is judged by it. */
  readonly drifts: boolean;
  /** Above this it is critical, as the settings have it; `null`: they say nothing about it. */
  readonly critical: Bytes;
}

/** A sample counts for at most so many intervals. */
export const HOLD_INTERVALS = 1.5;

/** What makes a series; it counts for as long as the others do unless it says so. */
export type NamedSeries =
  & Omit<Series, "id" | "holdMs" | "sessionEndMs" | "critical" | "drifts">
  & SeriesId
  & {
    readonly holdMs?: number;
    readonly critical?: Bytes;
    readonly drifts?: boolean;
  };

/** A series with what all have. */
export function makeSeries(data: SessionData, { id, label, unit, ...rest }: NamedSeries): Series {
  return {
    holdMs: data.intervalMs * HOLD_INTERVALS,
    sessionEndMs: data.durationMs,
    critical: null,
    drifts: false,
    ...rest,
    id: { id, label, unit },
  };
}
