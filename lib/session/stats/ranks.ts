/** Ranks of numbers. */
import type { Numbers } from "./quantile.ts";

/** The rank of each number, from 1; equal ones share the mean of their ranks. */
export function ranksOf(values: Numbers): Float64Array {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to += 1;
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

/** How many numbers each group of equal ones has, groups of one left out. */
export function tiesOf(values: Numbers): readonly number[] {
  const sorted = Float64Array.from(values).sort();
  const ties: number[] = [];
  for (let from = 0; from < sorted.length;) {
    let to = from + 1;
    while (to < sorted.length && sorted[to] === sorted[from]) to += 1;
    if (to - from > 1) ties.push(to - from);
    from = to;
  }
  return ties;
}
