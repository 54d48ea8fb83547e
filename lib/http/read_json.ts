/** The body of a request as JSON, bounded in size and time. */
import { Refusal } from "./refusal.ts";

/** The largest body that is taken. */
export const LARGEST_BODY_BYTES = 64 << 10;
/** A body that is not there after this is not waited for. */
const PATIENCE_MS = 5_000;
/** Nothing that is asked is nested deeper; what is, would exhaust the stack of whoever walks through it. */
const MOST_NESTED = 32;

/** What is left of a body that was refused must not be taken for the next request. */
const CLOSING = { connection: "close" };

/**
 * Reads a body.
 *
 * @throws {Refusal} 415 for anything but JSON, 413 above the limit, 408 where it takes too long, 400 for broken JSON
 */
export async function readJson(request: Request, patienceMs = PATIENCE_MS): Promise<unknown> {
  checkType(request.headers);
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > LARGEST_BODY_BYTES) throw tooLarge();
  const bytes = await readBytes(request, patienceMs);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal(400, "Cannot read the body: it is not UTF-8");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal(400, "Cannot read the body: it is not JSON");
  }
  if (isWithin(value, MOST_NESTED)) return value;
  throw new Refusal(400, `Cannot read the body: it is nested more than ${MOST_NESTED} deep`);
}

function isWithin(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((item) => isWithin(item, depth - 1));
}

function checkType(headers: Headers): void {
  const type = headers.get("content-type") ?? "";
  const encoding = headers.get("content-encoding")?.toLowerCase() ?? "identity";
  if (!/^application\/json\s*(;|$)/i.test(type) || encoding !== "identity") {
    throw new Refusal(
      415,
      "Cannot read the body: send JSON as it is, with content-type: application/json",
    );
  }
}

function tooLarge(): Refusal {
  return new Refusal(
    413,
    `Cannot take a body of more than ${LARGEST_BODY_BYTES} bytes: send less at once`,
    { headers: CLOSING },
  );
}

async function readBytes(request: Request, patienceMs: number): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const why = `Cannot wait longer than ${patienceMs} ms for the body: send it at once`;
      reject(new Refusal(408, why, { headers: CLOSING }));
    }, patienceMs);
  });
  try {
    return await Promise.race([readAll(reader), late]);
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error instanceof Refusal
      ? error
      : new Refusal(400, "Cannot read the body: it was cut off", { headers: CLOSING });
  } finally {
    clearTimeout(timer);
  }
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > LARGEST_BODY_BYTES) throw tooLarge();
    pieces.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
