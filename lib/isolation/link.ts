/** The link between the host and one worker, whatever it runs as. */
import type { FromWorker, ToWorker } from "../protocol.ts";
import type { SourceName } from "../sources.ts";

/** How a worker ended that nobody told to end. */
export interface Loss {
  /** `"start"`: it could not even be started; `"gone"`: it ended by itself. */
  readonly how: "start" | "gone";
  /** `permission_denied` where the runtime refused, `crashed` where a signal ended it. */
  readonly code: "permission_denied" | "crashed" | "worker_failed";
  /** What is known about it, such as `signal SIGSEGV`. */
  readonly detail: string;
}

/** What a link tells its owner. Nothing is told after {@linkcode Link.abandon}. */
export interface LinkEvents {
  message(message: FromWorker): void;
  /** Told once. */
  lost(loss: Loss): void;
}

/** One running worker. No method waits, and none throws. */
export interface Link {
  /** Process id of the worker; `null` where it is a thread, or not started yet. */
  readonly pid: number | null;
  send(message: ToWorker): void;
  /** Whether the worker keeps the host's event loop alive. It does not until it is held. */
  hold(on: boolean): void;
  /** Tells a worker that answers to end. */
  retire(): void;
  /** Gives up a worker that does not answer: ends it if that can be done, and never waits for it. */
  abandon(reading: SourceName | null): void;
}

/** Starts a worker. */
export type StartLink = (events: LinkEvents) => Link;
