/** The unit in which a series is told. */

/** Memory is handed out in pages. */
const PAGE_BYTES = 4096;
/** The largest unit that a source or an allocator counts in: a huge page. */
const LARGEST_BYTES = 2 * 1024 ** 2;

/**
 * The largest power of two that divides all values, from 4 KiB to 2 MiB: some sources tell whole MiB only. 4 KiB where
 * all are 0, which tells nothing.
 */
export function granularityOf(values: Float64Array): number {
  if (values.every((value) => value === 0)) return PAGE_BYTES;
  let unit = LARGEST_BYTES;
  for (const value of values) {
    while (unit > PAGE_BYTES && value % unit !== 0) unit /= 2;
    if (unit === PAGE_BYTES) break;
  }
  return unit;
}
