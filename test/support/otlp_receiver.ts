/**
 * A receiver of OTLP/HTTP on this machine, for tests: it decodes `ExportMetricsServiceRequest` in JSON, and holds each
 * request to the protocol. What breaks it stands in `problems`.
 */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** One value, as it arrived. */
export interface ReceivedPoint {
  readonly name: string;
  readonly kind: "gauge" | "updowncounter" | "counter";
  readonly unit: string;
  readonly description: string;
  readonly value: number;
  readonly type: "int" | "double";
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly timeUnixNano: bigint;
  readonly startTimeUnixNano: bigint | null;
}

/** One request, as it arrived. */
export interface ReceivedRequest {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: { readonly name: unknown; readonly version: unknown };
  readonly schemaUrls: readonly unknown[];
  readonly points: readonly ReceivedPoint[];
  /** The body, decompressed. */
  readonly text: string;
}

/** How one request is answered. */
export type Reaction = (response: http.ServerResponse) => void;

/** Options of a receiver. */
export interface ReceiverOptions {
  /** Take 64-bit whole numbers that are no strings too, as the JavaScript SDK writes them. */
  readonly looseIntegers?: boolean;
}

/** Takes it, as the protocol has it. */
export const take: Reaction = (response) => {
  response.writeHead(200, { "content-type": "application/json" }).end("{}");
};

/** Answers with a status and a text. */
export function answer(
  status: number,
  text = "",
  headers: Readonly<Record<string, string>> = {},
): Reaction {
  return (response) => void response.writeHead(status, headers).end(text);
}

/** Never answers. */
export const hang: Reaction = () => {};

/** The receiver. */
export class OtlpReceiver {
  readonly requests: ReceivedRequest[] = [];
  readonly problems: string[] = [];
  /** Answers of the next requests, in order; after them, `usual`. */
  readonly next: Reaction[] = [];
  usual: Reaction = take;
  readonly #server: http.Server;
  readonly #latest = new Map<string, bigint>();
  readonly #loose: boolean;
  #isRepeated = false;
  port = 0;

  private constructor({ looseIntegers = false }: ReceiverOptions) {
    this.#loose = looseIntegers;
    this.#server = http.createServer((request, response) => this.#take(request, response));
  }

