/**
 * Which processes belong to which target. They are looked for at most once a second, because that reads the whole of
 * `/proc`; what they hold is asked at every tick.
 *
 * Over 200 lines because the ways to find a member share one memory of who is who.
 */
import { unanswered } from "../../answering.ts";
import type { Failure } from "../../errors.ts";
import type { RunId } from "../../protocol.ts";
import type { ProcessMemory } from "../../records.ts";
import type { Ask } from "../../run/ask.ts";
import { COMMAND_TARGET, fits, type Target } from "./targets.ts";

/** Processes are looked for at most this often. */
const EVERY_MS = 1_000;
/** More than any machine has. */
const ALL = 1_000_000;

/** A process, not mistaken for a later one with its PID. */
type Identity = string;

/** Keeps the members of each target. */
export class Membership {
  readonly #ask: Ask;
  readonly #targets: readonly Target[];
  readonly #isOwn: (pid: number) => boolean;
  #members = new Map<string, ReadonlySet<number>>();
  /** Processes that were asked for by PID. */
  readonly #named: ReadonlySet<number>;
  /** Starts of the processes, to tell one from a later one with its PID. */
  readonly #starts = new Map<number, number | null>();
  /** Command lines are read once for each process. */
  #commands = new Map<Identity, readonly string[] | null>();
  /** Targets whose members have been found, or not, at least once. */
  readonly #known = new Set<string>();
  #search: Promise<void> | null = null;
  #command: number | null = null;
  #cgroup: RunId | null = null;
  #notBeforeMs = -Infinity;

  /** `isOwn`: a process of the recorder, which no target has. */
  constructor(ask: Ask, targets: readonly Target[], isOwn: (pid: number) => boolean) {
    this.#ask = ask;
    this.#targets = targets;
    this.#isOwn = isOwn;
    for (const target of targets) {
      this.#members.set(target.name, new Set(pidsOf(target)));
      if (isOfPids(target)) this.#known.add(target.name);
    }
    this.#named = new Set(targets.flatMap(pidsOf));
  }

  /** From now on the tree of this process, and what is in its cgroup, is a target too. */
  follow(pid: number, cgroup: RunId | null): void {
    this.#command = pid;
    this.#cgroup = cgroup;
    this.#members.set(COMMAND_TARGET, new Set([pid]));
    this.#known.add(COMMAND_TARGET);
    this.#notBeforeMs = -Infinity;
  }

  /** The recorded command is a target. */
  get hasCommand(): boolean {
    return this.#command !== null;
  }

  /** Every process of any target. */
  get pids(): readonly number[] {
    return [...new Set([...this.#members.values()].flatMap((pids) => [...pids]))];
  }

  /** The processes of a target. */
  of(target: string): ReadonlySet<number> {
    return this.#members.get(target) ?? new Set();
  }

  /** This is the process it was when it was first seen. */
  isSame({ pid, startTicks }: ProcessMemory): boolean {
    const known = this.#starts.get(pid);
    if (known === undefined || known === null) {
      this.#starts.set(pid, startTicks);
      return true;
    }
    return startTicks === null || startTicks === known;
  }

  /**
   * Looks for new members where it is time to, one search at a time. Rejects where that can't be answered; those known
   * stay.
   */
  discover(nowMs: number): Promise<void> {
    if (this.#search !== null) return this.#search;
    if (nowMs < this.#notBeforeMs) return Promise.resolve();
    this.#notBeforeMs = nowMs + EVERY_MS;
    this.#search = Promise.all([this.#discoverTargets(), this.#discoverTree()]).then(() => {})
      .finally(() => this.#search = null);
    return this.#search;
  }

  /** Whether the members of a target have been looked for; before that, none does not mean that nobody is there. */
  isKnown(target: string): boolean {
    return this.#known.has(target);
  }

  async #discoverTargets(): Promise<void> {
    const kinds = new Set(
      this.#targets.flatMap(({ matchers }) => matchers.map(({ kind }) => kind)),
    );
    if (!kinds.has("name") && !kinds.has("regex")) return;
    const found = kinds.has("regex") ? await this.#findAll() : await this.#findNamed();
    for (const target of this.#targets) {
      const members = new Set(pidsOf(target));
      for (const process of found) {
        const { pid, startTicks } = process;
        if (members.has(pid) || this.#isOwn(pid) || !fits(target, process)) continue;
        members.add(pid);
        if (!this.#named.has(pid)) this.#starts.set(pid, startTicks);
      }
      this.#members.set(target.name, members);
      this.#known.add(target.name);
    }
    this.#forget();
  }

  /** One small answer for each name. */
  async #findNamed(): Promise<readonly ProcessMemory[]> {
    const names = new Set(
      this.#targets.flatMap(({ matchers }) =>
        matchers.flatMap((matcher) => matcher.kind === "name" ? [matcher.name] : [])
      ),
    );
    const answers = await Promise.all(
      [...names].map((name) => this.#ask({ kind: "find", name, top: ALL })),
    );
    return answers.flatMap(told);
  }

  /** A pattern may fit the command line, which has to be read, once for each process. */
  async #findAll(): Promise<readonly ProcessMemory[]> {
    const processes = told(await this.#ask({ kind: "find", name: null, top: ALL }));
    const unknown = processes.filter((process) => !this.#commands.has(identityOf(process)));
    const commands = new Map<Identity, readonly string[] | null>();
    for (const process of processes) {
      const known = this.#commands.get(identityOf(process));
      if (known !== undefined) commands.set(identityOf(process), known);
    }
    if (unknown.length > 0) {
      const pids = unknown.map(({ pid }) => pid);
      const { processes: detailed } = await this.#ask({
        kind: "memory",
        pids,
        system: false,
        details: true,
        pss: false,
        cpu: false,
      });
      for (const process of detailed) commands.set(identityOf(process), process.command);
    }
    this.#commands = commands;
    return processes.map((process) => ({
      ...process,
      command: commands.get(identityOf(process)) ?? null,
    }));
  }

  async #discoverTree(): Promise<void> {
    if (this.#command === null) return;
    const known = this.of(COMMAND_TARGET);
    const roots = [...new Set([this.#command, ...known])];
    const processes = told(await this.#ask({ kind: "tree", roots, cgroup: this.#cgroup }));
    const pids = processes.filter((process) => !this.#isOwn(process.pid) && this.isSame(process))
      .map(({ pid }) => pid);
    this.#members.set(COMMAND_TARGET, new Set(pids));
  }

  /** Keeps what is remembered of processes as small as the processes are many. */
  #forget(): void {
    const pids = new Set(this.pids);
    for (const pid of this.#starts.keys()) if (!pids.has(pid)) this.#starts.delete(pid);
  }
}

/** The processes of an answer. One without any, but with failures, tells nothing. */
function told(
  { processes, failures }: {
    readonly processes: readonly ProcessMemory[];
    readonly failures: readonly Failure[];
  },
): readonly ProcessMemory[] {
  if (processes.length === 0 && failures.length > 0) {
    throw unanswered("which processes there are", failures);
  }
  return processes;
}

function isOfPids({ matchers }: Target): boolean {
  return matchers.every(({ kind }) => kind === "pid");
}

function pidsOf({ matchers }: Target): number[] {
  return matchers.flatMap((matcher) => matcher.kind === "pid" ? [matcher.pid] : []);
}

function identityOf({ pid, startTicks }: ProcessMemory): Identity {
  return `${pid} ${startTicks}`;
}
