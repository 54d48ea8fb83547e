/** Arithmetic on amounts that may not be known. Pure. */
import type { Bytes } from "./records.ts";

/** The higher of two amounts; one that is not known gives way. */
export function higher(a: Bytes, b: Bytes): Bytes {
  return a === null || b === null ? a ?? b : Math.max(a, b);
}

/** The sum, 0 where there is nothing to add; `null` where one amount is not known. */
export function totalOrNull(amounts: readonly Bytes[]): Bytes {
  return amounts.reduce(
    (total, bytes) => total === null || bytes === null ? null : total + bytes,
    0,
  );
}