  /** Starts one, on a free port or on this one. */
  static async start(options: ReceiverOptions = {}, port = 0): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver(options);
    await new Promise<void>((resolve, reject) => {
      receiver.#server.once("error", reject);
      receiver.#server.listen(port, "127.0.0.1", resolve);
    });
    receiver.port = (receiver.#server.address() as AddressInfo).port;
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The values of the latest request under one name. */
  latest(name: string): readonly ReceivedPoint[] {
    return this.requests.at(-1)?.points.filter((point) => point.name === name) ?? [];
  }

  /** Ends it, and cuts whoever is connected. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #take(request: http.IncomingMessage, response: http.ServerResponse): void {
    const pieces: Uint8Array[] = [];
    request.on("data", (piece: Uint8Array) => pieces.push(piece));
    request.on("end", () => {
      try {
        this.#read(request, Buffer.concat(pieces));
      } catch (error) {
        this.problems.push(String(error));
      }
      (this.next.shift() ?? this.usual)(response);
    });
  }

  #read(request: http.IncomingMessage, body: Uint8Array): void {
    const { method, url = "", headers } = request;
    this.#hold(method === "POST", `method ${method}`);
    this.#hold(headers["content-type"] === "application/json", `type ${headers["content-type"]}`);
    const encoding = headers["content-encoding"];
    this.#hold(encoding === "gzip" || encoding === undefined, `encoding ${encoding}`);
    const bytes = encoding === "gzip" ? gunzipSync(body) : body;
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    this.#isRepeated = this.requests.some((request) => request.text === text);
    const whole = this.#object(JSON.parse(text), "request", ["resourceMetrics"]);
    const [part, ...more] = this.#list(whole.resourceMetrics, "resourceMetrics");
    this.#hold(more.length === 0, "several resources");
    const resourceMetrics = this.#object(part, "resourceMetrics", [
      "resource",
      "scopeMetrics",
      "schemaUrl",
    ]);
    const resource = this.#object(resourceMetrics.resource, "resource", [
      "attributes",
      "droppedAttributesCount",
    ]);
    const [scopePart, ...moreScopes] = this.#list(resourceMetrics.scopeMetrics, "scopeMetrics");
    this.#hold(moreScopes.length === 0, "several scopes");
    const scopeMetrics = this.#object(scopePart, "scopeMetrics", ["scope", "metrics", "schemaUrl"]);
    const { name, version } = this.#object(scopeMetrics.scope, "scope", [
      "name",
      "version",
      "attributes",
      "droppedAttributesCount",
    ]);
    const metrics = this.#list(scopeMetrics.metrics, "metrics");
    const points = metrics.flatMap((metric) => this.#metric(metric));
    const names = metrics.map((metric) => (metric as { name: unknown }).name);
    this.#hold(new Set(names).size === names.length, "a metric twice");
    this.requests.push({
      path: url,
      headers,
      resource: this.#attributes(resource.attributes),
      scope: { name, version },
      schemaUrls: [resourceMetrics.schemaUrl, scopeMetrics.schemaUrl],
      points,
      text,
    });
  }

  #metric(value: unknown): ReceivedPoint[] {
    const metric = this.#object(value, "metric", ["name", "description", "unit", "gauge", "sum"]);
    const name = this.#text(metric.name, "name");
    this.#hold(/^[A-Za-z][A-Za-z0-9_./-]{0,254}$/.test(name), `name ${name}`);
    const isSum = metric.sum !== undefined;
    this.#hold(isSum !== (metric.gauge !== undefined), `${name} is not either a sum or a gauge`);
    const data = isSum
      ? this.#object(metric.sum, "sum", ["dataPoints", "aggregationTemporality", "isMonotonic"])
      : this.#object(metric.gauge, "gauge", ["dataPoints"]);
    if (isSum) {
      this.#hold(data.aggregationTemporality === 2, `${name} is not cumulative`);
      this.#hold(typeof data.isMonotonic === "boolean", `${name} is not said to rise or not`);
    }
    const kind = !isSum ? "gauge" : data.isMonotonic === true ? "counter" : "updowncounter";
    const points = this.#list(data.dataPoints, "dataPoints");
    this.#hold(points.length > 0, `${name} has no points`);
    const seen = new Set<string>();
    return points.map((item) => {
      const point = this.#object(item, `point of ${name}`, [
        "attributes",
        "startTimeUnixNano",
        "timeUnixNano",
        "asInt",
        "asDouble",
        "flags",
      ]);
      const attributes = this.#attributes(point.attributes);
      const series = `${name} ${JSON.stringify(Object.entries(attributes).sort())}`;
      this.#hold(!seen.has(series), `${series} twice in one request`);
      seen.add(series);
      const timeUnixNano = this.#time(point.timeUnixNano);
      const before = this.#latest.get(series);
      // What is sent again after a failure is the same to the letter.
      const isLater = before === undefined || timeUnixNano > before || this.#isRepeated;
      this.#hold(isLater, `${series} goes back in time`);
      this.#latest.set(series, timeUnixNano);
      const begun = point.startTimeUnixNano;
      // 0 is a beginning that is not known.
      const startTimeUnixNano = begun === undefined || begun === "0" ? null : this.#time(begun);
      this.#hold((startTimeUnixNano ?? 0n) <= timeUnixNano, `${series} begins after its end`);
      const isInt = point.asInt !== undefined;
      this.#hold(isInt !== (point.asDouble !== undefined), `${series} has not one value`);
      const number = isInt ? this.#integer(point.asInt) : this.#double(point.asDouble);
      return {
        name,
        kind,
        unit: this.#text(metric.unit, "unit"),
        description: this.#text(metric.description, "description"),
        value: number,
        type: isInt ? "int" : "double",
        attributes,
        timeUnixNano,
        startTimeUnixNano,
      };
    });
  }

  #attributes(value: unknown): Record<string, unknown> {
    const entries = this.#list(value, "attributes").map((item) => {
      const { key, value } = this.#object(item, "attribute", ["key", "value"]);
      const any = this.#object(value, "value", ["stringValue", "intValue", "doubleValue"]);
      this.#hold(Object.keys(any).length === 1, `attribute ${key} has not one value`);
      const name = this.#text(key, "key");
      if (any.intValue !== undefined) return [name, this.#integer(any.intValue)] as const;
      if (any.doubleValue !== undefined) return [name, this.#double(any.doubleValue)] as const;
      return [name, this.#text(any.stringValue, name)] as const;
    });
    this.#hold(new Set(entries.map(([key]) => key)).size === entries.length, "an attribute twice");
    return Object.fromEntries(entries);
  }

  #integer(value: unknown): number {
    const isText = typeof value === "string" && /^(?:0|-?[1-9]\d{0,18})$/.test(value);
    const isLoose = this.#loose && Number.isSafeInteger(value);
    this.#hold(isText || isLoose, `${JSON.stringify(value)} is no 64-bit whole number`);
    return Number(value);
  }

  #double(value: unknown): number {
    this.#hold(Number.isFinite(value), `${JSON.stringify(value)} is no number`);
    return Number(value);
  }

  #time(value: unknown): bigint {
    const isTime = typeof value === "string" && /^[1-9]\d{0,19}$/.test(value);
    this.#hold(isTime, `${JSON.stringify(value)} is no time`);
    return isTime ? BigInt(value) : 0n;
  }

  #text(value: unknown, what: string): string {
    this.#hold(typeof value === "string", `${what} is no text`);
    this.#hold(String(value).isWellFormed(), `${what} is no Unicode`);
    return String(value);
  }

  #list(value: unknown, what: string): readonly unknown[] {
    this.#hold(Array.isArray(value), `${what} is no list`);
    return Array.isArray(value) ? value : [];
  }

  #object(value: unknown, what: string, keys: readonly string[]): Record<string, unknown> {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    this.#hold(isObject, `${what} is no object`);
    const fields = isObject ? value as Record<string, unknown> : {};
    const unknown = Object.keys(fields).filter((key) => !keys.includes(key));
    this.#hold(unknown.length === 0, `${what} has ${unknown.join(", ")}`);
    return fields;
  }

  #hold(isSo: boolean, problem: string): void {
    if (!isSo) this.problems.push(problem);
  }
}
