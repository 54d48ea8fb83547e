/** What goes on: the stream, the history, phases and the reports of allocators. */
import { toFailure } from "../../errors.ts";
import type { Failure } from "../../failures.ts";
import { memoryAlarms } from "../../telemetry/alarm.ts";
import { fullest, type TelemetryBoard } from "../../telemetry/board.ts";
import type { AskQuestion } from "../../watch/sample.ts";
import type { Monitor } from "../live/monitor.ts";
import type { TelemetryView } from "../live/telemetry_view.ts";
import { parsePhaseRequest } from "../phase_request.ts";
import { readJson } from "../read_json.ts";
import type { SharedAnswers } from "../shared_answers.ts";
import { respond, respondDone, respondJson, respondShared } from "./respond.ts";
import type { Handlers } from "./route.ts";

/** What it needs. */
export interface LiveOptions {
  readonly ask: AskQuestion;
  readonly monitor: Monitor;
  readonly telemetry: TelemetryBoard;
  readonly shared: SharedAnswers;
}

type Names =
  | "GET /v1/stream"
  | "GET /v1/history"
  | "POST /v1/phase"
  | "GET /v1/telemetry"
  | "POST /v1/telemetry";

const DEFAULT_INTERVAL_MS = 1_000;
/** An hour of a machine with many GPUs is a large text: it is written once for all who ask in this time. */
const HISTORY_SHARED_MS = 900;
const ALARM_SHARED_MS = 200;

/** The handlers. */
export function liveRoutes({ ask, monitor, telemetry, shared }: LiveOptions): Handlers<Names> {
  return {
    "GET /v1/stream": ({ request, query, env }) => {
      // Nobody would ever read the stream, nor give it back.
      if (request.method === "HEAD") return respond(null, "text/event-stream");
      const intervalMs = (query.interval as number | undefined) ?? DEFAULT_INTERVAL_MS;
      const stream = monitor.subscribe(intervalMs, request.headers.get("last-event-id"));
      neverIdle(request, env);
      // Proxies that collect answers would hold the events back.
      return respond(stream, "text/event-stream", { "x-accel-buffering": "no" });
    },
    "GET /v1/history": async ({ request, query }) => {
      const sinceMs = (query.since_ms as number | undefined) ?? -Infinity;
      const key = `history ${sinceMs}`;
      const columns = () => Promise.resolve(monitor.history(sinceMs));
      return respondShared(request, await shared.get(key, HISTORY_SHARED_MS, columns));
    },
    "POST /v1/phase": async ({ request }) => {
      monitor.phase(parsePhaseRequest(await readJson(request)));
      return respondDone();
    },
    "GET /v1/telemetry": async () => {
      const { value } = await shared.get("alarm", ALARM_SHARED_MS, () => probe(ask));
      return respondJson(viewOf(telemetry, value));
    },
    "POST /v1/telemetry": async ({ request }) => {
      telemetry.report(await readJson(request));
      return respondDone();
    },
  };
}

interface Probed {
  readonly parts: Pick<Parameters<typeof memoryAlarms>[0], "devices" | "system">;
  readonly failures: readonly Failure[];
}

/** The memories beside the allocators'. Where they can't be told, the allocators' still can. */
async function probe(ask: AskQuestion): Promise<Probed> {
  const memory = { kind: "memory", pids: [], details: false, pss: false, cpu: false } as const;
  const [gpu, ram] = await Promise.all([
    ask({ kind: "devices" }).catch(failed),
    ask({ ...memory, system: true }).catch(failed),
  ]);
  return {
    parts: {
      devices: "devices" in gpu ? gpu.devices : [],
      system: "system" in ram ? ram.system : null,
    },
    failures: [...gpu.failures, ...ram.failures],
  };
}

function failed(error: unknown): { readonly failures: readonly Failure[] } {
  return { failures: [toFailure(error)] };
}

function viewOf(telemetry: TelemetryBoard, { parts, failures }: Probed): TelemetryView {
  const allocators = telemetry.allocators();
  return {
    atMs: Date.now(),
    memoryUsagePercent: fullest(allocators)?.memoryUsagePercent ?? null,
    allocators,
    ...memoryAlarms({ allocators, ...parts }),
    failures,
  };
}

/** Bun ends connections that are silent for some seconds; a stream may be. */
function neverIdle(request: Request, env: unknown): void {
  const server = (env as { readonly server?: unknown } | undefined)?.server ?? env;
  const { timeout } = (server ?? {}) as { timeout?: unknown };
  if (typeof timeout === "function") timeout.call(server, request, 0);
}
