/** Order statistics of numbers without NaN. */

/** Numbers in an array that is indexed from 0. */
export type Numbers = ArrayLike<number>;

/**
 * The quantile of ascending numbers, interpolated linearly between neighbours: type 7 of Hyndman and Fan, 1996.
 *
 * @param sorted ascending and without NaN
 * @param share between 0 (the lowest) and 1 (the highest)
 * @throws {RangeError} when there are no numbers, or `share` is not between 0 and 1
 */
export function quantileOfSorted(sorted: Numbers, share: number): number {
  if (sorted.length === 0) throw new RangeError("Cannot tell a quantile of no numbers");
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`Cannot tell the quantile ${share}: give a share from 0 to 1`);
  }
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (place - below);
}

/** The middle number, or the mean of the two in the middle; `null` when there are none. */
export function median(values: Numbers): number | null {
  return values.length === 0 ? null : quantileOfSorted(Float64Array.from(values).sort(), 0.5);
}

/** The median of the distances from the median, not scaled to a standard deviation; `null` when there are none. */
export function medianAbsoluteDeviation(values: Numbers): number | null {
  const middle = median(values);
  return middle === null
    ? null
    : median(Float64Array.from(values, (value) => Math.abs(value - middle)));
}

/**
 * The number that would stand at `index` if all were in order: Hoare's selection, in linear time on average.
 * Changes the order of `values`: what is before `index` is not higher afterwards, what is behind not lower.
 */
export function selectInPlace(values: Float64Array, index: number): number {
  let from = 0;
  let to = values.length - 1;
  while (from < to) {
    const pivot = values[(from + to) >> 1]!;
    let left = from;
    let right = to;
    while (left <= right) {
      while (values[left]! < pivot) left += 1;
      while (values[right]! > pivot) right -= 1;
      if (left > right) break;
      const swapped = values[left]!;
      values[left++] = values[right]!;
      values[right--] = swapped;
    }
    if (index <= right) to = right;
    else if (index >= left) from = left;
    else break;
  }
  return values[index]!;
}
