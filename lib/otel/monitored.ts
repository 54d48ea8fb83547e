/** Which processes are told of one by one. Each makes series of its own, so they are asked for, and bounded. */
import type { Reading } from "../reading/reading.ts";
import { isOurs } from "../snapshot.ts";

/** So many processes are told of unless another number is asked for. */
export const MOST_PROCESSES = 32;

/** The processes that are asked for. */
export interface Monitored {
  /**
   * Processes by PID.
   * @default none
   */
  readonly pids?: readonly number[];
  /**
   * The processes that use a GPU too.
   * @default false
   */
  readonly gpuProcesses?: boolean;
  /**
   * So many at most: first `pids` in their order, then those with the most GPU memory.
   * @default 32
   */
  readonly maxProcesses?: number;
}

/** The PIDs to tell of at this reading. */
export function monitoredPids(
  { gpu }: Reading,
  { pids = [], gpuProcesses = false, maxProcesses = MOST_PROCESSES }: Monitored,
): readonly number[] {
  const held = new Map<number, number>();
  for (const row of gpuProcesses ? gpu?.processes ?? [] : []) {
    if (!isOurs(row, gpu!.foreignPids)) continue;
    held.set(row.pid, (held.get(row.pid) ?? 0) + (row.usedBytes ?? 0));
  }
  const users = [...held].sort(([pid, bytes], [other, others]) => others - bytes || pid - other);
  return [...new Set([...pids, ...users.map(([pid]) => pid)])].slice(0, maxProcesses);
}

/**
 * @throws {RangeError} where a PID is none, or the number of processes is no whole number from 0 on
 */
export function checkMonitored({ pids = [], maxProcesses = MOST_PROCESSES }: Monitored): void {
  const wrong = pids.find((pid) => !Number.isSafeInteger(pid) || pid < 1);
  if (wrong !== undefined) {
    throw new RangeError(`Cannot monitor process ${wrong}: give a whole number from 1 on`);
  }
  if (!Number.isSafeInteger(maxProcesses) || maxProcesses < 0) {
    throw new RangeError(
      `Cannot monitor ${maxProcesses} processes: give a whole number from 0 on`,
    );
  }
}
