/** Times in which a GPU holds memory, with and without work. Pure. */
import { alignedTo } from "../align.ts";
import { heldMs } from "../samples.ts";
import type { Series } from "../series.ts";
import { type InsightContext, utilizationOf } from "./context.ts";

/** Below this a GPU counts as doing nothing. */
export const IDLE_RATIO = 0.02;
/** Memory that is worth a word: what drivers and desktops hold by themselves is less. */
export const HELD_LEAST_BYTES = 512 * 2 ** 20;
/** The same as a share of the GPU's memory. */
export const HELD_LEAST_RATIO = 0.05;
/** A pause in the work is shorter. */
const PAUSE_MS = 60_000;

/** What a GPU did while it held memory. */
export interface HeldMemory {
  /** Sum of the times of a minute or longer without work. */
  readonly idleMs: number;
  /** The longest of them, and when it began. */
  readonly longestMs: number;
  readonly longestAtMs: number;
  /** Least memory held in the longest one. */
  readonly heldBytes: number;
  /** Time with memory held outside of those, and mean utilisation in it; `null`: there was none. */
  readonly workMs: number;
  readonly workRatio: number | null;
}

/** The least memory of a GPU that counts as held. */
export function leastHeld(limit: number | null): number {
  return Math.max(HELD_LEAST_BYTES, HELD_LEAST_RATIO * (limit ?? 0));
}

/** Goes through a GPU's session; `null`: its utilisation is not known. */
export function heldMemoryOf(context: InsightContext, vram: Series): HeldMemory | null {
  const utilization = utilizationOf(context, vram.gpu);
  if (utilization === undefined) return null;
  const busy = alignedTo(vram.timesMs, utilization);
  const least = leastHeld(vram.limit);
  const total = { idleMs: 0, longestMs: 0, longestAtMs: 0, heldBytes: 0 };
  let workMs = 0;
  let work = 0;
  /** The stretch without work that is going on, and its utilisation, should it be a pause only. */
  let idle = { atMs: 0, ms: 0, bytes: Infinity, work: 0 };
  const end = () => {
    if (idle.ms >= PAUSE_MS) {
      total.idleMs += idle.ms;
      if (idle.ms > total.longestMs) {
        Object.assign(total, {
          longestMs: idle.ms,
          longestAtMs: idle.atMs,
          heldBytes: idle.bytes,
        });
      }
    } else {
      workMs += idle.ms;
      work += idle.work;
    }
    idle = { atMs: 0, ms: 0, bytes: Infinity, work: 0 };
  };
  for (let i = 0; i < busy.length; i++) {
    const bytes = vram.values[i]!;
    const ratio = busy[i]!;
    const ms = heldMs(vram, i, vram.sessionEndMs);
    const isHeld = bytes >= least && !Number.isNaN(ratio);
    if (!isHeld || ratio > IDLE_RATIO) end();
    if (!isHeld) continue;
    if (ratio > IDLE_RATIO) {
      workMs += ms;
      work += ratio * ms;
      continue;
    }
    if (idle.ms === 0) idle.atMs = vram.timesMs[i]!;
    idle.ms += ms;
    idle.bytes = Math.min(idle.bytes, bytes);
    idle.work += ratio * ms;
  }
  end();
  return { ...total, workMs, workRatio: workMs > 0 ? work / workMs : null };
}
