/** Standard output and standard error of this program. */
import { readEnv } from "../env.ts";
import { HypomnesisError } from "../errors.ts";
import { type Output, OutputClosed } from "./context.ts";

/**
 * Standard output or standard error. What a terminal can do is looked up only when asked: the runtimes'
 * own stream objects cost more to make than the whole output.
 */
export class Stream implements Output {
  readonly #fd: 1 | 2;
  /** It was one when somebody looked. */
  #wasTerminal = false;
  #put: ((content: string | Uint8Array) => Promise<unknown>) | null = null;

  constructor(fd: 1 | 2) {
    this.#fd = fd;
  }

  get isTty(): boolean {
    return this.#isTerminal() && readEnv("TERM") !== "dumb";
  }

  get columns(): number | null {
    return this.#size()?.columns ?? null;
  }

  get rows(): number | null {
    return this.#size()?.rows ?? null;
  }

  #size(): { readonly columns: number; readonly rows: number } | null {
    if (!this.#isTerminal()) return null;
    try {
      const { columns, rows } = "Deno" in globalThis
        ? Deno.consoleSize()
        : this.#fd === 1
        ? process.stdout
        : process.stderr;
      return columns > 0 && rows > 0 ? { columns, rows } : null;
    } catch {
      return null;
    }
  }

  get color(): boolean {
    return this.isTty && !readEnv("NO_COLOR");
  }

  async write(content: string | Uint8Array): Promise<void> {
    if (content.length === 0) return;
    // Bun writes to a terminal that has gone without a word. Who writes for long has asked whether it is one; a short
    // answer to a pipe does without the question, which takes longer than the writing.
    if (this.#wasTerminal && !this.#isTerminal()) throw new OutputClosed();
    try {
      this.#put ??= "Deno" in globalThis ? denoWriter(this.#fd) : bunWriter(this.#fd);
      await this.#put(content);
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code === "EPIPE" || (this.#wasTerminal && !this.#isTerminal())) {
        throw new OutputClosed();
      }
      const why = error instanceof Error ? error.message : String(error);
      throw new HypomnesisError("output_failed", `Cannot write the output: ${why}`);
    }
  }

  #isTerminal(): boolean {
    const is = isTerminal(this.#fd);
    this.#wasTerminal ||= is;
    return is;
  }
}

/** Asks the system anew: a terminal whose window was closed is none any more. */
function isTerminal(fd: 1 | 2): boolean {
  if ("Deno" in globalThis) return (fd === 1 ? Deno.stdout : Deno.stderr).isTerminal();
  return process.getBuiltinModule("node:tty").isatty(fd);
}

/** `Bun.write` would write over a file that is appended to; a writer does not. */
function bunWriter(fd: 1 | 2): (content: string | Uint8Array) => Promise<unknown> {
  const writer = (fd === 1 ? Bun.stdout : Bun.stderr).writer();
  return async (content) => {
    // A disk that is full is told by the one or by the other.
    await writer.write(content);
    await writer.flush();
  };
}

function denoWriter(fd: 1 | 2): (content: string | Uint8Array) => Promise<unknown> {
  const stream = fd === 1 ? Deno.stdout : Deno.stderr;
  return async (content) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    for (let written = 0; written < bytes.length;) {
      try {
        written += await stream.write(bytes.subarray(written));
      } catch (error) {
        // The other end made the pipe non-blocking and it is full.
        if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  };
}
