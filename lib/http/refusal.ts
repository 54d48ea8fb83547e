/** What is answered where a request is not done: problem documents (RFC 9457). */
import { type FailureCode, FAILURES, HypomnesisError } from "../errors.ts";

/** A request that is refused, with the status that says why. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly code: FailureCode;
  /** Further headers of the answer, such as `allow`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: keyof typeof TITLES,
    message: string,
    options: {
      readonly code?: FailureCode;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.status = status;
    this.code = options.code ?? "invalid_request";
    this.headers = options.headers ?? {};
  }
}

/** A status and its name, as the standard has it. */
const TITLES = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
} as const;

/** The answer to a request that failed with `thrown`. Of an error that is not ours, nothing is told. */
export function problemOf(thrown: unknown): Response {
  if (thrown instanceof Refusal) {
    return problem(thrown.status, thrown.code, thrown.message, thrown.headers);
  }
  if (thrown instanceof HypomnesisError) {
    return problem(FAILURES[thrown.code].status, thrown.code, thrown.message);
  }
  return problem(500, "internal", "Cannot answer: an unexpected error inside hypomnesis");
}

function problem(
  status: number,
  code: FailureCode,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const title = (TITLES as Readonly<Record<number, string>>)[status] ?? "Error";
  return Response.json({ type: "about:blank", title, status, detail, code }, {
    status,
    headers: {
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
      "content-type": "application/problem+json",
    },
  });
}
