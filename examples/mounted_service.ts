/**
 * A service that has the memory of its machine under /hmn: the page, JSON, the stream and the metrics.
 *
 *     SERVICE_TOKEN=eight-or-more PORT=8080 bun examples/mounted_service.ts
 *
 * Numbers are told to who sends the token, and under the names that are listed. The page asks for the token.
 */
import process from "node:process";
import { Hono } from "hono";
import { bearer, createApp, serveApp } from "../lib/http/mod.ts";
import { openMeter } from "../mod.ts";

const { PORT = "8080", SERVICE_TOKEN } = process.env;
if (!SERVICE_TOKEN) throw new Error("SERVICE_TOKEN is missing: what shall askers send?");

const meter = openMeter();
const over = new AbortController();
const service = new Hono()
  .get("/", (context) => context.text("the service itself"))
  .route(
    "/hmn",
    createApp(meter, {
      allowedHosts: ["localhost", "127.0.0.1", "service.example"],
      authorize: bearer(SERVICE_TOKEN),
      signal: over.signal,
    }),
  );

const server = await serveApp((request, env) => service.fetch(request, env as never), {
  port: Number(PORT),
});
console.log(server.url);

process.once("SIGTERM", async () => {
  over.abort();
  await server.close();
  await meter.close();
});
