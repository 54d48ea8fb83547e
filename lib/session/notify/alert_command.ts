/** Runs the command of `--on-alert`, bounded in time. */
import { startCommand } from "../../run/start_command.ts";
import type { Attempt } from "./jobs.ts";

/** A command that does not end by SIGTERM gets SIGKILL after this … */
const KILL_AFTER_MS = 1_000;
/** … and one that does not end by that either is left to the system after this. */
const LEAVE_AFTER_MS = 1_000;

/**
 * Runs `command` and waits for its end: at most `timeoutMs`, or until the signal, and the time it takes to end it.
 * What it has started is ended with it.
 *
 * @throws {Error} with the reason, where it could not be started or did not end with code 0
 */
export async function runAlertCommand(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  { timeoutMs, signal }: Attempt,
): Promise<void> {
  signal.throwIfAborted();
  const running = startCommand(command, { stdio: "null", env, ownSession: true });
  let givenUp: string | null = null;
  const timers: ReturnType<typeof setTimeout>[] = [];
  const left = Promise.withResolvers<null>();
  const after = (ms: number, action: () => void) => timers.push(setTimeout(action, ms));
  const kill = () => {
    running.kill("SIGKILL");
    after(LEAVE_AFTER_MS, () => left.resolve(null));
  };
  const giveUp = () => {
    givenUp ??= "the recording ended before it did";
    kill();
  };
  after(timeoutMs, () => {
    givenUp = `it did not end within ${timeoutMs} ms`;
    running.kill("SIGTERM");
    after(KILL_AFTER_MS, kill);
  });
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    const end = await Promise.race([running.ended, left.promise]);
    if (givenUp !== null) throw new Error(givenUp);
    if (end !== null && end.signal !== null) throw new Error(`it was ended by ${end.signal}`);
    if (end !== null && end.exitCode !== 0) {
      throw new Error(`it ended with exit code ${end.exitCode}`);
    }
  } finally {
    timers.forEach((timer) => clearTimeout(timer));
    signal.removeEventListener("abort", giveUp);
  }
}
