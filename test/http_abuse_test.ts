/** The endpoint over raw sockets: requests that are too large, too slow, lies or no requests, and many of them. */
import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { bearer } from "../lib/http/access.ts";
import { createApp } from "../lib/http/create_app.ts";
import { serveApp, type Served } from "../lib/http/serve.ts";
import { FakeMeter, until } from "./support/http_world.ts";

const TOKEN = "a-token-of-ours";
const HOST = "host: localhost\r\n";
const LAST = `${HOST}connection: close\r\n`;
/** Bounds a test, not what it measures. */
const LONG_MS = 45_000;

let server: Served;
let locked: Served;
let meter: FakeMeter;
const over = new AbortController();
/** What takes its time begins at once, beside the other tests. */
let slow: {
  readonly trickle: Promise<Exchange>;
  readonly idle: Promise<[Exchange, Exchange, Exchange]>;
};
let flooded: Promise<number>;

before(async () => {
  meter = new FakeMeter();
  const { signal } = over;
  const open = createApp(meter, { signal });
  const closed = createApp(meter, { signal, allowedHosts: "any", authorize: bearer(TOKEN) });
  server = await serveApp((request, env) => open.fetch(request, env as never), { port: 0 });
  locked = await serveApp((request, env) => closed.fetch(request, env as never), { port: 0 });
  const lines = Array.from({ length: 600 }, (_, i) => `x-${i}: y\r\n`);
  flooded = floodOne();
  slow = {
    trickle: send(`GET /-/healthy HTTP/1.1\r\n${HOST}`, { then: lines, everyMs: 100 }),
    idle: Promise.all([
      send(""),
      send("GET / HTTP/1.1\r\nho"),
      send(`GET /-/healthy HTTP/1.1\r\n${HOST}\r\n`),
    ]),
  };
});

after(async () => {
  over.abort();
  await Promise.all([server.close(), locked.close()]);
});

/** What was sent back on one connection. */
interface Exchange {
  readonly text: string;
  /** The status of each answer. */
  readonly statuses: readonly number[];
  readonly ms: number;
}

/** How bytes are sent. */
interface Sending {
  /** Pieces that follow, so far apart. */
  readonly then?: readonly string[];
  readonly everyMs?: number;
  /** It is left when this is in the answer; otherwise when the server closes. */
  readonly leaveAt?: RegExp;
}

/** Sends bytes as they are, and reads until the server closes or the answer is there. */
function send(text: string, { then = [], everyMs = 50, leaveAt }: Sending = {}): Promise<Exchange> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const socket = net.connect(server.port, "127.0.0.1");
    let answer = "";
    const pieces = [text, ...then];
    const next = () => {
      const piece = pieces.shift();
      if (piece !== undefined && !socket.destroyed) socket.write(piece, "latin1");
      if (pieces.length === 0) clearInterval(timer);
    };
    const timer = setInterval(next, everyMs);
    const late = setTimeout(() => socket.destroy(), LONG_MS);
    socket.on("connect", next);
    socket.setEncoding("latin1").on("data", (piece: string) => {
      answer += piece;
      if (leaveAt?.test(answer)) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearInterval(timer);
      clearTimeout(late);
      const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) =>
        Number(status)
      );
      resolve({ text: answer, statuses, ms: performance.now() - startMs });
    });
  });
}

/** One request on a connection of its own. */
const ask = (line: string, rest = `${LAST}\r\n`) => send(`${line} HTTP/1.1\r\n${rest}`);

/** The server answers as it should. */
async function assertWell(): Promise<void> {
  const response = await fetch(`${server.url}/-/healthy`);
  assert.equal((await response.json() as { status: string }).status, "ok");
}

