/**
 * The messages of a worker that is a child process: a line of JSON each, on stdin and stdout.
 *
 * Reading blocks, on purpose: the child has nothing else to do, needs no event loop for it, and starts in
 * half the time that `process.stdin` takes.
 */
import { LineSplitter } from "../../lib/lines.ts";
import type { FromWorker, ToWorker } from "../../lib/protocol.ts";
import type { Port } from "./thread.ts";

/** A question names a few thousand PIDs at most. */
const MOST_CHARACTERS = 1 << 20;

interface Pipes {
  /** Waits for bytes; 0 when stdin is closed. */
  read(into: Uint8Array): number;
  write(from: Uint8Array): number;
  exit(): void;
}

/** The port on stdin and stdout. */
export function openStdio(): Port {
  const pipes = "Bun" in globalThis ? bunPipes() : denoPipes();
  const encoder = new TextEncoder();
  return {
    isProcess: true,
    messages: readMessages(pipes),
    send: (message: FromWorker) => {
      let bytes = encoder.encode(JSON.stringify(message) + "\n");
      while (bytes.length > 0) bytes = bytes.subarray(pipes.write(bytes));
    },
    close: pipes.exit,
  };
}

async function* readMessages(pipes: Pipes): AsyncGenerator<ToWorker> {
  const lines = new LineSplitter(MOST_CHARACTERS);
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1 << 16);
  for (let count; (count = pipes.read(buffer)) > 0;) {
    for (const line of lines.push(decoder.decode(buffer.subarray(0, count), { stream: true }))) {
      yield JSON.parse(line) as ToWorker;
    }
  }
}

function bunPipes(): Pipes {
  const fs = process.getBuiltinModule("node:fs");
  const sleeping = new Int32Array(new SharedArrayBuffer(4));
  // A pipe from the host may be set not to block.
  const retry = (action: () => number): number => {
    for (;;) {
      try {
        return action();
      } catch (error) {
        if ((error as { code?: string }).code !== "EAGAIN") throw error;
        Atomics.wait(sleeping, 0, 0, 1);
      }
    }
  };
  return {
    read: (into) => retry(() => fs.readSync(0, into)),
    write: (from) => retry(() => fs.writeSync(1, from)),
    exit: () => process.exit(0),
  };
}

function denoPipes(): Pipes {
  return {
    read: (into) => Deno.stdin.readSync(into) ?? 0,
    write: (from) => Deno.stdout.writeSync(from),
    exit: () => Deno.exit(0),
  };
}
