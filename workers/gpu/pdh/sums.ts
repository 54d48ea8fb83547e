/** The values of several counters, put together by GPU, or by process and GPU. Pure. */
import type { WddmUsage } from "../../../lib/records.ts";
import { sumBytes } from "../sum_bytes.ts";
import type { Counter } from "./counters.ts";
import { type Instance, isTotal, parseInstance } from "./instances.ts";
import { isValid, type Item } from "./items.ts";

/** The values of one counter; `null`: it could not be read. */
export interface CounterItems {
  readonly counter: Counter;
  readonly items: readonly Item[] | null;
}

/** One GPU, or one process on it, with the sums over its instances. */
export interface Usage extends Instance {
  readonly usage: WddmUsage;
}

/** What could not be used. */
export interface Unusable {
  /** Names that are none of an instance. */
  readonly names: number;
  /** Values whose status says that they are none, by that status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Values that no memory has: below 0, or above 2^53-1. */
  readonly values: number;
}

const NOTHING: WddmUsage = {
  dedicatedUsageBytes: null,
  sharedUsageBytes: null,
  totalCommittedBytes: null,
  localUsageBytes: null,
  nonLocalUsageBytes: null,
};

/**
 * Sums by GPU (`of` is `"adapter"`), or by process and GPU, in order of GPU and PID. A sum with a part that is not
 * known is not known.
 */
export function sumUp(
  counters: readonly CounterItems[],
  of: "adapter" | "process",
): { usages: Usage[]; unusable: Unusable } {
  const usages = new Map<string, Instance & { usage: Record<keyof WddmUsage, number | null> }>();
  const statuses = new Map<number, number>();
  let names = 0;
  let values = 0;
  for (const { counter: { tells }, items } of counters) {
    const counted = new Set<string>();
    for (const { name, status, value } of items ?? []) {
      if (name !== null && isTotal(name)) continue;
      const instance = name === null ? null : parseInstance(name);
      if (instance === null || (instance.pid === null) !== (of === "adapter")) {
        names++;
        continue;
      }
      if (!isValid(status)) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      else if (value === null) values++;
      const key = `${instance.luid} ${instance.pid}`;
      let entry = usages.get(key);
      if (entry === undefined) usages.set(key, entry = { ...instance, usage: { ...NOTHING } });
      const before = counted.has(key) ? entry.usage[tells] : 0;
      entry.usage[tells] = sumBytes(before, value);
      counted.add(key);
    }
  }
  const sorted = [...usages.values()].sort((a, b) =>
    a.luid < b.luid ? -1 : a.luid > b.luid ? 1 : (a.pid ?? 0) - (b.pid ?? 0)
  );
  return { usages: sorted, unusable: { names, statuses, values } };
}
