/**
 * Watches processes: which ones, what each holds, what has changed. Everything but the asking is plain
 * computation, so it says the same of a fake machine.
 */
import type { Failure } from "../errors.ts";
import type { DeviceInfo, ProcessMemory } from "../records.ts";
import { NOTHING_TOLD, type RowsByPid, rowsByPid } from "./held.ts";
import type { ProcessHistory, WatchRow } from "./history.ts";
import { Roster } from "./roster.ts";
import { type AskQuestion, look, ramOf, tellable, type WatchLook } from "./sample.ts";
import { ramSource } from "../system.ts";
import { select, type Selected, type Selection } from "./select.ts";
import type { Beginning, WatchEvent, WatchPlan, WatchSample } from "./records.ts";
import { WatchedGpus } from "./watched_gpus.ts";

/** Growth that is told of a process whose name is not known: 256 MiB, as in the original. */
const TELLING_GROWTH_BYTES = 268_435_456;
/** Our own processes may be among the largest, and are then left out: this many more are asked for. */
const OWN_PROCESSES = 3;

/** What one sample was made from. */
interface Seen {
  readonly seen: WatchLook;
  readonly devices: readonly DeviceInfo[];
  readonly byPid: RowsByPid;
  readonly memory: ReadonlyMap<number, ProcessMemory>;
}

/** One watch, from the selection to the last sample. */
export class Watcher {
  readonly #ask: AskQuestion;
  readonly #plan: WatchPlan;
  readonly #roster = new Roster();
  /** The GPUs. */
  readonly gpus: WatchedGpus;
  /** Samples taken, and those of them in which nothing could be read. */
  samples = 0;
  failedSamples = 0;

  constructor(ask: AskQuestion, plan: WatchPlan) {
    this.#ask = ask;
    this.#plan = plan;
    this.gpus = new WatchedGpus(plan.device);
  }

  /** The watched processes that have not ended. */
  get watched(): readonly ProcessHistory[] {
    return this.#roster.watched;
  }

  /** Every process that is or was watched, in the order of their coming. */
  get histories(): readonly ProcessHistory[] {
    return this.#roster.histories;
  }

  /**
   * Finds what to watch. Waits for the drivers as long as they get, or until `cutoff`.
   *
   * @throws {HypomnesisError} `no_such_device` where the device asked for is not there
   * @throws {RangeError} where what was asked for fits several devices
   */
  async begin(cutoff?: Promise<void>): Promise<Beginning> {
    const { pids } = this.#plan;
    const find = pids.length > 0 ? null : this.#findRequest();
    const first = await look(this.#ask, { pids, find }, cutoff);
    const devices = this.gpus.of(first);
    const selection = pids.length > 0 ? given(pids, first) : this.#select(first, devices);
    this.#roster.watch(selection.processes, 0);
    return { selection, look: first, devices };
  }

  #findRequest() {
    return { name: this.#plan.match, top: this.#plan.top + OWN_PROCESSES };
  }

  #select(seen: WatchLook, devices: readonly DeviceInfo[]): Selection {
    const { match, top, followNew, ownPid } = this.#plan;
    // Who follows new work on a GPU waits for it; elsewhere RAM is all there is.
    const orByRam = !followNew || devices.length === 0;
    return select(seen.gpu, devices, seen.found, { match, top, orByRam, ownPid });
  }

