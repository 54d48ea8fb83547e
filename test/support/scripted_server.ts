/** A server of `node:http` whose answers a test scripts, and which remembers what it was asked. */
import http from "node:http";
import type { AddressInfo } from "node:net";

/** One request, as it came. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** Answers one request. */
export type Reaction = (response: http.ServerResponse, asked: Asked) => void;

/** Answers with a status, headers and a text. */
export function answer(
  status: number,
  text: string | Uint8Array,
  headers: Readonly<Record<string, string>> = { "content-type": "application/json" },
): Reaction {
  return (response) => void response.writeHead(status, headers).end(text);
}

/** Answers with a value as JSON, as it is. */
export function json(value: unknown, status = 200): Reaction {
  return answer(status, JSON.stringify(value));
}

/** Answers with a problem document. */
export function problem(status: number, code: string, detail: string): Reaction {
  return answer(
    status,
    JSON.stringify({ type: "about:blank", title: "Oh", status, detail, code }),
    { "content-type": "application/problem+json" },
  );
}

/** Never answers. */
export const hang: Reaction = () => {};

/** The head of a stream, and the first part of its text; more may be written later. */
export function stream(text = ""): Reaction {
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    if (text !== "") response.write(text);
  };
}

/** The server. */
export class ScriptedServer implements AsyncDisposable {
  readonly asked: Asked[] = [];
  /** Answers of the next requests, in order; after them, `usual`. */
  readonly next: Reaction[] = [];
  usual: Reaction = answer(404, "");
  /** Every response that is not over. */
  readonly open = new Set<http.ServerResponse>();
  port = 0;
  #server: http.Server | null = null;

  /** Starts one on a free port. */
  static async start(usual?: Reaction): Promise<ScriptedServer> {
    const server = new ScriptedServer();
    if (usual !== undefined) server.usual = usual;
    await server.listen();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Listens, on the port that it had. */
  async listen(): Promise<void> {
    const server = http.createServer((request, response) => void this.#take(request, response));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.port, "127.0.0.1", resolve);
    });
    this.port = (server.address() as AddressInfo).port;
  }

  /** Cuts every connection and listens no more. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const response of this.open) response.destroy();
    server.closeAllConnections();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #take(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    this.open.add(response);
    response.on("close", () => this.open.delete(response));
    response.on("error", () => {});
    let body = "";
    try {
      for await (const piece of request.setEncoding("utf8")) body += piece;
    } catch {
      return;
    }
    const { method = "", url: path = "", headers } = request;
    const asked = { method, path, headers, body };
    this.asked.push(asked);
    (this.next.shift() ?? this.usual)(response, asked);
  }
}
