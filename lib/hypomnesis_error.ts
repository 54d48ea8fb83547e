/**
 * The one class that is thrown. It has a file of its own because a program must have it once: the public modules of
 * the package share it.
 */
import type { Failure, FailureCode } from "./failures.ts";
import type { SourceName } from "./sources.ts";

/** Structured fields of a {@linkcode HypomnesisError} beside its code. */
export interface ErrorDetails {
  /** The device asked for, as an index. */
  readonly index?: number;
  /** How many devices there are. */
  readonly count?: number;
  /** The device asked for, as it was written. */
  readonly device?: string | number;
  /** The process asked for. */
  readonly pid?: number;
  /** What each source said, where a question could not be answered because sources failed. */
  readonly failures?: readonly Failure[];
  /** The original error, on the side where it happened. */
  readonly cause?: unknown;
}

/** A question could not be answered. Switch on `code`; the message is for people. */
export class HypomnesisError extends Error {
  override readonly name = "HypomnesisError";
  /** Which kind of failure. */
  readonly code: FailureCode;
  /** The source that failed, or `null`. */
  readonly source: SourceName | null;
  /** The device asked for, as an index; `undefined` where the question names none. */
  readonly index: number | undefined;
  /** How many devices there are; `undefined` where it was not the point. */
  readonly count: number | undefined;
  /** The device asked for, as it was written. */
  readonly device: string | number | undefined;
  /** The process asked for. */
  readonly pid: number | undefined;
  /** What each source said. Empty where no source was involved. */
  readonly failures: readonly Failure[];

  constructor(
    code: FailureCode,
    message: string,
    details: ErrorDetails & { readonly source?: SourceName | null } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.source = details.source ?? null;
    this.index = details.index;
    this.count = details.count;
    this.device = details.device;
    this.pid = details.pid;
    this.failures = details.failures ?? [];
  }

  /** The same as plain data, for JSON and messages. */
  toFailure(): Failure {
    return {
      code: this.code,
      message: this.message,
      source: this.source,
      ...(this.index === undefined ? {} : { deviceIndex: this.index }),
      ...(this.pid === undefined ? {} : { pid: this.pid }),
      ...(this.count === undefined ? {} : { count: this.count }),
    };
  }
}
