/** Reports that allocators made to a server, each handed on once. */
import type { AllocatorReport } from "../telemetry/report.ts";
import type { AllocatorState } from "../telemetry/board.ts";

/** Looks for new ones again and again. */
export class FollowedReports {
  readonly #ask: () => Promise<readonly AllocatorState[]>;
  readonly #take: (report: AllocatorReport) => void;
  /** What was made before the first look belongs to another recording. */
  #seenMs: ReadonlyMap<string, number> | null = null;

  /** `take` gets each report. */
  constructor(
    ask: () => Promise<readonly AllocatorState[]>,
    take: (report: AllocatorReport) => void,
  ) {
    this.#ask = ask;
    this.#take = take;
  }

  /** Looks once. A server that does not answer is told of by the samples themselves. */
  async look(): Promise<void> {
    const states = await this.#ask().catch(() => null);
    if (states === null) return;
    const seenMs = this.#seenMs;
    this.#seenMs = new Map(states.map((state) => [keyOf(state), state.atMs]));
    if (seenMs === null) return;
    for (const state of [...states].reverse()) {
      if (seenMs.get(keyOf(state)) === state.atMs) continue;
      const { allocatedBytes, reservedBytes, peakBytes, device, pid, step } = state;
      this.#take({ allocatedBytes, reservedBytes, peakBytes, device, pid, step });
    }
  }
}

function keyOf({ pid, device }: AllocatorState): string {
  return `${pid} ${device}`;
}
