/**
 * The endpoint: memory over HTTP, mounted in a Hono application or served alone, on Bun and on Deno.
 *
 * @module
 */
export { type AppMeter, type AppOptions, createApp, type HmnApp } from "./create_app.ts";
export { type AccessOptions, type Authorize, bearer } from "./access.ts";
export type { HealthJson, HmnSchema, PhaseJson, TelemetryJson } from "./hmn_schema.ts";
export type { SnakeCased } from "./snake_cased.ts";
export type { LiveAlert, LiveHistory, LivePhase, LiveReading } from "./live/live_reading.ts";
export type { TelemetryView } from "./live/telemetry_view.ts";
export { serveApp, type Served, type ServeOptions } from "./serve.ts";
