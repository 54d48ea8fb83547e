/** What is remembered of one watched process. */
import type { Failure } from "../errors.ts";
import { PeakTracker } from "../peak.ts";
import type { Bytes, ProcessMemory } from "../records.ts";
import type { SourceName } from "../sources.ts";
import type { Held, HeldOnDevice } from "./held.ts";
import type { Selected } from "./select.ts";

/** What has become of a watched process. */
export type ProcessState =
  /** It is there. */
  | "running"
  /** It has ended. */
  | "exited"
  /** It can't be told: its PID is another namespace's, or `/proc` could not be read. */
  | "unknown";

/** One process at one sample. */
export interface WatchRow {
  readonly pid: number;
  readonly name: string | null;
  readonly state: ProcessState;
  /** Device memory on all watched GPUs; 0 where their lists were read and it is not in them. */
  readonly usedBytes: Bytes;
  /** Change since the last sample in which it was known; 0 at the first. */
  readonly usedDeltaBytes: number | null;
  /** System memory it uses through the GPUs; `null` where the source does not tell. */
  readonly sharedUsedBytes: Bytes;
  readonly sharedDeltaBytes: number | null;
  readonly rssBytes: Bytes;
  readonly rssDeltaBytes: number | null;
  /** The GPUs it uses. */
  readonly devices: readonly HeldOnDevice[];
  /** The source of `usedBytes`; `null` where that is not known. */
  readonly source: SourceName | null;
}

/** Samples of the curve that `--live` draws. */
const CURVE_LENGTH = 120;

/** The history of a process, from the first sample to its end. */
export class ProcessHistory {
  readonly pid: number;
  readonly foreign: boolean;
  readonly used = new PeakTracker();
  readonly shared = new PeakTracker();
  readonly rss = new PeakTracker();
  /** The last known name. Untrusted text. */
  name: string | null;
  state: ProcessState;
  /** Start of the process in ticks since boot, which tells it from another with its PID; `null`: not known. */
  startTicks: number | null = null;
  startedAtMs: number | null = null;
  /** It has ended, and no driver holds anything for it. */
  isOver = false;
  /** It was told that it has ended. */
  endTold = false;
  /** It was told that its name is not known and it grew. */
  growthTold = false;
  /** The GPUs on which it held something when that was last known, by UUID or index. */
  heldOn: ReadonlySet<string> = new Set();
  /** The latest numbers, oldest first. */
  readonly curve: { readonly usedBytes: Bytes; readonly rssBytes: Bytes }[] = [];

  constructor({ pid, name, foreign }: Selected) {
    this.pid = pid;
    this.name = name;
    this.foreign = foreign;
    this.state = foreign ? "unknown" : "running";
  }

  /** The process with this PID now is another one. */
  isAnother(memory: ProcessMemory | null): boolean {
    return memory !== null && this.startTicks !== null && memory.startTicks !== null &&
      memory.startTicks !== this.startTicks;
  }

  /** Takes what a sample told about it. `failures` are those of the question for its RAM. */
  observe(
    memory: ProcessMemory | null,
    failures: readonly Failure[],
    held: Held,
    elapsedMs: number,
  ): WatchRow {
    const hasEnded = this.#hasEnded(memory, failures);
    // A driver may go on holding the memory of a process that has ended.
    const isOver = hasEnded && (held.devices.length === 0 || this.isAnother(memory));
    this.isOver = isOver;
    if (memory !== null && !hasEnded) {
      this.startTicks ??= memory.startTicks;
      this.startedAtMs ??= memory.startedAtMs;
    }
    this.name = memory?.name ?? held.name ?? this.name;
    if (hasEnded) this.state = "exited";
    const rssBytes = hasEnded ? null : memory?.rssBytes ?? null;
    const usedBytes = isOver ? null : held.usedBytes;
    const sharedUsedBytes = isOver ? null : held.sharedUsedBytes;
    const row: WatchRow = {
      pid: this.pid,
      name: this.name,
      state: this.state,
      usedBytes,
      usedDeltaBytes: delta(this.used, usedBytes),
      sharedUsedBytes,
      sharedDeltaBytes: delta(this.shared, sharedUsedBytes),
      rssBytes,
      rssDeltaBytes: delta(this.rss, rssBytes),
      devices: isOver ? [] : held.devices,
      source: usedBytes === null ? null : held.source,
    };
    this.used.observe(usedBytes, elapsedMs);
    this.shared.observe(sharedUsedBytes, elapsedMs);
    this.rss.observe(rssBytes, elapsedMs);
    this.curve.push({ usedBytes, rssBytes });
    if (this.curve.length > CURVE_LENGTH) this.curve.shift();
    return row;
  }

  #hasEnded(memory: ProcessMemory | null, failures: readonly Failure[]): boolean {
    if (this.isAnother(memory)) return true;
    if (memory !== null) return memory.zombie === true;
    return failures.some(({ code, pid }) => code === "no_such_process" && pid === this.pid);
  }

  /** The most it has grown since the first sample, of its memory on or through GPUs. */
  get growthBytes(): number {
    const growth = ({ peakBytes, baselineBytes }: PeakTracker) =>
      (peakBytes ?? 0) - (baselineBytes ?? 0);
    return Math.max(growth(this.used), growth(this.shared));
  }
}

function delta({ lastBytes, observations }: PeakTracker, bytes: Bytes): number | null {
  if (bytes === null) return null;
  return observations === 0 ? 0 : bytes - lastBytes!;
}
