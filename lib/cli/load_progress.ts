/** Loads recordings, and says on a terminal how far it is where that takes longer. */
import { formatSize } from "../format.ts";
import type { SessionData } from "../session/load/data.ts";
import { loadRecording } from "../session/load/load.ts";
import type { CliContext } from "./context.ts";

/** To the line's start, and everything behind it away. */
const CLEAR = "\r\x1b[K";
/** What is faster needs no word. */
const PATIENCE_MS = 1_000;
const AGAIN_MS = 200;

/** Tells how far something is, on a terminal's stderr. */
export class ProgressLine {
  readonly #context: CliContext;
  readonly #startMs = performance.now();
  #shownMs = -Infinity;
  #written: Promise<void> = Promise.resolve();

  constructor(context: CliContext) {
    this.#context = context;
  }

  /** So much is done. */
  show(doneBytes: number, totalBytes: number): void {
    const nowMs = performance.now();
    const isDue = nowMs - this.#startMs > PATIENCE_MS && nowMs - this.#shownMs > AGAIN_MS;
    if (!isDue || !this.#context.stderr.isTty) return;
    this.#shownMs = nowMs;
    const percent = totalBytes === 0 ? 100 : Math.floor(100 * Math.min(1, doneBytes / totalBytes));
    this.#write(`${CLEAR}hmn: reading … ${percent} % of ${formatSize(totalBytes)}`);
  }

  /** Takes the line away. */
  async clear(): Promise<void> {
    if (this.#shownMs > 0) this.#write(CLEAR);
    await this.#written;
  }

  #write(text: string): void {
    this.#written = this.#written.then(() => this.#context.stderr.write(text)).catch(() => {});
  }
}

/** Loads the recording that `paths` name. */
export async function loadWithProgress(
  context: CliContext,
  paths: readonly string[],
): Promise<SessionData> {
  const line = new ProgressLine(context);
  try {
    return await loadRecording(paths, { onProgress: (done, total) => line.show(done, total) });
  } finally {
    await line.clear();
  }
}
