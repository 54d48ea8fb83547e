/** The stream of readings: what it carries, how it goes on, and what clients may do to it. */
import assert from "node:assert/strict";
import net from "node:net";
import { afterEach, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Hono } from "hono";
import { HypomnesisError } from "../lib/errors.ts";
import { createApp } from "../lib/http/create_app.ts";
import { serveApp } from "../lib/http/serve.ts";
import { aDevice, aGpuReply } from "../lib/testing.ts";
import {
  type Answers,
  DEVICES,
  endWorlds,
  EventReader,
  FakeMeter,
  GIB,
  httpWorld,
  json,
  problem,
  SYSTEM,
  until,
} from "./support/http_world.ts";
import { RUNTIME } from "./support/run_script.ts";

afterEach(endWorlds);

type World = ReturnType<typeof httpWorld>;

/** Opens a stream. */
async function open(
  { get }: World,
  query = "?interval=100ms",
  headers: Readonly<Record<string, string>> = {},
): Promise<EventReader> {
  const response = await get(`/v1/stream${query}`, headers);
  assert.equal(response.status, 200);
  return new EventReader(response);
}

const numberIn = (id: string) => Number(id.split("-")[1]);
const seriesIn = (id: string) => id.split("-")[0];

describe("what the stream carries", () => {
  it("is a whole reading at once, in snake_case, never stored and never held back", async () => {
    const world = httpWorld();
    const response = await world.get("/v1/stream?interval=1h");
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.equal(response.headers.get("x-accel-buffering"), "no");
    assert.equal(response.headers.get("access-control-allow-origin"), null);
    const reader = new EventReader(response);
    const [event] = await reader.take(1);
    assert.equal(event!.event, "reading");
    assert.match(event!.id, /^[0-9a-f]{8}-1$/);
    const { data } = event!;
    assert.deepEqual(Object.keys(data).sort(), [
      "alarms",
      "alerts",
      "allocators",
      "at_ms",
      "failures",
      "gpu",
      "has_memory_alarm",
      "interval_ms",
      "phases",
      "probe_ms",
      "processes",
      "sources",
      "system",
    ]);
    assert.equal(data.interval_ms, 3_600_000);
    const gpu = data.gpu as { devices: { used_bytes: number | null }[]; foreign_pids: boolean };
    assert.deepEqual(gpu.devices.map(({ used_bytes }) => used_bytes), [8 * GIB, null]);
    assert.equal((data.system as { total_bytes: number }).total_bytes, SYSTEM.totalBytes);
    assert.ok(reader.comments >= 1, "it says that it is there at once");
    await reader.close();
  });

  it("has a second between events unless something else is asked for", async () => {
    const world = httpWorld();
    for (
      const [query, intervalMs] of [["", 1_000], ["?interval=250ms", 250], ["?interval=2", 2_000]]
    ) {
      const reader = await open(world, String(query));
      const [event] = await reader.take(1);
      assert.equal(event!.data.interval_ms, intervalMs);
      await reader.close();
    }
  });

  it("goes on with null where a driver does not answer, and says why", async () => {
    const world = httpWorld();
    const release = world.meter.hold("gpu");
    const reader = await open(world);
    const [first] = await reader.take(1);
    assert.equal(first!.data.gpu, null);
    assert.equal((first!.data.system as { total_bytes: number }).total_bytes, SYSTEM.totalBytes);
    assert.deepEqual((first!.data.failures as { code: string }[]).map(({ code }) => code), [
      "slow",
    ]);
    release();
    for (let event = await reader.next(); event!.data.gpu === null; event = await reader.next());
    await reader.close();
  });

  it("tells of alerts as they begin", async () => {
    const world = httpWorld();
    const full = aDevice({ uuid: "GPU-0", totalBytes: 24 * GIB, usedBytes: 23.5 * GIB });
    world.meter.answer("gpu", () => aGpuReply({ devices: [full] }));
    const reader = await open(world, "?interval=1s");
    const [event] = await reader.take(1);
    const [alert] = event!.data.alerts as Record<string, unknown>[];
    assert.deepEqual([alert!.kind, alert!.severity, alert!.ended_at_ms], [
      "gpu_zone",
      "critical",
      null,
    ]);
    assert.equal(event!.data.has_memory_alarm, true);
    const { alerts } = await json(await world.get("/v1/history"));
    assert.deepEqual((alerts as { id: string }[]).map(({ id }) => id), [alert!.id]);
    await reader.close();
  });

  it("fills the history while somebody looks, at whatever interval", async () => {
    const world = httpWorld();
    const reader = await open(world, "?interval=1h");
    await reader.take(1);
    type Column = { used_bytes: (number | null)[] };
    const history = async () =>
      await json(
        await world.get(`/v1/history?since_ms=${Math.floor(Math.random() * 1e9)}`),
      ) as unknown as {
        at_ms: number[];
        devices: Column[];
        system: Column;
      };
    let seen = await history();
    for (let i = 0; i < 100 && seen.at_ms.length < 2; i++) {
      await pause(100);
      seen = await history();
    }
    assert.ok(seen.at_ms.length >= 2, "a sample a second");
    assert.ok(seen.at_ms.every((atMs, i) => i === 0 || atMs > seen.at_ms[i - 1]!));
    for (const { used_bytes } of [...seen.devices, seen.system]) {
      assert.equal(used_bytes.length, seen.at_ms.length);
    }
    assert.deepEqual(seen.devices.map(({ used_bytes }) => used_bytes[0]), [8 * GIB, null]);
    await reader.close();
  });

  it("is taken all the time where that is wanted, and else only while somebody looks", async () => {
    const steady = httpWorld({ history: true });
    const quiet = httpWorld();
    await until(() => steady.meter.count("gpu") >= 2, "nobody had to ask");
    assert.deepEqual(quiet.meter.questions, []);
    const { at_ms: times } = await json(await steady.get("/v1/history"));
    assert.ok((times as number[]).length >= 1);
  });
});

