/** Where OTLP is sent: the URL and the headers, read from what a user wrote. Messages never hold what may be secret. */
import { basicAuth, percentDecoded } from "../basic_auth.ts";
import { HypomnesisError } from "../errors.ts";
import { escapeText } from "../text.ts";
import { VERSION } from "../version.ts";

/** Names and values of headers. */
export type HeaderFields = Readonly<Record<string, string>>;

/** Where readings are sent. */
export interface Endpoint {
  /** Without user and password. */
  readonly url: string;
  /** What logs show: the path and the query may be secret. */
  readonly shown: string;
  /** Everything that is sent with each request. */
  readonly headers: HeaderFields;
  /** Values that no message may hold, should the receiver repeat them. */
  readonly secrets: readonly string[];
}

/** What is shorter stands in other words too. */
const SHORTEST_SECRET = 4;
const METRICS_PATH = "/v1/metrics";

/**
 * Reads where to send. A URL without a path gets `/v1/metrics`, as `OTEL_EXPORTER_OTLP_ENDPOINT` does; any other path
 * is used as it is. A user and password in it become the header `authorization`.
 *
 * @throws {HypomnesisError} `invalid_request` where it is no such URL, or a header can't be sent
 */
export function parseEndpoint(text: string, headers: HeaderFields = {}): Endpoint {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new HypomnesisError(
      "invalid_request",
      "Cannot send OTLP: give a URL that begins with http:// or https://, such as http://localhost:4318",
    );
  }
  const { username, password } = url;
  url.username = "";
  url.password = "";
  url.hash = "";
  if (url.pathname === "/") url.pathname = METRICS_PATH;
  const given = Object.entries(headers).map(([name, value]) => checkedHeader(name, value));
  const basic = basicAuth(username, password);
  const authorization = basic === null ? {} : { authorization: basic };
  return {
    url: url.href,
    shown: url.origin,
    headers: {
      "user-agent": `hypomnesis/${VERSION}`,
      ...authorization,
      ...Object.fromEntries(given),
      "content-type": "application/json",
      "content-encoding": "gzip",
    },
    secrets: [
      ...Object.values(authorization),
      ...given.map(([, value]) => value),
      percentDecoded(password),
    ]
      .filter((value) => value.length >= SHORTEST_SECRET),
  };
}

/**
 * Reads headers as `OTEL_EXPORTER_OTLP_HEADERS` holds them: `name=value,name=value`, with values percent-encoded.
 *
 * @throws {HypomnesisError} `invalid_request` where a part is none, or can't be sent
 *
 * @example
 * ```ts
 * import { parseOtlpHeaders } from "./endpoint.ts";
 *
 * console.log(parseOtlpHeaders("api-key=a%2Cb, x-tenant=7")); // { "api-key": "a,b", "x-tenant": "7" }
 * ```
 */
export function parseOtlpHeaders(text: string): HeaderFields {
  const parts = text.split(",").map((part) => part.trim()).filter((part) => part !== "");
  return Object.fromEntries(parts.map((part, i) => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(part) ?? [];
    // The part itself may be a secret with its name left out.
    if (name === undefined) throw refusedHeader(`part ${i + 1} has no name: give name=value`);
    return checkedHeader(name.trim(), percentDecoded(value!.trim()));
  }));
}

/** The request is encoded here, so these are not for others to set. */
const OURS = [
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "host",
  "transfer-encoding",
];

function checkedHeader(name: string, value: string): readonly [string, string] {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(name)) {
    const shown = escapeText(JSON.stringify(name.slice(0, 40)));
    throw refusedHeader(`${shown} is no name of a header: give name=value`);
  }
  const lower = name.toLowerCase();
  if (OURS.includes(lower)) throw refusedHeader(`${lower} is set by hypomnesis: leave it out`);
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    throw refusedHeader(`the value of ${lower} has a character that no header can hold`);
  }
  return [lower, value];
}

function refusedHeader(why: string): HypomnesisError {
  return new HypomnesisError("invalid_request", `Cannot send these OTLP headers: ${why}`);
}
