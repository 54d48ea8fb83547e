/** Follows a process and all it started, through `/proc/PID/task/TID/children` (proc(5), CONFIG_PROC_CHILDREN). */
import type { Failure } from "../../lib/errors.ts";
import type { TreeReply } from "../../lib/protocol.ts";
import type { ProcessMemory } from "../../lib/records.ts";
import type { Host } from "../host/host.ts";
import { wholeNumber } from "./fields.ts";
import type { ProcessReader } from "./process.ts";
import { isGone, readFailure, rethrowRefusal } from "./trouble.ts";

/** A process with more threads than this has only its main thread looked at every time, the others every second. */
const FEW_THREADS = 16;
/** How often what is costly is done: many threads, or a look through the whole of `/proc`. */
const SELDOM_MS = 1_000;

/** Walks trees of processes; keeps when it did what is costly. */
export class TreeReader {
  readonly #host: Host;
  readonly #processes: ProcessReader;
  #tellsChildren: boolean | null = null;
  /** Those of the last walk, by PID. */
  #last: ReadonlyMap<number, ProcessMemory> = new Map();
  /** When the threads of a process with many were last looked through, by its PID. */
  #threadsSeenMs = new Map<number, number>();
  #lookedThroughMs = -Infinity;

  constructor(host: Host, processes: ProcessReader) {
    this.#host = host;
    this.#processes = processes;
  }

  /** Each process once, a parent before what it started. What ends meanwhile is left out. */
  read(roots: readonly number[]): Omit<TreeReply, "inCgroup"> {
    const failures: Failure[] = [];
    const found = new Map<number, ProcessMemory>();
    const waiting = [...new Set(roots)];
    const started = this.#startedByLookingThrough();
    const threadsSeenMs = new Map<number, number>();
    for (const pid of waiting) {
      if (found.has(pid)) continue;
      const reading = this.#attempt(pid, "the memory", failures, () => {
        return this.#processes.readAgain(pid, this.#last.get(pid) ?? null, failures);
      });
      if (reading === null) continue;
      found.set(pid, reading.process);
      const children = started?.get(pid) ??
        this.#children(pid, reading.threads, threadsSeenMs, failures);
      waiting.push(...children);
    }
    this.#threadsSeenMs = threadsSeenMs;
    this.#last = found;
    return { kind: "tree", processes: [...found.values()], failures };
  }

  #children(
    pid: number,
    threadCount: number | null,
    threadsSeenMs: Map<number, number>,
    failures: Failure[],
  ): number[] {
    if (this.#tellsChildren === false) return [];
    const folder = `/proc/${pid}/task`;
    const pids: number[] = [];
    for (const thread of this.#threadsToAsk(pid, threadCount, threadsSeenMs, failures)) {
      const text = this.#attempt(pid, "the children", failures, () => {
        return this.#host.readText(`${folder}/${thread}/children`);
      });
      for (const word of text?.split(" ") ?? []) {
        const child = wholeNumber(word);
        if (child !== null) pids.push(child);
      }
    }
    return pids;
  }

  #threadsToAsk(
    pid: number,
    threadCount: number | null,
    threadsSeenMs: Map<number, number>,
    failures: Failure[],
  ): readonly string[] {
    const main = [String(pid)];
    if (threadCount === 1) return main;
    if (threadCount !== null && threadCount > FEW_THREADS) {
      const nowMs = this.#host.now();
      const seenMs = this.#threadsSeenMs.get(pid) ?? -Infinity;
      const isDue = nowMs - seenMs >= SELDOM_MS;
      threadsSeenMs.set(pid, isDue ? nowMs : seenMs);
      if (!isDue) return main;
    }
    return this.#attempt(pid, "the threads", failures, () => {
      return this.#host.list(`/proc/${pid}/task`);
    }) ?? [];
  }

  /** On a kernel that does not tell children: who started whom, from the whole of `/proc`, once a second. */
  #startedByLookingThrough(): Map<number, number[]> | null {
    this.#tellsChildren ??= this.#doesTellChildren();
    const nowMs = this.#host.now();
    if (this.#tellsChildren || nowMs - this.#lookedThroughMs < SELDOM_MS) return null;
    this.#lookedThroughMs = nowMs;
    const started = new Map<number, number[]>();
    for (const process of this.#processes.readAll([])) {
      const { pid, parentPid } = process;
      if (parentPid === null) continue;
      started.set(parentPid, [...started.get(parentPid) ?? [], pid]);
    }
    return started;
  }

  #doesTellChildren(): boolean {
    try {
      this.#host.readText("/proc/thread-self/children");
      return true;
    } catch (error) {
      rethrowRefusal(error);
      return !isGone(error);
    }
  }

  /** What `action` gives; `null` where the process has gone, or with the failure where it can't be read. */
  #attempt<T>(pid: number, what: string, failures: Failure[], action: () => T): T | null {
    try {
      return action();
    } catch (error) {
      rethrowRefusal(error);
      if (!isGone(error)) {
        failures.push(readFailure(error, `${what} of process ${pid}`, "proc", pid));
      }
      return null;
    }
  }
}
