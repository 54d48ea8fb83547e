/**
 * One lane: a worker for one kind of question, replaced when it is lost, with the sources that took it
 * down left alone for a while.
 *
 * A question is asked again without a source that was slow, hung or crashed, until it is answered or no
 * source is left. So a caller gets an answer in time, with the reason for each source that is not in it.
 *
 * Over 200 lines because it is one state machine: its states mean nothing apart from each other.
 */
import type { Failure, FailureCode } from "../errors.ts";
import type { Isolation, Settings } from "../options.ts";
import {
  type ElementaryReply,
  type ElementaryRequest,
  PROTOCOL_VERSION,
  type WorkerConfig,
} from "../protocol.ts";
import { ownPid } from "../own_process.ts";
import { type Lane as LaneName, type SourceName, sourcesOf } from "../sources.ts";
import { barredByAbandoned } from "./abandoned.ts";
import {
  barredFailure,
  closedFailure,
  confinedFailure,
  failureOf,
  slowFailure,
} from "./lane_failures.ts";
import type { StartLink } from "./link.ts";
import { Quarantine } from "./quarantine.ts";
import { backgroundTimer, type Timer } from "./timers.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** How workers are started; tests put their own in its place. */
export interface Starters {
  readonly worker: StartLink;
  readonly process: StartLink;
  /** A child may be started here. */
  readonly mayStartChild: () => boolean;
}

/** The answer of a lane: the reply, or `null` where no source could give one, and what failed on the way. */
export interface LaneAnswer {
  readonly reply: ElementaryReply | null;
  readonly failures: readonly Failure[];
}

/** A worker that is not asked for this long ends, so that a GPU which may sleep is not kept awake by us. */
const IDLE_MS = 60_000;

/** A worker that could not be started is tried again after this time. */
const START_AGAIN_MS = 1_000;
/** See {@linkcode WorkerConfig.hostName}. */
const HOST_NAME = crypto.randomUUID();

/** One lane of one meter. */
export class Lane {
  readonly #name: LaneName;
  readonly #settings: Settings;
  readonly #starters: Starters;
  readonly #quarantine: Quarantine;
  readonly #sources: readonly SourceName[];
  /** The worker that is asked; overdue ones are kept beside until they answer or are lost. */
  #worker: WorkerHandle | null = null;
  readonly #overdue = new Set<WorkerHandle>();
  #isolation: Isolation;
  #startFailed: { readonly failure: Failure; readonly untilMs: number } | null = null;
  #closed = false;
  #idleTimer: Timer | undefined;

  constructor(name: LaneName, isolation: Isolation, settings: Settings, starters: Starters) {
    this.#name = name;
    this.#isolation = isolation;
    this.#settings = settings;
    this.#starters = starters;
    this.#quarantine = new Quarantine(settings.quarantine);
    this.#sources = sourcesOf(name).filter((source) => settings.sources.includes(source));
  }

