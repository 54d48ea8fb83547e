/**
 * What can go wrong, as data and as the class that is thrown.
 *
 * An `Error` does not survive a message between threads or processes, so a failure travels as
 * {@linkcode Failure} and becomes a {@linkcode HypomnesisError} only where it is thrown.
 */
import type { Failure } from "./failures.ts";
import { HypomnesisError } from "./hypomnesis_error.ts";
import type { SourceName } from "./sources.ts";

export { type Failure, type FailureCode, type FailureMeaning, FAILURES } from "./failures.ts";
export { type ErrorDetails, HypomnesisError } from "./hypomnesis_error.ts";

/** Turns anything thrown into plain data; what is not ours becomes `internal`. */
export function toFailure(thrown: unknown, source: SourceName | null = null): Failure {
  if (thrown instanceof HypomnesisError) {
    const failure = thrown.toFailure();
    return failure.source === null ? { ...failure, source } : failure;
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "internal", message: `Unexpected error: ${message}`, source };
}
