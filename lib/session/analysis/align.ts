/** Bringing series of different files to the same times. Pure. */
import type { Samples } from "./samples.ts";

/**
 * The values of a series at other times: of the nearest sample, if it is not further than half of what a sample
 * counts for; NaN where there is none. Samples of one tick have the same time, so this matters for recordings whose
 * GPUs were read one after the other.
 */
export function alignedTo(
  timesMs: Float64Array,
  { timesMs: ownTimes, values, holdMs }: Omit<Samples, "sessionEndMs">,
): Float64Array {
  if (isSame(timesMs, ownTimes)) return values;
  const aligned = new Float64Array(timesMs.length).fill(NaN);
  let at = 0;
  for (let i = 0; i < timesMs.length; i++) {
    const time = timesMs[i]!;
    while (
      at + 1 < ownTimes.length &&
      Math.abs(ownTimes[at + 1]! - time) <= Math.abs(ownTimes[at]! - time)
    ) at += 1;
    if (at < ownTimes.length && Math.abs(ownTimes[at]! - time) <= holdMs / 2) {
      aligned[i] = values[at]!;
    }
  }
  return aligned;
}

function isSame(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
