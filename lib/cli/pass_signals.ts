/** Hands signals on to a command that runs below us. */
import type { CliContext, SignalName } from "./context.ts";
import { EXIT_OF } from "./ending.ts";

/** Those a person or a supervisor sends to end, reload or question a program, and the exit code of who obeys. */
const PASSED = {
  ...EXIT_OF,
  SIGUSR1: 138,
  SIGUSR2: 140,
} as const satisfies Partial<Record<SignalName, number>>;
/** Those the terminal's keys send, to every process in the foreground. */
const TYPED: readonly SignalName[] = ["SIGINT", "SIGQUIT", "SIGBREAK"];

/** The way of signals to a command: before it runs they end us, and then they are its own. */
export class SignalPass {
  readonly #context: CliContext;
  readonly #release: () => void;
  #running: { kill(signal: string): void } | null = null;

  /** `name`: the command of ours that would run it. */
  constructor(context: CliContext, name: string) {
    this.#context = context;
    const passed = Object.keys(PASSED) as (keyof typeof PASSED)[];
    this.#release = context.onSignals(passed, (signal) => {
      if (this.#running === null) void this.#endBefore(name, signal as keyof typeof PASSED);
      else this.#pass(this.#running, signal);
    });
  }

  /** From now on signals reach this command and no longer end us, so that a report can be written. */
  to(running: { kill(signal: string): void }): void {
    this.#running = running;
  }

  /** Ends the passing. */
  release(): void {
    this.#release();
  }

  /** One typed at the terminal has reached it already: a second one would be taken for impatience. */
  #pass(running: { kill(signal: string): void }, signal: SignalName): void {
    if (!(TYPED.includes(signal) && this.#context.isForeground())) running.kill(signal);
  }

  async #endBefore(name: string, signal: keyof typeof PASSED): Promise<void> {
    const text = `hmn ${name}: ended by ${signal} before the command was started\n`;
    await this.#context.stderr.write(text).catch(() => {});
    this.#context.quit(PASSED[signal]);
  }
}
