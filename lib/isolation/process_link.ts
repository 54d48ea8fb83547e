/** A worker in a child process: contains hangs, crashes, lost locks and uninterruptible sleep. */
import { LineSplitter } from "../lines.ts";
import type { FromWorker, ToWorker } from "../protocol.ts";
import type { SourceName } from "../sources.ts";
import { recordAbandoned } from "./abandoned.ts";
import { type Child, mayStartChild, startChild } from "./child.ts";
import type { Link, LinkEvents, Loss } from "./link.ts";
import { backgroundTimer } from "./timers.ts";

/** An answer for 16 GPUs with 5,000 processes each fits; more than this is not an answer. */
const MOST_CHARACTERS = 64 << 20;

/** A lost child gets this long to end by itself, and again after SIGTERM, before the next step. */
const PATIENCE_MS = 25;
/** The same for one that answered when it was last asked. */
const RETIRING_MS = 1_000;
/** A child that is still there so long after SIGKILL sits in the kernel. */
const UNKILLABLE_MS = 1_000;

/** Starting a child holds the event loop for a millisecond, so no two start in one turn of it. */
let lastStart: Promise<unknown> = Promise.resolve();

function startInItsTurn(): Promise<Child> {
  const started = lastStart.then(() => {
    if (!mayStartChild()) throw new StartRefused();
    return startChild();
  });
  // A timer of 0 takes a millisecond; Deno's setImmediate would load Node's timers first.
  const nextTurn = () =>
    new Promise<void>((resolve) => {
      if ("Bun" in globalThis) setImmediate(resolve);
      else setTimeout(resolve, 0);
    });
  lastStart = started.then(nextTurn, () => {});
  return started;
}

class StartRefused extends Error {
  override readonly name = "NotCapable";
  override readonly message = "a child process needs --allow-run for the runtime's own executable";
}

/** Starts the worker as a child process. */
export function startProcessLink(events: LinkEvents): Link {
  let child: Child | null = null;
  let held = false;
  let deaf = false;
  const waiting: ToWorker[] = [];
  let onceStarted: ((child: Child) => void) | null = null;

  const send = (message: ToWorker) => {
    if (child === null) waiting.push(message);
    else child.write(JSON.stringify(message) + "\n");
  };
  const end = (reading: SourceName | null, patienceMs: number) => {
    deaf = true;
    held = false;
    const endIt = (child: Child) => {
      child.hold(false);
      endStepwise(child, reading, patienceMs);
    };
    if (child === null) onceStarted = endIt;
    else endIt(child);
  };
  startInItsTurn().then((started) => {
    child = started;
    if (onceStarted !== null) return onceStarted(started);
    started.hold(held);
    waiting.splice(0).forEach(send);
    listen(started, events, () => deaf);
  }, (error: Error) => {
    if (deaf) return;
    deaf = true;
    const code = error.name === "NotCapable" ? "permission_denied" : "worker_failed";
    events.lost({ how: "start", code, detail: error.message });
  });
  return {
    get pid() {
      return child?.pid ?? null;
    },
    send,
    hold: (on) => {
      held = on;
      child?.hold(on);
    },
    retire: () => end(null, RETIRING_MS),
    abandon: (reading) => end(reading, PATIENCE_MS),
  };
}

async function listen(child: Child, events: LinkEvents, isDeaf: () => boolean): Promise<void> {
  const lines = new LineSplitter(MOST_CHARACTERS);
  let garbage: string | null = null;
  try {
    for await (const piece of child.stdout) {
      for (const line of lines.push(piece)) {
        if (!isDeaf()) events.message(JSON.parse(line) as FromWorker);
      }
    }
  } catch (error) {
    garbage = error instanceof Error ? error.message : String(error);
    child.kill("SIGKILL");
  }
  const { code, signal } = await child.ended;
  if (isDeaf()) return;
  const loss: Loss = garbage !== null
    ? { how: "gone", code: "worker_failed", detail: `it sent garbage: ${garbage}` }
    : signal !== null
    ? { how: "gone", code: "crashed", detail: `signal ${signal}` }
    : { how: "gone", code: "crashed", detail: `exit code ${exitCodeText(code)}` };
  events.lost(loss);
}

/** Windows gives the status of a crash as the exit code, which people know in hex: 0xc0000005. */
function exitCodeText(code: number | null): string {
  if (code === null || (code >= 0 && code <= 0xffff)) return String(code);
  return `0x${(code >>> 0).toString(16)}`;
}

/**
 * Closes its stdin, then SIGTERM, then SIGKILL, then lets it be. A client of a GPU that is killed in
 * mid-call can wedge the driver, so it gets the chance to end by itself first.
 */
function endStepwise(child: Child, reading: SourceName | null, patienceMs: number): void {
  const steps = [
    backgroundTimer(() => child.kill("SIGTERM"), patienceMs),
    backgroundTimer(() => child.kill("SIGKILL"), 2 * patienceMs),
    backgroundTimer(() => {
      const forget = recordAbandoned("process", reading);
      child.ended.then(forget);
    }, 2 * patienceMs + UNKILLABLE_MS),
  ];
  child.ended.then(() => steps.forEach((step) => clearTimeout(step)));
  child.closeStdin();
}
