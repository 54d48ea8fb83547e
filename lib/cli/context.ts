/** Everything a command may touch, as one value, so that a test runs the commands on a machine of its own. */
import type { startCommand } from "../run/start_command.ts";
import type { Asker, AskerOptions } from "./asker.ts";

/** One of the two streams a command writes to. */
export interface Output {
  /**
   * Resolves once the text, or the bytes as they are, are handed to the system.
   * @throws {OutputClosed} where nobody reads any more
   */
  write(content: string | Uint8Array): Promise<void>;
  /** It is a terminal that understands escape sequences. */
  readonly isTty: boolean;
  /** Columns of the terminal; `null` where it is none. */
  readonly columns: number | null;
  /** Lines of the terminal; `null` where it is none. */
  readonly rows: number | null;
  /** Colours are welcome: a terminal, and `NO_COLOR` is not set. */
  readonly color: boolean;
}

/** Signals a command may listen to. Those that the system does not have are never sent. */
export type SignalName =
  | "SIGINT"
  | "SIGTERM"
  | "SIGHUP"
  | "SIGQUIT"
  | "SIGBREAK"
  | "SIGUSR1"
  | "SIGUSR2"
  | "SIGWINCH"
  | "SIGTSTP"
  | "SIGCONT";

/** The world of one run. */
export interface CliContext {
  /** The arguments behind the program's name. */
  readonly args: readonly string[];
  readonly stdout: Output;
  readonly stderr: Output;
  /** Text of standard input, piece by piece. */
  stdin(): AsyncIterable<string>;
  /** The process `hmn` runs in. */
  readonly ownPid: number;
  /** The value of an environment variable. */
  env(name: string): string | undefined;
  openAsker(options: AskerOptions): Promise<Asker>;
  /** Starts a person's command. Throws what {@linkcode startCommand} does. */
  readonly startCommand: typeof startCommand;
  /**
   * Files above stderr that were open when we were started, as `<(…)` and jobservers have it. To be asked before
   * anything is opened.
   */
  inheritedDescriptors(): readonly number[];
  /** Signals that were ignored when we were started, as `nohup` and shells have it for what runs beside them. */
  readonly ignoredSignals: readonly SignalName[];
  /**
   * Calls `listener` at each of these signals, which then have no other effect. The function returned ends
   * the calls; the signals stay without effect, because a program that has said its last words is about to end.
   * One that was ignored when we were started stays ignored.
   */
  onSignals(signals: readonly SignalName[], listener: (signal: SignalName) => void): () => void;
  /** A Ctrl+C typed at the terminal reaches us, and with us every process we started. */
  isForeground(): boolean;
  /** Stops this process until it gets SIGCONT, as Ctrl+Z does. */
  suspend(): void;
  /** Ends the program at once. */
  quit(code: number): void;
  /**
   * Calls `cleanUp` before the program ends by Ctrl+C or SIGTERM. Until the first call a signal ends the
   * program at once, with nothing to clean up.
   */
  beforeInterrupt(cleanUp: () => void): void;
}

/** Whoever read the output has gone, as `head` does. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}