describe("heads", () => {
  it("a head that is too large is refused, whole or in pieces", async () => {
    const large = `GET /-/healthy HTTP/1.1\r\n${HOST}x: ${"a".repeat(300_000)}\r\n\r\n`;
    const many = `GET /-/healthy HTTP/1.1\r\n${HOST}${"x: y\r\n".repeat(50_000)}\r\n`;
    for (const text of [large, many]) {
      const { statuses } = await send(text);
      assert.ok(statuses.length === 1 && statuses[0]! >= 400 && statuses[0]! < 500, `${statuses}`);
    }
    await assertWell();
  });

  it("a path that is too long is refused", async () => {
    for (const length of [2_000, 20_000, 300_000]) {
      const { statuses } = await ask(`GET /${"a".repeat(length)}`);
      assert.ok(statuses.length === 1 && statuses[0]! >= 400 && statuses[0]! < 500, `${statuses}`);
    }
  });

  it("a head that trickles is given up", { timeout: 60_000 }, async () => {
    const { statuses, ms } = await slow.trickle;
    assert.ok(statuses.every((status) => status === 408), `${statuses}`);
    assert.ok(ms < LONG_MS, "the server closed it");
  });

  it("connections without a request, and without another, are closed", {
    timeout: 60_000,
  }, async () => {
    const [silent, begun, answered] = await slow.idle;
    for (const { ms } of [silent, begun, answered]) assert.ok(ms < LONG_MS, "the server closed it");
    for (const { statuses } of [silent, begun]) {
      assert.ok(statuses.every((status) => status === 408), `${statuses}`);
    }
    assert.deepEqual(answered.statuses, [200]);
  });

  it("no HTTP, and other versions of it", async () => {
    const texts = [
      "nonsense\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
      "GET\r\n\r\n",
      `GET /-/healthy HTTP/9.9\r\n${LAST}\r\n`,
      `G\0T /-/healthy HTTP/1.1\r\n${LAST}\r\n`,
      `GET /-/healthy HTTP/1.1\r\n${LAST}no colon\r\n\r\n`,
      `GET /-/healthy HTTP/1.1\r\n${LAST}na me: x\r\n\r\n`,
    ];
    for (const text of texts) {
      const { text: answer } = await send(text);
      assert.doesNotMatch(answer, / 200 /, JSON.stringify(text));
    }
    await assertWell();
  });

  it("HTTP/1.0 without a host gets no numbers", async () => {
    const { text } = await send("GET /v1/devices HTTP/1.0\r\n\r\n");
    assert.match(text, /^HTTP\/1\.[01] 40[04] /);
    const { text: other } = await send("GET /v1/devices HTTP/1.0\r\nhost: evil.example\r\n\r\n");
    assert.match(other, /^HTTP\/1\.[01] 403 /);
  });

  it("targets that name a server, and strange methods", async () => {
    const evil = await ask(
      "GET http://evil.example/v1/devices",
      `host: evil.example\r\nconnection: close\r\n\r\n`,
    );
    assert.deepEqual(evil.statuses, [403]);
    const asked = meter.count("devices");
    for (
      const line of ["OPTIONS *", "CONNECT localhost:80", "TRACE /v1/devices", "PRI *", "GET *"]
    ) {
      const { statuses } = await ask(line);
      assert.ok(statuses.every((status) => status >= 400 && status < 600), `${line}: ${statuses}`);
    }
    assert.equal(meter.count("devices"), asked);
    await assertWell();
  });

  it("an upgrade is none", async () => {
    const { statuses } = await ask(
      "GET /-/healthy",
      `${HOST}connection: upgrade, close\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n` +
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    assert.deepEqual(statuses, [200]);
  });
});

describe("paths", () => {
  it("tricks lead nowhere that the plain path does not", async () => {
    const strange = [
      "/../../etc/passwd",
      "/%2e%2e/%2e%2e/etc/passwd",
      "/v1/..%2f..%2fetc/passwd",
      "//v1//devices",
      "/v1/devices/",
      "/v1/devices%00",
      "/v1/devices%2500",
      "/v1/%",
      "/V1/DEVICES",
      "/v1\\devices\\x",
      "/v1/devices;x=1",
      `/v1/${"../".repeat(500)}x`,
      `/${"%2e".repeat(1_000)}`,
    ];
    for (const path of strange) {
      const { statuses } = await ask(`GET ${path}`);
      assert.ok(statuses[0] === 404 || statuses[0] === 400, `${path}: ${statuses}`);
      assert.equal(statuses.length, 1);
    }
    const { text } = await ask("GET /v1/devices\0");
    assert.doesNotMatch(text, / 200 /);
    const { statuses } = await ask("GET /x/../v1/./devices");
    assert.ok(statuses[0] === 200 || statuses[0] === 404, `${statuses}`);
  });

  it("behind the question mark", async () => {
    for (
      const query of [
        "?",
        "?a=1",
        "?pid=1&pid=2",
        `?pid=${"9".repeat(5_000)}`,
        "?pid=%",
        "?__proto__=1",
      ]
    ) {
      const { statuses } = await ask(`GET /v1/snapshot${query}`);
      assert.ok(statuses[0] === 400 || statuses[0] === 200, `${query}: ${statuses}`);
    }
  });
});

describe("bodies", () => {
  const POST = `POST /v1/telemetry HTTP/1.1\r\n${HOST}content-type: application/json\r\n`;
  const REPORT = '{"allocated_bytes":3,"reserved_bytes":5}';

  it("a body that trickles is not waited for", { timeout: 60_000 }, async () => {
    const { statuses, text } = await send(`${POST}content-length: 50000\r\n\r\n`, {
      then: Array.from({ length: 400 }, () => " "),
      everyMs: 100,
      leaveAt: /HTTP\/1\.1 \d+[^]*\r\n\r\n\{[^]*\}/,
    });
    assert.deepEqual(statuses, [408]);
    assert.match(text, /\r\nconnection: close\r\n/i);
  });

  it("lengths that are lies", async () => {
    const shorter = await send(`${POST}content-length: 5\r\n\r\n${REPORT}`, { leaveAt: /400 / });
    assert.equal(shorter.statuses[0], 400);
    const bad = ["-1", "1e3", "0x10", "5, 6", "99999999999999999999", "five", "+5", ""];
    for (const length of bad) {
      const { text } = await send(
        `${POST}content-length: ${length}\r\nconnection: close\r\n\r\n${REPORT}`,
        {
          leaveAt: /HTTP\/1\.1 \d{3} /,
        },
      );
      assert.doesNotMatch(text, /HTTP\/1\.1 2\d\d /, `length ${length}`);
    }
    const twice = await send(`${POST}content-length: 40\r\ncontent-length: 5\r\n\r\n${REPORT}`, {
      leaveAt: /HTTP\/1\.1 \d{3} /,
    });
    assert.ok(twice.statuses.every((status) => status >= 400), `${twice.statuses}`);
    await assertWell();
  });

  it("two ways to say how long it is: no second request is read out of a body", async () => {
    const hidden = `GET /v1/devices HTTP/1.1\r\n${HOST}\r\n`;
    const asked = meter.count("devices");
    const tricks = [
      `content-length: ${
        hidden.length + 5
      }\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n${hidden}`,
      `transfer-encoding: identity, chunked, x\r\n\r\n0\r\n\r\n${hidden}`,
      `transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
      `transfer-encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `transfer-encoding: chunked\r\n\r\nzz\r\n${hidden}`,
      `transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n${hidden}`,
      `transfer-encoding: chunked\r\n\r\n-5\r\n${hidden}`,
    ];
    for (const trick of tricks) {
      const { statuses } = await send(`${POST}${trick}`, { leaveAt: /HTTP\/1\.1 \d{3} / });
      assert.ok(statuses.every((status) => status >= 400), `${JSON.stringify(trick)}: ${statuses}`);
    }
    await assertWell();
    assert.equal(meter.count("devices"), asked);
  });

  it("chunks, whole and cut anywhere, are a body", async () => {
    const chunks = [...REPORT].map((letter) => `1\r\n${letter}\r\n`);
    const { statuses } = await send(
      `${POST}transfer-encoding: chunked\r\nconnection: close\r\n\r\n`,
      {
        then: [...chunks, "0\r\n\r\n"],
        everyMs: 2,
      },
    );
    assert.deepEqual(statuses, [204]);
  });

  it("expect: 100-continue, and bodies where none belongs", async () => {
    const expecting = await send(
      `${POST}expect: 100-continue\r\nconnection: close\r\ncontent-length: ${REPORT.length}\r\n\r\n${REPORT}`,
    );
    assert.equal(expecting.statuses.at(-1), 204);
    const { statuses } = await send(
      `GET /-/healthy HTTP/1.1\r\n${LAST}content-length: 5\r\n\r\nhello`,
      { leaveAt: /\}$/ },
    );
    assert.deepEqual(statuses, [200]);
  });

  it("clients that leave in the middle of a body", async () => {
    const left = Array.from({ length: 50 }, () =>
      new Promise<void>((resolve) => {
        const socket = net.connect(server.port, "127.0.0.1", () => {
          socket.write(`${POST}content-length: 1000\r\n\r\n{`, () => socket.resetAndDestroy());
        });
        socket.on("error", () => {}).on("close", () => resolve());
      }));
    await Promise.all(left);
    await assertWell();
  });
});

