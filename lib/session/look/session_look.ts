/** Takes one synchronized sample of everything: GPUs, machine, targets and the recorder itself. */
import { type Failure, toFailure } from "../../errors.ts";
import { lateFailure } from "../../late.ts";
import type { GpuReply, MemoryReply, RunId } from "../../protocol.ts";
import type { DeviceInfo, ProcessMemory } from "../../records.ts";
import { type Ask, within } from "../../run/ask.ts";
import { GpuLook } from "../../run/gpu_look.ts";
import type { SessionTick, WatchedSample } from "../tick.ts";
import { gapOf, gapText } from "./gap_text.ts";
import { GpuRoster } from "./gpu_roster.ts";
import { Membership } from "./membership.ts";
import { OwnCostMeter } from "./own_cost.ts";
import type { Target } from "./targets.ts";
import { WatchedTargets } from "./watched.ts";

/** What is looked at, and through what. */
export interface LookOptions {
  readonly ask: Ask;
  readonly targets: readonly Target[];
  readonly ownPid: number;
  /** The workers' processes at the moment. */
  readonly workerPids: () => readonly number[];
}

/** One part of a tick: the answer, or why there is none, and how long it took. */
interface Part<T> {
  readonly value: T | null;
  readonly failures: readonly Failure[];
  readonly tookMs: number | null;
}

/** A tick before its place on the schedule is known. */
export type Look = Omit<SessionTick, "tick" | "skipped">;

/** What the search for processes gets before the question for their memory. */
const SEARCH_PATIENCE_MS = 250;
const LATE_SEARCH = gapText({ source: null, code: "slow" });

/** Looks at everything, tick after tick. */
export class SessionLook {
  readonly #options: LookOptions;
  readonly #gpu: GpuLook;
  readonly #roster = new GpuRoster();
  readonly #membership: Membership;
  readonly #watched: WatchedTargets;
  readonly #own = new OwnCostMeter();
  /** Why a target whose members were never looked for has no numbers. */
  #searchGap = LATE_SEARCH;

  constructor(options: LookOptions) {
    this.#options = options;
    const { ask, targets } = options;
    this.#gpu = new GpuLook(ask, { telemetry: true });
    this.#membership = new Membership(ask, targets, (pid) => this.#ownPids.includes(pid));
    this.#watched = new WatchedTargets(targets, this.#membership);
  }

  get #ownPids(): readonly number[] {
    return [this.#options.ownPid, ...this.#options.workerPids()];
  }

  /** The GPUs seen so far. */
  get devices(): readonly DeviceInfo[] {
    return this.#roster.devices;
  }

  /** Watches this process and what it starts, and what is in its cgroup, as the recorded command. */
  follow(pid: number, cgroup: RunId | null = null): void {
    this.#membership.follow(pid, cgroup);
  }

  /** Looks once. Never rejects; what has not come at `cutoff` is a gap. */
  async look(elapsedMs: number, cutoff: Promise<void>): Promise<Look> {
    const atMs = Date.now();
    const [system, gpu] = await Promise.all([
      part("RAM and processes", this.#askSystem(), cutoff),
      part("the GPUs", this.#gpu.look(), cutoff),
    ]);
    const reply = gpu.value?.gpu ?? null;
    const gpuFailures = gpu.value?.failures ?? gpu.failures;
    // Not asked this time is no gap.
    const isAsked = gpu.value === null || gpu.value.isAsked;
    const memory = new Map(system.value?.processes.map((process) => [process.pid, process]));
    return {
      atMs,
      elapsedMs,
      gpus: isAsked ? this.#roster.observe(reply, gpuFailures) : null,
      system: system.value?.system ?? null,
      systemGap: gapOfSystem(system),
      watched: this.#watch(system, memory, reply, elapsedMs),
      own: this.#own.observe(
        this.#ownPids.flatMap((pid) => memory.get(pid) ?? []),
        elapsedMs,
      ),
      systemProbeMs: system.tookMs,
      gpuProbeMs: isAsked ? gpu.tookMs : null,
      failures: [...system.failures, ...system.value?.failures ?? [], ...gpuFailures],
    };
  }

  async #askSystem(): Promise<MemoryReply> {
    const search = this.#membership.discover(performance.now()).then(() => "", gapOfSearch);
    // A search that takes long costs the groups their numbers for a while, and the machine none.
    this.#searchGap = await within(SEARCH_PATIENCE_MS, search) ?? LATE_SEARCH;
    const pids = [...new Set([...this.#ownPids, ...this.#membership.pids])];
    const reply = await this.#options.ask({
      kind: "memory",
      pids,
      system: true,
      details: false,
      pss: false,
      cpu: true,
    });
    // A watched process that has ended is no failure: it holds nothing.
    const failures = reply.failures.filter(({ code }) => code !== "no_such_process");
    return { ...reply, failures };
  }

  #watch(
    system: Part<MemoryReply>,
    memory: ReadonlyMap<number, ProcessMemory>,
    reply: GpuReply | null,
    elapsedMs: number,
  ): readonly WatchedSample[] {
    return isUnread(system)
      ? this.#watched.unread(gapOfSystem(system) ?? "proc not_told")
      : this.#watched.observe(memory, reply, elapsedMs, this.#searchGap);
  }
}

function gapOfSearch(error: unknown): string {
  return gapText(toFailure(error));
}

/** Nothing of `/proc` was read: then nobody can be said to hold nothing. */
function isUnread({ value }: Part<MemoryReply>): boolean {
  return value === null || (value.system === null && value.failures.length > 0);
}

function gapOfSystem({ value, failures }: Part<MemoryReply>): string | null {
  if (value !== null && value.system !== null) return null;
  return gapOf([...failures, ...value?.failures ?? []], "proc not_told");
}

class Late extends Error {
  override readonly name = "Late";
}

async function part<T>(
  what: string,
  answer: Promise<T>,
  cutoff: Promise<void>,
): Promise<Part<T>> {
  const startMs = performance.now();
  try {
    const value = await Promise.race([
      answer,
      cutoff.then(() => {
        throw new Late();
      }),
    ]);
    return { value, failures: [], tookMs: performance.now() - startMs };
  } catch (error) {
    const failure = error instanceof Late ? lateFailure(what) : toFailure(error);
    return { value: null, failures: [failure], tookMs: null };
  }
}
