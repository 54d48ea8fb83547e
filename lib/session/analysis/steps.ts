/**
 * Finds quick large changes of a series: something was loaded or unloaded. Pure.
 *
 * A change is followed from sample to sample while it is faster than the noise and than the slowest step that counts;
 * what lies close together in the same direction is one step, so a model that is loaded over half a minute counts
 * once, and a slow drift counts as none.
 *
 * Over 200 lines because it is one algorithm, whose steps mean little apart.
 */
import { quantileOfSorted } from "../stats/quantile.ts";
import { type IndexRange, knownValues, type TimeSpan } from "./samples.ts";
import type { Series } from "./series.ts";

/** A step is at least so large … */
export const STEP_LEAST_BYTES = 256 * 2 ** 20;
/** … and at least this share of the whole memory … */
export const STEP_LEAST_RATIO = 0.02;
/** … and over within this time, outside of phases that are named as loading. */
export const STEP_MOST_MS = 60_000;
/** Changes in the same direction belong together when they are not further apart than this, or than three samples. */
const PAUSE_MS = 5_000;
const PAUSE_SAMPLES = 3;
/** A change from one sample to the next stands out when it is so many times what goes back and forth. */
const NOISE_FACTOR = 3;
/** A step is so many times larger than what goes back and forth and still counts as noise. */
const STEP_NOISE_FACTOR = 3;
/** Within a change that goes on for long, a step is so many times faster than the rest … */
const CONTRAST = 8;
/** … and is not looked for any more above so many times the change's mean speed. */
const MOST_CONTRAST = 1000;
/** A turn by this share of the step ends it. */
const TURN_SHARE = 0.25;

/** One step. */
export interface Step extends TimeSpan {
  /** Negative: downwards. */
  readonly bytes: number;
  /** Level before and behind it. */
  readonly before: number;
  readonly after: number;
}

/** The smallest change of a series that counts as a step. */
export function leastStep(limit: number | null): number {
  return Math.max(STEP_LEAST_BYTES, STEP_LEAST_RATIO * (limit ?? 0));
}

/**
 * The steps of a series, in their order. Single samples that stand out are taken for errors of measurement.
 *
 * @param slow time spans in which a step may take as long as it likes: phases of loading
 */
export function stepsOf(
  series: Pick<Series, "timesMs" | "values">,
  least: number,
  slow: readonly TimeSpan[] = [],
  range: IndexRange = { from: 0, to: series.timesMs.length },
): readonly Step[] {
  const { times, levels } = smoothed(series, range);
  if (times.length < 2) return [];
  const noise = NOISE_FACTOR * backAndForth(levels);
  const track: Track = {
    times,
    levels,
    noise,
    least: Math.max(least, STEP_NOISE_FACTOR * noise),
    pauseMs: Math.max(PAUSE_MS, PAUSE_SAMPLES * typicalDistance(times)),
  };
  return stepsIn(track, { from: 0, to: times.length - 1 }, least / STEP_MOST_MS, slow);
}

/** Known samples, each the median of itself and its neighbours. */
function smoothed({ timesMs, values }: Pick<Series, "timesMs" | "values">, range: IndexRange) {
  const levels = knownValues(values, [range]);
  const times = new Float64Array(levels.length);
  for (let i = range.from, at = 0; i < range.to; i++) {
    if (!Number.isNaN(values[i]!)) times[at++] = timesMs[i]!;
  }
  let before = levels[0]!;
  for (let i = 1; i + 1 < levels.length; i++) {
    const own = levels[i]!;
    levels[i] = medianOf(before, own, levels[i + 1]!);
    before = own;
  }
  return { times, levels };
}

function medianOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

/** From the sample `from` to the sample `to` it went one way. */
interface Move {
  from: number;
  to: number;
}

/** A series, and what counts in it. */
interface Track {
  readonly times: Float64Array;
  readonly levels: Float64Array;
  /** A change from one sample to the next that says nothing. */
  readonly noise: number;
  /** The smallest step. */
  readonly least: number;
  /** The longest pause within a step. */
  readonly pauseMs: number;
}

/**
 * The steps between two samples, of changes faster than `rate` (bytes a millisecond). Where a change goes on for too
 * long, what is much faster within it is looked for: a load with slow growth before or behind it.
 */
