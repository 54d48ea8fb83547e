/** The processes that a run was seen to have: how many, and the largest of them, in bounded memory. Pure. */
import { higher } from "../bytes.ts";
import { PeakTracker } from "../peak.ts";
import type { Bytes, ProcessMemory } from "../records.ts";
import type { RunProcess } from "./report.ts";

/** Processes told in the report. */
const LARGEST = 3;
/** Processes remembered; with twice as many the smaller half is forgotten. */
const REMEMBERED = 256;

interface SeenProcess {
  readonly pid: number;
  name: string | null;
  peakRssBytes: Bytes;
  peakVramBytes: Bytes;
}

/** Counts processes and keeps the peaks of the largest. */
export class SeenProcesses {
  #remembered = new Map<string, SeenProcess>();
  /** One that was forgotten as small and is still there is no new one. */
  #atLastLook: ReadonlySet<string> = new Set();
  readonly #rss = new PeakTracker();
  #count = 0;

  /** How many there were in all. */
  get count(): number {
    return this.#count;
  }

  /** The highest resident set of a single one; `null` before one is known. */
  get peakRssBytes(): Bytes {
    return this.#rss.peakBytes;
  }

  /** Takes the processes of one look. */
  see(processes: readonly ProcessMemory[], elapsedMs: number): void {
    const now = new Set<string>();
    for (const process of processes) {
      const key = keyOf(process);
      now.add(key);
      if (!this.#atLastLook.has(key) && !this.#remembered.has(key)) this.#count += 1;
      const seen = this.#remembered.get(key) ??
        { pid: process.pid, name: null, peakRssBytes: null, peakVramBytes: null };
      const rssBytes = process.peakRssBytes ?? process.rssBytes;
      seen.name = process.name ?? seen.name;
      seen.peakRssBytes = higher(seen.peakRssBytes, rssBytes);
      this.#remembered.set(key, seen);
      this.#rss.observe(rssBytes, elapsedMs);
    }
    this.#atLastLook = now;
    if (this.#remembered.size > 2 * REMEMBERED) this.#forgetSmall();
  }

  #forgetSmall(): void {
    const kept = [...this.#remembered].sort(([, a], [, b]) => bySize(a, b)).slice(0, REMEMBERED);
    this.#remembered = new Map(kept);
  }

  /** Takes what a process holds on all GPUs together. */
  seeVram(process: ProcessMemory, bytes: Bytes): void {
    const seen = this.#remembered.get(keyOf(process));
    if (seen !== undefined) seen.peakVramBytes = higher(seen.peakVramBytes, bytes);
  }

  /** The largest so far. */
  largest(): RunProcess[] {
    return [...this.#remembered.values()].sort(bySize).slice(0, LARGEST)
      .map((process) => ({ ...process }));
  }
}

function keyOf({ pid, startTicks }: ProcessMemory): string {
  return `${pid} ${startTicks}`;
}

function bySize(a: SeenProcess, b: SeenProcess): number {
  const size = ({ peakRssBytes, peakVramBytes }: SeenProcess) =>
    (peakRssBytes ?? 0) + (peakVramBytes ?? 0);
  return size(b) - size(a) || a.pid - b.pid;
}
