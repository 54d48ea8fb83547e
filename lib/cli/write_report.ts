/** Writes what is told behind a command's own output. */
import { FAILURES, HypomnesisError } from "../errors.ts";
import { type CliContext, OutputClosed } from "./context.ts";

/**
 * Writes `text` and returns the command's exit code. Whoever read it may have gone; a report that can't be written
 * for another reason is said on stderr, and is the exit code of a command that went well.
 */
export async function writeReport(
  context: CliContext,
  stream: "stdout" | "stderr",
  text: string,
  exitCode: number,
): Promise<number> {
  try {
    await context[stream].write(text);
    return exitCode;
  } catch (error) {
    if (error instanceof OutputClosed) return exitCode;
    if (!(error instanceof HypomnesisError)) throw error;
    await context.stderr.write(`hmn: error: ${error.message}\n`).catch(() => {});
    return exitCode === 0 ? FAILURES[error.code].exit : exitCode;
  }
}
