/** Answers. Their headers are set at once: to change an answer later costs as much as the rest of a request. */
import { toSnakeCase } from "../../json_case.ts";
import type { Shared } from "../shared_answers.ts";

/** Headers of every answer: never kept, never taken for something else, never shown within another page. */
const COMMON = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
};

/** Texts of fewer characters are not worth compressing. */
const LEAST_ZIPPED = 1_024;

/** A text or bytes in a form. */
export function respond(
  body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, { headers: { ...COMMON, "content-type": contentType, ...headers } });
}

/** A value as JSON, keys in snake_case. */
export function respondJson(value: unknown): Response {
  return respond(json(value), JSON_TYPE);
}

/** It was done, and there is nothing to say. */
export function respondDone(): Response {
  return new Response(null, { status: 204, headers: COMMON });
}

/** An answer that several share, as JSON. */
export function respondShared(
  request: Request,
  shared: Shared<unknown>,
): Response | Promise<Response> {
  return respondSharedAs(request, shared, { form: "json", contentType: JSON_TYPE, make: json });
}

/** An answer that several share, in some form; compressed where it is asked for. */
export function respondSharedAs<T>(
  { headers }: Request,
  shared: Shared<T>,
  { form, contentType, make }: {
    readonly form: string;
    readonly contentType: string;
    readonly make: (value: T) => string;
  },
): Response | Promise<Response> {
  const body = shared.body(form, make);
  const isZipped = body.length >= LEAST_ZIPPED && takesGzip(headers.get("accept-encoding"));
  const kept = sharedHeaders(contentType);
  if (!isZipped) return new Response(body, kept.plain);
  return shared.gzipped(form, make).then((zipped) => new Response(zipped, kept.zipped));
}

interface SharedHeaders {
  readonly plain: { readonly headers: Headers };
  readonly zipped: { readonly headers: Headers };
}

/** By content type, of which there are few: to copy headers is cheaper than to make them. */
const keptHeaders = new Map<string, SharedHeaders>();

function sharedHeaders(contentType: string): SharedHeaders {
  let kept = keptHeaders.get(contentType);
  if (kept === undefined) {
    const plain = { ...COMMON, "content-type": contentType, vary: "accept, accept-encoding" };
    kept = {
      plain: { headers: new Headers(plain) },
      zipped: { headers: new Headers({ ...plain, "content-encoding": "gzip" }) },
    };
    keptHeaders.set(contentType, kept);
  }
  return kept;
}

const JSON_TYPE = "application/json";

function json(value: unknown): string {
  return JSON.stringify(toSnakeCase(value));
}

/** Gzip is among what is accepted, and not with weight 0. */
function takesGzip(accepted: string | null): boolean {
  if (accepted === null) return false;
  return accepted.toLowerCase().split(",").some((item) => {
    const [coding, ...parameters] = item.split(";").map((part) => part.trim());
    const isRefused = parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    return (coding === "gzip" || coding === "x-gzip") && !isRefused;
  });
}
