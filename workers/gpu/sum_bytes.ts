/** Sums of numbers of bytes that may be unknown. Pure. */
import type { Bytes } from "../../lib/records.ts";

/** Both together; `null` where one is not known, and above 2^53-1, which no memory is. */
export function sumBytes(one: Bytes, other: Bytes): Bytes {
  if (one === null || other === null) return null;
  const sum = one + other;
  return Number.isSafeInteger(sum) ? sum : null;
}