describe("clients of the stream", () => {
  it("share one probe, however many they are", async () => {
    const world = httpWorld();
    const readers = await Promise.all(
      Array.from({ length: 50 }, () => open(world, "?interval=1s")),
    );
    const firsts = await Promise.all(readers.map((reader) => reader.take(1)));
    assert.ok(new Set(firsts.map(([event]) => event!.id)).size < 5);
    assert.ok(world.meter.count("gpu") < 5, "one, or some more on a slow machine");
    for (const reader of readers) await reader.close();
  });

  it("that come back get exactly what they missed", async () => {
    const world = httpWorld();
    const witness = await open(world);
    const reader = await open(world);
    const seen = await reader.take(2);
    await reader.close();
    // More than a client that is merely slow would be sent.
    const all = await witness.take(9);
    const back = await open(world, "?interval=100ms", { "last-event-id": seen[1]!.id });
    const missed = await back.take(6);
    const expected = all.filter(({ id }) => numberIn(id) > numberIn(seen[1]!.id)).slice(0, 6);
    assert.deepEqual(missed, expected);
    await back.close();
    await witness.close();
  });

  it("that come back with an id of elsewhere begin anew", async () => {
    const world = httpWorld();
    const witness = await open(world);
    const all = await witness.take(5);
    const other = await open(world, "?interval=1h");
    const [foreign] = await other.take(1);
    assert.notEqual(seriesIn(foreign!.id), seriesIn(all[0]!.id));
    for (const id of [foreign!.id, "00000000-1", "nonsense", "x".repeat(5_000)]) {
      const back = await open(world, "?interval=100ms", { "last-event-id": id });
      const [event] = await back.take(1);
      assert.equal(seriesIn(event!.id), seriesIn(all[0]!.id));
      assert.ok(numberIn(event!.id) >= 5, "the latest, and nothing before it");
      await back.close();
    }
    await witness.close();
    await other.close();
  });

  it("are so many and no more, and a place is free again when one goes", async () => {
    const world = httpWorld();
    const readers: EventReader[] = [];
    for (let i = 0; i < 512; i++) readers.push(await open(world, "?interval=1s"));
    const refused = await world.get("/v1/stream");
    assert.equal(refused.headers.get("retry-after"), "10");
    assert.match(await problem(refused, 503, "slow"), /^Cannot open another stream: 512 /);
    await readers[0]!.close();
    readers[0] = await open(world, "?interval=1s");
    await problem(await world.get("/v1/stream"), 503, "slow");
    for (const reader of readers) await reader.close();
  });

  it("may ask for so many intervals at the same time and no more", async () => {
    const world = httpWorld();
    const readers: EventReader[] = [];
    for (let ms = 100; ms < 107; ms++) readers.push(await open(world, `?interval=${ms}ms`));
    assert.match(
      await problem(await world.get("/v1/stream?interval=107ms"), 503, "slow"),
      /8 different intervals/,
    );
    // One that is there already is no further one, and neither is the history's.
    for (const query of ["?interval=100ms", "?interval=1s"]) {
      const reader = await open(world, query);
      await reader.take(1);
      readers.push(reader);
    }
    for (const reader of readers) await reader.close();
  });

  it("get the end when the meter is closed", async () => {
    const world = httpWorld();
    const reader = await open(world);
    await reader.take(1);
    for (const kind of ["gpu", "memory", "find"] as const) {
      world.meter.fail(kind, new HypomnesisError("closed", "Cannot ask: the meter was closed"));
    }
    while (await reader.next() !== null);
    const late = await open(world);
    assert.equal(await late.next(), null);
  });

  it("get the end when everything ends, and then no new stream", async () => {
    const world = httpWorld({ history: true });
    const readers = [await open(world), await open(world, "?interval=1h"), await open(world, "")];
    for (const reader of readers) await reader.take(1);
    world.stop.abort();
    for (const reader of readers) while (await reader.next() !== null);
    assert.match(
      await problem(await world.get("/v1/stream"), 503, "closed"),
      /^Cannot open a stream: /,
    );
    const { length } = world.meter.questions;
    await pause(250);
    assert.equal(world.meter.questions.length, length, "nothing is asked any more");
  });

  it("get none where everything had ended before it began", async () => {
    const world = httpWorld({ signal: AbortSignal.abort(), history: true });
    await problem(await world.get("/v1/stream"), 503, "closed");
    await json(await world.get("/v1/devices"));
    assert.deepEqual(world.meter.questions, [{ kind: "devices" }]);
  });
});

