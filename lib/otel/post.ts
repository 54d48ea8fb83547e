/** Sends one request of OTLP, bounded in time and in what is read of the answer, and says what became of it. */
import { backgroundTimer } from "../isolation/timers.ts";
import { escapeText } from "../text.ts";
import type { Endpoint } from "./endpoint.ts";

/** What became of a request. */
export type Outcome =
  /** Taken. What else the receiver says is in `partial`; `"unclear"`: its answer is none of OTLP in JSON. */
  | { readonly kind: "taken"; readonly partial: PartialSuccess | "unclear" | null }
  /** Not now: to be sent again, after `waitMs` where the receiver said so. */
  | { readonly kind: "later"; readonly reason: string; readonly waitMs: number | null }
  /** Never: sending it again would not help. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It was given up from here. */
  | { readonly kind: "aborted" };

/** What a receiver says of a request that it took in part, or with a warning. */
export interface PartialSuccess {
  /** Values that were not taken. */
  readonly rejected: number;
  /** Its words, safe to show and cut. */
  readonly message: string;
}

/** How far one attempt may go. */
export interface Attempt {
  readonly timeoutMs: number;
  /** Aborts when nobody waits for it any more. */
  readonly signal: AbortSignal;
}

/** Statuses after which OTLP/HTTP sends again; after any other it must not. */
const RETRYABLE: readonly number[] = [429, 502, 503, 504];
const LONGEST_ANSWER = 64 * 1_024;
const LONGEST_REASON = 200;
/** A receiver that asks for more than this is asked again all the same. */
const LONGEST_WAIT_MS = 600_000;

/** Sends `body`. Never rejects. */
export async function postOtlp(
  endpoint: Endpoint,
  body: Uint8Array<ArrayBuffer>,
  { timeoutMs, signal }: Attempt,
): Promise<Outcome> {
  const over = new AbortController();
  const stop = () => over.abort();
  const timer = backgroundTimer(stop, timeoutMs);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    const response = await fetch(endpoint.url, {
      method: "POST",
      redirect: "manual",
      signal: over.signal,
      headers: endpoint.headers,
      body,
    });
    return await outcomeOf(response, endpoint);
  } catch (error) {
    if (signal.aborted) return { kind: "aborted" };
    const reason = over.signal.aborted
      ? `it did not answer within ${timeoutMs} ms`
      : shown(wordsOf(error), endpoint);
    return { kind: "later", reason, waitMs: null };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

async function outcomeOf(response: Response, endpoint: Endpoint): Promise<Outcome> {
  const { ok, status } = response;
  if (ok) return { kind: "taken", partial: partialSuccess(await textOf(response), endpoint) };
  response.body?.cancel().catch(() => {});
  if (RETRYABLE.includes(status)) {
    return {
      kind: "later",
      reason: `it answered with status ${status}`,
      waitMs: waitOf(response.headers.get("retry-after")),
    };
  }
  const reason = status < 400
    ? "it redirects, and redirects are not followed: give the URL it leads to"
    : `it answered with status ${status}`;
  return { kind: "refused", reason };
}

/** The answer's text; `null` where it is too long, or does not come: the status has told that it was taken. */
async function textOf({ body }: Response): Promise<string | null> {
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (let bytes = 0;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      bytes += value.length;
      if (bytes > LONGEST_ANSWER) return null;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    return null;
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** What is said beside the status. Some receivers say nothing at all, which is fine. */
function partialSuccess(
  text: string | null,
  endpoint: Endpoint,
): PartialSuccess | "unclear" | null {
  if (text === null || text.trim() === "") return null;
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return "unclear";
  }
  if (typeof answer !== "object" || answer === null) return "unclear";
  const { rejectedDataPoints, errorMessage } = fieldsOf(fieldsOf(answer).partialSuccess);
  const count = Number(rejectedDataPoints ?? 0);
  const rejected = Number.isSafeInteger(count) && count > 0 ? count : 0;
  const message = typeof errorMessage === "string" ? shown(errorMessage, endpoint) : "";
  return rejected === 0 && message === "" ? null : { rejected, message };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

/** `Retry-After`: seconds, or a date. */
function waitOf(header: string | null): number | null {
  if (header === null) return null;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), LONGEST_WAIT_MS) : null;
}

/** What the runtime says, and why, where that stands apart. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

/** Words of the runtime or the receiver, safe to show, without URLs and what else may be secret. */
function shown(text: string, { secrets }: Endpoint): string {
  const open = secrets.reduce((open, secret) => open.replaceAll(secret, "…"), text)
    .replace(/\bhttps?:\/\/[^\s)"']+/gi, "…");
  return escapeText(open.slice(0, LONGEST_REASON)).slice(0, LONGEST_REASON);
}
