/** Stands in for the server of the live page: serves the page, and tells what a test scripts. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { LiveHistory, LiveReading } from "../../lib/http/live/live_reading.ts";
import { livePage } from "../../lib/http/live_page.ts";
import { toJsonLine } from "../../lib/json_case.ts";

/** How the server begins. */
export interface LiveServerOptions {
  /** The folder the application is mounted at, such as `/hmn`; the page is there with and without a slash. */
  readonly mount?: string;
  /** The token it asks for. */
  readonly token?: string;
  readonly history?: LiveHistory;
}

/** What one request for the stream came with. */
export interface StreamRequest {
  readonly url: string;
  readonly lastEventId: string | null;
}

/** A server that a test stops and starts again on the same port. */
export interface LiveServer {
  readonly url: string;
  /** What the next request for the history gets. */
  history: LiveHistory;
  /** What asked for the stream so far. */
  readonly streams: readonly StreamRequest[];
  /** Streams that are open now. */
  readonly openStreams: number;
  /** Tells every open stream, and those that open later, a reading. */
  push(reading: LiveReading): void;
  /** Sends bytes as they are to every open stream. */
  write(text: string): void;
  /** Cuts every connection and listens no more. */
  stop(): Promise<void>;
  /** Listens again, on the same port, and knows no reading. */
  start(): Promise<void>;
}

const NO_HISTORY: LiveHistory = {
  intervalMs: 1000,
  atMs: [],
  devices: [],
  system: { totalBytes: null, usedBytes: [] },
  memoryUsagePercent: [],
  phases: [],
  alerts: [],
};

/** Starts one on a free port of this machine. */
export async function startLiveServer(options: LiveServerOptions = {}): Promise<LiveServer> {
  const { mount = "", token } = options;
  const page = await livePage();
  const open = new Set<ServerResponse>();
  const all = new Set<ServerResponse>();
  const streams: StreamRequest[] = [];
  let last: string | null = null;
  let eventId = 0;
  let server: Server;
  let port = 0;

  const isRefused = ({ headers }: IncomingMessage) =>
    token !== undefined && headers.authorization !== `Bearer ${token}`;

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    all.add(response);
    response.on("close", () => {
      all.delete(response);
      open.delete(response);
    });
    const { pathname } = new URL(request.url!, "http://stand-in");
    const path = pathname.startsWith(mount) ? pathname.slice(mount.length) || "/" : "";
    if (path === "/") {
      response.writeHead(200, page.headers).end(page.html);
    } else if (path !== "/v1/history" && path !== "/v1/stream") {
      problem(response, 404, "Cannot find it");
    } else if (isRefused(request)) {
      problem(response, 401, "Cannot answer without the token");
    } else if (path === "/v1/history") {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(toJsonLine(result.history));
    } else {
      streams.push({
        url: request.url!,
        lastEventId: (request.headers["last-event-id"] as string | undefined) ?? null,
      });
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(": hello\n\n");
      if (last !== null) response.write(last);
      open.add(response);
    }
  };

  const listen = () =>
    new Promise<void>((resolve, reject) => {
      server = createServer(answer);
      server.on("error", reject);
      server.listen(port, "127.0.0.1", () => {
        ({ port } = server.address() as AddressInfo);
        resolve();
      });
    });

  const result: LiveServer = {
    get url() {
      return `http://127.0.0.1:${port}${mount}`;
    },
    history: options.history ?? NO_HISTORY,
    streams,
    get openStreams() {
      return open.size;
    },
    push(reading) {
      eventId += 1;
      last = `event: reading\nid: ${eventId}\ndata: ${toJsonLine(reading)}\n`;
      result.write(last);
    },
    write(text) {
      for (const response of open) response.write(text);
    },
    async stop() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const response of all) response.destroy();
      server.closeAllConnections();
      last = null;
      await closed;
    },
    start: listen,
  };
  await listen();
  return result;
}

function problem(response: ServerResponse, status: number, detail: string): void {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ type: "about:blank", title: "No", status, detail }));
}
