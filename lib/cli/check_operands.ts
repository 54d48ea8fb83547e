/** What a command to run must be like. */
import { UsageError } from "./usage_error.ts";

/**
 * Refuses an empty command line, and arguments that reached us changed: the runtimes read arguments as UTF-8 and put
 * U+FFFD for what is none, which would name another file.
 *
 * @throws {UsageError}
 */
export function checkCommandLine(operands: readonly string[], example: string): void {
  if (operands.length === 0) {
    throw new UsageError(`COMMAND is missing: give the command to run, as in ${example}`);
  }
  const changed = operands.findIndex((operand) => operand.includes("\ufffd"));
  if (changed >= 0) {
    throw new UsageError(
      `argument ${changed} of the command is not UTF-8 and can't be passed on unchanged: ` +
        "put the command into a script, and run that",
    );
  }
}
