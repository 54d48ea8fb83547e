/** A command that a person wants measured: how it is started, and how it ended. */
import type { Bytes } from "../records.ts";
import type { ProcessOfRun } from "./process_of_run.ts";

/** How a command ended. */
export interface CommandEnd {
  /**
   * Exit code; 128 and the signal's number where a signal ended it, as shells have it. On Windows all 32 bits without
   * a sign, such as 3221225477 (0xC0000005) of a program that crashed; the lowest 8 bits where Bun tells it alone.
   */
  readonly exitCode: number;
  /** The signal that ended it, such as `SIGTERM`; `null` where it exited. */
  readonly signal: string | null;
  /**
   * Highest resident memory of the largest single process among the command and those it waited for (`ru_maxrss` of
   * wait4(2)). `null` on Deno, which does not tell, and where it is not above our own: a program inherits the peak of
   * the one that started it. `null` on Windows.
   */
  readonly maxRssBytes: Bytes;
}

/** A running command. */
export interface RunningCommand {
  readonly pid: number;
  /**
   * Sends a signal such as `SIGTERM`; does nothing once it has ended. On Windows SIGTERM and SIGKILL end it and all it
   * started, and others are not sent.
   */
  kill(signal: string): void;
  /** How it ended. Never rejects. */
  readonly ended: Promise<CommandEnd>;
  /** What it writes, where that was asked for; `null`: it has our own stdout and stderr. */
  readonly output: CommandOutput | null;
}

/** What a command writes. Both have to be read to their ends, or it waits. */
export interface CommandOutput {
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
}

/** How a command is started. */
export interface StartOptions {
  /** Working directory; ours by default. */
  readonly cwd?: string | undefined;
  /** Environment; ours by default. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** `"inherit"`: it has our stdin, stdout and stderr; `"null"`: none. */
  readonly stdio?: "inherit" | "null" | undefined;
  /** `true`: its stdout and stderr come to us, as {@linkcode RunningCommand.output}. */
  readonly piped?: boolean | undefined;
  /**
   * `true`: it leads a session of its own, apart from our terminal, and `kill` reaches everything in it. On Windows it
   * has a console of its own, without a window; on Deno there it shares ours.
   */
  readonly ownSession?: boolean | undefined;
  /** File to write its PID to before it runs, so that all of it is in a cgroup; `null`: none. */
  readonly cgroupFile?: string | null;
  /** Who tells the exit code and ends all of it on Windows, where that is more than the runtime can; `null`: nobody. */
  readonly held?: ProcessOfRun | null;
  /** Open files above stderr that it shall have, under the same numbers. Deno hands them on by itself. */
  readonly descriptors?: readonly number[] | undefined;
  /** Signals that it shall ignore from the start, as we do; Bun would have it heed them. */
  readonly ignored?: readonly string[] | undefined;
}
