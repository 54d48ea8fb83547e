/**
 * What a report of an allocator means: computed each time, never stored.
 *
 * The limits are shares of what the allocator has reserved, not of the GPU: a full reserve has to grow at the next
 * step, and that is where a program runs out of memory.
 */
import { formatPercent } from "../format.ts";
import type { AllocatorReport } from "./report.ts";

/** How near an allocator is to the end of what it has reserved. */
export type AllocatorHealth = "healthy" | "warning" | "critical";

/** The two numbers that everything here follows from; `null`: never reported. */
export type Held = Pick<AllocatorReport, "allocatedBytes" | "reservedBytes"> | null;

/** From this share on a warning … */
export const WARNING_PERCENT = 75;
/** … and above this one critical. The limit itself is still a warning. */
export const CRITICAL_PERCENT = 90;

/** Allocated as a share of reserved, 0 to 100; 0 where nothing is reserved, `null` where nothing was reported. */
export function memoryUsagePercent(held: Held): number | null {
  if (held === null) return null;
  return held.reservedBytes === 0 ? 0 : (held.allocatedBytes / held.reservedBytes) * 100;
}

/** Share of the reserve that no tensor uses, 0 to 1; 0 where nothing is reserved, `null` where nothing was reported. */
export function fragmentation(held: Held): number | null {
  if (held === null) return null;
  const { allocatedBytes, reservedBytes } = held;
  // Divided once: `1 - 7 / 10` is above 0.3, and so would be above the limit.
  return reservedBytes === 0 ? 0 : (reservedBytes - allocatedBytes) / reservedBytes;
}

/** The state that a share from {@linkcode memoryUsagePercent} stands for; `null` stays `null`. */
export function allocatorHealth(percent: number | null): AllocatorHealth | null {
  if (percent === null) return null;
  if (percent > CRITICAL_PERCENT) return "critical";
  return percent >= WARNING_PERCENT ? "warning" : "healthy";
}

/** Above this share of an unused reserve there is something to do about it. */
export const FRAGMENTED_RATIO = 0.3;

/** What to do about a reserve that no tensor uses; `null` where it is small enough. */
export function fragmentationAdvice(held: Held): string | null {
  const ratio = fragmentation(held);
  if (ratio === null || ratio <= FRAGMENTED_RATIO) return null;
  return `${formatPercent(ratio)} of the reserve is held and not used: ` +
    "use checkpointing of activations, or a smaller batch";
}
