/** Which processes belong to a run: pure, from what each look at the tree found. */
import type { SeenProcess } from "../protocol.ts";
import type { ProcessMemory } from "../records.ts";

/**
 * Follows the processes of a tree through time. One whose parent ended is handed to another by the kernel and stays
 * known here; a PID that was given to a process of somebody else is let go.
 */
export class Members {
  readonly #root: number;
  /** Start of each process that was there at the last look, by PID. */
  #known: ReadonlyMap<number, number | null> = new Map();
  #rootSeen = false;

  constructor(root: number) {
    this.#root = root;
  }

  /** The PIDs to begin the next look at. */
  get roots(): number[] {
    return [...new Set([this.#root, ...this.#known.keys()])];
  }

  /** The processes that were there at the last look. */
  get seen(): SeenProcess[] {
    return [...this.#known].map(([pid, startTicks]) => ({ pid, startTicks }));
  }

  /**
   * The processes among `found` (a parent before what it started) that belong to the run.
   *
   * @param inCgroup PIDs that belong to it whoever started them
   */
  accept(
    found: readonly ProcessMemory[],
    inCgroup: readonly number[] = [],
  ): readonly ProcessMemory[] {
    const known = new Map<number, number | null>();
    const numbers = new Map(found.map((process) => [process.pid, process]));
    const accepted: ProcessMemory[] = [];
    for (const process of found) {
      const { pid, parentPid, startTicks } = process;
      const before = this.#known.get(pid);
      const isSame = before !== undefined && before === startTicks;
      const isFirst = pid === this.#root && !this.#rootSeen;
      const isStarted = parentPid !== null && known.has(parentPid);
      if (!isSame && !isFirst && !isStarted && !inCgroup.includes(pid)) continue;
      known.set(pid, startTicks);
      this.#rootSeen ||= pid === this.#root;
      const isNew = before === undefined && pid !== this.#root;
      if (isNew && isNotYetItself(process, numbers.get(parentPid ?? 0))) continue;
      accepted.push(process);
    }
    this.#known = known;
    return accepted;
  }
}

/** Between fork(2) and exec(2) a process shows the memory of its parent, which would count twice. */
function isNotYetItself(process: ProcessMemory, parent: ProcessMemory | undefined): boolean {
  return parent !== undefined && process.rssBytes !== null &&
    process.rssBytes === parent.rssBytes && process.peakRssBytes === parent.peakRssBytes;
}
