/**
 * The client of a server of ours: the meter's questions from afar, and Hono's typed client for every address.
 *
 * @module
 */
import { hc } from "hono/client";
import type { HmnApp } from "../http/create_app.ts";
import { baseUrl } from "./base_url.ts";
import { RemoteMeter } from "./remote_meter.ts";
import type { RemoteOptions } from "./requests.ts";

export { type AboutServer, RemoteMeter, type RemotePhase } from "./remote_meter.ts";
export type { RemoteOptions } from "./requests.ts";
export type { StreamOptions } from "./stream.ts";
export type { LiveAlert, LiveHistory, LivePhase, LiveReading } from "../http/live/live_reading.ts";
export type { TelemetryView } from "../http/live/telemetry_view.ts";
export type { HmnApp } from "../http/create_app.ts";

/**
 * The meter of a server: answers like that of {@linkcode openMeter}, about the server's machine.
 *
 * @throws {TypeError} for an address or a token of another form
 *
 * @example
 * ```ts
 * import { connect } from "hypomnesis/client";
 *
 * const meter = connect("http://127.0.0.1:9700");
 * const { devices } = await meter.ask({ kind: "devices" });
 * for await (const { system } of meter.readings({ intervalMs: 1000 })) console.log(system?.usedBytes);
 * ```
 */
export function connect(url: string, options: RemoteOptions = {}): RemoteMeter {
  return new RemoteMeter(url, options);
}

/**
 * Hono's client with the types of every address: `client.v1.devices.$get()`. Answers are what came, keys in
 * snake_case, unchecked.
 *
 * @throws {TypeError} for an address of another form
 *
 * @example
 * ```ts
 * import { createClient } from "hypomnesis/client";
 *
 * const client = createClient("http://127.0.0.1:9700");
 * const { devices } = await (await client.v1.devices.$get()).json();
 * console.log(devices.map(({ used_bytes }) => used_bytes));
 * ```
 */
export function createClient(url: string, options: RemoteOptions = {}): HmnClient {
  const { token, fetch: send } = options;
  return hc<HmnApp>(baseUrl(url), {
    // The token goes nowhere else.
    init: { redirect: "error" },
    ...token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
    ...send === undefined ? {} : { fetch: send as typeof fetch },
  });
}

/** What {@linkcode createClient} makes. */
export type HmnClient = ReturnType<typeof hc<HmnApp>>;