describe("many", () => {
  it("requests in one go are answered in order", async () => {
    const paths = ["/-/healthy", "/v1/nothing", "/v1/devices", "/-/ready"];
    const text = paths.map((path) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`).join("");
    const { statuses } = await send(`${text}GET /nothing HTTP/1.1\r\n${LAST}\r\n`);
    assert.deepEqual(statuses, [200, 404, 200, 200, 404]);
    const hundred = `HEAD /-/healthy HTTP/1.1\r\n${HOST}\r\n`.repeat(99);
    const { statuses: all } = await send(`${hundred}HEAD /-/healthy HTTP/1.1\r\n${LAST}\r\n`);
    assert.deepEqual(all, new Array(100).fill(200));
  });

  it("HEAD has no body", async () => {
    for (const path of ["/-/healthy", "/v1/devices", "/", "/v1/stream"]) {
      const { text, statuses } = await ask(`HEAD ${path}`);
      assert.deepEqual(statuses, [200], path);
      assert.ok(text.endsWith("\r\n\r\n"), path);
    }
  });

  it("idle connections stop nobody", async () => {
    const held = await connections(200, "GET / HTTP/1.1\r\nho");
    try {
      await assertWell();
      assert.equal((await ask("GET /v1/devices")).statuses[0], 200);
    } finally {
      for (const socket of held) socket.destroy();
    }
  });

  it("2,000 wrong tokens are refused, and the right one is not", { timeout: 60_000 }, async () => {
    const asked = meter.questions.length;
    let left = 2_000;
    const refused: number[] = [];
    const client = async () => {
      while (left > 0) {
        left -= 1;
        const authorization = `Bearer ${TOKEN}${left}`;
        const response = await fetch(`${locked.url}/v1/devices`, { headers: { authorization } });
        await response.body?.cancel();
        refused.push(response.status);
      }
    };
    await Promise.all(Array.from({ length: 50 }, client));
    assert.deepEqual(new Set(refused), new Set([401]));
    assert.ok(refused.length >= 2_000);
    assert.equal(meter.questions.length, asked);
    const authorization = `Bearer ${TOKEN}`;
    const response = await fetch(`${locked.url}/v1/devices`, { headers: { authorization } });
    assert.equal(response.status, 200);
    await response.body?.cancel();
  });

  const skip = fs.existsSync("/proc/self/fd") ? false : "descriptors are counted in /proc";
  it("clients of the stream that never read, or have gone, cost nothing in the end", {
    skip,
    timeout: 60_000,
  }, async () => {
    const descriptors = () => fs.readdirSync("/proc/self/fd").length;
    const request = `GET /v1/stream?interval=100ms HTTP/1.1\r\n${HOST}\r\n`;
    const round = async () => {
      const held = await connections(100, request);
      for (const socket of held) socket.pause();
      await assertWell();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await assertWell();
      for (const [i, socket] of held.entries()) {
        if (i % 2 === 0) socket.destroy();
        else socket.resetAndDestroy();
      }
    };
    await round();
    await until(() => meter.questions.length > 0, "the stream was at work");
    await settled(descriptors);
    const [openBefore, rssBefore] = [descriptors(), process.memoryUsage().rss];
    for (let i = 0; i < 4; i++) await round();
    await until(() => descriptors() <= openBefore + 10, "the connections are closed", 30_000);
    const grown = process.memoryUsage().rss - rssBefore;
    assert.ok(grown < 100 * 2 ** 20, `RSS has grown by ${grown} bytes`);
  });

  /** Connections that have sent something, and are left as they are. */
  function connections(count: number, text: string): Promise<net.Socket[]> {
    return Promise.all(
      Array.from({ length: count }, () =>
        new Promise<net.Socket>((resolve, reject) => {
          const socket = net.connect(server.port, "127.0.0.1", () => {
            socket.write(text);
            resolve(socket);
          });
          socket.on("error", reject);
        })),
    );
  }

  /** Waits until a number is the same twice. */
  async function settled(count: () => number): Promise<void> {
    let last = -1;
    await until(() => {
      const [before, now] = [last, count()];
      last = now;
      return before === now;
    }, "the number is steady");
  }
});

describe("a client that leaves", () => {
  it("is no more asked for: the signal of its request says so, and only then", async () => {
    const [left, stayed] = [Promise.withResolvers<void>(), Promise.withResolvers<AbortSignal>()];
    const patient = await serveApp(async (request) => {
      if (!request.url.endsWith("/never")) {
        stayed.resolve(request.signal);
        return new Response(await request.text());
      }
      request.signal.addEventListener("abort", () => left.resolve());
      socket.destroy();
      await left.promise;
      return new Response("too late");
    }, { port: 0 });
    const socket = net.connect(patient.port, "127.0.0.1", () => {
      socket.write(`GET /never HTTP/1.1\r\n${HOST}\r\n`);
    });
    socket.on("error", () => {});
    try {
      await left.promise;
      const response = await fetch(patient.url, { method: "POST", body: "whole" });
      assert.equal(await response.text(), "whole");
      assert.equal((await stayed.promise).aborted, false);
    } finally {
      await patient.close();
    }
  });
});

describe("a client that takes nothing", () => {
  it("is cut, and the stream that fed it ends", { timeout: 60_000 }, async () => {
    assert.ok(await flooded < 64 * 2 ** 20, `${await flooded} bytes were kept for it`);
  });
});

/** Bytes that a stream without end gave, when the server gave up a client that reads none of them. */
async function floodOne(): Promise<number> {
  const ended = Promise.withResolvers<void>();
  let given = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      given += 65_536;
      controller.enqueue(new Uint8Array(65_536));
    },
    cancel: () => ended.resolve(),
  }, { highWaterMark: 0 });
  const headers = { "content-type": "text/event-stream" };
  const flood = await serveApp(() => new Response(endless, { headers }), { port: 0 });
  const socket = net.connect(flood.port, "127.0.0.1", () => {
    socket.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  });
  socket.on("error", () => {}).pause();
  try {
    await ended.promise;
    return given;
  } finally {
    socket.destroy();
    await flood.close();
  }
}
