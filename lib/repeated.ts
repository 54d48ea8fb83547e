/** Does something again and again, never twice at once. */

/** Calls `action` every `intervalMs`; a call that is still under way is not joined by another. */
export class Repeated {
  readonly #timer: ReturnType<typeof setInterval>;
  #running: Promise<void> | null = null;

  constructor(intervalMs: number, action: () => Promise<void>) {
    this.#timer = setInterval(() => {
      this.#running ??= action().finally(() => this.#running = null);
    }, intervalMs);
  }

  /** Ends the repeating; resolves when the call that is under way has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }
}