  /** Takes a sample; what has not come at `cutoff` is a failure in it. Throws the signal's reason where that ends it. */
  async sample(
    label: string,
    elapsedMs: number,
    cutoff: Promise<void>,
    signal?: AbortSignal,
  ): Promise<WatchSample> {
    const pids = this.watched.filter(({ foreign }) => !foreign).map(({ pid }) => pid);
    const find = this.#plan.followNew ? this.#findRequest() : null;
    const seen = await look(this.#ask, { pids, find }, cutoff);
    signal?.throwIfAborted();
    const devices = this.gpus.of(seen);
    const memory = new Map(seen.memory?.processes.map((process) => [process.pid, process]));
    const events: WatchEvent[] = [];
    if (this.#plan.followNew && (seen.gpu !== null || seen.found !== null)) {
      const change = this.#roster.watch(this.#select(seen, devices).processes, elapsedMs);
      if (change.entered.length > 0 || change.left.length > 0) {
        events.push({ event: "followed", ...change });
        for (const process of await this.#ramOfNew(change.entered, memory, cutoff)) {
          memory.set(process.pid, process);
        }
      }
    }
    this.gpus.observe(label, seen, devices, elapsedMs);
    const byPid = rowsByPid(seen.gpu, devices);
    const rows = this.watched.map((history) => {
      const row = this.#observe(history, { seen, devices, byPid, memory }, events, elapsedMs);
      return { ...row, spilling: this.gpus.isSpilling(row, devices) };
    });
    return this.#sampleOf(seen, { elapsedMs, rows, events, devices });
  }

  #sampleOf(
    seen: WatchLook,
    part: Pick<WatchSample, "elapsedMs" | "rows" | "events" | "devices">,
  ): WatchSample {
    const failures = tellable([
      ...seen.failures,
      ...seen.gpu?.failures ?? [],
      ...seen.memory?.failures ?? [],
      ...seen.found?.failures ?? [],
    ]);
    const failed = seen.gpu === null &&
      (seen.memory === null || seen.memory.processes.length === 0) &&
      failures.length > 0;
    this.samples += 1;
    if (failed) this.failedSamples += 1;
    return { atMs: seen.atMs, ...part, failures, failed };
  }

  #observe(
    history: ProcessHistory,
    { seen, devices, byPid, memory }: Seen,
    events: WatchEvent[],
    elapsedMs: number,
  ): WatchRow {
    const found = history.foreign ? null : memory.get(history.pid) ?? null;
    const isReused = history.isAnother(found);
    const row = history.observe(
      isReused ? null : found,
      isReused ? [goneFailure(history.pid)] : seen.memory?.failures ?? [],
      isReused ? NOTHING_TOLD : this.gpus.held(seen, devices, byPid, history),
      elapsedMs,
    );
    const { pid, name } = history;
    if (history.isOver) this.#roster.end(history, elapsedMs);
    if (history.state === "exited" && !history.endTold) {
      history.endTold = true;
      events.push(
        isReused
          ? { event: "pid_reused", pid, name, newName: found?.name ?? null }
          : { event: "exited", pid, name },
      );
    } else if (
      name === null && !history.growthTold && history.growthBytes >= TELLING_GROWTH_BYTES
    ) {
      history.growthTold = true;
      events.push({ event: "grew_unnamed", pid, grownBytes: history.growthBytes });
    }
    return row;
  }

  /** RAM of processes that came in with this very sample. */
  async #ramOfNew(
    entered: readonly Selected[],
    known: ReadonlyMap<number, ProcessMemory>,
    cutoff: Promise<void>,
  ): Promise<readonly ProcessMemory[]> {
    const pids = entered.filter(({ foreign, pid }) => !foreign && !known.has(pid))
      .map(({ pid }) => pid);
    if (pids.length === 0) return [];
    const asked = this.#ask(ramOf(pids)).then(({ processes }) => processes, () => []);
    return await Promise.race([asked, cutoff.then(() => [])]);
  }
}

/** The processes named by PID, as far as they are there. */
function given(pids: readonly number[], { memory }: WatchLook): Selection {
  const isGone = (pid: number) =>
    memory?.failures.some((failure) => failure.code === "no_such_process" && failure.pid === pid);
  const processes = pids.filter((pid) => !isGone(pid))
    .map((pid) => ({ pid, name: null, foreign: false }));
  return { processes, by: "committed", fitting: processes.length };
}

function goneFailure(pid: number): Failure {
  return { code: "no_such_process", source: ramSource(), message: "", pid };
}
