/** Sends an alert to a URL, bounded in time. Nothing of the answer is read but its status. */
import { basicAuth } from "../../basic_auth.ts";
import { HypomnesisError } from "../../errors.ts";
import { toSnakeCase } from "../../json_case.ts";
import { escapeText } from "../../text.ts";
import { VERSION } from "../../version.ts";
import type { Told } from "./alert_env.ts";
import type { Attempt } from "./jobs.ts";

/** Where alerts are sent. */
export interface Webhook {
  /** Without user and password. */
  readonly url: string;
  /** What logs show: the path and the query are often the secret. */
  readonly shown: string;
  /** Value of `authorization`, from the user and password of the URL; `null`: none. */
  readonly authorization: string | null;
}

/**
 * Reads the URL of a webhook.
 *
 * @throws {HypomnesisError} `invalid_request` where it is none, or neither http nor https
 */
export function parseWebhook(text: string): Webhook {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new HypomnesisError(
      "invalid_request",
      "Cannot use the webhook: give a URL that begins with http:// or https://",
    );
  }
  const { username, password } = url;
  url.username = "";
  url.password = "";
  url.hash = "";
  return {
    url: url.href,
    shown: url.origin,
    authorization: basicAuth(username, password),
  };
}

/** What is sent: `{ session, change, at, elapsed_ms, alert: { id, kind, … } }`. */
export function webhookBody({ change, session, at }: Told): string {
  return JSON.stringify(toSnakeCase({
    session,
    change: change.change,
    at,
    elapsedMs: change.atMs,
    alert: change.alert,
  }));
}

/**
 * Sends `body`.
 *
 * @throws {Error} with the reason, where it was not accepted (status 200 to 299) in time
 */
export async function postWebhook(
  { url, authorization }: Webhook,
  body: string,
  { timeoutMs, signal }: Attempt,
): Promise<void> {
  const over = new AbortController();
  const stop = () => over.abort();
  const timer = setTimeout(stop, timeoutMs);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    const { ok, status, body: answer } = await fetch(url, {
      method: "POST",
      redirect: "manual",
      signal: over.signal,
      headers: {
        "content-type": "application/json",
        "user-agent": `hypomnesis/${VERSION}`,
        ...authorization === null ? {} : { authorization },
      },
      body,
    }).catch((error: unknown) => {
      if (signal.aborted) throw new Error("the recording ended before it answered");
      if (over.signal.aborted) throw new Error(`it did not answer within ${timeoutMs} ms`);
      throw new Error(reasonOf(error));
    });
    answer?.cancel().catch(() => {});
    if (ok) return;
    throw new Error(
      status < 400
        ? "it redirects, and redirects are not followed: give the URL it leads to"
        : `it answered with status ${status}`,
    );
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

const LONGEST_REASON = 200;

/** What the runtime says, without the URL, which may hold secrets. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return escapeText(text.replace(/\bhttps?:\/\/[^\s)"']+/gi, "…").slice(0, LONGEST_REASON));
}
