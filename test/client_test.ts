/** The client: what it sends, what it makes of every answer, and streams over connections that are lost. */
import assert from "node:assert/strict";
import net from "node:net";
import { describe, it } from "node:test";
import { LARGEST_BYTES } from "../lib/client/body_text.ts";
import { connect, createClient, type RemoteMeter } from "../lib/client/mod.ts";
import { HypomnesisError } from "../lib/errors.ts";
import { createApp } from "../lib/http/create_app.ts";
import { bearer } from "../lib/http/access.ts";
import { serveApp } from "../lib/http/serve.ts";
import { toJsonLine } from "../lib/json_case.ts";
import { PROTOCOL_VERSION } from "../lib/protocol.ts";
import { aDevice, aDevicesReply } from "../lib/testing.ts";
import { FakeMeter, until } from "./support/http_world.ts";
import { aHistory, anAllocator, aReading } from "./support/live_page_data.ts";
import {
  answer,
  hang,
  json,
  problem,
  type Reaction,
  ScriptedServer,
  stream,
} from "./support/scripted_server.ts";

const TOKEN = "a-token-of-ours";
const GPU = aDevice({ name: "NVIDIA Fake A100", totalBytes: 1_000, usedBytes: 446 });
const DEVICES = answer(200, toJsonLine(aDevicesReply({ devices: [GPU] })));
const HEALTHY = { status: "ok", version: "9.9.9", protocol: PROTOCOL_VERSION, pid: 77 };
const TELEMETRY = {
  atMs: 5,
  memoryUsagePercent: 60,
  allocators: [anAllocator({ allocatedBytes: 3, reservedBytes: 5 })],
  hasMemoryAlarm: false,
  alarms: [],
  failures: [],
};

const askDevices = (meter: RemoteMeter) => meter.ask({ kind: "devices" });

/** Every method that waits for one answer. */
const METHODS: readonly (readonly [string, (meter: RemoteMeter) => Promise<unknown>])[] = [
  ["ask", askDevices],
  ["about", (meter) => meter.about()],
  ["telemetry", (meter) => meter.telemetry()],
  ["history", (meter) => meter.history()],
  ["report", (meter) => meter.report({ allocatedBytes: 3, reservedBytes: 5 })],
  ["phase", (meter) => meter.phase({ end: true })],
  ["readings", (meter) => meter.readings().next()],
];

