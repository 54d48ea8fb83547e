/**
 * A worker in a thread of this process: contains hangs only.
 *
 * A thread inside a native call can't be ended. It is never terminated: on Bun that starts a storm of
 * signals that lasts as long as the call. It is left alone, and told to end if it ever answers.
 */
import type { FromWorker, ToWorker } from "../protocol.ts";
import { recordAbandoned } from "./abandoned.ts";
import { workerUrl } from "./launch.ts";
import type { Link, LinkEvents } from "./link.ts";

/** The few things both runtimes' threads can do. */
interface Thread {
  post(message: ToWorker): void;
  hold(on: boolean): void;
}

/** Starts the worker as a thread. */
export function startThreadLink(events: LinkEvents): Link {
  let deaf = false;
  let forget: (() => void) | null = null;

  const heard = (message: FromWorker) => {
    if (forget !== null && "reply" in message) {
      // The call it was given up for has returned after all.
      forget();
      forget = null;
      thread?.post({ close: true });
    }
    if (!deaf) events.message(message);
  };
  const failed = (detail: string) => {
    forget?.();
    forget = null;
    if (deaf) return;
    deaf = true;
    events.lost({ how: "start", code: codeOf(detail), detail });
  };
  const start = "Bun" in globalThis ? startInBun : startInDeno;
  let thread: Thread | null = null;
  try {
    thread = start(heard, failed);
  } catch (error) {
    queueMicrotask(() => failed(error instanceof Error ? error.message : String(error)));
  }
  return {
    pid: null,
    send: (message) => thread?.post(message),
    hold: (on) => thread?.hold(on),
    retire: () => {
      deaf = true;
      thread?.post({ close: true });
      thread?.hold(false);
    },
    abandon: (reading) => {
      deaf = true;
      forget = recordAbandoned("worker", reading);
      thread?.hold(false);
    },
  };
}

function codeOf(detail: string): "permission_denied" | "worker_failed" {
  return /requires .* access|NotCapable/i.test(detail) ? "permission_denied" : "worker_failed";
}

function startInBun(
  heard: (message: FromWorker) => void,
  failed: (detail: string) => void,
): Thread {
  const worker = new Worker(workerUrl().href, { ref: false });
  worker.onmessage = (event: MessageEvent) => heard(event.data as FromWorker);
  worker.onerror = (event) => {
    event.preventDefault();
    failed(event.message);
  };
  return {
    post: (message) => worker.postMessage(message),
    hold: (on) => on ? worker.ref() : worker.unref(),
  };
}

function startInDeno(
  heard: (message: FromWorker) => void,
  failed: (detail: string) => void,
): Thread {
  // Deno's own Worker has no unref: it would keep the host alive.
  // Not an import: bundlers drop the `node:` of one, and Deno needs it.
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const worker = new Worker(workerUrl() as import("node:url").URL);
  worker.unref();
  worker.on("message", (message: FromWorker) => heard(message));
  worker.on("error", (error) => failed(error instanceof Error ? error.message : String(error)));
  return {
    post: (message) => worker.postMessage(message),
    hold: (on) => on ? worker.ref() : worker.unref(),
  };
}
