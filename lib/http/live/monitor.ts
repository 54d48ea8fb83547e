/** Everything that goes on beside single questions: the streams, the history, phases and alerts. */
import { HypomnesisError } from "../../errors.ts";
import type { Reading } from "../../reading/reading.ts";
import { SourceStates } from "../../reading/source_states.ts";
import { takeReading } from "../../reading/take_reading.ts";
import type { PhaseWish } from "../../session/control.ts";
import type { TelemetryBoard } from "../../telemetry/board.ts";
import { Refusal } from "../refusal.ts";
import { Happenings } from "./happenings.ts";
import { History } from "./history.ts";
import { LARGEST_PROCESSES, type LiveHistory, type LiveReading } from "./live_reading.ts";
import type { AskQuestion } from "../../watch/sample.ts";
import { Ticker } from "./ticker.ts";

/** What a monitor needs. */
export interface MonitorOptions {
  readonly ask: AskQuestion;
  readonly telemetry: TelemetryBoard;
  /** The history goes on while nobody listens. */
  readonly isSteady: boolean;
  /** Ends everything. */
  readonly signal?: AbortSignal | undefined;
}

/** Time from one sample of the history to the next, and how far back it goes. */
const HISTORY = { intervalMs: 1_000, durationMs: 3_600_000 } as const;
/** Clients of all streams together. */
const MOST_CLIENTS = 512;
/** Intervals that may be asked for at the same time: each of them asks the drivers. */
const MOST_INTERVALS = 8;

/** One for an application. Nothing runs before somebody listens, unless it is steady. */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #tickers = new Map<number, Ticker>();
  readonly #happenings = new Happenings(HISTORY.intervalMs);
  readonly #history = new History(HISTORY);
  /** How the sources did at every question that was asked here. */
  readonly states: SourceStates = new SourceStates();

  constructor(options: MonitorOptions) {
    this.#options = options;
    if (this.#isOver) return;
    options.signal?.addEventListener("abort", () => this.stop(), { once: true });
    if (options.isSteady) this.#tickerOf(HISTORY.intervalMs);
  }

  /** Takes one reading, with so many of the largest processes. */
  read({ cutoff, largest }: {
    readonly cutoff: Promise<void> | undefined;
    readonly largest: number;
  }): Promise<Reading> {
    const { ask, telemetry } = this.#options;
    const ended = cutoff === undefined ? {} : { cutoff };
    return takeReading({ ask, telemetry, states: this.states, largest, ...ended });
  }

  /**
   * A stream of readings.
   *
   * @throws {Refusal} 503 where there are too many already
   * @throws {HypomnesisError} `closed` where everything was ended
   */
  subscribe(intervalMs: number, lastId: string | null): ReadableStream<Uint8Array> {
    if (this.#isOver) {
      throw new HypomnesisError("closed", "Cannot open a stream: the server is about to end");
    }
    const clients = [...this.#tickers.values()].reduce((sum, { clients }) => sum + clients, 0);
    if (clients >= MOST_CLIENTS) throw full(`${MOST_CLIENTS} streams are open`);
    const isNew = !this.#tickers.has(intervalMs);
    if (isNew && this.#tickers.size >= MOST_INTERVALS) {
      throw full(`streams of ${MOST_INTERVALS} different intervals are open`);
    }
    // The history and the alerts need their own beat while anybody looks.
    const release = this.#tickerOf(HISTORY.intervalMs).hold();
    return this.#tickerOf(intervalMs).subscribe(lastId, release);
  }

  /** What was seen from `sinceMs` on. */
  history(sinceMs: number): LiveHistory {
    return {
      ...this.#history.columns(sinceMs),
      phases: this.#happenings.phasesSince(sinceMs),
      alerts: this.#happenings.alertsSince(sinceMs),
    };
  }

  /** Begins or ends a phase. */
  phase(wish: Omit<PhaseWish, "atMs">): void {
    this.#happenings.phase(wish);
  }

  /** Ends every stream. */
  stop(): void {
    for (const ticker of [...this.#tickers.values()]) ticker.stop();
  }

  get #isOver(): boolean {
    return this.#options.signal?.aborted ?? false;
  }

  #tickerOf(intervalMs: number): Ticker {
    let ticker = this.#tickers.get(intervalMs);
    if (ticker === undefined) {
      const isBase = intervalMs === HISTORY.intervalMs;
      const isSteady = isBase && this.#options.isSteady;
      ticker = new Ticker({
        intervalMs,
        isSteady,
        // To find the largest, all of /proc is read: not for a history that nobody looks at.
        take: (cutoff) => this.#take(cutoff, isSteady && !ticker?.clients ? 0 : LARGEST_PROCESSES),
        tell: (reading, beat) => {
          if (isBase) {
            this.#history.add(reading);
            this.#happenings.observe(reading, beat);
          }
          return this.#tell(reading, intervalMs);
        },
      }, () => {
        if (this.#tickers.get(intervalMs) === ticker) this.#tickers.delete(intervalMs);
      });
      this.#tickers.set(intervalMs, ticker);
    }
    return ticker;
  }

  async #take(cutoff: Promise<void>, largest: number): Promise<Reading> {
    const reading = await this.read({ cutoff, largest });
    // Nothing will be answered any more.
    const closed = reading.failures.find(({ code }) => code === "closed");
    if (closed !== undefined) throw new HypomnesisError(closed.code, closed.message);
    return reading;
  }

  #tell(reading: Reading, intervalMs: number): LiveReading {
    const { openPhases: phases, openAlerts: alerts } = this.#happenings;
    return { ...reading, intervalMs, phases, alerts };
  }
}

function full(why: string): Refusal {
  return new Refusal(503, `Cannot open another stream: ${why}; try again later`, {
    code: "slow",
    headers: { "retry-after": "10" },
  });
}
