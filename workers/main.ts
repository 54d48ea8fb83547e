/**
 * The entry of every worker: the same messages as a thread of the host or as its child process.
 *
 * The first message is the configuration; the worker says `ready`, and from then on answers one question
 * after the other.
 */
import type { WorkerConfig } from "../lib/protocol.ts";
import { type Answerer, type Begin, makeAnswerer } from "./answer.ts";
import { endWithHost } from "./host/end_with_host.ts";
import { realHost } from "./host/real_host.ts";
import { openStdio } from "./host/stdio.ts";
import { openThread, type Port } from "./host/thread.ts";
import { readJobMemory } from "./win32/job.ts";

async function start(config: WorkerConfig, port: Port): Promise<Answerer> {
  const host = await realHost(config.debug ? (line) => port.send({ debug: line }) : null);
  if (port.isProcess) endWithHost(host, config);
  // Later it may be hidden: a runtime that starts a program enters a job of its own.
  else if (config.sources.includes("win32") && host.platform === "windows") readJobMemory(host);
  return makeAnswerer(host, config);
}

async function serve(port: Port): Promise<void> {
  let answerer: Answerer | null = null;
  for await (const message of port.messages) {
    if ("close" in message) break;
    if ("config" in message) {
      answerer = await start(message.config, port);
      port.send({ ready: message.config.protocol });
      continue;
    }
    if (answerer === null) continue;
    const { id, ask, without } = message;
    const begin: Begin = (source) => port.send({ id, begin: source });
    port.send({ id, reply: await answerer.answer(ask, without, begin) });
  }
  // A process that ends closes everything by itself, and without a call into a driver that may hang.
  if (!port.isProcess) answerer?.close();
  port.close();
}

await serve(openThread() ?? openStdio());
