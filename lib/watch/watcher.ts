/**
 * Watches processes: which ones, what each holds, what has changed. Everything but the asking is plain
 * computation, so it says the same of a fake machine.
 */
import type { Failure } from "../errors.ts";
import { PeakTracker } from "../peak.ts";
import type { DeviceInfo, ProcessMemory } from "../records.ts";
import { type DeviceSelector, selectDevice } from "../select_device.ts";
import { DeviceSpills } from "../spill_devices.ts";
import {
  type Held,
  heldByProcess,
  NOTHING_TOLD,
  ProcessHistory,
  type WatchRow,
} from "./history.ts";
import { type AskQuestion, look, ramOf, type WatchLook } from "./sample.ts";
import { select, type Selected, type Selection } from "./select.ts";

/** What is watched. */
export interface WatchPlan {
  /** The processes; empty: the largest are selected. */
  readonly pids: readonly number[];
  readonly match: string | null;
  readonly top: number;
  /** Select anew at each sample. */
  readonly followNew: boolean;
  /** The GPU; `undefined`: all. */
  readonly device: DeviceSelector | undefined;
  readonly ownPid: number;
}

/** Something that happened between two samples. */
export type WatchEvent =
  | { readonly event: "exited"; readonly pid: number; readonly name: string | null }
  | {
    readonly event: "pid_reused";
    readonly pid: number;
    readonly name: string | null;
    readonly newName: string | null;
  }
  | {
    readonly event: "followed";
    readonly entered: readonly Selected[];
    readonly left: readonly Selected[];
  }
  | { readonly event: "grew_unnamed"; readonly pid: number; readonly grownBytes: number };

/** One sample. */
export interface WatchSample {
  readonly atMs: number;
  readonly elapsedMs: number;
  readonly rows: readonly (WatchRow & { readonly spilling: boolean | null })[];
  readonly events: readonly WatchEvent[];
  /** What could not be read, apart from what is not on this machine. */
  readonly failures: readonly Failure[];
  /** The watched GPUs. */
  readonly devices: readonly DeviceInfo[];
  /** Nothing at all could be read. */
  readonly failed: boolean;
}

/** Growth that is told of a process whose name is not known: 256 MiB, as in the original. */
const TELLING_GROWTH_BYTES = 268_435_456;

/** One watch, from the selection to the last sample. */
export class Watcher {
  readonly #ask: AskQuestion;
  readonly #plan: WatchPlan;
  readonly #spills = new DeviceSpills();
  readonly #current = new Map<string, ProcessHistory>();
  /** Those that are watched no longer: ended, or displaced from the largest. */
  readonly #past = new Map<string, ProcessHistory>();
  readonly #devicePeaks = new Map<string, { device: DeviceInfo; readonly peak: PeakTracker }>();
  readonly #order: ProcessHistory[] = [];
  /** When each process that has ended was last there. */
  readonly #endedMs = new Map<string, number>();
  samples = 0;
  failedSamples = 0;
  /** Samples in which the drivers could not be asked, for another reason than that there are none. */
  driverFailures: readonly Failure[] = [];
  #driverAnswered = false;

  constructor(ask: AskQuestion, plan: WatchPlan) {
    this.#ask = ask;
    this.#plan = plan;
  }

  /**
   * Finds what to watch, and waits for the drivers as long as they get, or until `cutoff`. Returns what the selection was made by, and
   * the look it was made from.
   *
   * @throws {HypomnesisError} `no_such_device` where the device asked for is not there
   * @throws {RangeError} where what was asked for fits several devices
   */
  async begin(cutoff?: Promise<void>): Promise<{
    readonly selection: Selection;
    readonly look: WatchLook;
    /** The watched GPUs. */
    readonly devices: readonly DeviceInfo[];
  }> {
    const { pids, match, top } = this.#plan;
    const first = await look(this.#ask, {
      pids,
      find: pids.length > 0 ? null : { name: match, top: top + OWN_PROCESSES },
    }, cutoff);
    const devices = this.#devicesOf(first);
    if (pids.length > 0) {
      const there = pids.filter((pid) => !isGone(first, pid));
      const processes = there.map((pid) => ({ pid, name: null, foreign: false }));
      this.#setCurrent(processes);
      const selection: Selection = { processes, by: "committed", fitting: there.length };
      return { selection, look: first, devices };
    }
    const selection = select(first.gpu, devices, first.found, this.#rule(devices));
    this.#setCurrent(selection.processes);
    return { selection, look: first, devices };
  }

