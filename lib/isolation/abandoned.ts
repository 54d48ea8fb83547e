/**
 * Workers that were given up and have not ended: threads inside a native call, children the kernel can't
 * kill. They can't be got rid of, so their number is bounded for the whole host process, and every meter
 * of the process knows what they were reading.
 */
import type { Isolation } from "../options.ts";
import type { SourceName } from "../sources.ts";

/** So many may exist; each costs memory and, in the driver, whatever it holds. */
export const MOST_ABANDONED = 2;

interface Abandoned {
  readonly kind: Isolation;
  readonly source: SourceName | null;
}

const alive = new Set<Abandoned>();

/** Records a worker as given up. Call the returned function when it has ended after all. */
export function recordAbandoned(kind: Isolation, source: SourceName | null): () => void {
  const entry = { kind, source };
  alive.add(entry);
  return () => alive.delete(entry);
}

/** Why no worker of this kind may ask `source` now; `null` where one may. */
export function barredByAbandoned(kind: Isolation, source: SourceName): string | null {
  const same = [...alive].filter((entry) => entry.source === source);
  if (same.length === 0) return null;
  if (kind === "worker" && same.some((entry) => entry.kind === "worker")) {
    // A library's locks belong to the process: a second thread would hang on what the first one holds.
    return "a thread of this process hangs in it, and threads share the library's locks";
  }
  return alive.size < MOST_ABANDONED
    ? null
    : `${alive.size} workers that can't be ended exist already`;
}