  /** The child processes that answer, or may yet. */
  get workerPids(): readonly number[] {
    return [this.#worker, ...this.#overdue].flatMap((handle) => handle?.pid ?? []);
  }

  /** Asks the lane. Never rejects, and never takes longer than the deadline. */
  async ask(request: ElementaryRequest): Promise<LaneAnswer> {
    const failures: Failure[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const deadline = new Promise<LaneAnswer>((resolve) => {
      timer = backgroundTimer(() => {
        resolve({ reply: null, failures: [...failures, this.#late()] });
      }, this.#settings.deadlineMs);
    });
    try {
      return await Promise.race([this.#askUntilAnswered(request, failures), deadline]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the workers. Questions still open are answered as lost. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    this.#worker?.retire();
    this.#worker = null;
    for (const handle of this.#overdue) handle.retire();
    this.#overdue.clear();
  }

  async #askUntilAnswered(request: ElementaryRequest, failures: Failure[]): Promise<LaneAnswer> {
    let startsLeft = 2;
    for (;;) {
      const without = this.#unavailable(failures);
      const first = this.#first(request, without);
      if (first === null && request.kind !== "ping") return { reply: null, failures };
      if (this.#closed) return { reply: null, failures: [...failures, closedFailure()] };
      const failed = this.#startFailed;
      if (failed !== null && this.#worker === null && performance.now() < failed.untilMs) {
        return { reply: null, failures: [...failures, failed.failure] };
      }
      clearTimeout(this.#idleTimer);
      const outcome = await this.#handle().ask(request, without, first);
      clearTimeout(this.#idleTimer);
      this.#idleTimer = backgroundTimer(() => this.#retireIdle(), IDLE_MS);
      if (outcome.kind === "reply") {
        for (const source of outcome.read) this.#quarantine.release(source);
        return { reply: outcome.reply, failures };
      }
      const failure = failureOf(outcome);
      failures.push(failure);
      // Without a source to blame, asking again may lose the next worker the same way.
      if (failure.source === null && --startsLeft === 0) return { reply: null, failures };
    }
  }

  /** The sources not to touch now, each with its failure noted once. */
  #unavailable(failures: Failure[]): SourceName[] {
    const nowMs = performance.now();
    const without: SourceName[] = [];
    for (const source of this.#sources) {
      const noted = failures.some((failure) => failure.source === source);
      const failure = this.#overdueFailure(source) ?? this.#confinedFailure(source, nowMs) ??
        this.#barredFailure(source);
      if (failure === null && !noted) continue;
      without.push(source);
      if (failure !== null && !noted) failures.push(failure);
    }
    return without;
  }

  #overdueFailure(source: SourceName): Failure | null {
    for (const handle of this.#overdue) {
      if (handle.overdueSource !== source) continue;
      return slowFailure(source, "an earlier call has not returned yet");
    }
    return null;
  }

  #confinedFailure(source: SourceName, nowMs: number): Failure | null {
    const held = this.#quarantine.holding(source, nowMs);
    return held === null ? null : confinedFailure(source, held, nowMs);
  }

  /** A source in which an abandoned worker still sits, on behalf of any meter of this process. */
  #barredFailure(source: SourceName): Failure | null {
    let bar = barredByAbandoned(this.#isolation, source);
    if (bar !== null && this.#isolation === "worker" && this.#starters.mayStartChild()) {
      // A child has a library, and locks, of its own.
      this.#useProcesses();
      bar = barredByAbandoned(this.#isolation, source);
    }
    return bar === null ? null : barredFailure(source, bar);
  }

  /** The source a worker starts on for this question. The `memory` question needs `proc` first. */
  #first(request: ElementaryRequest, without: readonly SourceName[]): SourceName | null {
    if (request.kind === "ping") return null;
    return this.#sources.find((source) => !without.includes(source)) ?? null;
  }

  #handle(): WorkerHandle {
    this.#worker ??= new WorkerHandle(
      this.#starters[this.#isolation],
      this.#config(),
      {
        softMs: this.#settings.softBudgetMs,
        hardMs: this.#settings.hardBudgetMs,
        startMs: this.#settings.startBudgetMs,
      },
      {
        overdue: (handle) => {
          if (this.#worker === handle) this.#worker = null;
          this.#overdue.add(handle);
        },
        recovered: (handle) => this.#recovered(handle),
        lost: (handle, source, code, detail) => this.#lost(handle, source, code, detail),
        waiting: (source, waitedMs) => this.#settings.onWait?.(source, waitedMs),
        debug: (line) => this.#settings.onDebug?.(line),
      },
    );
    return this.#worker;
  }

  #config(): WorkerConfig {
    return {
      protocol: PROTOCOL_VERSION,
      hostPid: ownPid(),
      hostName: HOST_NAME,
      sources: this.#sources,
      nvmlPath: this.#settings.nvmlPath,
      nvidiaSmiPath: this.#settings.nvidiaSmiPath,
      nvidiaSmiMs: this.#settings.softBudgetMs,
      debug: this.#settings.onDebug !== null,
    };
  }

  /** It has the driver open already, so it is kept rather than the one that took its place. */
  #recovered(handle: WorkerHandle): void {
    this.#overdue.delete(handle);
    if (this.#worker === null || this.#worker.idle) {
      this.#worker?.retire();
      this.#worker = handle;
    } else {
      handle.retireWhenIdle();
    }
  }

  #lost(
    handle: WorkerHandle,
    source: SourceName | null,
    code: FailureCode,
    detail: string,
  ): void {
    this.#overdue.delete(handle);
    if (this.#worker === handle) this.#worker = null;
    const nowMs = performance.now();
    if (source === null) {
      const failure = failureOf({ kind: "lost", source, code, detail });
      if (code !== "crashed") {
        this.#startFailed = { failure, untilMs: nowMs + START_AGAIN_MS };
      }
      return;
    }
    const what = code === "hung"
      ? `it hung (${detail})`
      : `the worker died while asking it (${detail})`;
    if (code === "hung" && this.#isolation === "worker") {
      // The hung thread may hold the library's lock; only a child, with a library of its own, can try again.
      if (!this.#starters.mayStartChild()) {
        const bar = "a hung thread can't be ended, and no child process may be started here";
        return this.#quarantine.forbid(source, code, `${what}; ${bar}`);
      }
      this.#useProcesses();
    }
    this.#quarantine.confine(source, code, what, nowMs);
  }

  #retireIdle(): void {
    if (this.#worker?.idle !== true) return;
    this.#worker.retire();
    this.#worker = null;
  }

  #useProcesses(): void {
    this.#isolation = "process";
    this.#worker?.retireWhenIdle();
    this.#worker = null;
  }

  #late(): Failure {
    return {
      code: "slow",
      source: null,
      message: `Cannot answer from the ${this.#name} lane in time: ` +
        `the deadline of ${this.#settings.deadlineMs} ms has passed`,
    };
  }
}
