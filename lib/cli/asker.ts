/** The command line's port to the numbers: a meter of its own, or whatever else speaks the protocol. */
import type { LocalRequest, ReplyTo, Request } from "../protocol.ts";
import type { SourceName } from "../sources.ts";

/** Answers questions of the protocol. */
export interface Asker {
  /** Rejects with a `HypomnesisError` where the question could not be answered at all. */
  ask<R extends Request | LocalRequest>(
    request: R,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<ReplyTo<R["kind"]>>;
  /** Processes of ours that answer. */
  readonly workerPids: readonly number[];
  /** Ends whatever answers. Does not wait for a driver. */
  close(): Promise<void>;
}

/** How an asker is opened. */
export interface AskerOptions {
  /** The sources that may be asked; all where it is left out. */
  readonly sources?: readonly SourceName[] | undefined;
  /** Called about once a second while a source is waited for. */
  readonly onWait?: (source: SourceName, waitedMs: number) => void;
}
