/** What a typed client knows of the endpoint: addresses, what they take and what they give. Types alone. */
import type { OutsideReply, ReplyTo, Request as Question } from "../protocol.ts";
import type { LiveHistory } from "./live/live_reading.ts";
import type { TelemetryView } from "./live/telemetry_view.ts";
import type { SnakeCased } from "./snake_cased.ts";

/** An answer in JSON, as it stands outside. */
type Json<Input, Output> = {
  input: Input;
  output: SnakeCased<Output>;
  outputFormat: "json";
  status: 200;
};

/** An answer without a text. */
type Done<Input> = { input: Input; output: null; outputFormat: "body"; status: 204 };
/** An answer that is no JSON. */
type Text = { input: Nothing; output: string; outputFormat: "text"; status: 200 };
type Nothing = Record<never, never>;

/** What a program reports of its allocator. */
export interface TelemetryJson {
  allocated_bytes: number;
  reserved_bytes: number;
  peak_bytes?: number | null;
  device?: number | null;
  pid?: number | null;
  step?: string | number | null;
}

/** What begins or ends a phase. */
export interface PhaseJson {
  name?: string;
  nested?: boolean;
  end?: boolean;
  type?: string | null;
  step?: string | number | null;
  labels?: Record<string, string> | null;
}

/** Whether the process is there. */
export interface HealthJson {
  status: "ok";
  version: string;
  protocol: number;
  pid: number;
}

/** By path and method, as Hono's client reads it. */
export type HmnSchema = {
  "/v1/devices": { $get: Json<Nothing, ReplyTo<"devices">> };
  "/v1/snapshot": { $get: Json<{ query: { pid?: string } }, ReplyTo<"snapshot">> };
  "/v1/processes": { $get: Json<{ query: { details?: "true" | "false" } }, ReplyTo<"processes">> };
  "/v1/doctor": { $get: Json<Nothing, ReplyTo<"doctor">> };
  "/v1/ask": { $post: Json<{ json: SnakeCased<Question> }, OutsideReply> };
  "/v1/stream": {
    $get: { input: { query: { interval?: string } } } & Omit<Text, "input">;
  };
  "/v1/history": { $get: Json<{ query: { since_ms?: string } }, LiveHistory> };
  "/v1/phase": { $post: Done<{ json: PhaseJson }> };
  "/v1/telemetry": {
    $get: Json<Nothing, TelemetryView>;
    $post: Done<{ json: TelemetryJson }>;
  };
  "/metrics": { $get: Text };
  "/-/healthy": { $get: Json<Nothing, HealthJson> };
  "/-/ready": { $get: Json<Nothing, HealthJson> };
  "/openapi.json": { $get: Json<Nothing, Record<string, unknown>> };
  "/": { $get: Text };
};
