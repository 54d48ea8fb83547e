/** The keys that a report on spilling has in the original, in its order. */
export const SPILL_KEYS = [
  "measurable",
  "spilled",
  "observations",
  "baseline_shared_bytes",
  "peak_shared_bytes",
  "peak_dedicated_bytes",
  "dedicated_limit_bytes",
  "total_spill_duration_ms",
  "episodes",
];