/** What a promise rejects with, which has to be one of ours. */
async function failureOf(promise: Promise<unknown>): Promise<HypomnesisError> {
  const error = await promise.then(
    (value) => assert.fail(`it is answered: ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  assert.ok(error instanceof HypomnesisError, `another error: ${String(error)}`);
  return error;
}

describe("what the client sends and understands", () => {
  it("questions, by POST, keys in snake_case; answers in camelCase", async () => {
    await using server = await ScriptedServer.start(DEVICES);
    const meter = connect(server.url, { token: TOKEN });
    assert.equal(meter.url, `${server.url}/`);
    const reply = await askDevices(meter);
    assert.deepEqual(reply, aDevicesReply({ devices: [GPU] }));
    const [{ method, path, headers, body } = assert.fail()] = server.asked;
    assert.deepEqual([method, path, body], ["POST", "/v1/ask", '{"kind":"devices"}']);
    assert.equal(headers["content-type"], "application/json");
    assert.equal(headers.authorization, `Bearer ${TOKEN}`);
  });

  it("what the server says of itself, and no token where there is none", async () => {
    await using server = await ScriptedServer.start(json({ ...HEALTHY, more: 1 }));
    const about = await connect(server.url).about();
    assert.deepEqual(about, { version: "9.9.9", protocol: PROTOCOL_VERSION, pid: 77 });
    assert.equal(server.asked[0]!.path, "/-/healthy");
    assert.equal(server.asked[0]!.headers.authorization, undefined);
  });

  it("telemetry and history", async () => {
    const history = aHistory(1_000_000, 1);
    await using server = await ScriptedServer.start();
    server.next.push(
      answer(200, toJsonLine(TELEMETRY)),
      answer(200, toJsonLine(history)),
      answer(200, toJsonLine(history)),
    );
    const meter = connect(server.url);
    assert.deepEqual(await meter.telemetry(), TELEMETRY);
    assert.deepEqual(await meter.history(), history);
    assert.deepEqual(await meter.history({ sinceMs: 17 }), history);
    assert.deepEqual(server.asked.map(({ method, path }) => `${method} ${path}`), [
      "GET /v1/telemetry",
      "GET /v1/history",
      "GET /v1/history?since_ms=17",
    ]);
  });

  it("reports and phases; labels are sent as they are", async () => {
    await using server = await ScriptedServer.start(answer(204, ""));
    const meter = connect(server.url);
    await meter.report({ allocatedBytes: 3, reservedBytes: 5 });
    await meter.report({ cuda_memory_allocated_gb: 0.5, cuda_memory_reserved_gb: 1 });
    await meter.phase({ name: "x", nested: true, labels: { aB: "c" } });
    await meter.phase({ end: true });
    assert.deepEqual(server.asked.map(({ path, body }) => [path, JSON.parse(body)]), [
      ["/v1/telemetry", { allocated_bytes: 3, reserved_bytes: 5 }],
      ["/v1/telemetry", { cuda_memory_allocated_gb: 0.5, cuda_memory_reserved_gb: 1 }],
      ["/v1/phase", { name: "x", nested: true, labels: { aB: "c" } }],
      ["/v1/phase", { end: true }],
    ]);
  });

  it("a way of one's own to send", async () => {
    const sent: string[] = [];
    const meter = connect("http://nobody.example/hmn", {
      fetch: (url, { redirect }) => {
        sent.push(`${url} ${redirect}`);
        return Promise.resolve(Response.json(HEALTHY));
      },
    });
    assert.equal((await meter.about()).pid, 77);
    assert.deepEqual(sent, ["http://nobody.example/hmn/-/healthy error"]);
  });
});

describe("addresses and tokens", () => {
  it("addresses that are taken, with a folder or without", () => {
    const taken: readonly (readonly [string, string])[] = [
      ["http://127.0.0.1:9700", "http://127.0.0.1:9700/"],
      ["http://127.0.0.1:9700/", "http://127.0.0.1:9700/"],
      ["https://Board.example/gpu/box", "https://board.example/gpu/box/"],
      ["https://board.example/gpu/", "https://board.example/gpu/"],
      ["http://[::1]:9700", "http://[::1]:9700/"],
      [" http://localhost:80 ", "http://localhost/"],
    ];
    for (const [given, url] of taken) assert.equal(connect(given).url, url);
  });

  it("addresses that are none", () => {
    const refused = [
      "",
      "127.0.0.1:9700",
      "localhost:9700",
      "//localhost",
      "ftp://localhost/",
      "file:///etc/passwd",
      "http://",
      "http://host:99999",
      "http://host?",
      "http://host/?a=1",
      "http://host#",
      "http://host/#a",
      "http://a b/",
    ];
    for (const url of refused) {
      assert.throws(() => connect(url), TypeError, url);
      assert.throws(() => createClient(url), TypeError, url);
    }
    for (const url of ["http://user@host/", "http://:secret@host/", "http://user:secret@host"]) {
      assert.throws(() => connect(url), (error: Error) => {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, /user or password: give the token by itself/);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
    }
  });

  it("tokens that fit into no header", () => {
    for (
      const token of ["", "short", "with a space", "line\nbreak-x", "größer-als", "x".repeat(513)]
    ) {
      assert.throws(() => connect("http://localhost", { token }), (error: Error) => {
        assert.ok(error instanceof TypeError);
        assert.ok(token === "" || !error.message.includes(token), error.message);
        return true;
      });
    }
    connect("http://localhost", { token: "x".repeat(512) });
  });

  it("a folder before every path", async () => {
    await using server = await ScriptedServer.start(json(HEALTHY));
    await connect(`${server.url}/gpu/box`).about();
    await createClient(`${server.url}/gpu/box`)["-"].healthy.$get();
    assert.deepEqual(server.asked.map(({ path }) => path), [
      "/gpu/box/-/healthy",
      "/gpu/box/-/healthy",
    ]);
  });
});

describe("what may come instead of an answer", () => {
  for (const [name, call] of METHODS) {
    it(`${name}: no server`, async () => {
      const server = await ScriptedServer.start();
      await server.stop();
      const { code, message } = await failureOf(call(connect(server.url)));
      assert.equal(code, "unreachable");
      assert.match(
        message,
        /^Cannot reach http:\/\/127.0.0.1:\d+\/: .+; is hmn serve running there\?$/,
      );
    });

    it(`${name}: no answer`, async () => {
      await using server = await ScriptedServer.start(hang);
      const { code, message } = await failureOf(call(connect(server.url, { timeoutMs: 100 })));
      assert.equal(code, "slow");
      assert.match(message, /^Cannot ask http:.*: no answer in 100 ms$/);
    });

    it(`${name}: a connection that is cut`, async () => {
      await using server = await ScriptedServer.start((response) => response.destroy());
      assert.equal((await failureOf(call(connect(server.url)))).code, "unreachable");
    });

    it(`${name}: a way to elsewhere, which is not gone`, async () => {
      await using elsewhere = await ScriptedServer.start(json(HEALTHY));
      for (const status of [301, 302, 303, 307, 308]) {
        await using server = await ScriptedServer.start(
          answer(status, "", { location: `${elsewhere.url}/` }),
        );
        const { code } = await failureOf(call(connect(server.url, { token: TOKEN })));
        assert.ok(code === "unreachable" || code === "bad_value", code);
        assert.equal(server.asked.length, 1);
      }
      assert.deepEqual(elsewhere.asked, []);
    });

    it(`${name}: refusals in our words`, async () => {
      await using server = await ScriptedServer.start();
      const meter = connect(server.url);
      server.next.push(problem(401, "permission_denied", "Cannot answer: send the token"));
      const denied = await failureOf(call(meter));
      assert.equal(denied.code, "permission_denied");
      const wanted = "it asks for a token; set HMN_TOKEN, or give it as an option";
      assert.equal(denied.message, `Cannot ask ${server.url}/: ${wanted}`);
      server.next.push(problem(401, "permission_denied", "Cannot answer: send the token"));
      const refused = await failureOf(call(connect(server.url, { token: "another-token" })));
      assert.equal(refused.message, `Cannot ask ${server.url}/: it does not take this token`);
      server.next.push(problem(403, "permission_denied", "Cannot tell details to everybody"));
      const forbidden = await failureOf(call(meter));
      assert.equal(forbidden.message, `Cannot tell details to everybody (${server.url}/)`);
      server.next.push(problem(404, "no_such_process", "Cannot find process 5"));
      assert.equal((await failureOf(call(meter))).code, "no_such_process");
      server.next.push(problem(503, "a_code_of_tomorrow", "Cannot do what is not known yet"));
      const unknown = await failureOf(call(meter));
      assert.equal(unknown.code, "bad_value");
      assert.match(unknown.message, /^Cannot do what is not known yet \(/);
      server.next.push(problem(500, "constructor", "Cannot be"));
      assert.equal((await failureOf(call(meter))).code, "bad_value");
    });

    it(`${name}: refusals in other words`, async () => {
      const texts = ["", "no", "<html>Bad Gateway</html>", "null", "[]", '{"detail":5,"code":"x"}'];
      await using server = await ScriptedServer.start();
      for (const text of texts) {
        server.next.push(answer(502, text, { "content-type": "text/html" }));
        const { code, message } = await failureOf(call(connect(server.url)));
        assert.equal(code, "bad_value");
        assert.match(message, /: it answers with status 502; is it hmn serve\?$/);
      }
    });

    it(`${name}: a refusal that is cut off`, async () => {
      const cut: Reaction = (response) => {
        response.writeHead(500, { "content-length": "100" });
        response.write("{", () => response.destroy());
      };
      await using server = await ScriptedServer.start(cut);
      assert.equal((await failureOf(call(connect(server.url)))).code, "unreachable");
    });

    it(`${name}: the caller gives up`, async () => {
      await using server = await ScriptedServer.start(hang);
      const why = new Error("enough");
      const over = new AbortController();
      const late = withSignal(connect(server.url), name, over.signal);
      await until(() => server.asked.length === 1, "the request is there");
      over.abort(why);
      await assert.rejects(late, (error) => error === why);
      await until(() => server.open.size === 0, "the connection is closed");
      await assert.rejects(
        withSignal(connect(server.url), name, AbortSignal.abort(why)),
        (error) => error === why,
      );
      assert.equal(server.asked.length, 1);
    });
  }

  /** A method with a signal. */
  function withSignal(meter: RemoteMeter, name: string, signal: AbortSignal): Promise<unknown> {
    const calls: Record<string, () => Promise<unknown>> = {
      ask: () => meter.ask({ kind: "devices" }, { signal }),
      about: () => meter.about({ signal }),
      telemetry: () => meter.telemetry({ signal }),
      history: () => meter.history({ signal }),
      report: () => meter.report({ allocatedBytes: 3, reservedBytes: 5 }, { signal }),
      phase: () => meter.phase({ end: true }, { signal }),
      readings: () => meter.readings({ signal }).next(),
    };
    return calls[name]!();
  }

  const READING_METHODS = METHODS.slice(0, 4);
  for (const [name, call] of READING_METHODS) {
    it(`${name}: answers of another form`, async () => {
      const deep = "[".repeat(100_000) + "]".repeat(100_000);
      const texts = [
        "",
        "<!doctype html><title>Router</title>",
        "{",
        "null",
        "[]",
        "{}",
        '"ok"',
        '{"kind":"memory"}',
        '{"kind":"devices","devices":[{"index":"0"}],"failures":[]}',
        `{"status":"ok","version":1}`,
        deep,
        `{"kind":${deep}}`,
        "\0\0\0",
      ];
      await using server = await ScriptedServer.start();
      for (const text of texts) {
        server.next.push(answer(200, text));
        const { code, message } = await failureOf(call(connect(server.url)));
        assert.equal(code, "bad_value", text.slice(0, 80));
        assert.match(message, /: its answer has another form; is it hmn serve\?$/);
      }
      server.next.push(answer(200, new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])));
      assert.equal((await failureOf(call(connect(server.url)))).code, "bad_value");
    });

    it(`${name}: an answer that is cut off, and one that never ends`, async () => {
      await using server = await ScriptedServer.start();
      server.next.push((response) => {
        response.writeHead(200, { "content-length": "1000" });
        response.write('{"kind":"devices"', () => response.destroy());
      });
      assert.equal((await failureOf(call(connect(server.url)))).code, "unreachable");
      server.next.push((response) => void response.writeHead(200).write('{"kind":'));
      const { code } = await failureOf(call(connect(server.url, { timeoutMs: 150 })));
      assert.equal(code, "slow");
      await until(() => server.open.size === 0, "the connection is closed");
    });
  }

  it("an answer that is too large is cut early, also one that is compressed", async () => {
    await using server = await ScriptedServer.start();
    let given = 0;
    const flood: Reaction = (response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const block = " ".repeat(1 << 20);
      const more = () => {
        while (!response.destroyed && given < 20 * LARGEST_BYTES) {
          given += block.length;
          if (!response.write(block)) return void response.once("drain", more);
        }
      };
      more();
    };
    server.next.push(flood);
    const { code, message } = await failureOf(askDevices(connect(server.url)));
    assert.equal(code, "bad_value");
    assert.match(message, /: its answer is longer than 33554432 bytes; /);
    await until(() => server.open.size === 0, "the connection is closed");
    assert.ok(given < 4 * LARGEST_BYTES, `${given} bytes were sent`);
    const zipped = new Blob([new Uint8Array(LARGEST_BYTES + 1)]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    const bytes = new Uint8Array(await new Response(zipped).arrayBuffer());
    server.next.push(answer(200, bytes, { "content-encoding": "gzip" }));
    assert.match((await failureOf(askDevices(connect(server.url)))).message, /longer than/);
  });

  it("another version of the protocol", async () => {
    await using server = await ScriptedServer.start(
      json({ ...HEALTHY, protocol: PROTOCOL_VERSION + 1 }),
    );
    const { code, message } = await failureOf(connect(server.url).about());
    assert.equal(code, "bad_value");
    assert.match(message, /speaks version 2 of the protocol, and this is 1; use one version of/);
  });

  it("something that speaks no HTTP", async () => {
    const server = net.createServer((socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as net.AddressInfo;
      const { code } = await failureOf(connect(`http://127.0.0.1:${port}`).about());
      assert.equal(code, "unreachable");
    } finally {
      server.close();
    }
  });
});

