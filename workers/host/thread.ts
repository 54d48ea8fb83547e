/** The messages of a worker that is a thread of its host. */
import type { FromWorker, ToWorker } from "../../lib/protocol.ts";

/** Where messages come from and go to. */
export interface Port {
  /** This worker is a process of its own. */
  readonly isProcess: boolean;
  readonly messages: AsyncIterable<ToWorker>;
  send(message: FromWorker): void;
  /** Ends the worker. */
  close(): void;
}

interface ParentPort {
  on(event: "message", listener: (message: ToWorker) => void): void;
  postMessage(message: FromWorker): void;
}

/** The port to the host where this is a thread, or `null` where it is a process. */
export function openThread(): Port | null {
  const isThread = "Bun" in globalThis
    ? !Bun.isMainThread
    : "DedicatedWorkerGlobalScope" in globalThis;
  if (!isThread) return null;
  const { queue, push, end } = makeQueue();
  if ("Bun" in globalThis) {
    globalThis.addEventListener("message", (event) => push((event as MessageEvent).data));
    return {
      isProcess: false,
      messages: queue,
      send: (message) => postMessage(message),
      close: () => {
        end();
        // Without a listener the thread has nothing left to do, and ends.
        process.exit(0);
      },
    };
  }
  // Not an import: bundlers drop the `node:` of one, and Deno needs it.
  const { parentPort } = process.getBuiltinModule("node:worker_threads") as unknown as {
    parentPort: ParentPort;
  };
  parentPort.on("message", push);
  return {
    isProcess: false,
    messages: queue,
    send: (message) => parentPort.postMessage(message),
    close: () => {
      end();
      // Deno's threads are all web workers underneath; its `parentPort` can't be closed.
      globalThis.close();
    },
  };
}

function makeQueue(): {
  queue: AsyncIterable<ToWorker>;
  push: (message: ToWorker) => void;
  end: () => void;
} {
  const waiting: ToWorker[] = [];
  let wake: (() => void) | null = null;
  let ended = false;
  async function* take(): AsyncGenerator<ToWorker> {
    while (!ended) {
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else await new Promise<void>((resolve) => wake = resolve);
    }
  }
  const signal = () => {
    wake?.();
    wake = null;
  };
  return {
    queue: take(),
    push: (message) => {
      waiting.push(message);
      signal();
    },
    end: () => {
      ended = true;
      signal();
    },
  };
}
