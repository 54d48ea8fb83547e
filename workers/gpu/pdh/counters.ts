/** The performance counters that are read, by their English names. */
import type { WddmUsage } from "../../../lib/records.ts";

/** One counter, of every instance. */
export interface Counter {
  readonly path: string;
  /** What it tells. */
  readonly tells: keyof WddmUsage;
}

const counter = (set: string, name: string, tells: Counter["tells"]): Counter => ({
  path: `\\${set}(*)\\${name}`,
  tells,
});

/** Of each GPU. */
export const ADAPTER_COUNTERS: readonly Counter[] = [
  counter("GPU Adapter Memory", "Dedicated Usage", "dedicatedUsageBytes"),
  counter("GPU Adapter Memory", "Shared Usage", "sharedUsageBytes"),
  counter("GPU Adapter Memory", "Total Committed", "totalCommittedBytes"),
  counter("GPU Local Adapter Memory", "Local Usage", "localUsageBytes"),
  counter("GPU Non Local Adapter Memory", "Non Local Usage", "nonLocalUsageBytes"),
];

/** Of each process on each GPU. */
export const PROCESS_COUNTERS: readonly Counter[] = [
  counter("GPU Process Memory", "Dedicated Usage", "dedicatedUsageBytes"),
  counter("GPU Process Memory", "Shared Usage", "sharedUsageBytes"),
  counter("GPU Process Memory", "Total Committed", "totalCommittedBytes"),
  counter("GPU Process Memory", "Local Usage", "localUsageBytes"),
  counter("GPU Process Memory", "Non Local Usage", "nonLocalUsageBytes"),
];
