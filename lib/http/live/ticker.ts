/** Readings at one interval, taken and written down once for all who listen. */
import type { Reading } from "../../reading/reading.ts";
import { type Beat, beats } from "../../schedule.ts";
import type { LiveReading } from "./live_reading.ts";
import { frameOf, idOf, numberOf } from "./sse_frame.ts";
import { Subscriber } from "./subscriber.ts";

/** What a ticker needs. */
export interface TickerOptions {
  readonly intervalMs: number;
  /** Takes a reading; `cutoff` ends the wait for what is late. Rejects where nothing can be asked any more. */
  readonly take: (cutoff: Promise<void>) => Promise<Reading>;
  /** Makes the event of a reading, by its place on the schedule. */
  readonly tell: (reading: Reading, beat: Pick<Beat<Reading>, "tick" | "skipped">) => LiveReading;
  /** It goes on while nobody listens. */
  readonly isSteady: boolean;
  /**
   * A client that comes back after this finds the ticker as it left it.
   * @default 10000
   */
  readonly lingerMs?: number;
}

/** What was sent of late, for clients that come back; so much and no more. */
const KEPT_BYTES = 1 << 20;
const KEPT_FRAMES = 64;
const LINGER_MS = 10_000;
/** A client that takes nothing for so long is gone. */
const PATIENCE_MS = 60_000;
/** Silence that a proxy or a runtime takes for the end. */
const HEARTBEAT_MS = 5_000;
const HEARTBEAT = new TextEncoder().encode(": still here\n\n");
/** Bun sends an answer's head with its first bytes, and the first reading may take as long as a driver does. */
const OPENING = new TextEncoder().encode(": here\n\n");

interface KeptFrame {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** Runs while somebody listens, and a moment longer. */
export class Ticker {
  readonly #options: TickerOptions;
  readonly #subscribers = new Set<Subscriber>();
  readonly #over = new AbortController();
  readonly #heartbeat: ReturnType<typeof setInterval>;
  /** Tells this ticker's events from those of another server or interval. */
  readonly #name = crypto.randomUUID().slice(0, 8);
  #kept: KeptFrame[] = [];
  #count = 0;
  #holders = 0;
  #lingering: ReturnType<typeof setTimeout> | undefined;

  /** `onOver`: nobody listens any more, or nothing can be asked. */
  constructor(options: TickerOptions, onOver: () => void) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#keepAlive(), HEARTBEAT_MS);
    this.#run().catch(() => {}).finally(() => {
      this.stop();
      onOver();
    });
  }

  /** How many listen. */
  get clients(): number {
    return this.#subscribers.size;
  }

  /**
   * A new client: what it missed since `lastId`, as far as that is kept, or else the latest event, and then every
   * event to come. `onEnd`: it has gone.
   */
  subscribe(lastId: string | null, onEnd: () => void): ReadableStream<Uint8Array> {
    const release = this.hold();
    const subscriber = new Subscriber(() => {
      this.#subscribers.delete(subscriber);
      release();
      onEnd();
    }, [OPENING, ...this.#missedSince(lastId).map(({ bytes }) => bytes)]);
    this.#subscribers.add(subscriber);
    return subscriber.stream;
  }

  /** Keeps it running until the function returned is called. */
  hold(): () => void {
    this.#holders += 1;
    clearTimeout(this.#lingering);
    return () => {
      this.#holders -= 1;
      this.#linger();
    };
  }

  #missedSince(lastId: string | null): readonly KeptFrame[] {
    const last = numberOf(lastId, this.#name);
    return last === null ? this.#kept.slice(-1) : this.#kept.filter(({ number }) => number > last);
  }

  /** Ends every stream. */
  stop(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#lingering);
    this.#over.abort();
    for (const subscriber of [...this.#subscribers]) subscriber.end();
  }

  async #run(): Promise<void> {
    const { intervalMs, take, tell } = this.#options;
    for await (const beat of beats(take, { intervalMs, signal: this.#over.signal })) {
      this.#send(tell(beat.result, beat));
    }
  }

  #linger(): void {
    clearTimeout(this.#lingering);
    if (this.#holders > 0 || this.#options.isSteady || this.#over.signal.aborted) return;
    const { lingerMs = LINGER_MS } = this.#options;
    this.#lingering = setTimeout(() => this.stop(), lingerMs);
  }

  #send(reading: LiveReading): void {
    this.#count += 1;
    const bytes = frameOf("reading", idOf(this.#name, this.#count), reading);
    this.#kept.push({ number: this.#count, bytes });
    let size = this.#kept.reduce((sum, { bytes }) => sum + bytes.length, 0);
    while (this.#kept.length > 1 && (this.#kept.length > KEPT_FRAMES || size > KEPT_BYTES)) {
      size -= this.#kept.shift()!.bytes.length;
    }
    for (const subscriber of this.#subscribers) subscriber.send(bytes);
  }

  #keepAlive(): void {
    const nowMs = performance.now();
    for (const subscriber of [...this.#subscribers]) {
      if (!subscriber.isBehind) subscriber.send(HEARTBEAT);
      else if (nowMs - subscriber.takenAtMs > PATIENCE_MS) subscriber.end();
    }
  }
}
