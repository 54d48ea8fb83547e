/**
 * Curves on one axis of time, with so few points that a page can hold them. Pure.
 *
 * Where every sample fits, every sample is there. Else the time is cut into equal buckets with two places each, which
 * hold the lowest and the highest number of the bucket in the order in which they came: no peak is lost, nothing is
 * averaged, and nothing is drawn where nothing was measured.
 */

/** Numbers over time; NaN: not known. */
export interface Course {
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  /** What comes later than this after a sample is a gap. */
  readonly holdMs: number;
}

type Point = number | null | false;

/** The curves on their axis. */
export interface OnOneAxis {
  readonly timesMs: readonly number[];
  /** Length of a bucket; `null`: every sample is there. */
  readonly bucketMs: number | null;
  readonly values: readonly (readonly Point[])[];
}

/** Puts the courses on one axis of at most `mostPoints` places. */
export function onOneAxis(
  courses: readonly Course[],
  durationMs: number,
  mostPoints: number,
): OnOneAxis {
  const times = timesOf(courses, mostPoints);
  if (times !== null) {
    const places = new Map(times.map((time, place) => [time, place]));
    return {
      timesMs: times,
      bucketMs: null,
      values: courses.map((course) => exactly(course, times, places)),
    };
  }
  const buckets = Math.max(1, Math.floor(mostPoints / 2));
  const bucketMs = durationMs / buckets;
  const timesMs = Array.from(
    { length: 2 * buckets },
    (_, place) => Math.round(bucketMs * (Math.floor(place / 2) + (place % 2 === 0 ? 0.25 : 0.75))),
  );
  const values = courses.map((course) => inBuckets(course, buckets, bucketMs));
  return { timesMs, bucketMs, values };
}

/** All moments of all courses, and one within each gap; `null`: too many. */
function timesOf(courses: readonly Course[], most: number): number[] | null {
  const times = new Set<number>();
  for (const { timesMs, holdMs } of courses) {
    for (let i = 0; i < timesMs.length; i++) {
      times.add(timesMs[i]!);
      if (isGapAfter(timesMs, i, holdMs)) times.add(timesMs[i]! + holdMs);
      if (times.size > most) return null;
    }
  }
  return [...times].sort((a, b) => a - b);
}

function isGapAfter(timesMs: Float64Array, i: number, holdMs: number): boolean {
  return i + 1 < timesMs.length && timesMs[i + 1]! - timesMs[i]! > holdMs;
}

function exactly(
  { timesMs, values, holdMs }: Course,
  times: readonly number[],
  places: ReadonlyMap<number, number>,
): Point[] {
  const points: Point[] = new Array(times.length).fill(false);
  for (let i = 0; i < timesMs.length; i++) {
    const value = values[i]!;
    points[places.get(timesMs[i]!)!] = Number.isNaN(value) ? null : value;
    if (isGapAfter(timesMs, i, holdMs)) points[places.get(timesMs[i]! + holdMs)!] = null;
  }
  return points;
}

function inBuckets(
  { timesMs, values, holdMs }: Course,
  buckets: number,
  bucketMs: number,
): Point[] {
  const points: Point[] = new Array(2 * buckets).fill(false);
  let i = 0;
  let lastMs = -Infinity;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const endMs = bucket === buckets - 1 ? Infinity : (bucket + 1) * bucketMs;
    const seen = { low: -1, high: -1, samples: 0 };
    for (; i < timesMs.length && timesMs[i]! < endMs; i++) {
      const value = values[i]!;
      seen.samples++;
      lastMs = timesMs[i]!;
      if (Number.isNaN(value)) continue;
      if (seen.low < 0 || value < values[seen.low]!) seen.low = i;
      if (seen.high < 0 || value > values[seen.high]!) seen.high = i;
    }
    const at = 2 * bucket;
    if (seen.low >= 0) {
      points[at] = values[Math.min(seen.low, seen.high)]!;
      points[at + 1] = seen.low === seen.high ? false : values[Math.max(seen.low, seen.high)]!;
    } else if (seen.samples > 0 || (bucket + 1) * bucketMs - lastMs > holdMs) {
      points[at] = points[at + 1] = null;
    }
  }
  return points;
}