/** An event of the stream. */
const eventOf = (id: string, atMs: number) =>
  `event: reading\nid: ${id}\ndata: ${toJsonLine(aReading(atMs))}\n`;

/** The times of the next readings. */
async function take(readings: AsyncGenerator<{ readonly atMs: number }>, count: number) {
  const times: number[] = [];
  for (let i = 0; i < count; i++) times.push((await readings.next()).value!.atMs);
  return times;
}

describe("streams", () => {
  it("readings as they come, whole", async () => {
    await using server = await ScriptedServer.start(stream(": hello\n\n" + eventOf("0a-1", 1)));
    const readings = connect(server.url, { token: TOKEN }).readings({ intervalMs: 250 });
    assert.deepEqual((await readings.next()).value, aReading(1));
    for (const response of server.open) {
      response.write(`event: other\ndata: {}\n\n${eventOf("0a-2", 2)}`);
    }
    assert.deepEqual(await take(readings, 1), [2]);
    await readings.return();
    const [{ path, headers } = assert.fail()] = server.asked;
    assert.equal(path, "/v1/stream?interval=250ms");
    assert.equal(headers.authorization, `Bearer ${TOKEN}`);
    assert.equal(headers["last-event-id"], undefined);
  });

  it("leaving the loop closes the connection", async () => {
    await using server = await ScriptedServer.start(stream(eventOf("0a-1", 1)));
    for await (const { atMs } of connect(server.url).readings()) {
      assert.equal(atMs, 1);
      assert.equal(server.open.size, 1);
      break;
    }
    // Well before garbage is collected, which would close it too.
    await until(() => server.open.size === 0, "the connection is closed", 3_000);
    assert.equal(server.asked.length, 1);
  });

  it("a signal ends the loop with its reason, and the connection", async () => {
    await using server = await ScriptedServer.start(stream(eventOf("0a-1", 1)));
    const over = new AbortController();
    const readings = connect(server.url).readings({ signal: over.signal });
    assert.deepEqual(await take(readings, 1), [1]);
    const next = readings.next();
    const why = new Error("enough");
    over.abort(why);
    await assert.rejects(next, (error) => error === why);
    await until(() => server.open.size === 0, "the connection is closed");
  });

  it("a server that restarts: the loop goes on behind what it had", async () => {
    await using server = await ScriptedServer.start(stream(eventOf("0a1b2c3d-7", 1)));
    const readings = connect(server.url).readings();
    assert.deepEqual(await take(readings, 1), [1]);
    const next = take(readings, 2);
    await server.stop();
    server.usual = stream(eventOf("0a1b2c3d-8", 2) + eventOf("0a1b2c3d-9", 3));
    await new Promise((resolve) => setTimeout(resolve, 700));
    await server.listen();
    assert.deepEqual(await next, [2, 3]);
    await readings.return();
    assert.deepEqual(server.asked.map(({ headers }) => headers["last-event-id"]), [
      undefined,
      "0a1b2c3d-7",
    ]);
  });

  it("a stream that ends, before its first reading too, is opened anew", async () => {
    await using server = await ScriptedServer.start();
    const ended: Reaction = (response) =>
      void response.writeHead(200, { "content-type": "text/event-stream" }).end(": bye\n\n");
    server.next.push(
      ended,
      problem(503, "closed", "Cannot: about to end"),
      stream(eventOf("x", 4)),
    );
    const readings = connect(server.url).readings();
    assert.deepEqual(await take(readings, 1), [4]);
    await readings.return();
    assert.equal(server.asked.length, 3);
  });

  it("a signal ends the wait for a server that is gone", async () => {
    await using server = await ScriptedServer.start(stream(eventOf("a", 1)));
    const over = new AbortController();
    const readings = connect(server.url).readings({ signal: over.signal });
    await take(readings, 1);
    await server.stop();
    const next = readings.next();
    const why = new Error("enough");
    setTimeout(() => over.abort(why), 100);
    await assert.rejects(next, (error) => error === why);
  });

  it("a refusal ends the loop, also where it was connected before", async () => {
    await using server = await ScriptedServer.start(
      problem(401, "permission_denied", "Cannot answer: send the token"),
    );
    server.next.push((response) => {
      stream(eventOf("a", 1))(response, server.asked[0]!);
      setTimeout(() => response.end(), 20);
    });
    const readings = connect(server.url).readings();
    assert.deepEqual(await take(readings, 1), [1]);
    assert.equal((await failureOf(readings.next())).code, "permission_denied");
    assert.equal((await readings.next()).done, true);
    assert.equal(server.asked.length, 2);
  });

  it("a server that falls silent is asked anew", async () => {
    await using server = await ScriptedServer.start(stream(eventOf("a", 2)));
    server.next.push(stream(eventOf("a", 1)));
    const readings = connect(server.url, { timeoutMs: 300 }).readings();
    assert.deepEqual(await take(readings, 2), [1, 2]);
    await readings.return();
    assert.equal(server.asked[1]!.headers["last-event-id"], "a");
  });

  it("a reader that takes its time is no silent server", async () => {
    await using server = await ScriptedServer.start(stream(eventOf("a", 1)));
    const readings = connect(server.url, { timeoutMs: 300 }).readings();
    assert.deepEqual(await take(readings, 1), [1]);
    await new Promise((resolve) => setTimeout(resolve, 600));
    for (const response of server.open) response.write(eventOf("b", 2));
    assert.deepEqual(await take(readings, 1), [2]);
    await readings.return();
    assert.equal(server.asked.length, 1);
  });

  it("a stream that is none, and readings of another form", async () => {
    await using server = await ScriptedServer.start();
    server.next.push(answer(200, "<html></html>", { "content-type": "text/html" }));
    const page = await failureOf(connect(server.url).readings().next());
    assert.equal(page.code, "bad_value");
    assert.match(page.message, /: its answer is no stream of events; is it hmn serve\?$/);
    for (const data of ["{}", "no JSON", '{"at_ms":"1"}', "[]"]) {
      server.next.push(stream(`event: reading\ndata: ${data}\n\n`));
      const { code, message } = await failureOf(connect(server.url).readings().next());
      assert.equal(code, "bad_value");
      assert.match(message, /: its readings have another form; /);
    }
    await until(() => server.open.size === 0, "the connections are closed");
  });

  it("an id that fits into no header is not sent back", async () => {
    await using server = await ScriptedServer.start(stream(eventOf("b", 2)));
    server.next.push((response) => {
      stream(eventOf("ü\u0001", 1))(response, server.asked[0]!);
      setTimeout(() => response.end(), 20);
    });
    const readings = connect(server.url).readings();
    assert.deepEqual(await take(readings, 2), [1, 2]);
    await readings.return();
    assert.equal(server.asked[1]!.headers["last-event-id"], undefined);
  });
});

