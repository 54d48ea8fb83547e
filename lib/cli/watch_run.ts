/** One run of `hmn watch`, from the first look to the summary. */
import { abortable } from "../answering.ts";
import { type Failure, HypomnesisError } from "../errors.ts";
import { beats, pause } from "../schedule.ts";
import type { WatchPlan } from "../watch/records.ts";
import type { Watcher } from "../watch/watcher.ts";
import { type CliContext, OutputClosed } from "./context.ts";
import { ENDING, type EndingSignal, EXIT_OF } from "./ending.ts";
import { exitCodeOf } from "./failures.ts";
import { timeLabel, whyNotMeasurable } from "./spill_text.ts";
import type { Moment } from "./watch_json.ts";
import type { WatchOutput } from "./watch_output.ts";
import { announce } from "./watch_start.ts";
import { unmeasurableText } from "./watch_text.ts";

/** When to look. */
interface WatchSchedule {
  readonly intervalMs: number;
  /** `undefined`: until it is ended. */
  readonly durationMs: number | undefined;
}

/** Says on a terminal that a driver keeps us waiting before the first sample. */
export class Waits {
  readonly #context: CliContext;
  readonly #live: boolean;
  #isOver = false;

  constructor(context: CliContext, live: boolean) {
    this.#context = context;
    this.#live = live;
  }

  tell(source: string, waitedMs: number): void {
    if (this.#isOver || this.#live || !this.#context.stderr.isTty) return;
    const text = `hmn watch: waiting for ${source} … ${Math.floor(waitedMs / 1000)} s\n`;
    this.#context.stderr.write(text).catch(() => {});
  }

  end(): void {
    this.#isOver = true;
  }
}

/** Watches until it is ended, and sums up. */
export class WatchRun {
  readonly #context: CliContext;
  readonly #watcher: Watcher;
  readonly #plan: WatchPlan;
  readonly #output: WatchOutput;
  readonly #schedule: WatchSchedule;
  readonly #waits: Waits;
  readonly #over = new AbortController();
  #startMs = performance.now();
  #endedBy = "duration";
  #signal: EndingSignal | null = null;
  #signalMs = 0;
  #seq = 0;
  #failures: readonly Failure[] = [];
  #spillTold = false;

  constructor(
    context: CliContext,
    watcher: Watcher,
    plan: WatchPlan,
    output: WatchOutput,
    schedule: WatchSchedule,
    waits: Waits,
  ) {
    this.#context = context;
    this.#watcher = watcher;
    this.#plan = plan;
    this.#output = output;
    this.#schedule = schedule;
    this.#waits = waits;
  }

  async run(): Promise<number> {
    const release = this.#context.onSignals(
      ENDING,
      (signal) => this.#interrupt(signal as EndingSignal),
    );
    try {
      const failure = await this.#watch();
      await this.#summarize();
      if (failure !== null) throw failure;
      return this.#exitCode();
    } finally {
      await this.#output.close();
      release();
    }
  }

  /** The first ends the watch; who sends another later does not want to wait for the summary. */
  #interrupt(signal: EndingSignal): void {
    if (this.#signal !== null) {
      const isLater = performance.now() - this.#signalMs > IMPATIENT_MS;
      return isLater ? this.#context.quit(EXIT_OF[signal]) : undefined;
    }
    this.#signal = signal;
    this.#signalMs = performance.now();
    this.#endedBy = signal;
    this.#over.abort();
  }

  /** Watches to the end. What could not be written is returned, so that the summary comes first. */
  async #watch(): Promise<Error | null> {
    const { signal } = this.#over;
    try {
      const { intervalMs, durationMs } = this.#schedule;
      const limit = pause(Math.min(durationMs ?? LONGEST_BEGIN_MS, LONGEST_BEGIN_MS), signal);
      const first = await abortable(this.#watcher.begin(limit.over), signal);
      limit.cancel();
      this.#waits.end();
      await announce(this.#output, this.#watcher, this.#plan, first, intervalMs);
      const begunMs = performance.now() - this.#startMs;
      this.#startMs += begunMs;
      // The time that the drivers took to answer is part of the duration.
      const leftMs = durationMs === undefined ? undefined : Math.max(1, durationMs - begunMs);
      const samples = beats(
        (cutoff, elapsedMs) =>
          this.#watcher.sample(timeLabel(elapsedMs), elapsedMs, cutoff, signal),
        { intervalMs, durationMs: leftMs, signal },
      );
      for await (const { tick, skipped, elapsedMs, result } of samples) {
        this.#seq = tick;
        this.#failures = result.failures;
        await this.#output.sample(result, { elapsedMs, atMs: result.atMs, seq: tick }, skipped);
        await this.#tellSpill(this.#watcher.gpus.answered);
        if (this.#watcher.watched.length === 0 && !this.#plan.followNew) {
          this.#endedBy = "all_exited";
          break;
        }
      }
    } catch (error) {
      if (error instanceof OutputClosed) this.#endedBy = "output_closed";
      else if (error instanceof HypomnesisError && error.code === "output_failed") {
        this.#endedBy = "output_failed";
        return error;
      } else if (!signal.aborted) throw error;
    }
    return null;
  }

  /** Says once that spilling can't be measured, as soon as that is known. */
  async #tellSpill(isKnown: boolean): Promise<void> {
    if (this.#spillTold || !isKnown) return;
    this.#spillTold = true;
    const { spills, peaks, failures, answered } = this.#watcher.gpus;
    if (spills.isMeasurable) return;
    const why = whyNotMeasurable({
      devices: peaks.map(({ device }) => device),
      failures,
      answered,
    });
    await this.#output.remark(unmeasurableText(why));
  }

  async #summarize(): Promise<void> {
    await this.#tellSpill(true).catch(ignoreClosed);
    const moment: Moment = {
      elapsedMs: performance.now() - this.#startMs,
      atMs: Date.now(),
      seq: this.#seq,
    };
    await this.#output.end(this.#watcher, moment, this.#endedBy).catch(ignoreClosed);
  }

  #exitCode(): number {
    const { gpus, samples, histories } = this.#watcher;
    if (gpus.spills.hasSpilled) return 1;
    if (samples === 0) return this.#signal === null ? 0 : EXIT_OF[this.#signal];
    if (!gpus.answered && gpus.failures.length > 0) return exitCodeOf(gpus.failures);
    const hasRead = histories.some(({ rss, used }) => rss.observations + used.observations > 0);
    return hasRead || histories.length === 0 ? 0 : exitCodeOf(this.#failures);
  }
}

/** What the drivers may take before the first sample is taken without them. */
const LONGEST_BEGIN_MS = 5_000;

/** Signals so close together are one wish: a terminal that goes away sends several. */
const IMPATIENT_MS = 500;

function ignoreClosed(error: unknown): void {
  if (!(error instanceof OutputClosed)) throw error;
}