  #rule(devices: readonly DeviceInfo[]) {
    const { match, top, followNew, ownPid } = this.#plan;
    // Who follows new work on a GPU waits for it; elsewhere RAM is all there is.
    return { match, top, orByRam: !followNew || devices.length === 0, ownPid };
  }

  /** The watched processes that have not ended. */
  get watched(): readonly ProcessHistory[] {
    return [...this.#current.values()];
  }

  /** Every process that was ever watched, in the order of their coming. */
  get histories(): readonly ProcessHistory[] {
    return this.#order;
  }

  /** The trackers of the GPUs. */
  get spills(): DeviceSpills {
    return this.#spills;
  }

  /** The highest used memory of each GPU. */
  get devicePeaks(): readonly { readonly device: DeviceInfo; readonly peak: PeakTracker }[] {
    return [...this.#devicePeaks.values()];
  }

  /** The drivers answered at least once. */
  get driverAnswered(): boolean {
    return this.#driverAnswered;
  }

  /** Takes a sample; what has not come at `cutoff` is a failure in it. Throws the signal's reason where that ends it. */
  async sample(
    label: string,
    elapsedMs: number,
    cutoff: Promise<void>,
    signal?: AbortSignal,
  ): Promise<WatchSample> {
    const { followNew, match, top } = this.#plan;
    const ours = this.watched.filter(({ foreign }) => !foreign).map(({ pid }) => pid);
    const seen = await look(this.#ask, {
      pids: ours,
      find: followNew ? { name: match, top: top + OWN_PROCESSES } : null,
    }, cutoff);
    signal?.throwIfAborted();
    const devices = this.#devicesOf(seen);
    const memory = new Map(seen.memory?.processes.map((process) => [process.pid, process]));
    const events: WatchEvent[] = [];
    if (followNew && (seen.gpu !== null || seen.found !== null)) {
      const selection = select(seen.gpu, devices, seen.found, this.#rule(devices));
      const change = this.#setCurrent(
        selection.processes.filter((process) =>
          elapsedMs - (this.#endedMs.get(keyOf(process)) ?? -Infinity) > STALE_MS
        ),
      );
      if (change.entered.length > 0 || change.left.length > 0) {
        events.push({ event: "followed", ...change });
        for (const process of await this.#ramOfNew(change.entered, memory, cutoff)) {
          memory.set(process.pid, process);
        }
      }
    }
    this.#spills.observe(label, devices, elapsedMs);
    this.#observeDevices(seen, devices, elapsedMs);
    const rows = this.watched.map((history) => {
      const row = this.#observe(history, seen, devices, memory, events, elapsedMs);
      return { ...row, spilling: this.#isSpilling(row, devices) };
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
    seen: WatchLook,
    devices: readonly DeviceInfo[],
    memory: ReadonlyMap<number, ProcessMemory>,
    events: WatchEvent[],
    elapsedMs: number,
  ): WatchRow {
    const found = history.foreign ? null : memory.get(history.pid) ?? null;
    const isReused = history.isAnother(found);
    const row = history.observe(
      isReused ? null : found,
      isReused ? [goneFailure(history.pid)] : seen.memory?.failures ?? [],
      isReused ? NOTHING_TOLD : this.#held(seen, devices, history),
      elapsedMs,
    );
    const { pid, name } = history;
    if (history.isOver) {
      this.#current.delete(keyOf(history));
      this.#endedMs.set(keyOf(history), elapsedMs);
    }
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

  /** What it holds; not known while a GPU on which it held something is missing from the answer. */
  #held(seen: WatchLook, devices: readonly DeviceInfo[], history: ProcessHistory): Held {
    const held = heldByProcess(seen.gpu, devices, history);
    const present = new Set(devices.map(deviceKey));
    if ([...history.heldOn].some((key) => !present.has(key))) {
      return { ...held, usedBytes: null, sharedUsedBytes: null };
    }
    if (held.usedBytes !== null) {
      history.heldOn = new Set(
        devices.filter(({ index }) => held.devices.some(({ deviceIndex }) => deviceIndex === index))
          .map(deviceKey),
      );
    }
    return held;
  }

  #isSpilling(row: WatchRow, devices: readonly DeviceInfo[]): boolean | null {
    const used = devices.filter(({ index }) =>
      row.devices.some(({ deviceIndex }) => deviceIndex === index)
    );
    // A process on no GPU is shown what the GPUs do, as the original shows it on every row.
    const asked = (used.length > 0 ? used : devices).map((device) =>
      this.#spills.isSpilling(device)
    );
    return asked.includes(true) ? true : asked.includes(false) ? false : null;
  }

  #observeDevices(
    { gpu, failures }: WatchLook,
    devices: readonly DeviceInfo[],
    elapsedMs: number,
  ): void {
    const why = tellable(gpu?.failures ?? failures);
    if (gpu !== null && (gpu.devices.length > 0 || why.length === 0)) this.#driverAnswered = true;
    else this.driverFailures = why;
    for (const device of devices) {
      const key = deviceKey(device);
      const known = this.#devicePeaks.get(key) ?? { device, peak: new PeakTracker() };
      known.device = device;
      known.peak.observe(device.usedBytes, elapsedMs);
      this.#devicePeaks.set(key, known);
    }
  }

  /** The watched GPUs of an answer. That the one asked for is not there is an error when it is first looked for. */
  #devicesOf({ gpu }: WatchLook): readonly DeviceInfo[] {
    const { device } = this.#plan;
    if (gpu === null || device === undefined) return gpu?.devices ?? [];
    if (!this.#driverAnswered) return [selectDevice(gpu.devices, device, gpu.failures)];
    try {
      return [selectDevice(gpu.devices, device)];
    } catch {
      return [];
    }
  }

  /** Watches these and no others. Who comes back has its history. */
  #setCurrent(processes: readonly Selected[]): { entered: Selected[]; left: Selected[] } {
    const wanted = new Set(processes.map(keyOf));
    const entered: Selected[] = [];
    const left: Selected[] = [];
    for (const [key, history] of this.#current) {
      if (wanted.has(key)) continue;
      this.#current.delete(key);
      this.#past.set(key, history);
      left.push({ pid: history.pid, name: history.name, foreign: history.foreign });
    }
    for (const process of processes) {
      const key = keyOf(process);
      if (this.#current.has(key)) continue;
      const history = this.#past.get(key) ?? new ProcessHistory(process);
      this.#past.delete(key);
      this.#current.set(key, history);
      if (!this.#order.includes(history)) this.#order.push(history);
      entered.push(process);
    }
    return { entered, left };
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

/** A list may name a process that has ended for so long. */
const STALE_MS = 2_000;
/** Our own processes may be among the largest, and are then left out: this many more are asked for. */
const OWN_PROCESSES = 3;

function keyOf({ pid, foreign }: { readonly pid: number; readonly foreign: boolean }): string {
  return `${foreign} ${pid}`;
}

function deviceKey({ uuid, index }: DeviceInfo): string {
  return uuid ?? String(index);
}

function isGone({ memory }: WatchLook, pid: number): boolean {
  return memory?.failures.some((failure) =>
    failure.code === "no_such_process" && failure.pid === pid
  ) ?? false;
}

function goneFailure(pid: number): Failure {
  return { code: "no_such_process", source: "proc", message: "", pid };
}

/** What is worth a line at each sample: not what is absent here, nor the end of a process. */
function tellable(failures: readonly Failure[]): Failure[] {
  const known = new Set<string>();
  return failures.filter(({ code, message }) => {
    const isNews = code !== "absent" && code !== "not_supported" && code !== "no_such_process";
    return isNews && !known.has(message) && known.add(message) !== undefined;
  });
}
