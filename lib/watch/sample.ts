/** One look at the GPUs and at some processes, each part on its own time. */
import { type Failure, toFailure } from "../errors.ts";
import { lateFailure } from "../late.ts";
import type { FindReply, GpuReply, MemoryReply, ReplyTo, Request } from "../protocol.ts";

/** Asks a question of the protocol. */
export type AskQuestion = <R extends Request>(request: R) => Promise<ReplyTo<R["kind"]>>;

/** What is looked at. */
export interface LookRequest {
  /** The processes whose RAM is wanted. */
  readonly pids: readonly number[];
  /** Processes to find by name and size; `null`: none. */
  readonly find: { readonly name: string | null; readonly top: number } | null;
}

/** What was seen. A part is `null` where it was not wanted, failed as a whole, or did not come in time. */
export interface WatchLook {
  /** When it was asked, milliseconds since the epoch. */
  readonly atMs: number;
  readonly gpu: GpuReply | null;
  readonly memory: MemoryReply | null;
  readonly found: FindReply | null;
  /** What failed, apart from the failures that stand in the parts. */
  readonly failures: readonly Failure[];
}

/** Looks once. Never rejects; `cutoff` ends the wait for what has not come by then. */
export async function look(
  ask: AskQuestion,
  { pids, find }: LookRequest,
  cutoff: Promise<void> = new Promise(() => {}),
): Promise<WatchLook> {
  const failures: Failure[] = [];
  const part = async <R extends Request>(what: string, request: R) => {
    const late = cutoff.then(() => {
      throw new Late();
    });
    try {
      return await Promise.race([ask(request), late]);
    } catch (error) {
      failures.push(error instanceof Late ? lateFailure(what) : toFailure(error));
      return null;
    }
  };
  const atMs = Date.now();
  const [gpu, memory, found] = await Promise.all([
    part("the GPUs", { kind: "gpu", processes: true, telemetry: false }),
    pids.length === 0 ? null : part("the RAM of the processes", ramOf(pids)),
    find === null ? null : part("the search for processes", { kind: "find", ...find }),
  ]);
  return { atMs, gpu, memory, found, failures };
}

/** The question for the RAM of processes, and nothing else. */
export function ramOf(pids: readonly number[]) {
  return { kind: "memory", pids, system: false, details: false, pss: false, cpu: false } as const;
}

/** Why nothing came from the drivers: what failed as a whole, or what an answer without devices says. */
export function driverFailures({ gpu, failures }: WatchLook): readonly Failure[] {
  return gpu === null ? failures : gpu.failures;
}

class Late extends Error {
  override readonly name = "Late";
}

/** What is worth a line at each sample: not what is absent here, nor the end of a process. */
export function tellable(failures: readonly Failure[]): Failure[] {
  const known = new Set<string>();
  return failures.filter(({ code, message }) => {
    const isNews = code !== "absent" && code !== "not_supported" && code !== "no_such_process";
    return isNews && !known.has(message) && known.add(message) !== undefined;
  });
}
