/** One client of the stream: it takes what it can, and costs the same however slow it is. */

/** A client that is behind is sent the newest of what it missed, and no more than this and what it came for. */
const MOST_WAITING = 4;

/** One client. */
export class Subscriber {
  /** What the client reads. It takes nothing more than the client can. */
  readonly stream: ReadableStream<Uint8Array>;
  readonly #waiting: Uint8Array[];
  #most: number;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #wake: (() => void) | null = null;
  #hasEnded = false;
  /** When the client last took something, by the steady clock. */
  takenAtMs = performance.now();

  /**
   * `onEnd` is called once, when the client has gone or the stream was ended; `first`: what it gets at once, however
   * much that is.
   */
  constructor(private readonly onEnd: () => void, first: readonly Uint8Array[] = []) {
    this.#waiting = [...first];
    this.#most = Math.max(MOST_WAITING, first.length);
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#finish(),
    }, { highWaterMark: 0 });
  }

  /** Something waits that the client has not taken. */
  get isBehind(): boolean {
    return this.#waiting.length > 0;
  }

  /** Hands a frame over; where the client is behind, the oldest that waits is dropped. */
  send(frame: Uint8Array): void {
    if (this.#hasEnded) return;
    if (this.#waiting.length >= this.#most) this.#waiting.shift();
    this.#waiting.push(frame);
    this.#wake?.();
  }

  /** Ends the stream behind what waits. */
  end(): void {
    if (this.#hasEnded) return;
    this.#finish();
    try {
      for (const frame of this.#waiting) this.#controller?.enqueue(frame);
      this.#controller?.close();
    } catch {
      // The client went in the same moment.
    }
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.takenAtMs = performance.now();
    while (this.#waiting.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const frame = this.#hasEnded ? undefined : this.#waiting.shift();
    this.#most = Math.max(MOST_WAITING, Math.min(this.#most, this.#waiting.length));
    this.takenAtMs = performance.now();
    if (frame !== undefined) controller.enqueue(frame);
  }

  #finish(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#wake?.();
    this.onEnd();
  }
}
