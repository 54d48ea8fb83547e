/** Signals that end a command which keeps what it has. */
import type { SignalName } from "./context.ts";

/**
 * Each, and the exit code of who is ended by it. Ctrl+Break is Windows' other Ctrl+C, and so is its code; a console
 * window that is closed sends SIGHUP.
 */
export const EXIT_OF = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGQUIT: 131,
  SIGTERM: 143,
  SIGBREAK: 130,
} as const satisfies Partial<Record<SignalName, number>>;

/** One of them. */
export type EndingSignal = keyof typeof EXIT_OF;

/** All of them. */
export const ENDING = Object.keys(EXIT_OF) as readonly EndingSignal[];
