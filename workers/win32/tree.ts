/** Follows a process and all it started. */
import type { ProcessMemory } from "../../lib/records.ts";

/** Walks trees of processes; keeps when the roots of the last walk began. */
export class TreeReader {
  #startsOfRoots: ReadonlyMap<number, number> = new Map();

  /** Each process of `list` once, a parent before what it started. */
  read(roots: readonly number[], list: ReadonlyMap<number, ProcessMemory>): ProcessMemory[] {
    const startsOfRoots = new Map<number, number>();
    for (const pid of roots) {
      // Of a root that has ended only its start is needed, to know its children by.
      const start = list.get(pid)?.startTicks ?? this.#startsOfRoots.get(pid);
      if (start !== undefined) startsOfRoots.set(pid, start);
    }
    this.#startsOfRoots = startsOfRoots;
    return walkTree(roots, list, startsOfRoots);
  }
}

/** The same with the starts of roots that have ended; those of the others may be among them. */
export function walkTree(
  roots: readonly number[],
  list: ReadonlyMap<number, ProcessMemory>,
  startsOfRoots: ReadonlyMap<number, number>,
): ProcessMemory[] {
  const children = childrenOf(list, startsOfRoots);
  const waiting = new Set(roots);
  // What is added to a set while it is walked is walked too.
  for (const pid of waiting) {
    for (const child of children.get(pid) ?? []) waiting.add(child);
  }
  return [...waiting].flatMap((pid) => list.get(pid) ?? []);
}

/**
 * Who started whom. Windows keeps the number of a parent that has ended, and gives it to others later: a parent is one
 * only if it began before its child.
 */
function childrenOf(
  list: ReadonlyMap<number, ProcessMemory>,
  startsOfRoots: ReadonlyMap<number, number>,
): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const { pid, parentPid, startTicks } of list.values()) {
    if (parentPid === null || startTicks === null) continue;
    // The kernel's own process has no start, and is older than all.
    const parent = list.get(parentPid);
    const start = parent === undefined ? startsOfRoots.get(parentPid) : parent.startTicks ?? 0;
    if (start === undefined || start > startTicks) continue;
    const known = children.get(parentPid);
    if (known === undefined) children.set(parentPid, [pid]);
    else known.push(pid);
  }
  return children;
}