/** Serves a world; how often its streams were read from, and how many clients have gone. */
async function served({ app }: { readonly app: Answers }) {
  const seen = { reads: 0, gone: 0 };
  const server = await serveApp(async (request, env) => {
    const response = await app.fetch(request, env);
    const reader = response.body!.getReader();
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const { done, value } = await reader.read();
        if (done) return controller.close();
        seen.reads += 1;
        controller.enqueue(value);
      },
      cancel: (reason) => {
        seen.gone += 1;
        return reader.cancel(reason);
      },
    }, { highWaterMark: 0 });
    return new Response(body, response);
  }, { port: 0 });
  return { ...server, seen };
}

/** An application's own server, which ends silent connections after a second where the runtime does that. */
function serveAsOthersDo(fetch: (request: Request, env: unknown) => Response | Promise<Response>) {
  const hostname = "127.0.0.1";
  if (RUNTIME === "bun") {
    const server = Bun.serve({ port: 0, hostname, idleTimeout: 1, fetch });
    return { url: `http://${hostname}:${server.port}`, close: () => server.stop(true) };
  }
  const server = Deno.serve({ port: 0, hostname, onListen: () => {} }, fetch);
  return { url: `http://${hostname}:${server.addr.port}`, close: () => server.shutdown() };
}

describe("the stream over a socket", () => {
  it("ends with its client", async () => {
    const world = httpWorld();
    const server = await served(world);
    try {
      const clients = Array.from({ length: 3 }, () => new AbortController());
      // Kept: Deno ends the connection of an answer that nobody has any more.
      const readers: EventReader[] = [];
      for (const { signal } of clients) {
        const response = await fetch(`${server.url}/v1/stream?interval=100ms`, { signal });
        readers.push(new EventReader(response));
        await readers.at(-1)!.take(2);
      }
      assert.equal(server.seen.gone, 0);
      for (const client of clients) client.abort();
      await until(() => server.seen.gone === 3, "the server has noticed");
      assert.equal(readers.length, 3);
    } finally {
      await server.close();
    }
  });

  it("sends its head before the first reading is there", async () => {
    const world = httpWorld();
    for (const kind of ["gpu", "memory", "find"] as const) world.meter.hold(kind);
    const server = await serveApp((request, env) => world.app.fetch(request, env), { port: 0 });
    try {
      const response = await fetch(`${server.url}/v1/stream?interval=1h`);
      assert.equal(response.headers.get("content-type"), "text/event-stream");
      await response.body!.cancel();
    } finally {
      await server.close();
    }
  });

  it("does not pile up before a client that reads slowly, and then gives it the newest", async () => {
    const meter = new FakeMeter();
    const name = "x".repeat(4_000_000);
    meter.answer("gpu", () => aGpuReply({ devices: [{ ...DEVICES[0]!, name }] }));
    const world = httpWorld({}, meter);
    const witness = await open(world);
    const server = await served(world);
    const socket = net.connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    try {
      socket.pause();
      socket.write("GET /v1/stream?interval=100ms HTTP/1.1\r\nhost: localhost\r\n\r\n");
      await until(() => server.seen.reads > 0, "the stream is open");
      const [first] = await witness.take(1);
      let newest = first!;
      while (numberIn(newest.id) < numberIn(first!.id) + 30) {
        [newest] = await witness.take(1) as [
          typeof newest,
        ];
      }
      const { reads } = server.seen;
      assert.ok(reads < 20, `${reads} events of 4 MB were handed to a client that takes none`);
      const ids: number[] = [];
      let rest = "";
      socket.setEncoding("latin1").on("data", (piece: string) => {
        const text = rest + piece;
        for (const [, id] of text.matchAll(/\nid: [0-9a-f]{8}-(\d+)\n/g)) ids.push(Number(id));
        // No id is longer, and none is counted twice.
        rest = text.slice(-40).replace(/\nid: [0-9a-f]{8}-\d+\n/g, "");
      });
      socket.resume();
      await until(() => (ids.at(-1) ?? 0) > numberIn(newest.id), "it is up to date", 60_000);
      assert.ok(ids.every((id, i) => i === 0 || id > ids[i - 1]!), `${ids}`);
      const skipped = ids.at(-1)! - ids[0]! + 1 - ids.length;
      assert.ok(skipped >= 5, `${skipped} events were left out`);
    } finally {
      socket.destroy();
      await witness.close();
      await server.close();
    }
  });

  it("stays open in the runtime's own server, mounted, however soon that ends what is silent", {
    timeout: 60_000,
  }, async () => {
    const stop = new AbortController();
    const parent = new Hono();
    parent.route("/hmn", createApp(new FakeMeter(), { signal: stop.signal }));
    const server = serveAsOthersDo(parent.fetch);
    try {
      const response = await fetch(`${server.url}/hmn/v1/stream?interval=1h`);
      const reader = new EventReader(response);
      await reader.take(1);
      let isOver = false;
      const next = reader.next().then(() => isOver = true, () => isOver = true);
      await pause(12_000);
      assert.equal(isOver, false, "the runtime ended it");
      assert.ok(reader.comments >= 2);
      stop.abort();
      await next;
    } finally {
      stop.abort();
      await server.close();
    }
  });

  it("stays open while nothing happens for long", { timeout: 60_000 }, async () => {
    const world = httpWorld();
    const server = await serveApp((request, env) => world.app.fetch(request, env), { port: 0 });
    try {
      const response = await fetch(`${server.url}/v1/stream?interval=1h`);
      const reader = new EventReader(response);
      await reader.take(1);
      let isOver = false;
      const next = reader.next().then(() => isOver = true, () => isOver = true);
      const { comments } = reader;
      await pause(15_000);
      assert.equal(isOver, false, "the runtime ended it");
      assert.ok(reader.comments > comments, "it was silent all the time");
      await server.close();
      await next;
      assert.equal(isOver, true, "it ends with the server");
    } finally {
      await server.close();
    }
  });
});
