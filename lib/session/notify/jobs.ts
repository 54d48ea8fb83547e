/** Work that is done beside sampling: a few at a time, in order for each key, with a short queue. */

/** How far one piece of work may go. */
export interface Attempt {
  readonly timeoutMs: number;
  /** Aborts when nobody waits for it any more. */
  readonly signal: AbortSignal;
}

interface Job {
  readonly key: string;
  readonly work: () => Promise<void>;
}

/** So many at a time. */
const AT_ONCE = 4;
/** So many wait; beyond that the oldest is dropped, since the newest says what is the case now. */
const MOST_WAITING = 64;

/** The queue. */
export class Jobs {
  readonly #onDropped: (count: number) => void;
  readonly #running = new Set<string>();
  #waiting: Job[] = [];
  #dropped = 0;
  #idle: PromiseWithResolvers<void> | null = null;

  /** `onDropped` is told how many were dropped, once the queue has room again. */
  constructor(onDropped: (count: number) => void) {
    this.#onDropped = onDropped;
  }

  /** Puts work at the end. It is begun later, never in this call, and must not reject. */
  add(key: string, work: () => Promise<void>): void {
    this.#waiting.push({ key, work });
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
    // What is under way now (the tick) comes first.
    setTimeout(() => this.#begin(), 0);
  }

  /** Resolves when nothing is waiting or running. */
  get idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  /** Drops what has not begun; it counts as dropped. */
  clear(): void {
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
    this.#tellIdle();
  }

  get #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#running.size === 0;
  }

  #begin(): void {
    for (const job of [...this.#waiting]) {
      if (this.#running.size >= AT_ONCE) return;
      if (this.#running.has(job.key)) continue;
      this.#waiting.splice(this.#waiting.indexOf(job), 1);
      void this.#run(job);
    }
  }

  async #run({ key, work }: Job): Promise<void> {
    this.#running.add(key);
    await work();
    this.#running.delete(key);
    this.#begin();
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#waiting.length === 0 && this.#dropped > 0) {
      this.#onDropped(this.#dropped);
      this.#dropped = 0;
    }
    if (!this.#isIdle) return;
    this.#idle?.resolve();
    this.#idle = null;
  }
}
