/** Tells on a terminal how far reading has come, where it takes long enough for somebody to wonder. */
import { formatSize } from "../format.ts";
import type { Output } from "./context.ts";

/** Whoever waits less asks nothing. */
const PATIENCE_MS = 1_000;
/** From one drawing to the next. */
const EVERY_MS = 200;
const CLEAR = "\r\x1b[K";

/** A line that is drawn in place. */
export class ProgressLine {
  readonly #output: Output;
  readonly #command: string;
  readonly #now: () => number;
  #dueMs: number;
  #isShown = false;
  #written: Promise<void> = Promise.resolve();

  constructor(output: Output, command: string, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#command = command;
    this.#now = now;
    this.#dueMs = now() + PATIENCE_MS;
  }

  /** Told how many bytes have been read. */
  readonly update = (doneBytes: number, totalBytes: number): void => {
    const nowMs = this.#now();
    if (!this.#output.isTty || nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + EVERY_MS;
    this.#isShown = true;
    const percent = totalBytes > 0 ? Math.floor(100 * doneBytes / totalBytes) : 100;
    this.#write(`${CLEAR}${this.#command}: read ${percent} % of ${formatSize(totalBytes)}`);
  };

  /** Takes the line away; resolves when that is written. */
  async clear(): Promise<void> {
    if (this.#isShown) this.#write(CLEAR);
    this.#isShown = false;
    await this.#written;
  }

  /** A terminal that went away does not end an analysis. */
  #write(text: string): void {
    this.#written = this.#written.then(() => this.#output.write(text)).catch(() => {});
  }
}
