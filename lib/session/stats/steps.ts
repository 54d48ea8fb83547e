/** Level shifts: where a series goes from one flat level to another. */

/** A division of points into flat segments. */
export interface Levels {
  /** Index of the first point of each segment but the first. */
  readonly starts: readonly number[];
  /** Sum of the squared distances of the points from the means of their segments. */
  readonly cost: number;
}

/** A segment has at least so many points, so that a single odd one is none. */
const LEAST_POINTS = 3;

/**
 * The best division into 1, 2, … `most` + 1 segments, one of each: optimal, by dynamic programming (Fisher, 1958; Bai
 * and Perron, 2003), in O(most · n²). Shorter where there are not enough points.
 */
export function bestLevels(values: Float64Array, most: number): readonly Levels[] {
  const count = values.length;
  const cost = segmentCost(values);
  let best = Float64Array.from({ length: count + 1 }, (_, to) => cost(0, to));
  const cameFrom: Int32Array[] = [];
  const found: Levels[] = [{ starts: [], cost: best[count]! }];
  for (let shifts = 1; shifts <= most && (shifts + 1) * LEAST_POINTS <= count; shifts++) {
    const next = new Float64Array(count + 1).fill(Infinity);
    const from = new Int32Array(count + 1);
    for (let to = (shifts + 1) * LEAST_POINTS; to <= count; to++) {
      for (let start = shifts * LEAST_POINTS; start <= to - LEAST_POINTS; start++) {
        const total = best[start]! + cost(start, to);
        if (total < next[to]!) [next[to], from[to]] = [total, start];
      }
    }
    cameFrom.push(from);
    best = next;
    found.push({ starts: traced(cameFrom, count), cost: best[count]! });
  }
  return found;
}

function traced(cameFrom: readonly Int32Array[], count: number): number[] {
  const starts: number[] = [];
  let to = count;
  for (const from of cameFrom.toReversed()) {
    to = from[to]!;
    starts.unshift(to);
  }
  return starts;
}

/** The cost of the points from `from` on and before `to` as one segment, from running sums. */
function segmentCost(values: Float64Array): (from: number, to: number) => number {
  const sums = new Float64Array(values.length + 1);
  const squares = new Float64Array(values.length + 1);
  // Around the mean, so that huge numbers that differ little keep their digits.
  const mean = values.reduce((sum, value) => sum + (value - values[0]!) / values.length, 0);
  values.forEach((value, i) => {
    const offset = value - values[0]! - mean;
    sums[i + 1] = sums[i]! + offset;
    squares[i + 1] = squares[i]! + offset * offset;
  });
  return (from, to) => {
    const sum = sums[to]! - sums[from]!;
    return Math.max(0, squares[to]! - squares[from]! - sum * sum / (to - from));
  };
}
