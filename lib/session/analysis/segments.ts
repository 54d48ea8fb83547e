/** Which phase it was at each moment. Pure. */
import type { PhaseSpan } from "../phase_span.ts";
import type { TimeSpan } from "./samples.ts";

/** A time span in which one phase was the innermost. */
export interface Segment extends TimeSpan {
  readonly phase: PhaseSpan;
}

/**
 * Phases, which may be nested, as time spans without overlap: each belongs to the innermost phase; of equals to the
 * one that began last. Time outside of every phase is left out.
 */
export function segmentsOf(phases: readonly PhaseSpan[]): readonly Segment[] {
  const waiting = [...phases].sort((a, b) => a.startMs - b.startMs || a.depth - b.depth);
  const moments = [...new Set(phases.flatMap(({ startMs, endMs }) => [startMs, endMs]))]
    .sort((a, b) => a - b);
  const segments: Segment[] = [];
  let open: PhaseSpan[] = [];
  let next = 0;
  for (const [i, startMs] of moments.entries()) {
    open = open.filter(({ endMs }) => endMs > startMs);
    while (next < waiting.length && waiting[next]!.startMs <= startMs) open.push(waiting[next++]!);
    open = open.filter(({ endMs }) => endMs > startMs);
    const phase = open.reduce<PhaseSpan | null>(
      (inner, one) => inner === null || one.depth >= inner.depth ? one : inner,
      null,
    );
    const endMs = moments[i + 1];
    if (phase !== null && endMs !== undefined) segments.push({ phase, startMs, endMs });
  }
  return segments;
}

/** The innermost phase at a moment; `null`: none. */
export function phaseAt(segments: readonly Segment[], atMs: number): PhaseSpan | null {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (segments[middle]!.startMs <= atMs) low = middle + 1;
    else high = middle;
  }
  const segment = segments[low - 1];
  return segment === undefined || atMs >= segment.endMs ? null : segment.phase;
}
