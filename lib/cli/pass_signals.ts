/** Hands signals on to a command that runs below us. */
import type { CliContext, SignalName } from "./context.ts";

/** Those a person or a supervisor sends to end, reload or question a program. */
const PASSED: readonly SignalName[] = [
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGHUP",
  "SIGUSR1",
  "SIGUSR2",
];
/** Those the terminal's keys send, to every process in the foreground. */
const TYPED: readonly SignalName[] = ["SIGINT", "SIGQUIT"];

/**
 * From now on these signals reach the command and no longer end us, so that a report can be written. One typed at the
 * terminal has reached it already: a second one would be taken for impatience.
 */
export function passSignals(
  context: CliContext,
  running: { kill(signal: string): void },
): () => void {
  return context.onSignals(PASSED, (signal) => {
    if (!(TYPED.includes(signal) && context.isForeground())) running.kill(signal);
  });
}
