/** The command line's port to the numbers: a meter of its own, or whatever else speaks the protocol. */
import type { LocalRequest, ReplyTo, Request } from "../protocol.ts";
import type { SourceName } from "../sources.ts";
import type { AllocatorState } from "../telemetry/board.ts";

/** Answers questions of the protocol. */
export interface Asker {
  /** Rejects with a `HypomnesisError` where the question could not be answered at all. */
  ask<R extends Request | LocalRequest>(
    request: R,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<ReplyTo<R["kind"]>>;
  /** What allocators told whoever answers; left out where nobody can have told anything. */
  readonly allocators?: (() => Promise<readonly AllocatorState[]>) | undefined;
  /** The process that a question without one is about, where that is not ours. */
  readonly subjectPid?: (() => Promise<number>) | undefined;
  /** Processes of ours that answer. */
  readonly workerPids: readonly number[];
  /** Ends whatever answers. Does not wait for a driver. */
  close(): Promise<void>;
}

/** How an asker is opened. */
export interface AskerOptions {
  /** The server to ask; left out: this machine is asked. */
  readonly url?: string | undefined;
  /** The token of that server. */
  readonly token?: string | undefined;
  /** The sources that may be asked; all where it is left out. */
  readonly sources?: readonly SourceName[] | undefined;
  /** Called about once a second while a source is waited for. */
  readonly onWait?: (source: SourceName, waitedMs: number) => void;
}