function stepsIn(track: Track, within: Move, rate: number, slow: readonly TimeSpan[]): Step[] {
  return movesOf(track, within, rate).flatMap((move) => {
    const whole = stepOf(track, move);
    if (Math.abs(whole.bytes) < track.least) return [];
    const ms = whole.endMs - whole.startMs;
    const middle = (whole.startMs + whole.endMs) / 2;
    const isSlow = slow.some(({ startMs, endMs }) => startMs <= middle && middle < endMs);
    if (ms <= STEP_MOST_MS || isSlow) return [whole];
    if (rate * ms > Math.abs(whole.bytes) * MOST_CONTRAST) return [];
    return stepsIn(track, move, rate * CONTRAST / 2, slow).filter((step) => {
      const ownMs = step.endMs - step.startMs;
      const rest = Math.abs(whole.bytes - step.bytes) / (ms - ownMs);
      return Math.abs(step.bytes) / ownMs >= CONTRAST * rest;
    });
  });
}

/** Where it went one way, faster than `rate` and than the noise. */
function movesOf(track: Track, within: Move, rate: number): readonly Move[] {
  const { times, levels, noise, least, pauseMs } = track;
  const moves: Move[] = [];
  let open: Move | null = null;
  /** The last sample that moved, either way; and where it began to go back. */
  let lastAt = 0;
  let turnAt: number | null = null;
  for (let i = within.from + 1; i <= within.to; i++) {
    const change = levels[i]! - levels[i - 1]!;
    if (Math.abs(change) < Math.max(rate * (times[i]! - times[i - 1]!), noise)) continue;
    if (change === 0) continue;
    const isNear = times[i - 1]! - times[lastAt]! <= pauseMs;
    lastAt = i;
    if (open === null || !isNear) {
      moves.push(open = { from: i - 1, to: i });
      turnAt = null;
      continue;
    }
    const whole: number = levels[open.to]! - levels[open.from]!;
    const further = Math.sign(whole) * (levels[i]! - levels[open.to]!);
    if (further > 0) {
      open.to = i;
      turnAt = null;
    } else if (Math.sign(change) !== Math.sign(whole)) {
      turnAt ??= i - 1;
      if (-further >= TURN_SHARE * Math.max(Math.abs(whole), least)) {
        moves.push(open = { from: turnAt, to: i });
        turnAt = null;
      }
    }
  }
  return moves;
}

/** A move without the noise at its ends. */
function stepOf({ times, levels, noise }: Track, { from, to }: Move): Step {
  const [low, high] = [levels[from]!, levels[to]!];
  const sign = Math.sign(high - low);
  let start = to - 1;
  while (start > from && sign * (levels[start]! - low) > noise) start -= 1;
  let end = start + 1;
  while (end < to && sign * (high - levels[end]!) > noise) end += 1;
  const [before, after] = [levels[start]!, levels[end]!];
  return { startMs: times[start]!, endMs: times[end]!, bytes: after - before, before, after };
}

/**
 * How far the series goes back and forth from sample to sample: the smaller one of two neighbouring changes, where
 * they go opposite ways. A ramp, however steep, has none. The 90th percentile, since a busy time may be short.
 */
function backAndForth(levels: Float64Array): number {
  const stride = strideOf(levels);
  const reversals = new Float64Array(Math.max(1, Math.ceil((levels.length - 2) / stride)));
  for (let i = 0; i + 2 < levels.length; i += stride) {
    const first = levels[i + 1]! - levels[i]!;
    const second = levels[i + 2]! - levels[i + 1]!;
    if (first * second < 0) reversals[i / stride] = Math.min(Math.abs(first), Math.abs(second));
  }
  return quantileOfSorted(reversals.sort(), 0.9);
}

function typicalDistance(times: Float64Array): number {
  const stride = strideOf(times);
  const distances = new Float64Array(Math.ceil((times.length - 1) / stride));
  for (let i = 0; i < distances.length; i++) {
    distances[i] = times[i * stride + 1]! - times[i * stride]!;
  }
  return quantileOfSorted(distances.sort(), 0.5);
}

/** Noise and intervals are taken from so many samples at most, evenly spread. */
function strideOf(column: Float64Array): number {
  return Math.max(1, Math.floor(column.length / 100_000));
}
