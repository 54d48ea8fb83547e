/** A small HTTP server of metrics, for a real Prometheus to scrape. */
import http from "node:http";
import type net from "node:net";
import type { chooseFormat } from "../../lib/metrics/choose_format.ts";
import { renderMetrics } from "../../lib/metrics/render.ts";
import type { Reading } from "../../lib/reading/reading.ts";

/** A server that runs. */
export interface MetricsServer {
  /** `127.0.0.1:40000` */
  readonly address: string;
  /** `Authorization` of each request so far. */
  readonly asked: readonly (string | undefined)[];
  close(): Promise<unknown>;
}

/** Serves what `read` returns, in the format that `choose` makes of `Accept`. */
export async function serveMetrics(
  read: () => Reading,
  choose: typeof chooseFormat,
): Promise<MetricsServer> {
  const asked: (string | undefined)[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request.headers.authorization);
    const { format, contentType } = choose(request.headers.accept ?? null);
    response.setHeader("content-type", contentType);
    response.end(renderMetrics(read(), { format, processes: 10 }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    asked,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
