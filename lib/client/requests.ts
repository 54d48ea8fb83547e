/** Requests to one server: the token, deadlines, and what goes wrong in our own words. */
import { type FailureCode, FAILURES, HypomnesisError } from "../errors.ts";
import { TOKEN_ACCEPTS, TOKEN_FORM } from "../http/token.ts";
import { toCamelCase, toSnakeCase } from "../json_case.ts";
import { baseUrl } from "./base_url.ts";
import { bodyText, LARGEST_BYTES } from "./body_text.ts";

/** How a server is asked. */
export interface RemoteOptions {
  /** Sent as `Authorization: Bearer TOKEN`. */
  readonly token?: string | undefined;
  /**
   * No answer is waited for longer. The server's own deadlines are shorter than the default.
   * @default 25000
   */
  readonly timeoutMs?: number | undefined;
  /** Sends the requests; for tests, and for programs with a way of their own. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

/** One request. */
export interface Sent {
  /** Sent as JSON, keys in snake_case; left out: a GET. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The server has to ask nobody for it, so it is not waited for as long as a probe. */
  readonly isQuick?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What checks an answer. */
export interface Schema<T> {
  safeParse(value: unknown): { readonly success: boolean; readonly data?: T };
}

const TIMEOUT_MS = 25_000;
/** What nobody has to be asked for. */
const QUICK_MS = 5_000;

/** Sends requests. */
export class Requests {
  /** Where the server is, with a `/` at the end. */
  readonly url: string;
  /** No answer is waited for longer. */
  readonly timeoutMs: number;
  readonly #token: string | undefined;
  readonly #send: (url: string, init: RequestInit) => Promise<Response>;

  /** @throws {TypeError} for an address or a token of another form */
  constructor(url: string, { token, timeoutMs = TIMEOUT_MS, fetch: send = fetch }: RemoteOptions) {
    this.url = baseUrl(url);
    this.timeoutMs = timeoutMs;
    this.#token = token;
    this.#send = send;
    if (token !== undefined && !TOKEN_FORM.test(token)) {
      throw new TypeError(`Cannot send this token: give ${TOKEN_ACCEPTS}`);
    }
  }

  /** The answer as JSON, checked, keys in camelCase. */
  async json<T>(path: string, schema: Schema<T>, how: Sent): Promise<T> {
    const text = await this.text(path, how);
    const parsed = schema.safeParse(jsonOf(text));
    if (parsed.success) return parsed.data as T;
    throw this.noneOfOurs("its answer has another form");
  }

  /** The answer's text. */
  async text(path: string, { signal, isQuick = false, ...how }: Sent): Promise<string> {
    const patienceMs = isQuick ? Math.min(this.timeoutMs, QUICK_MS) : this.timeoutMs;
    const late = AbortSignal.timeout(patienceMs);
    const either = signal === undefined ? late : AbortSignal.any([late, signal]);
    try {
      const text = await bodyText(await this.open(path, { ...how, signal: either }));
      if (text !== null) return text;
    } catch (error) {
      signal?.throwIfAborted();
      throw late.aborted ? this.slow(patienceMs) : this.told(error);
    }
    throw this.noneOfOurs(`its answer is longer than ${LARGEST_BYTES} bytes`);
  }

  /** The answer, its text still under way. Only `signal` ends the wait. */
  async open(path: string, { body, headers, signal }: Sent): Promise<Response> {
    let response: Response;
    try {
      response = await this.#send(this.url + path, {
        // The token goes nowhere else.
        redirect: "error",
        headers: {
          accept: "application/json, text/event-stream",
          ...this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` },
          ...body === undefined ? {} : { "content-type": "application/json" },
          ...headers,
        },
        ...body === undefined ? {} : { method: "POST", body: JSON.stringify(toSnakeCase(body)) },
        ...signal === undefined ? {} : { signal },
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw this.told(error);
    }
    if (response.ok) return response;
    try {
      throw this.#refusal(response.status, await bodyText(response) ?? "");
    } catch (error) {
      signal?.throwIfAborted();
      throw this.told(error);
    }
  }

  #refusal(status: number, text: string): HypomnesisError {
    const { detail, code } = (jsonOf(text) ?? {}) as { detail?: unknown; code?: unknown };
    if (typeof detail !== "string" || typeof code !== "string") {
      return this.noneOfOurs(`it answers with status ${status}`);
    }
    if (status === 401) return this.#unauthorized();
    // A newer server may have codes that are not known here.
    const known = Object.hasOwn(FAILURES, code) ? code as FailureCode : "bad_value";
    return new HypomnesisError(known, `${detail} (${this.url})`);
  }

  #unauthorized(): HypomnesisError {
    const why = this.#token === undefined
      ? "it asks for a token; set HMN_TOKEN, or give it as an option"
      : "it does not take this token";
    return new HypomnesisError("permission_denied", `Cannot ask ${this.url}: ${why}`);
  }

  /** What answers is no server of ours. */
  noneOfOurs(why: string): HypomnesisError {
    return new HypomnesisError("bad_value", `Cannot ask ${this.url}: ${why}; is it hmn serve?`);
  }

  /** No answer was there in time. */
  slow(patienceMs: number): HypomnesisError {
    const why = `no answer in ${patienceMs} ms`;
    return new HypomnesisError("slow", `Cannot ask ${this.url}: ${why}`);
  }

  /** What went wrong with a request, as one of our errors. */
  told(cause: unknown): HypomnesisError {
    if (cause instanceof HypomnesisError) return cause;
    const why = reasonOf(cause);
    const message = `Cannot reach ${this.url}: ${why}; is hmn serve running there?`;
    return new HypomnesisError("unreachable", message, { cause });
  }
}

/** JSON, keys in camelCase. What is none, or is nested too deeply, is like one of another form. */
export function jsonOf(text: string): unknown {
  try {
    return toCamelCase(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** What is wrong, as shortly as the runtime can say it. */
function reasonOf(error: unknown): string {
  const { code, message, cause } = error as {
    readonly code?: unknown;
    readonly message?: unknown;
    readonly cause?: { readonly code?: unknown };
  };
  const known = cause?.code ?? code;
  return typeof known === "string" ? known : String(message ?? error);
}
