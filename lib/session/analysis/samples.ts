/** Samples over time: finding those of a time span, and how long each counts. Pure. */

/** A time span, on the session's steady clock. */
export interface TimeSpan {
  readonly startMs: number;
  readonly endMs: number;
}

/** Numbers over time. */
export interface Samples {
  /** They ascend. */
  readonly timesMs: Float64Array;
  /** NaN: not known. */
  readonly values: Float64Array;
  /** A sample counts until the next one, and at most so long: what comes later is a gap. */
  readonly holdMs: number;
  /** End of the session: the last sample counts until here at most. */
  readonly sessionEndMs: number;
}

/** Samples from the index `from` up to, and without, `to`. */
export interface IndexRange {
  readonly from: number;
  readonly to: number;
}

/** The index of the first sample at or after a moment; the number of samples where there is none. */
export function firstAtOrAfter(timesMs: Float64Array, atMs: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle]! < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The samples of a time span: from its start up to, and without, its end. What ends with the session has the last
 * sample too.
 */
export function rangeOf(
  { timesMs, sessionEndMs }: Pick<Samples, "timesMs" | "sessionEndMs">,
  { startMs, endMs }: TimeSpan,
): IndexRange {
  const from = firstAtOrAfter(timesMs, startMs);
  const to = endMs >= sessionEndMs ? timesMs.length : firstAtOrAfter(timesMs, endMs);
  return { from, to: Math.max(from, to) };
}

/** How long the sample at `index` counts, in milliseconds: until the next, a gap, or `endMs`. */
export function heldMs(
  { timesMs, holdMs, sessionEndMs }: Omit<Samples, "values">,
  index: number,
  endMs: number,
): number {
  const start = timesMs[index]!;
  const next = index + 1 < timesMs.length ? timesMs[index + 1]! : sessionEndMs;
  return Math.max(0, Math.min(next, start + holdMs, endMs) - start);
}

/**
 * The level at a moment: the sample at it, or the last one before it that still counts; `null` where that is not
 * known.
 */
export function levelAt(
  { timesMs, values, holdMs }: Omit<Samples, "sessionEndMs">,
  atMs: number,
): number | null {
  const after = firstAtOrAfter(timesMs, atMs);
  const index = after < timesMs.length && timesMs[after] === atMs ? after : after - 1;
  if (index < 0 || atMs - timesMs[index]! > holdMs) return null;
  const value = values[index]!;
  return Number.isNaN(value) ? null : value;
}

/** The known values of some ranges, in their order, as a copy. */
export function knownValues(
  values: Float64Array,
  ranges: readonly IndexRange[],
): Float64Array {
  let count = 0;
  for (const { from, to } of ranges) {
    for (let i = from; i < to; i++) if (!Number.isNaN(values[i]!)) count += 1;
  }
  const known = new Float64Array(count);
  let at = 0;
  for (const { from, to } of ranges) {
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      if (!Number.isNaN(value)) known[at++] = value;
    }
  }
  return known;
}

/** The highest known value of a range; `null`: nothing in it is known. */
export function highestIn(values: Float64Array, { from, to }: IndexRange): number | null {
  let highest = -Infinity;
  for (let i = from; i < to; i++) if (values[i]! > highest) highest = values[i]!;
  return highest === -Infinity ? null : highest;
}

/** The lowest known value of a range; `null`: nothing in it is known. */
export function lowestIn(values: Float64Array, { from, to }: IndexRange): number | null {
  let lowest = Infinity;
  for (let i = from; i < to; i++) if (values[i]! < lowest) lowest = values[i]!;
  return lowest === Infinity ? null : lowest;
}

/** Whether anything in it is known. */
export function isKnown(values: Float64Array): boolean {
  return lastKnown(values) !== null;
}

/** The last number that is known; `null`: none is. */
export function lastKnown(values: Float64Array): number | null {
  for (let i = values.length - 1; i >= 0; i--) {
    if (!Number.isNaN(values[i]!)) return values[i]!;
  }
  return null;
}
