/** The real world of `hmn`: the terminal or pipe, the environment, and a meter of its own. */
import { readEnv } from "../env.ts";
import { HypomnesisError } from "../errors.ts";
import { ownPid } from "../own_process.ts";
import { startCommand } from "../run/start_command.ts";
import type { Asker, AskerOptions } from "./asker.ts";
import { type CliContext, type Output, OutputClosed, type SignalName } from "./context.ts";

/** The context of this program. Nothing is opened before it is used. */
export function realContext(): CliContext {
  return {
    args: "Deno" in globalThis ? Deno.args : process.argv.slice(2),
    stdout: new Stream(1),
    stderr: new Stream(2),
    ownPid: ownPid(),
    env: readEnv,
    openAsker: openRealAsker,
    startCommand,
    inheritedDescriptors,
    get ignoredSignals() {
      return ignoredSignals();
    },
    onSignals,
    isForeground,
    suspend,
    quit: exit,
    beforeInterrupt,
  };
}

/** Opens the meter that answers the command line: in child processes, so that it always ends. */
async function openRealAsker({ sources, onWait }: AskerOptions): Promise<Asker> {
  const { openMeter } = await import("../meter.ts");
  return openMeter({
    isolation: "process",
    ...(sources === undefined ? {} : { sources }),
    ...(onWait === undefined ? {} : { onWait }),
  });
}

/** Ends the program. What was written is out, and a child that hangs goes with its parent. */
export function exit(code: number): never {
  return "Deno" in globalThis ? Deno.exit(code) : process.exit(code);
}

const EXIT_OF_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const;

function beforeInterrupt(cleanUp: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      cleanUp();
      // The clean-up's own writing goes out first, and is not waited for if it can't.
      setTimeout(() => exit(EXIT_OF_SIGNAL[signal]), 20);
    });
  }
}

function onSignals(
  signals: readonly SignalName[],
  listener: (signal: SignalName) => void,
): () => void {
  const ignored = ignoredSignals();
  let isListening = true;
  for (const signal of signals.filter((signal) => !ignored.includes(signal))) {
    const onSignal = () => {
      if (isListening) listener(signal);
    };
    if ("Deno" in globalThis) Deno.addSignalListener(signal, onSignal);
    else process.on(signal, onSignal);
  }
  // They stay without effect until the program ends, which is soon: a second one must not cut off its last words.
  return () => {
    isListening = false;
  };
}

function suspend(): void {
  if ("Deno" in globalThis) Deno.kill(Deno.pid, "SIGSTOP");
  else process.kill(process.pid, "SIGSTOP");
}

/** Bits of the mask in `/proc/PID/status`; nohup and shells ignore no others. */
const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3 } as const;
let ignored: readonly SignalName[] | null = null;

/** Read before the first listener, which ends the ignoring. */
function ignoredSignals(): readonly SignalName[] {
  if (ignored !== null) return ignored;
  const mask = BigInt(`0x${/^SigIgn:\t([0-9a-f]+)$/m.exec(ownText("status"))?.[1] ?? "0"}`);
  ignored = (Object.keys(SIGNAL_NUMBERS) as (keyof typeof SIGNAL_NUMBERS)[]).filter((name) =>
    (mask >> BigInt(SIGNAL_NUMBERS[name] - 1)) & 1n
  );
  return ignored;
}

/** Bun closes them to the commands it starts; Deno does not. What is no file, pipe or socket is the runtime's own. */
function inheritedDescriptors(): readonly number[] {
  if ("Deno" in globalThis) return [];
  const fs = process.getBuiltinModule("node:fs");
  const isFromOutside = (descriptor: number) => {
    try {
      return descriptor > 2 &&
        !fs.readlinkSync(`/proc/self/fd/${descriptor}`).startsWith("anon_inode:");
    } catch {
      return false; // The one by which the folder was listed.
    }
  };
  try {
    return fs.readdirSync("/proc/self/fd").map(Number).filter(isFromOutside).sort((a, b) => a - b);
  } catch {
    return [];
  }
}

/** A file of `/proc/self`; empty where it can't be read. */
function ownText(name: string): string {
  try {
    const path = `/proc/self/${name}`;
    return "Deno" in globalThis
      ? Deno.readTextFileSync(path)
      : process.getBuiltinModule("node:fs").readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Our process group is the one that the terminal's keys reach. */
function isForeground(): boolean {
  const stat = ownText("stat");
  if (stat === "") {
    return "Deno" in globalThis ? Deno.stdin.isTerminal() : process.stdin.isTTY === true;
  }
  // Behind the name: state, parent, process group, session, terminal, the terminal's process group.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[2] === fields[5];
}

/**
 * Standard output or standard error. What a terminal can do is looked up only when asked: the runtimes'
 * own stream objects cost more to make than the whole output.
 */
class Stream implements Output {
  readonly #fd: 1 | 2;
  /** It was one when somebody looked. */
  #wasTerminal = false;
  #put: ((text: string) => Promise<unknown>) | null = null;

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

  async write(text: string): Promise<void> {
    if (text === "") return;
    // Bun writes to a terminal that has gone without a word.
    if (!this.#isTerminal() && this.#wasTerminal) throw new OutputClosed();
    try {
      this.#put ??= "Deno" in globalThis ? denoWriter(this.#fd) : bunWriter(this.#fd);
      await this.#put(text);
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
function bunWriter(fd: 1 | 2): (text: string) => Promise<unknown> {
  const writer = (fd === 1 ? Bun.stdout : Bun.stderr).writer();
  return async (text) => {
    writer.write(text);
    await writer.flush();
  };
}

function denoWriter(fd: 1 | 2): (text: string) => Promise<unknown> {
  const stream = fd === 1 ? Deno.stdout : Deno.stderr;
  return async (text) => {
    const bytes = new TextEncoder().encode(text);
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
