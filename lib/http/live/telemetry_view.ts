/** What allocators told, as it is asked for. */
import type { Failure } from "../../failures.ts";
import type { MemoryAlarms } from "../../telemetry/alarm.ts";
import type { AllocatorState } from "../../telemetry/board.ts";

/** Every allocator heard from, and the alarm over all memories. */
export interface TelemetryView extends MemoryAlarms {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** That of the fresh allocator nearest to the end of its reserve, 0 to 100; `null` where none is fresh. */
  readonly memoryUsagePercent: number | null;
  /** The latest first. */
  readonly allocators: readonly AllocatorState[];
  /** Why something is not in the alarm. */
  readonly failures: readonly Failure[];
}
