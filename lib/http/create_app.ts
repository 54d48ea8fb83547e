/** The endpoint as a Hono application: to be served alone, or mounted in somebody's own. */
import { type Context, Hono } from "hono";
import { ownPid } from "../own_process.ts";
import type { ReplyTo, Request as Question } from "../protocol.ts";
import type { TelemetryBoard } from "../telemetry/board.ts";
import { Access, type AccessOptions, type Rights } from "./access.ts";
import { type Endpoint, type EndpointName, ENDPOINTS } from "./endpoints.ts";
import type { HmnSchema } from "./hmn_schema.ts";
import { Monitor } from "./live/monitor.ts";
import { problemOf, Refusal } from "./refusal.ts";
import { aboutRoutes } from "./routes/about.ts";
import { liveRoutes } from "./routes/live.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { questionRoutes } from "./routes/questions.ts";
import type { Call, Handlers } from "./routes/route.ts";
import { parseBy } from "./schema/parse_by.ts";
import { SharedAnswers } from "./shared_answers.ts";

/** What answers: a meter. */
export interface AppMeter {
  ask<Q extends Question>(question: Q): Promise<ReplyTo<Q["kind"]>>;
  readonly telemetry: TelemetryBoard;
  readonly isClosed: boolean;
}

/** How the endpoint behaves. */
export interface AppOptions extends AccessOptions {
  /**
   * Samples for the page's history are taken all the time, once a second; otherwise only while somebody looks.
   * @default false
   */
  readonly history?: boolean | undefined;
  /**
   * So many processes at most have series of their own in the metrics, those that hold most; 0: none. Their PIDs are
   * labels, of which a store of metrics gets more every day.
   * @default 0
   */
  readonly processMetrics?: number | undefined;
  /**
   * Requests that may wait for an answer at the same time; the next is answered 503 at once.
   * @default 128
   */
  readonly mostWaiting?: number | undefined;
  /** Ends the streams and the history. */
  readonly signal?: AbortSignal | undefined;
}

/** An application whose addresses and answers a typed client knows. */
export type HmnApp = Hono<Record<never, never>, HmnSchema, "/">;

const MOST_WAITING = 128;

/**
 * Makes the endpoint. It asks the meter and nobody else, so no handler ever waits longer than the meter's deadlines;
 * the meter stays open when the endpoint is gone.
 *
 * Safe as it is only on this machine: it answers requests for a loopback host alone. Elsewhere say which hosts are
 * meant (`allowedHosts`) and who may ask (`authorize`), or let the application around it check both.
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { openMeter } from "hypomnesis";
 * import { createApp } from "hypomnesis/http";
 *
 * const app = new Hono();
 * app.route("/hmn", createApp(openMeter()));
 * export default app;
 * ```
 */
export function createApp(meter: AppMeter, options: AppOptions = {}): HmnApp {
  const { history = false, processMetrics = 0, mostWaiting = MOST_WAITING, signal } = options;
  const ask = <Q extends Question>(question: Q) => meter.ask(question);
  const { telemetry } = meter;
  const access = new Access(options);
  const shared = new SharedAnswers({ mostWaiting });
  const monitor = new Monitor({ ask, telemetry, isSteady: history, signal });
  const handlers: Handlers = {
    ...questionRoutes({ ask, shared, ownPid: ownPid() }),
    ...liveRoutes({ ask, monitor, telemetry, shared }),
    ...metricsRoutes({
      read: (cutoff) => monitor.read({ cutoff, largest: processMetrics }),
      shared,
      processes: processMetrics,
    }),
    ...aboutRoutes({ ownPid: ownPid(), isOpen: () => !meter.isClosed }),
  };
  const app = new Hono();
  for (const [path, methods] of byPath()) {
    // One handler for a path: with a second one, or with one for all paths, Hono takes its slow way for each request.
    app.all(path, (context) => answer(context, path, methods, access, handlers));
  }
  app.notFound(({ req }) => {
    try {
      // What was sent to nobody is told so, also where its Host has led to a path that is none.
      access.checkSender(req.raw);
      return problemOf(new Refusal(404, "Cannot find this: openapi.json lists what there is"));
    } catch (error) {
      return problemOf(error);
    }
  });
  return app as unknown as HmnApp;
}

type Methods = ReadonlyMap<string, EndpointName>;

function byPath(): ReadonlyMap<string, Methods> {
  const paths = new Map<string, Map<string, EndpointName>>();
  for (const name of Object.keys(ENDPOINTS) as EndpointName[]) {
    const [method, path] = name.split(" ") as [string, string];
    const methods = paths.get(path) ?? new Map<string, EndpointName>();
    paths.set(path, methods.set(method, name));
  }
  return paths;
}

function answer(
  context: Context,
  path: string,
  methods: Methods,
  access: Access,
  handlers: Handlers,
): Response | Promise<Response> {
  const request = context.req.raw;
  const done = access.hasCors
    ? (response: Response) => withCors(response, request.headers, access)
    : same;
  try {
    access.checkSender(request);
    if (request.method === "OPTIONS" && access.hasCors) return done(preflight(methods));
    const name = methods.get(request.method === "HEAD" ? "GET" : request.method);
    if (name === undefined) throw wrongMethod(path, methods);
    const call = (rights: Rights) => handlers[name](callOf(context, name, rights));
    const { isOpen } = ENDPOINTS[name] as Endpoint;
    const rights = isOpen ? NO_RIGHTS : access.rightsOf(request);
    const response = rights instanceof Promise ? rights.then(call) : call(rights);
    return response instanceof Promise ? response.catch(problemOf).then(done) : done(response);
  } catch (error) {
    return done(problemOf(error));
  }
}

const NO_RIGHTS: Rights = { isAuthorized: false };
const NO_QUERY = {};

function same(response: Response): Response {
  return response;
}

function callOf(context: Context, name: EndpointName, rights: Rights): Call {
  const { raw: request } = context.req;
  const { query: schema } = ENDPOINTS[name] as Endpoint;
  // Reading it costs more than the rest, and most have none.
  const query = schema === undefined || !request.url.includes("?")
    ? NO_QUERY
    : parseBy(schema, context.req.query(), "read what stands behind the ?");
  return { request, rights, query, env: context.env };
}

function wrongMethod(path: string, methods: Methods): Refusal {
  const allow = allowed(methods);
  return new Refusal(405, `Cannot do this to ${path}: use ${allow}`, { headers: { allow } });
}

function allowed(methods: Methods): string {
  return [...methods.keys()].flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method])
    .join(", ");
}

function preflight(methods: Methods): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": allowed(methods),
      "access-control-allow-headers": "authorization, content-type, last-event-id",
      "access-control-max-age": "600",
    },
  });
}

/** Pages of the origins that were invited may read the answer. */
function withCors(response: Response, headers: Headers, access: Access): Response {
  const origin = headers.get("origin");
  response.headers.append("vary", "origin");
  if (origin === null || !access.allowsOrigin(origin)) return response;
  response.headers.set("access-control-allow-origin", origin);
  response.headers.set("cross-origin-resource-policy", "cross-origin");
  return response;
}
