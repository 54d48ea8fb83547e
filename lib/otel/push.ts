/**
 * Pushes readings to a receiver of OTLP/HTTP, in JSON.
 *
 * Readings are taken on time whatever the receiver does: they wait in a short queue, and when that is full the oldest
 * is dropped and counted. Nothing here throws later on, or keeps the program alive.
 */
import { backgroundTimer, type Timer } from "../isolation/timers.ts";
import { delayOf } from "./backoff.ts";
import { encodeReading } from "./encode.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import { gzip } from "./gzip.ts";
import { type Outcome, postOtlp } from "./post.ts";
import { type OtlpPushOptions, type OtlpPushStatus, settle, type Settled } from "./push_options.ts";
import { PayloadQueue } from "./queue.ts";
import { Troubles } from "./troubles.ts";

/** What stays of the options once it pushes. */
type Settings = Omit<Settled, "url" | "headers" | "maxQueued" | "onTrouble"> & {
  readonly startMs: number;
};

const CLOSE_MS = 2_000;

/** Pushes from its creation until it is closed. */
export class OtlpPush implements AsyncDisposable {
  readonly #endpoint: Endpoint;
  readonly #settings: Settings;
  readonly #troubles: Troubles;
  readonly #queue: PayloadQueue;
  readonly #over = new AbortController();
  #timer: Timer | undefined;
  #isReading = false;
  #isSending = false;
  #reading: Promise<void> = Promise.resolve();
  #sending: Promise<void> = Promise.resolve();
  #failures = 0;
  #wake: (() => void) | null = null;
  #closing: Promise<void> | null = null;
  #sent = 0;
  #lost = 0;
  #lastSentMs: number | null = null;

  /**
   * @throws {HypomnesisError} `invalid_request` where the URL or a header can't be used
   * @throws {RangeError} naming the wrong option
   */
  constructor(options: OtlpPushOptions) {
    const { url, headers, maxQueued, onTrouble, ...others } = settle(options);
    this.#endpoint = parseEndpoint(url, headers);
    this.#settings = { ...others, startMs: Date.now() };
    this.#queue = new PayloadQueue(maxQueued);
    this.#troubles = new Troubles(this.#endpoint.shown, onTrouble);
    this.#tick();
  }

  /** How it does. */
  get status(): OtlpPushStatus {
    return {
      sent: this.#sent,
      dropped: this.#queue.dropped,
      lost: this.#lost,
      queued: this.#queue.length,
      lastSentMs: this.#lastSentMs,
    };
  }

  /**
   * Takes no more readings, and sends what waits, for at most `withinMs` and until an attempt fails. Never rejects.
   * Closing twice is fine.
   */
  close(withinMs: number = CLOSE_MS): Promise<void> {
    return this.#closing ??= this.#close(withinMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #tick(): void {
    this.#timer = backgroundTimer(() => this.#tick(), this.#settings.intervalMs);
    if (this.#isReading) {
      this.#lost += 1;
      this.#troubles.unread(new Error("the one before is still being taken"));
      return;
    }
    this.#isReading = true;
    this.#reading = this.#take();
  }

  async #take(): Promise<void> {
    try {
      const { read, ...options } = this.#settings;
      const reading = await read();
      const payload = await gzip(encodeReading(reading, options));
      if (this.#over.signal.aborted) return;
      this.#troubles.read();
      this.#queue.add(payload);
      if (!this.#isSending) this.#sending = this.#send();
    } catch (error) {
      if (this.#over.signal.aborted) return;
      this.#lost += 1;
      this.#troubles.unread(error);
    } finally {
      this.#isReading = false;
    }
  }

  /** Sends what waits, in order, until nothing does. */
  async #send(): Promise<void> {
    this.#isSending = true;
    for (let payload = this.#queue.begin(); payload !== null; payload = this.#queue.begin()) {
      const { timeoutMs, backoff } = this.#settings;
      const outcome = await postOtlp(this.#endpoint, payload, {
        timeoutMs,
        signal: this.#over.signal,
      });
      this.#settle(outcome);
      if (outcome.kind === "aborted") break;
      if (outcome.kind !== "later") continue;
      // At the end a receiver that is away is not waited for.
      if (this.#closing !== null) break;
      this.#failures += 1;
      await this.#pause(Math.max(outcome.waitMs ?? 0, delayOf(this.#failures, backoff)));
    }
    // Not later: a reading that comes now would be left to wait.
    this.#isSending = false;
  }

  #settle(outcome: Outcome): void {
    switch (outcome.kind) {
      case "taken":
        this.#queue.end(true);
        this.#failures = 0;
        this.#sent += 1;
        this.#lastSentMs = Date.now();
        this.#troubles.taken(outcome.partial, this.#queue.dropped);
        return;
      case "refused":
        this.#queue.end(true);
        this.#failures = 0;
        this.#lost += 1;
        this.#troubles.refused(outcome.reason);
        return;
      case "later":
        this.#queue.end(false);
        this.#troubles.unreachable(outcome.reason);
        return;
      case "aborted":
        this.#queue.end(false);
        return;
    }
  }

  /** Waits, unless it is woken. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = backgroundTimer(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#closing !== null) this.#wake();
    });
  }

  async #close(withinMs: number): Promise<void> {
    clearTimeout(this.#timer);
    // Somebody waits for this one, so it may keep the program alive.
    const timer = setTimeout(() => this.#over.abort(), withinMs);
    const over = new Promise<void>((resolve) =>
      this.#over.signal.addEventListener("abort", () => resolve(), { once: true })
    );
    this.#wake?.();
    await Promise.race([this.#flush(), over]);
    clearTimeout(timer);
    this.#over.abort();
    this.#queue.clear();
    this.#troubles.ended(this.#queue.dropped);
  }

  async #flush(): Promise<void> {
    await this.#sending;
    await this.#reading;
    await this.#sending;
  }
}
