/** Which unload belongs to which load, and what it gave back. Pure. */
import type { LoadCycle, LoadStep } from "./records.ts";

/** A step with the levels around it. */
export interface LevelStep extends LoadStep {
  /** Level before it, and the lowest one soon behind it: an unload may end in small pieces. */
  readonly before: number;
  readonly settled: number;
}

/** Sizes that differ by less than this share are taken for equal: then the oldest goes first. */
const ALIKE = 0.1;

/** A load that is still there, and whether anything else happened since. */
interface Open {
  readonly load: LevelStep;
  isAlone: boolean;
}

/**
 * Pairs the steps of one series, which are in their order. An unload belongs to the open load of the nearest size; of
 * alike ones to the oldest, since in a rotation the oldest goes. One that is nearer to all open loads together ends
 * them all (the program ended). One without an open load adds to the cycle before it (memory given back in two steps),
 * or is of something that was loaded before the recording, and then there is no cycle.
 *
 * What was given back is the fall from load to unload, against the level before the load where nothing else happened
 * between them; otherwise the sizes of the two steps are compared.
 */
export function cyclesOf(steps: readonly LevelStep[]): readonly LoadCycle[] {
  const open: Open[] = [];
  const cycles: LoadCycle[] = [];
  /** Where the cycle that ended last stands in the list, while an unload may still add to it. */
  let lastAt: number | null = null;
  for (const step of steps) {
    if (step.kind === "load") {
      for (const other of open) other.isAlone = false;
      open.push({ load: step, isAlone: true });
      lastAt = null;
      continue;
    }
    if (open.length === 0) {
      if (lastAt !== null) cycles[lastAt] = prolonged(cycles[lastAt]!, step);
      continue;
    }
    const ended = endedBy(step, open);
    const whole = sum(ended);
    for (const one of ended) {
      open.splice(open.indexOf(one), 1);
      cycles.push(cycle(one, step, whole));
    }
    lastAt = ended.length === 1 ? cycles.length - 1 : null;
    for (const other of open) other.isAlone = false;
  }
  const stillThere = open.map(({ load }) => ({
    series: load.series,
    load: plain(load),
    unload: null,
    returnedRatio: null,
    leftBytes: null,
  }));
  return [...cycles, ...stillThere].sort((a, b) => a.load.startMs - b.load.startMs);
}

/** The step without its levels, as the report has it. */
export function plain({ series, kind, startMs, endMs, bytes, phase }: LoadStep): LoadStep {
  return { series, kind, startMs, endMs, bytes, phase };
}

function endedBy({ bytes }: LevelStep, open: readonly Open[]): readonly Open[] {
  const distance = ({ load }: Open) => Math.abs(load.bytes - bytes);
  const nearest = open.reduce((best, one) => distance(one) < distance(best) ? one : best);
  if (open.length > 1 && Math.abs(sum(open) - bytes) < distance(nearest)) return [...open];
  const oldest = open.find(({ load }) =>
    Math.abs(load.bytes - nearest.load.bytes) <= ALIKE * nearest.load.bytes
  );
  return [oldest ?? nearest];
}

function sum(open: readonly Open[]): number {
  return open.reduce((bytes, { load }) => bytes + load.bytes, 0);
}

function cycle({ load, isAlone }: Open, unload: LevelStep, whole: number): LoadCycle {
  const isOnly = load.bytes === whole;
  const left = isAlone && isOnly
    ? unload.settled - load.before
    : load.bytes - unload.bytes * load.bytes / whole;
  const leftBytes = Math.min(load.bytes, Math.max(0, left));
  return {
    series: load.series,
    load: plain(load),
    unload: plain(unload),
    returnedRatio: 1 - leftBytes / load.bytes,
    leftBytes,
  };
}

/** A cycle whose memory went in more than one step. */
function prolonged(cycle: LoadCycle, step: LevelStep): LoadCycle {
  const unload = cycle.unload!;
  const leftBytes = Math.max(0, cycle.leftBytes! - step.bytes);
  return {
    ...cycle,
    unload: { ...unload, endMs: step.endMs, bytes: unload.bytes + step.bytes },
    leftBytes,
    returnedRatio: 1 - leftBytes / cycle.load.bytes,
  };
}
