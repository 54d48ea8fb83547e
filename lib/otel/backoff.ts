/** How long to wait before the next attempt. */

/** The waits. */
export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** The wait after the `failures`th failure in a row: doubled each time, less up to half, so that senders spread. */
export function delayOf(
  failures: number,
  { firstMs, mostMs }: Backoff,
  random: () => number = Math.random,
): number {
  const ms = Math.min(mostMs, firstMs * 2 ** (failures - 1));
  return ms * (1 - random() / 2);
}
