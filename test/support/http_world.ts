/** An endpoint over a meter that a test scripts: answers that come, wait, fail and are counted. */
import assert from "node:assert/strict";
import { type AppMeter, type AppOptions, createApp } from "../../lib/http/create_app.ts";
import type { FailureCode } from "../../lib/errors.ts";
import type { Reading } from "../../lib/reading/reading.ts";
import type { Reply, ReplyTo, Request as Question } from "../../lib/protocol.ts";
import { TelemetryBoard } from "../../lib/telemetry/board.ts";
import {
  aCgroupMemory,
  aDevice,
  aDevicesReply,
  aDoctorCall,
  aDoctorReply,
  aFailure,
  aFinding,
  aFindReply,
  aGpuProcess,
  aGpuReply,
  aMemoryReply,
  aMigSlice,
  aPressure,
  aProcessesReply,
  aProcessMemory,
  aSnapshotReply,
  aSystemMemory,
  aTreeReply,
} from "../../lib/testing.ts";

export const GIB = 2 ** 30;
export const JSON_TYPE = { "content-type": "application/json" };

/** A reading at time 0 of which nothing is known. */
export function aReading(fields: Partial<Reading> = {}): Reading {
  return {
    atMs: 0,
    gpu: null,
    system: null,
    processes: [],
    allocators: [],
    sources: [],
    probeMs: { system: null, driver: null },
    failures: [],
    hasMemoryAlarm: null,
    alarms: [],
    ...fields,
  };
}

type Kind = Question["kind"];
/** Answers one question. */
export type Script = (question: Question) => Reply | Promise<Reply>;

/** Two GPUs, of which one has a slice. */
export const DEVICES = [
  aDevice({ index: 0, uuid: "GPU-0", name: "A", totalBytes: 24 * GIB, usedBytes: 8 * GIB }),
  aDevice({
    index: 1,
    uuid: "GPU-1",
    totalBytes: 12 * GIB,
    usedBytes: null,
    utilizationRatio: 0.5,
    migSlices: [aMigSlice({ index: 0, uuid: "MIG-0" })],
  }),
];
export const ROWS = [
  aGpuProcess({ pid: 11, name: "python3", usedBytes: 7 * GIB, contexts: ["compute"] }),
  aGpuProcess({ pid: 12, usedBytes: null }),
];
export const SYSTEM = aSystemMemory({
  totalBytes: 64 * GIB,
  usedBytes: 16 * GIB,
  pressure: aPressure(),
  cgroup: aCgroupMemory(),
});

/** What a meter answers on a machine in order. */
const ANSWERS: { readonly [K in Kind]: (question: Extract<Question, { kind: K }>) => ReplyTo<K> } =
  {
    memory: ({ pids, system }) =>
      aMemoryReply({
        processes: pids.map((pid) => aProcessMemory({ pid, rssBytes: pid * 1000 })),
        system: system ? SYSTEM : null,
      }),
    tree: ({ roots }) => aTreeReply({ processes: roots.map((pid) => aProcessMemory({ pid })) }),
    find: () => aFindReply({ processes: [aProcessMemory({ pid: 13, name: "postgres" })] }),
    gpu: ({ processes }) => aGpuReply({ devices: DEVICES, processes: processes ? ROWS : [] }),
    doctor: () =>
      aDoctorReply({
        findings: [
          aFinding({
            present: true,
            calls: [aDoctorCall({ name: "nvmlInit_v2" })],
            failures: [aFailure({ driverCode: "NVML_ERROR_UNKNOWN", retryInMs: null })],
            advice: ["Restart it"],
          }),
        ],
      }),
    ping: () => ({ kind: "ping" }),
    devices: () => aDevicesReply({ devices: DEVICES }),
    processes: ({ details }) =>
      aProcessesReply({
        devices: DEVICES,
        processes: ROWS,
        memory: [aProcessMemory({ pid: 11, command: details ? ["python3", "--secret"] : null })],
      }),
    snapshot: ({ pid }) =>
      aSnapshotReply({
        pid,
        process: aProcessMemory({ pid }),
        system: SYSTEM,
        devices: DEVICES,
        processes: ROWS,
        failures: [aFailure({ deviceIndex: 1, pid: 12, count: 2 })],
      }),
  };

/** A meter whose answers are scripted. */
export class FakeMeter implements AppMeter {
  readonly telemetry: TelemetryBoard;
  isClosed = false;
  /** Every question, in the order in which it came. */
  readonly questions: Question[] = [];
  readonly #scripts = new Map<Kind, Script>();

  constructor(now?: () => number) {
    this.telemetry = new TelemetryBoard(now === undefined ? {} : { now });
  }

  async ask<Q extends Question>(question: Q): Promise<ReplyTo<Q["kind"]>> {
    this.questions.push(question);
    const script = this.#scripts.get(question.kind) ?? ANSWERS[question.kind] as unknown as Script;
    return await script(question) as ReplyTo<Q["kind"]>;
  }

  /** How many questions of a kind came. */
  count(kind: Kind): number {
    return this.questions.filter((question) => question.kind === kind).length;
  }

  /** From now on, questions of a kind are answered so; `null`: as at first. */
  answer(kind: Kind, script: Script | null): void {
    if (script === null) this.#scripts.delete(kind);
    else this.#scripts.set(kind, script);
  }

  /** From now on, questions of a kind fail so. */
  fail(kind: Kind, error: unknown): void {
    this.answer(kind, () => Promise.reject(error));
  }