describe("against the endpoint itself", () => {
  /** Serves the endpoint over a scripted meter. */
  async function endpoint() {
    const meter = new FakeMeter();
    const over = new AbortController();
    const app = createApp(meter, {
      allowedHosts: "any",
      authorize: bearer(TOKEN),
      signal: over.signal,
    });
    const server = await serveApp((request, env) => app.fetch(request, env as never), { port: 0 });
    return {
      meter,
      app,
      url: server.url,
      [Symbol.asyncDispose]: async () => {
        over.abort();
        await server.close();
      },
    };
  }

  it("every question, the same answers as the meter's own", async () => {
    await using server = await endpoint();
    const remote = connect(server.url, { token: TOKEN });
    const memory = { kind: "memory", pids: [11], system: true } as const;
    const questions = [
      { ...memory, details: true, pss: true, cpu: true },
      { kind: "tree", roots: [11, 12], cgroup: null },
      { kind: "find", name: "postgres", top: 3 },
      { kind: "gpu", processes: true, telemetry: true },
      { kind: "devices" },
      { kind: "processes", details: true },
      { kind: "snapshot", pid: 11 },
      { kind: "doctor" },
      { kind: "ping" },
    ] as const;
    for (const question of questions) {
      assert.deepEqual(await remote.ask(question), await server.meter.ask(question), question.kind);
    }
    assert.deepEqual(await remote.about().then(({ protocol }) => protocol), PROTOCOL_VERSION);
  });

  it("reports, phases, history and the stream", async () => {
    await using server = await endpoint();
    const remote = connect(server.url, { token: TOKEN });
    await remote.report({ allocatedBytes: 3, reservedBytes: 5, pid: 9 });
    await remote.phase({ name: "load", type: "planning", step: 3, labels: { aB: "c_d" } });
    const { allocators } = await remote.telemetry();
    assert.deepEqual(allocators.map(({ pid, reservedBytes }) => [pid, reservedBytes]), [[9, 5]]);
    for await (const { phases, gpu } of remote.readings({ intervalMs: 100 })) {
      assert.deepEqual(phases.map(({ path, labels }) => [path, labels]), [["load", { aB: "c_d" }]]);
      assert.equal(gpu?.devices.length, 2);
      break;
    }
    const { phases } = await remote.history();
    assert.deepEqual(phases.map(({ path, type, step }) => [path, type, step]), [
      ["load", "planning", "3"],
    ]);
    const refused = await failureOf(remote.report({ allocatedBytes: 7, reservedBytes: 5 }));
    assert.equal(refused.code, "invalid_request");
    assert.match(refused.message, /7 bytes allocated/);
  });

  it("a wrong token, and none", async () => {
    await using server = await endpoint();
    for (const token of [undefined, "another-token", `${TOKEN}x`, TOKEN.slice(1)]) {
      const { code } = await failureOf(askDevices(connect(server.url, { token })));
      assert.equal(code, "permission_denied");
    }
    assert.deepEqual(server.meter.questions, []);
  });

  it("the typed client: its types and its values", async () => {
    await using server = await endpoint();
    const client = createClient(server.url, { token: TOKEN });
    const { devices } = await (await client.v1.devices.$get()).json();
    const used: readonly (number | null)[] = devices.map(({ used_bytes }) => used_bytes);
    const { devices: wanted } = await server.meter.ask({ kind: "devices" });
    assert.deepEqual(used, wanted.map(({ usedBytes }) => usedBytes));
    // @ts-expect-error outside, keys are in snake_case
    assert.equal(devices[0]!.usedBytes, undefined);
    const snapshot = await (await client.v1.snapshot.$get({ query: { pid: "11" } })).json();
    const pid: number = snapshot.pid;
    assert.equal(pid, 11);
    const asked = await client.v1.ask.$post({ json: { kind: "ping" } });
    assert.deepEqual(await asked.json(), { kind: "ping" });
    const phase = await client.v1.phase.$post({ json: { name: "x" } });
    assert.equal(phase.status, 204);
    const health: { readonly status: "ok" } = await (await client["-"].healthy.$get()).json();
    assert.equal(health.status, "ok");
    const metrics: string = await (await client.metrics.$get()).text();
    assert.match(metrics, /^# HELP hmn_/m);
    // @ts-expect-error there is no such address
    const stray = await client.v1.nothing.$get();
    assert.equal(stray.status, 404);
  });

  it("the typed client goes nowhere else, with or without its token", async () => {
    await using elsewhere = await ScriptedServer.start(DEVICES);
    await using server = await ScriptedServer.start(
      answer(307, "", { location: `${elsewhere.url}/v1/devices` }),
    );
    await assert.rejects(createClient(server.url, { token: TOKEN }).v1.devices.$get());
    assert.equal(server.asked[0]!.headers.authorization, `Bearer ${TOKEN}`);
    assert.deepEqual(elsewhere.asked, []);
  });
});
