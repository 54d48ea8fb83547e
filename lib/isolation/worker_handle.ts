/**
 * One worker as its lane sees it: who waits for which answer, which source is being read now and since
 * when, and what became of it.
 *
 * The worker handles one question after the other. Its budgets run for the source it is reading: past the
 * soft one everybody who waits is sent elsewhere and the worker is *overdue*; past the hard one it is lost.
 *
 * Over 200 lines because it is one state machine: its states mean nothing apart from each other.
 */
import type { FailureCode } from "../errors.ts";
import {
  type ElementaryRequest,
  type FromWorker,
  PROTOCOL_VERSION,
  type WorkerConfig,
} from "../protocol.ts";
import { type SourceName, SOURCES } from "../sources.ts";
import type { Link, Loss, StartLink } from "./link.ts";
import type { Budgets, Outcome } from "./outcome.ts";
import { BudgetClock } from "./budget_clock.ts";
import { backgroundTimer } from "./timers.ts";

/** How much later than a source that bounds itself the lane steps in. */
const NET_MS = 1_000;

/** What a handle tells its lane. */
export interface HandleEvents {
  /** Past the soft budget. Everybody who waited has been told. */
  overdue(handle: WorkerHandle): void;
  /** An overdue worker has answered after all. */
  recovered(handle: WorkerHandle): void;
  /** Gone. Everybody who waited is told right after this. */
  lost(handle: WorkerHandle, source: SourceName | null, code: FailureCode, detail: string): void;
  /** About once a second while somebody waits for `source`. */
  waiting(source: SourceName, waitedMs: number): void;
  debug(line: string): void;
}

interface Question {
  readonly id: number;
  readonly ask: ElementaryRequest;
  readonly without: readonly SourceName[];
  /** The source the worker starts on; `null` where it needs none. */
  readonly first: SourceName | null;
  /** Tells who asked; `null` once that is done. */
  tell: ((outcome: Outcome) => void) | null;
}

/** One worker. */
export class WorkerHandle {
  readonly #link: Link;
  readonly #events: HandleEvents;
  readonly #budgets: Budgets;
  /** In the order sent; the first is the one being worked on. */
  readonly #questions: Question[] = [];
  #nextId = 1;
  #reading: SourceName | null = null;
  #retireWhenIdle = false;
  /** Sources gone through for the question being worked on. */
  #read: SourceName[] = [];
  readonly #clock = new BudgetClock();
  #state: "starting" | "ready" | "overdue" | "ended" = "starting";

  constructor(start: StartLink, config: WorkerConfig, budgets: Budgets, events: HandleEvents) {
    this.#events = events;
    this.#budgets = budgets;
    this.#link = start({
      message: (message) => this.#heard(message),
      lost: (loss) => this.#gone(loss),
    });
    this.#link.send({ config });
    this.#clock.start([[budgets.startMs, () => this.#startedTooLate()]]);
  }

  /** The source being read past its soft budget, or `null`. */
  get overdueSource(): SourceName | null {
    return this.#state === "overdue" ? this.#reading : null;
  }

  /** Its process; `null` where it is a thread, or not started yet. */
  get pid(): number | null {
    return this.#link.pid;
  }

  /** Nothing is asked of it. */
  get idle(): boolean {
    return this.#questions.length === 0;
  }

  /** Asks one question. The promise always settles, and never rejects. */
  ask(
    ask: ElementaryRequest,
    without: readonly SourceName[],
    first: SourceName | null,
  ): Promise<Outcome> {
    return new Promise((tell) => {
      const question: Question = { id: this.#nextId++, ask, without, first, tell };
      this.#questions.push(question);
      this.#link.hold(true);
      this.#link.send({ id: question.id, ask, without });
      if (this.#state === "ready" && this.#questions.length === 1) this.#startOn(first);
    });
  }

  /** Ends a worker that answers. Whoever still waits is told that it was closed. */
  retire(): void {
    if (this.#state === "ended") return;
    this.#finish();
    this.#link.retire();
    this.#tellAll({ kind: "lost", source: null, code: "closed", detail: "the meter was closed" });
  }

  /** Ends it once everything asked of it is answered. */
  retireWhenIdle(): void {
    if (this.idle) this.retire();
    else this.#retireWhenIdle = true;
  }

  #heard(message: FromWorker): void {
    if (this.#state === "ended") return;
    if ("debug" in message) return this.#events.debug(message.debug);
    if ("ready" in message) {
      if (message.ready !== PROTOCOL_VERSION) {
        return this.#lose("worker_failed", `it speaks protocol ${message.ready}`, null);
      }
      this.#state = "ready";
      return this.#readNext();
    }
    const current = this.#questions[0];
    if (current === undefined || current.id !== message.id) return;
    if ("begin" in message) return this.#startOn(message.begin);
    this.#questions.shift();
    current.tell?.({ kind: "reply", reply: message.reply, read: this.#read });
    if (this.#state === "overdue") {
      this.#state = "ready";
      this.#events.recovered(this);
    }
    this.#readNext();
  }

  #readNext(): void {
    if (this.#state === "ended") return;
    const next = this.#questions[0];
    this.#reading = null;
    this.#read = [];
    this.#clock.stop();
    if (next === undefined) {
      this.#link.hold(false);
      if (this.#retireWhenIdle) this.retire();
    } else this.#startOn(next.first);
  }

  /** The budgets start anew with each source. */
  #startOn(source: SourceName | null): void {
    this.#clock.stop();
    if (source === null) {
      this.#reading = null;
      return;
    }
    this.#reading = source;
    this.#read.push(source);
    // A source that bounds itself ends its own calls at the soft budget; this is the net below it.
    const grace = SOURCES[source].boundsItself ? this.#budgets.softMs + NET_MS : 0;
    this.#clock.start([
      [this.#budgets.softMs + grace, () => this.#pastSoft(source)],
      [this.#budgets.hardMs + grace, () => this.#pastHard(source)],
    ]);
    if (this.#questions[0]?.tell) {
      this.#clock.tick((waitedMs) => this.#events.waiting(source, waitedMs));
    }
  }

  #pastSoft(source: SourceName): void {
    this.#state = "overdue";
    this.#clock.stopTicking();
    this.#link.hold(false);
    this.#events.overdue(this);
    this.#tellAll({ kind: "slow", source });
    // The worker will still come to those behind the first, but nobody waits for them any more.
  }

  #pastHard(source: SourceName): void {
    this.#lose("hung", `no answer for ${this.#budgets.hardMs} ms`, source);
  }

  #startedTooLate(): void {
    if (this.#state === "starting") {
      this.#lose("worker_failed", `it did not start within ${this.#budgets.startMs} ms`, null);
    }
  }

  #gone(loss: Loss): void {
    if (this.#state === "ended") return;
    const started = this.#state !== "starting";
    this.#lose(
      started ? loss.code : loss.code === "crashed" ? "worker_failed" : loss.code,
      loss.detail,
      started ? this.#reading : null,
    );
  }

  #lose(code: FailureCode, detail: string, source: SourceName | null): void {
    const reading = this.#reading;
    this.#finish();
    this.#events.lost(this, source, code, detail);
    this.#tellAll({ kind: "lost", source, code, detail });
    this.#link.hold(false);
    // Whoever waited continues before anything is cleaned up.
    backgroundTimer(() => this.#link.abandon(reading), 0);
  }

  #finish(): void {
    this.#state = "ended";
    this.#clock.stop();
  }

  #tellAll(outcome: Outcome): void {
    for (const question of this.#questions) {
      question.tell?.(outcome);
      question.tell = null;
    }
  }
}