  /** Questions of a kind wait until the function returned is called; then they are answered as at first. */
  hold(kind: Kind): () => void {
    const gate = Promise.withResolvers<void>();
    this.answer(kind, async (question) => {
      await gate.promise;
      return (ANSWERS[kind] as unknown as Script)(question);
    });
    return () => {
      this.answer(kind, null);
      gate.resolve();
    };
  }
}

/** A request's parts. */
export type Init = Omit<RequestInit, "headers"> & {
  readonly headers?: Readonly<Record<string, string>>;
  /** Streams need it to be said. */
  readonly duplex?: "half";
  /** What the runtime gives beside a request. */
  readonly env?: unknown;
};

/** The least that can be asked: an application, ours or the one it is mounted in. */
export interface Answers {
  fetch(request: Request, env?: unknown): Response | Promise<Response>;
}

/** A request without a network; the host is this machine unless something else is said. */
export function ask(app: Answers, path: string, init: Init = {}): Promise<Response> {
  const { headers = {}, env = {}, ...rest } = init;
  const request = new Request(`http://localhost${path}`, {
    ...rest,
    headers: { host: "localhost", ...headers },
  });
  return Promise.resolve(app.fetch(request, env));
}

/** Sends JSON, or a text as it is. */
export function post(
  app: Answers,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return ask(app, path, { method: "POST", body: text, headers: { ...JSON_TYPE, ...headers } });
}

const stops = new Set<AbortController>();

/** An endpoint over a scripted meter; {@linkcode endWorlds} ends its streams. */
export function httpWorld(options: AppOptions = {}, meter: FakeMeter = new FakeMeter()) {
  const stop = new AbortController();
  stops.add(stop);
  const app = createApp(meter, { signal: stop.signal, ...options }) as unknown as Answers;
  return {
    app,
    meter,
    stop,
    get: (path: string, headers: Readonly<Record<string, string>> = {}) =>
      ask(app, path, { headers }),
    post: (path: string, body: unknown, headers?: Readonly<Record<string, string>>) =>
      post(app, path, body, headers),
  };
}

/** Ends the streams of every world; nothing of them goes on. */
export function endWorlds(): void {
  for (const stop of stops) stop.abort();
  stops.clear();
}

/** Every answer has them; pages from elsewhere are told nothing. */
export function assertHeaders(response: Response, contentType: string | null): void {
  const { headers } = response;
  assert.equal(headers.get("content-type"), contentType);
  assert.equal(headers.get("cache-control"), "no-store");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  for (const name of headers.keys()) assert.doesNotMatch(name, /^access-control-/);
}

/** The JSON of an answer that was given. */
export async function json(response: Response): Promise<Record<string, unknown>> {
  assert.equal(response.status, 200, `HTTP ${response.status}`);
  assertHeaders(response, "application/json");
  return await response.json() as Record<string, unknown>;
}

/** The problem document of an answer, checked in everything but its words. */
export async function problem(
  response: Response,
  status: number,
  code: FailureCode = "invalid_request",
): Promise<string> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  const document = JSON.parse(text) as Record<string, unknown>;
  assert.deepEqual(Object.keys(document).sort(), ["code", "detail", "status", "title", "type"]);
  assert.deepEqual([document.type, document.status, document.code], ["about:blank", status, code]);
  assert.match(String(document.title), /^[A-Z]/);
  assert.match(String(document.detail), /^Cannot /);
  return String(document.detail);
}

/** Lets everything happen that waits for no timer. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve, 0));
}

/** Waits until `holds`; the time it may take is far more than it does. */
export async function until(holds: () => boolean, what: string, mostMs = 10_000): Promise<void> {
  const endMs = performance.now() + mostMs;
  while (!holds()) {
    assert.ok(performance.now() < endMs, `it did not come to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Collects garbage now; `null` where the runtime does not let a program do that. */
export const collectGarbage: (() => void) | null = (() => {
  const { Bun: bun, gc = null } = globalThis as unknown as {
    readonly Bun?: { gc(force: boolean): void };
    readonly gc?: () => void;
  };
  return bun === undefined ? gc : () => bun.gc(true);
})();
export const skipGarbage: string | false = collectGarbage === null
  ? "Deno collects garbage when it is asked only with --v8-flags=--expose-gc"
  : false;

/** One event of a stream. */
export interface SseEvent {
  readonly event: string;
  readonly id: string;
  readonly data: Record<string, unknown>;
}

/** Reads a stream of events one by one; comments are passed over and counted. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";
  /** Comments seen so far. */
  comments = 0;

  constructor(response: Response) {
    this.#reader = response.body!.getReader();
  }

  /** The next event; `null`: the stream has ended. */
  async next(): Promise<SseEvent | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end === -1) {
        const { done, value } = await this.#reader.read();
        if (done) return null;
        this.#text += this.#decoder.decode(value, { stream: true });
        continue;
      }
      const block = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      if (block.startsWith(":")) {
        this.comments += 1;
        continue;
      }
      const fields = new Map(
        block.split("\n").map((line) => {
          const [, name = "", value = ""] = /^(\w+): (.*)$/.exec(line) ?? [];
          return [name, value] as const;
        }),
      );
      assert.deepEqual([...fields.keys()], ["event", "id", "data"]);
      return {
        event: fields.get("event")!,
        id: fields.get("id")!,
        data: JSON.parse(fields.get("data")!) as Record<string, unknown>,
      };
    }
  }

  /** So many events. */
  async take(count: number): Promise<SseEvent[]> {
    const events: SseEvent[] = [];
    while (events.length < count) {
      const event = await this.next();
      assert.notEqual(event, null, `the stream ended after ${events.length} of ${count} events`);
      events.push(event!);
    }
    return events;
  }

  /** The client goes. */
  close(): Promise<void> {
    return this.#reader.cancel();
  }
}
