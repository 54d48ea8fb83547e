/**
 * Serves an application over HTTP, on Bun and on Deno.
 *
 * Connections that are silent, or whose head takes too long, are dropped. Bun's server does that; Deno's does not, so
 * there `node:http` is used, which answers half as many requests in a second.
 */
import { HypomnesisError } from "../errors.ts";
import { within } from "../run/ask.ts";
import { connectionLimit } from "./connection_limit.ts";
import { problemOf } from "./refusal.ts";
import { serveInNodeHttp } from "./serve_in_node_http.ts";

/** Answers one request; `env` is what the runtime gives beside it (on Bun its server). */
export type Answer = (request: Request, env?: unknown) => Response | Promise<Response>;

/** Where to serve. */
export interface ServeOptions {
  /** TCP port; 0: any free one. */
  readonly port: number;
  /**
   * Address to listen on.
   * @default "127.0.0.1"
   */
  readonly host?: string | undefined;
}

/** A server that runs. It keeps the program alive until it is closed. */
export interface Served {
  /** The port it listens on. */
  readonly port: number;
  /** `http://127.0.0.1:9700` */
  readonly url: string;
  /** Takes no more requests, waits a moment for answers that are under way, and cuts the rest. Never rejects. */
  close(): Promise<void>;
}

/** How a runtime listens. */
interface Listening {
  readonly port: number;
  /** Ends everything, also what is under way. */
  cut(): Promise<unknown>;
}

type Listen = (answer: Answer, port: number, host: string) => Listening | Promise<Listening>;

/** A connection on which nothing happens for so long is dropped; it is looked for every 4 s or sooner. */
const IDLE_SECONDS = 10;
/** A client that takes nothing of its answer for so long is cut; a stream of events is never silent for longer. */
const STALLED_SECONDS = 15;
/** Bun refuses larger bodies by itself; what is below, the application refuses in its own words. */
const LARGEST_BODY_BYTES = 1 << 20;
/** What answers under way get at the end. */
const LAST_MS = 500;

/**
 * Serves until it is closed.
 *
 * @throws {HypomnesisError} `invalid_request` where the port or the address can't be had, `permission_denied` where it
 * may not
 */
export async function serveApp(answer: Answer, options: ServeOptions): Promise<Served> {
  const { port, host = "127.0.0.1" } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new HypomnesisError(
      "invalid_request",
      `Cannot listen on port ${port}: give a whole number from 0 to 65535; 0 is any free one`,
    );
  }
  const listen: Listen = "Bun" in globalThis ? listenInBun : listenInDeno;
  const work = new UnderWay();
  let listening: Listening;
  try {
    listening = await listen(work.counted(answer), port, host);
  } catch (error) {
    throw refused(error, port, host);
  }
  let closing: Promise<void> | null = null;
  const close = async () => {
    await within(LAST_MS, work.end());
    await within(LAST_MS, listening.cut());
  };
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    port: listening.port,
    url: `http://${name}:${listening.port}`,
    close: () => closing ??= close(),
  };
}

/**
 * Answers that are under way. The runtimes' own ways to end gently wait for every client that holds a connection, and
 * can't be told later to cut them.
 */
class UnderWay {
  #count = 0;
  #ended: PromiseWithResolvers<void> | null = null;

  /** The same answers, counted; requests that come after the end are refused. */
  counted(answer: Answer): Answer {
    return async (request, env) => {
      if (this.#ended !== null) return problemOf(closed());
      this.#count += 1;
      try {
        return await answer(request, env);
      } finally {
        this.#count -= 1;
        // Behind the answer, which is handed to the runtime first.
        if (this.#ended !== null) setTimeout(() => this.#tellEnd(), 0);
      }
    };
  }

  /** Resolves when the answers are out. */
  end(): Promise<void> {
    this.#ended ??= Promise.withResolvers();
    this.#tellEnd();
    return this.#ended.promise;
  }

  #tellEnd(): void {
    if (this.#count === 0) this.#ended?.resolve();
  }
}

function closed(): HypomnesisError {
  return new HypomnesisError("closed", "Cannot take the request: the server is about to end");
}

function listenInBun(answer: Answer, port: number, hostname: string) {
  const server = Bun.serve({
    port,
    hostname,
    idleTimeout: IDLE_SECONDS,
    maxRequestBodySize: LARGEST_BODY_BYTES,
    // Its pages for developers show the source.
    development: false,
    // Without those pages, Bun shares a port with whoever has it.
    reusePort: false,
    fetch: (request, server) => answer(request, server),
    error: problemOf,
  });
  return { port: server.port!, cut: () => server.stop(true) };
}

async function listenInDeno(answer: Answer, port: number, hostname: string) {
  // Node's server finds it out where nobody can catch it.
  const host = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  const { state } = await Deno.permissions.request({ name: "net", host });
  if (state !== "granted") throw new Deno.errors.NotCapable(`Requires net access to ${host}`);
  return await serveInNodeHttp({
    port,
    hostname,
    answer: async (request) => {
      try {
        return await answer(request);
      } catch (error) {
        return problemOf(error);
      }
    },
    idleMs: IDLE_SECONDS * 1000,
    stalledMs: STALLED_SECONDS * 1000,
    mostConnections: connectionLimit(),
  });
}

function refused(error: unknown, port: number, host: string): HypomnesisError {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const place = `${host} port ${port}`;
  if (code === "EADDRINUSE") {
    return new HypomnesisError(
      "invalid_request",
      `Cannot listen on ${place}: another program has it; give another port, or 0 for any free one`,
      { cause: error },
    );
  }
  const isRefusedByDeno = (error as Error).name === "NotCapable";
  if (code === "EACCES" || code === "EPERM" || isRefusedByDeno) {
    const way = isRefusedByDeno ? "allow it with --allow-net" : "give a port from 1024 on";
    return new HypomnesisError(
      "permission_denied",
      `Cannot listen on ${place}: it is not permitted; ${way}`,
      { cause: error },
    );
  }
  return new HypomnesisError(
    "invalid_request",
    `Cannot listen on ${place}: ${String(message)}; give an address of this machine`,
    { cause: error },
  );
}
