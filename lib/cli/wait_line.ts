/** Tells on a terminal what is being waited for, and takes the line away again. */
import type { SourceName } from "../sources.ts";
import type { Asker, AskerOptions } from "./asker.ts";
import type { CliContext } from "./context.ts";

/** To the line's start, and everything behind it away. */
const CLEAR = "\r\x1b[K";

/**
 * Opens an asker for the time of `use`. While a source takes more than a second, a line on a terminal's
 * stderr says which; it is gone before anything else is written.
 */
export async function withAsker<T>(
  context: CliContext,
  from: AskerOptions,
  use: (asker: Asker) => Promise<T>,
): Promise<T> {
  const line = new WaitLine(context);
  const asker = await context.openAsker({
    ...from,
    onWait: (source, waitedMs) => line.show(source, waitedMs),
  });
  try {
    return await use(asker);
  } finally {
    await line.clear();
    await asker.close();
  }
}

/** The same without a line: for those that write to the terminal themselves. */
export async function withSilentAsker<T>(
  context: CliContext,
  options: AskerOptions,
  use: (asker: Asker) => Promise<T>,
): Promise<T> {
  const asker = await context.openAsker(options);
  try {
    return await use(asker);
  } finally {
    await asker.close();
  }
}

class WaitLine {
  readonly #context: CliContext;
  #shown = false;
  #written: Promise<void> = Promise.resolve();

  constructor(context: CliContext) {
    this.#context = context;
  }

  show(source: SourceName, waitedMs: number): void {
    if (!this.#context.stderr.isTty) return;
    if (!this.#shown) this.#context.beforeInterrupt(() => void this.clear());
    this.#shown = true;
    this.#write(`${CLEAR}hmn: waiting for ${source} … ${Math.floor(waitedMs / 1000)} s`);
  }

  clear(): Promise<void> {
    if (this.#shown) this.#write(CLEAR);
    this.#shown = false;
    return this.#written;
  }

  /** Pieces go out one after the other; a terminal that went away is nobody's concern here. */
  #write(text: string): void {
    this.#written = this.#written.then(() => this.#context.stderr.write(text)).catch(() => {});
  }
}
