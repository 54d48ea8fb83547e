/**
 * Serves fetch's requests with `node:http`, for Deno: its own server drops no connection that is silent or slow, so that
 * whoever reaches it can take every descriptor.
 *
 * Over 200 lines because a request and its answer are one conversation: what ends the one ends the other.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";

/** Where to listen, and how long is waited for clients. */
export interface NodeHttpOptions {
  readonly port: number;
  readonly hostname: string;
  /** Answers one request. What it throws cuts the connection. */
  readonly answer: (request: Request) => Response | Promise<Response>;
  /** A connection without a request is closed after this; a head that is not whole by then is refused with 408. */
  readonly idleMs: number;
  /** A client that takes nothing of its answer for so long is cut. */
  readonly stalledMs: number;
  /** Beyond these a connection is closed at once. */
  readonly mostConnections: number;
}

/** A server that listens. */
export interface NodeHttpServer {
  readonly port: number;
  /** Ends everything, also what is under way. */
  cut(): Promise<void>;
}

/** Listens. Rejects with the system's error where it can't. */
export async function serveInNodeHttp(options: NodeHttpOptions): Promise<NodeHttpServer> {
  const server = new RenewedServer(options);
  const port = await server.listen(options.port);
  return { port, cut: () => server.cut() };
}

/** After this, the port is tried again where somebody else has it, which can only be the server before. */
const AGAIN_MS = 100;

/**
 * A server that is made anew when it was full: from then on Deno's takes no connection any more, and says nothing.
 * Connections that are open stay with the server that took them.
 */
class RenewedServer {
  readonly #options: NodeHttpOptions;
  readonly #servers = new Set<Server>();
  #port = 0;
  #open = 0;
  #wasFull = false;
  #hasEnded = false;

  constructor(options: NodeHttpOptions) {
    this.#options = options;
  }

  /** Listens; the port. */
  async listen(port: number): Promise<number> {
    const server = this.#make();
    const listening = Promise.withResolvers<void>();
    server.on("error", listening.reject);
    server.listen(port, this.#options.hostname, listening.resolve);
    await listening.promise;
    this.#servers.add(server);
    this.#port = (server.address() as { readonly port: number }).port;
    return this.#port;
  }

  /** Ends everything, also what is under way. */
  async cut(): Promise<void> {
    this.#hasEnded = true;
    await Promise.all([...this.#servers].map((server) =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      })
    ));
  }

  #make(): Server {
    const { answer, idleMs, stalledMs, mostConnections } = this.#options;
    const { createServer } = process.getBuiltinModule("node:http");
    const server = createServer({
      headersTimeout: idleMs,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: idleMs / 5,
      // An application bounds the bodies it reads, and tells in its own words that a host is missing.
      requestTimeout: 0,
      requireHostHeader: false,
    }, (incoming, outgoing) => void pass(incoming, outgoing, answer, stalledMs));
    server.maxConnections = mostConnections;
    // None of the other limits is for a connection on which nothing was ever sent.
    server.setTimeout(idleMs, (socket) => socket.destroy());
    server.on("connection", (socket) => {
      this.#open += 1;
      this.#wasFull ||= this.#open >= mostConnections;
      socket.on("close", () => {
        this.#open -= 1;
        if (this.#wasFull && this.#open < mostConnections / 2) this.#renew();
      });
    });
    return server;
  }

  #renew(): void {
    this.#wasFull = false;
    for (const server of this.#servers) server.close(() => this.#servers.delete(server));
    const again = async () => {
      if (this.#hasEnded) return;
      await this.listen(this.#port).catch(() => setTimeout(again, AGAIN_MS));
    };
    void again();
  }
}

async function pass(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: NodeHttpOptions["answer"],
  stalledMs: number,
): Promise<void> {
  const gone = new AbortController();
  outgoing.on("error", () => {});
  outgoing.on("close", () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  // The answer may take as long as it does: the limits are for clients.
  outgoing.setTimeout(0);
  try {
    const request = requestOf(incoming, gone.signal);
    const response = request === null ? new Response(null, { status: 400 }) : await answer(request);
    if (gone.signal.aborted) return void await response.body?.cancel();
    outgoing.setTimeout(stalledMs);
    await send(response, outgoing, incoming.method === "HEAD");
  } catch {
    outgoing.destroy();
  }
}

/** `null`: it is nothing that an application could answer, such as `OPTIONS *`. */
function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request | null {
  const { method = "GET", url: target = "" } = incoming;
  // Who is asked stands in Host, also where the target names a server.
  const url = target.startsWith("/") ? URL.parse(`http://localhost${target}`) : URL.parse(target);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  try {
    const headers = new Headers();
    const { rawHeaders: raw } = incoming;
    for (let i = 0; i < raw.length; i += 2) headers.append(raw[i]!, raw[i + 1]!);
    const hasBody = method !== "GET" && method !== "HEAD" &&
      (headers.has("content-length") || headers.has("transfer-encoding"));
    const body = hasBody ? { body: bodyOf(incoming), duplex: "half" as const } : {};
    return new Request(url, { method, headers, signal, ...body });
  } catch {
    return null; // A method that fetch does not have, such as TRACE.
  }
}

/** What the client sends, no faster than it is read. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      const fail = () => controller.error(new Error("the request was cut off"));
      incoming.on("data", (bytes: Uint8Array) => {
        controller.enqueue(bytes);
        incoming.pause();
      });
      incoming.on("end", () => controller.close());
      incoming.on("error", fail).on("close", fail);
      incoming.pause();
    },
    pull: () => void incoming.resume(),
    cancel() {
      // Nobody wants the rest; it ends with the connection.
      incoming.removeAllListeners("data").removeAllListeners("end").resume();
    },
  });
}

async function send(response: Response, outgoing: ServerResponse, isHead: boolean): Promise<void> {
  const { status, headers, body } = response;
  const isStream = headers.get("content-type")?.startsWith("text/event-stream") === true;
  outgoing.statusCode = status;
  outgoing.setHeaders(headers);
  if (isStream && body !== null && !isHead) {
    outgoing.flushHeaders();
    return await pour(body, outgoing);
  }
  if (isStream) await body?.cancel();
  // Everything but a stream of events is in memory already.
  else if (body !== null) {
    const bytes = new Uint8Array(await response.arrayBuffer());
    outgoing.setHeader("content-length", bytes.length);
    if (!isHead) return void outgoing.end(bytes);
  }
  outgoing.end();
}

/** Hands a stream on, no faster than the client takes it. */
async function pour(body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const reader = body.getReader();
  outgoing.on("close", () => void reader.cancel().catch(() => {}));
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (!outgoing.write(value)) await canTakeMore(outgoing);
  }
  outgoing.end();
}

function canTakeMore(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off("drain", done).off("close", done);
      resolve();
    };
    outgoing.on("drain", done).on("close", done);
  });
}
