/** The intake: what a workload tells about itself over HTTP, reports of its allocator and phases. */
import { type Context, Hono } from "hono";
import { type AllocatorReport, parseReport } from "../telemetry/report.ts";
import { Access } from "./access.ts";
import { parsePhaseRequest, type PhaseRequest } from "./phase_request.ts";
import { readJson } from "./read_json.ts";
import { problemOf, Refusal } from "./refusal.ts";

/** What is done with what comes in. An error they throw is answered with its code. */
export interface IngestOptions {
  /** Takes a report of a program's allocator. */
  readonly onTelemetry: (report: AllocatorReport) => void | Promise<void>;
  /** Takes a wish for a phase. */
  readonly onPhase: (request: PhaseRequest) => void | Promise<void>;
  /**
   * Hosts that requests may be meant for, without port, IPv6 addresses in brackets.
   * @default LOOPBACK_HOSTS
   */
  readonly allowedHosts?: readonly string[] | undefined;
  /**
   * A body that is not there after so many milliseconds is given up.
   * @default 5000
   */
  readonly bodyPatienceMs?: number | undefined;
}

type Handle = (context: Context) => Response | Promise<Response>;

/**
 * `POST /v1/telemetry`, `POST /v1/phase` and `GET /-/healthy`; everything else is refused with a problem document.
 * A page from elsewhere can neither ask nor read: Host and Origin are checked, and no CORS header is ever sent.
 */
export function createIngest(options: IngestOptions): Hono {
  const { onTelemetry, onPhase, allowedHosts, bodyPatienceMs } = options;
  const access = new Access({ allowedHosts });
  const app = new Hono();
  app.use(async (context, next) => {
    access.checkSender(context.req.raw);
    await next();
    context.header("cache-control", "no-store");
    context.header("x-content-type-options", "nosniff");
  });
  only(app, "/v1/telemetry", "POST", async ({ req }) => {
    await onTelemetry(parseReport(await readJson(req.raw, bodyPatienceMs)));
    return done();
  });
  only(app, "/v1/phase", "POST", async ({ req }) => {
    await onPhase(parsePhaseRequest(await readJson(req.raw, bodyPatienceMs)));
    return done();
  });
  only(app, "/-/healthy", "GET", (context) => context.json({ status: "ok" }));
  app.notFound(() =>
    problemOf(new Refusal(404, "Cannot find this: ask /v1/telemetry, /v1/phase or /-/healthy"))
  );
  app.onError(problemOf);
  return app;
}

/** One path, one method; Hono answers HEAD where GET is answered. */
function only(app: Hono, path: string, method: "GET" | "POST", handle: Handle): void {
  app.on(method, path, handle);
  const allow = method === "GET" ? "GET, HEAD" : method;
  app.all(path, () => {
    throw new Refusal(405, `Cannot do this to ${path}: use ${allow}`, { headers: { allow } });
  });
}

function done(): Response {
  return new Response(null, { status: 204 });
}
