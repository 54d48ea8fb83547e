/**
 * One probe for all who ask the same at about the same time, and one text for all of them.
 *
 * An answer is given again while it is young; when it is half as old as it may become, the next who asks has it
 * renewed beside, so that under load nobody waits for a probe. Answers carry the time they are of.
 */
import { Refusal } from "./refusal.ts";

/** An answer and its texts. */
export interface Shared<T> {
  readonly value: T;
  /** The answer in a form, such as its JSON; made once. */
  body(form: string, make: (value: T) => string): string;
  /** The same, compressed with gzip; made once. */
  gzipped(form: string, make: (value: T) => string): Promise<Uint8Array<ArrayBuffer>>;
}

interface Entry {
  readonly startedMs: number;
  /** When nobody is given it any more. */
  readonly endMs: number;
  /** Resolves when it is there. */
  readonly answer: Promise<Shared<unknown>>;
  /** `null` while it is under way. */
  shared: Shared<unknown> | null;
  /** The one that will replace it; `null`: none is under way. */
  renewal: Entry | null;
}

/** Questions that differ and are kept; the one asked longest ago makes room. */
const MOST_KEPT = 64;

/** How many may wait. */
export interface SharedAnswersOptions {
  /** Requests that wait for a probe at the same time; the next is refused at once. */
  readonly mostWaiting: number;
}

/** The answers of one application. */
export class SharedAnswers {
  readonly #mostWaiting: number;
  readonly #entries = new Map<string, Entry>();
  #waiting = 0;

  constructor({ mostWaiting }: SharedAnswersOptions) {
    this.#mostWaiting = mostWaiting;
  }

  /** An answer that is there and young enough. For it nobody has to wait, not even for the next turn. */
  ready<T>(key: string, maxAgeMs: number, ask: () => Promise<T>): Shared<T> | null {
    const entry = this.#entries.get(key);
    if (entry?.shared === undefined || entry.shared === null) return null;
    const ageMs = performance.now() - entry.startedMs;
    if (ageMs > maxAgeMs) return null;
    if (ageMs > maxAgeMs / 2) entry.renewal ??= this.#begin(key, maxAgeMs, ask);
    return entry.shared as Shared<T>;
  }

  /**
   * The answer to a question, at most `maxAgeMs` old when it was begun to be asked.
   *
   * @throws {Refusal} 503 where too many wait already; or what `ask` rejects with
   */
  async get<T>(key: string, maxAgeMs: number, ask: () => Promise<T>): Promise<Shared<T>> {
    const ready = this.ready(key, maxAgeMs, ask);
    if (ready !== null) return ready;
    if (this.#waiting >= this.#mostWaiting) throw tooMany(this.#waiting);
    const entry = this.#underWay(key) ?? this.#put(key, this.#begin(key, maxAgeMs, ask));
    this.#waiting += 1;
    try {
      return await entry.answer as Shared<T>;
    } finally {
      this.#waiting -= 1;
    }
  }

  #underWay(key: string): Entry | null {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.shared === null ? entry ?? null : entry.renewal;
  }

  #begin<T>(key: string, maxAgeMs: number, ask: () => Promise<T>): Entry {
    const startedMs = performance.now();
    const answer = ask().then((value) => share(value));
    const entry: Entry = {
      startedMs,
      endMs: startedMs + maxAgeMs,
      answer,
      shared: null,
      renewal: null,
    };
    answer.then((shared) => {
      entry.shared = shared;
      // One that was begun later is the better one.
      if ((this.#entries.get(key)?.startedMs ?? startedMs) <= startedMs) this.#put(key, entry);
    }, () => {
      // Whoever asks next asks anew, and is told what is wrong now.
      const kept = this.#entries.get(key);
      if (kept === entry || kept?.renewal === entry) this.#entries.delete(key);
    });
    return entry;
  }

  #put(key: string, entry: Entry): Entry {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#dropOld();
    if (this.#entries.size <= MOST_KEPT) return entry;
    for (const [key, { shared }] of this.#entries) {
      // What is waited for has to stay, or the same would be asked twice.
      if (shared === null) continue;
      this.#entries.delete(key);
      break;
    }
    return entry;
  }

  /** An answer that nobody is given any more is not kept: an hour of a large machine is some megabytes. */
  #dropOld(): void {
    const nowMs = performance.now();
    for (const [key, { endMs, shared, renewal }] of this.#entries) {
      if (shared !== null && renewal === null && endMs < nowMs) this.#entries.delete(key);
    }
  }
}

function tooMany(waiting: number): Refusal {
  return new Refusal(503, `Cannot take another question: ${waiting} are waiting; try again later`, {
    code: "slow",
    headers: { "retry-after": "1" },
  });
}

function share<T>(value: T): Shared<T> {
  // As text: Deno sends that with a quarter less work than bytes.
  const bodies = new Map<string, string>();
  const zipped = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  const body = (form: string, make: (value: T) => string) => {
    let text = bodies.get(form);
    if (text === undefined) {
      text = make(value);
      bodies.set(form, text);
    }
    return text;
  };
  return {
    value,
    body,
    gzipped: (form, make) => {
      let bytes = zipped.get(form);
      if (bytes === undefined) {
        bytes = gzip(body(form, make));
        zipped.set(form, bytes);
      }
      return bytes;
    },
  };
}

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
