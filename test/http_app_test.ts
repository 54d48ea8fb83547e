/** The endpoint: what each address gives, what it refuses and how, alone, mounted and served. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import net from "node:net";
import { Hono } from "hono";
import { HypomnesisError } from "../lib/errors.ts";
import { createApp } from "../lib/http/create_app.ts";
import { ENDPOINTS } from "../lib/http/endpoints.ts";
import { serveApp } from "../lib/http/serve.ts";
import { ownPid } from "../lib/own_process.ts";
import { PROTOCOL_VERSION } from "../lib/protocol.ts";
import { aDevicesReply, aGpuProcess, aGpuReply, aProcessMemory } from "../lib/testing.ts";
import { VERSION } from "../lib/version.ts";
import {
  type Answers,
  ask,
  assertHeaders,
  DEVICES,
  endWorlds,
  EventReader,
  FakeMeter,
  GIB,
  httpWorld,
  json,
  JSON_TYPE,
  post,
  problem,
  SYSTEM,
  until,
} from "./support/http_world.ts";

afterEach(endWorlds);

/** Every key of a JSON value, at any depth. */
function keysOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysOf);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...keysOf(item)]);
}

describe("what the addresses give", () => {
  it("the questions, in snake_case", async () => {
    const { get, meter } = httpWorld();
    const devices = await json(await get("/v1/devices"));
    assert.equal(devices.kind, "devices");
    const [first, second] = devices.devices as Record<string, unknown>[];
    assert.deepEqual([first!.used_bytes, second!.used_bytes], [8 * GIB, null]);
    assert.equal((second!.mig_slices as Record<string, unknown>[])[0]!.uuid, "MIG-0");

    const snapshot = await json(await get("/v1/snapshot"));
    assert.deepEqual([snapshot.kind, snapshot.pid], ["snapshot", ownPid()]);
    assert.equal((await json(await get("/v1/snapshot?pid=77"))).pid, 77);

    const processes = await json(await get("/v1/processes"));
    assert.deepEqual([processes.kind, processes.foreign_pids], ["processes", false]);
    const doctor = await json(await get("/v1/doctor"));
    assert.equal((doctor.findings as Record<string, unknown>[])[0]!.source, "nvml");

    for (const answer of [devices, snapshot, processes, doctor]) {
      for (const key of keysOf(answer)) assert.match(key, /^[a-z0-9_]+$/);
    }
    assert.deepEqual(meter.questions, [
      { kind: "devices" },
      { kind: "snapshot", pid: ownPid() },
      { kind: "snapshot", pid: 77 },
      { kind: "processes", details: false },
      { kind: "doctor" },
    ]);
  });

  it("any question of the protocol, with what may be left out", async () => {
    const cases: readonly (readonly [Record<string, unknown>, Record<string, unknown>])[] = [
      [{ kind: "memory" }, {
        kind: "memory",
        pids: [],
        system: false,
        details: false,
        pss: false,
        cpu: false,
      }],
      [{ kind: "memory", pids: [1, 2], system: true, cpu: true }, {
        kind: "memory",
        pids: [1, 2],
        system: true,
        details: false,
        pss: false,
        cpu: true,
      }],
      [{ kind: "tree", roots: [5] }, { kind: "tree", roots: [5], cgroup: null }],
      [{ kind: "tree", roots: [], cgroup: { owner: 3, run: 1 } }, {
        kind: "tree",
        roots: [],
        cgroup: { owner: 3, run: 1 },
      }],
      [{ kind: "find", top: 3 }, { kind: "find", name: null, top: 3 }],
      [{ kind: "find", name: "py*", top: 1 }, { kind: "find", name: "py*", top: 1 }],
      [{ kind: "gpu" }, { kind: "gpu", processes: false, telemetry: false }],
      [{ kind: "gpu", processes: true }, { kind: "gpu", processes: true, telemetry: false }],
      [{ kind: "doctor" }, { kind: "doctor" }],
      [{ kind: "ping" }, { kind: "ping" }],
      [{ kind: "devices" }, { kind: "devices" }],
      [{ kind: "processes" }, { kind: "processes", details: false }],
      [{ kind: "snapshot", pid: 9 }, { kind: "snapshot", pid: 9 }],
    ];
    for (const [sent, asked] of cases) {
      const world = httpWorld();
      const answer = await json(await world.post("/v1/ask", sent));
      assert.equal(answer.kind, sent.kind);
      assert.deepEqual(world.meter.questions, [asked]);
    }
    const { post, meter } = httpWorld();
    const most = Array.from({ length: 4096 }, (_, i) => i + 1);
    const { processes } = await json(await post("/v1/ask", { kind: "memory", pids: most }));
    assert.equal((processes as unknown[]).length, 4096);
    assert.equal(meter.questions.length, 1);
  });

  it("whether the process is there, whatever the GPUs do", async () => {
    const { get, meter } = httpWorld();
    meter.fail("devices", new HypomnesisError("hung", "Cannot read it: it hangs"));
    const state = { status: "ok", version: VERSION, protocol: PROTOCOL_VERSION, pid: ownPid() };
    assert.deepEqual(await json(await get("/-/healthy")), state);
    assert.deepEqual(await json(await get("/-/ready")), state);
    meter.isClosed = true;
    assert.deepEqual(await json(await get("/-/healthy")), state);
    assert.match(
      await problem(await get("/-/ready"), 503, "closed"),
      /^Cannot answer questions: the meter was closed$/,
    );
    assert.deepEqual(meter.questions, []);
  });

  it("the page, the document, and a history that is empty at first", async () => {
    const { get } = httpWorld();
    const page = await get("/");
    assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
    assert.equal(page.headers.get("x-content-type-options"), "nosniff");
    assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert.match(await page.text(), /^<!doctype html>/i);
    assert.equal((await json(await get("/openapi.json"))).openapi, "3.1.1");
    assert.deepEqual(await json(await get("/v1/history")), {
      interval_ms: 1000,
      at_ms: [],
      devices: [],
      system: { total_bytes: null, used_bytes: [] },
      memory_usage_percent: [],
      phases: [],
      alerts: [],
    });
  });

  it("HEAD where there is GET: the same head, and nothing else", async () => {
    for (const name of Object.keys(ENDPOINTS)) {
      const [method, path] = name.split(" ") as [string, string];
      if (method !== "GET") continue;
      const { app, get } = httpWorld();
      const head = await ask(app, path, { method: "HEAD" });
      assert.equal(head.status, 200, path);
      assert.equal(await head.text(), "");
      const given = await get(path);
      assert.equal(head.headers.get("content-type"), given.headers.get("content-type"));
      await given.body?.cancel();
    }
  });

  it("HEAD of the stream opens none: nothing is asked, and no place is taken", async () => {
    const { app, meter } = httpWorld();
    for (let i = 0; i < 600; i++) {
      const { status } = await ask(app, "/v1/stream", { method: "HEAD" });
      assert.equal(status, 200);
    }
    assert.deepEqual(meter.questions, []);
  });

  it("gzip only to who takes it, and the same bytes", async () => {
    const { get, meter } = httpWorld();
    const many = Array.from({ length: 50 }, () => DEVICES).flat();
    meter.answer("devices", () => aDevicesReply({ devices: many }));
    const plain = await get("/v1/devices");
    assert.equal(plain.headers.get("content-encoding"), null);
    assert.equal(plain.headers.get("vary"), "accept, accept-encoding");
    const text = await plain.text();
    assert.ok(text.length > 10_000);
    const taken = ["gzip", "GZIP", "x-gzip", "br, gzip;q=0.001", "gzip;q=1.0, *;q=0", " gzip "];
    for (const encoding of taken) {
      const zipped = await get("/v1/devices", { "accept-encoding": encoding });
      assert.equal(zipped.headers.get("content-encoding"), "gzip", encoding);
      assert.equal(zipped.headers.get("vary"), "accept, accept-encoding");
      const bytes = new Uint8Array(await zipped.arrayBuffer());
      assert.ok(bytes.length < text.length / 4);
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      assert.equal(await new Response(stream).text(), text);
    }
    for (const encoding of ["", "br", "identity", "gzip;q=0", "gzip; Q=0.000", "xgzip", "*"]) {
      const given = await get("/v1/devices", { "accept-encoding": encoding });
      assert.equal(given.headers.get("content-encoding"), null, encoding);
      assert.equal(await given.text(), text);
    }
    const small = await get("/-/healthy", { "accept-encoding": "gzip" });
    assert.equal(small.headers.get("content-encoding"), null);
  });
});

describe("what is refused", () => {
  it("other paths, and tricks with them", async () => {
    const { get, meter } = httpWorld();
    const paths = [
      "/v1",
      "/v1/",
      "/v1/devices/",
      "//v1/devices",
      "/V1/devices",
      "/v1/devices%00",
      "/v1/devices%2f",
      "/v1%2fdevices",
      "/v1/%2e%2e/%2e%2e/etc/passwd",
      "/..%2f..%2fetc/passwd",
      "/etc/passwd",
      "/openapi.json.bak",
      "/%",
      `/${"a".repeat(10_000)}`,
    ];
    for (const path of paths) {
      assert.match(await problem(await get(path), 404), /openapi\.json lists what there is/);
    }
    assert.deepEqual(meter.questions, []);
  });

  it("other paths of another host, by the host", async () => {
    const { app } = httpWorld();
    const elsewhere = { headers: { host: "evil.example" } };
    await problem(await ask(app, "/.evil.com/v1/devices", elsewhere), 403, "permission_denied");
    await problem(await ask(app, "/v2", { headers: { host: "a b" } }), 400);
  });

  it("other methods, naming those there are", async () => {
    const { app, meter } = httpWorld();
    const allowed = new Map<string, string[]>();
    for (const name of Object.keys(ENDPOINTS)) {
      const [method, path] = name.split(" ") as [string, string];
      const methods = method === "GET" ? ["GET", "HEAD"] : [method];
      allowed.set(path, [...allowed.get(path) ?? [], ...methods]);
    }
    for (const [path, methods] of allowed) {
      for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]) {
        if (methods.includes(method)) continue;
        const response = await ask(app, path, { method });
        assert.equal(response.headers.get("allow"), methods.join(", "));
        assert.equal(
          await problem(response, 405),
          `Cannot do this to ${path}: use ${methods.join(", ")}`,
        );
      }
    }
    assert.deepEqual(allowed.get("/v1/telemetry"), ["GET", "HEAD", "POST"]);
    assert.deepEqual(meter.questions, []);
  });

  it("what stands behind the ?, naming it", async () => {
    const { get, meter } = httpWorld();
    const cases: readonly (readonly [string, RegExp])[] = [
      ["/v1/snapshot?pid=x", /pid: /],
      ["/v1/snapshot?pid=", /pid: /],
      ["/v1/snapshot?pid=0", /pid: .*>=1/],
      ["/v1/snapshot?pid=-1", /pid: /],
      ["/v1/snapshot?pid=1.5", /pid: /],
      ["/v1/snapshot?pid=2147483648", /pid: .*2147483647/],
      ["/v1/snapshot?pdi=5", /unknown field "pdi"/],
      ["/v1/snapshot?pid=5&a=1&b%1b=2", /unknown fields "a", "b\\u001b"/],
      ["/v1/processes?details=yes", /details: .*"true"\|"false"/],
      ["/v1/processes?details", /details: /],
      ["/v1/stream?interval=99ms", /interval: give 100ms to 1h/],
      ["/v1/stream?interval=2h", /interval: give 100ms to 1h/],
      ["/v1/stream?interval=0", /interval: give 100ms to 1h/],
      ["/v1/stream?interval=", /interval: give 100ms to 1h/],
      ["/v1/stream?interval=NaN", /interval: give 100ms to 1h/],
      ["/v1/stream?intervall=1s", /unknown field "intervall"/],
      ["/v1/history?since_ms=-1", /since_ms: /],
      ["/v1/history?since_ms=Infinity", /since_ms: /],
      ["/v1/history?since=1", /unknown field "since"/],
    ];
    for (const [path, detail] of cases) {
      const told = await problem(await get(path), 400);
      assert.match(told, /^Cannot read what stands behind the \?: /);
      assert.match(told, detail);
    }
    const long = await problem(await get(`/v1/snapshot?${"x".repeat(5_000)}=1`), 400);
    assert.ok(long.length < 500);
    assert.deepEqual(meter.questions, []);
  });

  it("questions that are none, naming the field", async () => {
    const { post, meter } = httpWorld();
    const pids = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [{}, /kind: .*'memory' \| 'tree' /],
      [{ kind: "memroy" }, /kind: .*'memory' \| 'tree' /],
      [{ kind: 5 }, /kind: /],
      [{ kind: "failure" }, /kind: /],
      [{ kind: "run_cgroup", action: "remove", cgroup: { owner: 1, run: 1 } }, /kind: /],
      [{ kind: "run_process", action: "end", pid: 1, seen: [] }, /kind: /],
      ["null", /expected object, received null/],
      ["[]", /expected object, received array/],
      ['"memory"', /expected object, received string/],
      [{ kind: "ping", all: true }, /unknown field "all"/],
      [{ kind: "gpu", with_power: 1, of_all: 2 }, /unknown fields "with_power", "of_all"/],
      ['{"kind":"ping","__proto__":{"a":1}}', /unknown field "\w+roto__"/],
      [{ kind: "memory", pids: 5 }, /pids: .*array/],
      [{ kind: "memory", pids: [1, "2"] }, /pids\.1: .*number/],
      [{ kind: "memory", pids: [0] }, /pids\.0: .*>=1/],
      [{ kind: "memory", pids: [1.5] }, /pids\.0: .*int/],
      [{ kind: "memory", pids: [2 ** 31] }, /pids\.0: .*2147483647/],
      [{ kind: "memory", pids: pids(4097) }, /pids: .*4096/],
      [{ kind: "tree", roots: pids(4097) }, /roots: .*4096/],
      [{ kind: "tree" }, /roots: /],
      [{ kind: "tree", roots: [], cgroup: { owner: 1 } }, /cgroup\.run: /],
      [{ kind: "memory", system: "true" }, /system: .*boolean/],
      [{ kind: "memory", system: null }, /system: .*boolean/],
      [{ kind: "find" }, /top: /],
      [{ kind: "find", top: 0 }, /top: /],
      [{ kind: "find", top: 5, name: "x".repeat(257) }, /name: .*256/],
      [{ kind: "snapshot" }, /pid: /],
      [{ kind: "snapshot", pid: "4" }, /pid: /],
    ];
    for (const [body, detail] of cases) {
      const told = await problem(await post("/v1/ask", body), 400);
      assert.match(told, /^Cannot take the question: /);
      assert.match(told, detail);
      assert.ok(told.length < 500);
    }
    assert.deepEqual(meter.questions, []);
  });

  it("bodies that can't be read", async () => {
    const { app, post: send, meter } = httpWorld();
    for (const path of ["/v1/ask", "/v1/telemetry", "/v1/phase"]) {
      const deep = 30_000;
      const cases: readonly (readonly [string, Record<string, string>, number, RegExp])[] = [
        ["", {}, 400, /not JSON/],
        ['{"kind":', {}, 400, /not JSON/],
        ["{'kind':'ping'}", {}, 400, /not JSON/],
        ["NaN", {}, 400, /not JSON/],
        // It is JSON where a runtime reads it without its stack.
        ["[".repeat(deep) + "]".repeat(deep), {}, 400, /not JSON|nested more than 32 deep/],
        [
          '{"a":'.repeat(100) + "1" + "}".repeat(100),
          {},
          400,
          /nested more than 32 deep/,
        ],
        ["{}".padEnd(65_537), {}, 413, /more than 65536 bytes/],
        ["{}", { "content-type": "text/plain" }, 415, /content-type: application\/json/],
        ["{}", { "content-type": "application/x-www-form-urlencoded" }, 415, /application\/json/],
        ["{}", { "content-encoding": "gzip" }, 415, /JSON as it is/],
      ];
      for (const [body, headers, status, detail] of cases) {
        assert.match(await problem(await send(path, body, headers), status), detail);
      }
      const bytes = new Uint8Array([0x22, 0xff, 0x22]);
      const init = { method: "POST", body: bytes, headers: JSON_TYPE };
      assert.match(await problem(await ask(app, path, init), 400), /not UTF-8/);
      assert.match(
        await problem(await ask(app, path, { method: "POST", headers: JSON_TYPE }), 400),
        /not JSON/,
      );
    }
    assert.deepEqual(meter.questions, []);
    assert.deepEqual(meter.telemetry.allocators(), []);
  });

  it("command lines and users to who is nobody in particular", async () => {
    const cases: readonly (readonly [string, unknown, string])[] = [
      ["/v1/processes?details=true", null, "details"],
      ["/v1/ask", { kind: "processes", details: true }, "details"],
      ["/v1/ask", { kind: "memory", pids: [1], details: true }, "details"],
      ["/v1/ask", { kind: "memory", pids: [1], pss: true }, "pss"],
      ["/v1/ask", { kind: "memory", pss: true, details: true }, "details and pss"],
    ];
    const open = httpWorld();
    const guarded = httpWorld({ authorize: () => true });
    for (const [path, body, what] of cases) {
      const send = ({ get, post }: typeof open) => body === null ? get(path) : post(path, body);
      assert.match(
        await problem(await send(open), 403, "permission_denied"),
        new RegExp(`^Cannot tell ${what} to everybody: `),
      );
      await json(await send(guarded));
    }
    assert.deepEqual(open.meter.questions, []);
    assert.equal(guarded.meter.questions.length, cases.length - 1, "two of them are the same");
    // What was told to who may see it is told to nobody else.
    let isAuthorized = true;
    const { get } = httpWorld({ authorize: () => isAuthorized });
    assert.match(await (await get("/v1/processes?details=true")).text(), /--secret/);
    isAuthorized = false;
    assert.doesNotMatch(await (await get("/v1/processes?details=true")).text(), /--secret/);
  });
});

describe("what fails inside", () => {
  it("our errors have the status of their code", async () => {
    const { get, meter } = httpWorld();
    const cases = [
      ["closed", 503],
      ["hung", 504],
      ["slow", 504],
      ["absent", 503],
      ["driver_failed", 502],
      ["no_such_process", 404],
      ["permission_denied", 403],
    ] as const;
    for (const [code, status] of cases) {
      meter.fail("doctor", new HypomnesisError(code, `Cannot do it: ${code}`));
      assert.equal(await problem(await get("/v1/doctor"), status, code), `Cannot do it: ${code}`);
    }
  });

  it("of others, not a word", async () => {
    const { get, post, meter } = httpWorld();
    const thrown = [new TypeError("secret of the house"), "secret", { secret: 1 }, undefined];
    for (const error of thrown) {
      meter.fail("devices", error);
      meter.fail("ping", error);
      for (
        const response of [await get("/v1/devices"), await post("/v1/ask", { kind: "ping" })]
      ) {
        const text = await response.clone().text();
        assert.doesNotMatch(text, /secret|TypeError|\.ts/);
        assert.equal(
          await problem(response, 500, "internal"),
          "Cannot answer: an unexpected error inside hypomnesis",
        );
      }
    }
  });
});

/** A mounted endpoint, and what reached the application around it. */
function mounted(meter = new FakeMeter()) {
  const errors: unknown[] = [];
  const parent = new Hono();
  const stop = new AbortController();
  parent.get("/", (context) => context.text("the parent's"));
  parent.route("/hmn", createApp(meter, { signal: stop.signal }));
  parent.onError((error, context) => {
    errors.push(error);
    return context.text("the parent's error", 500);
  });
  parent.notFound((context) => context.text("the parent's 404", 404));
  return { parent: parent as Answers, errors, meter, stop };
}

describe("mounted in another application", () => {
  it("answers below its folder, and leaves the rest alone", async () => {
    const { parent, meter } = mounted();
    assert.equal((await json(await ask(parent, "/hmn/v1/devices"))).kind, "devices");
    assert.equal((await json(await ask(parent, "/hmn/-/healthy"))).status, "ok");
    assert.equal((await json(await post(parent, "/hmn/v1/ask", { kind: "ping" }))).kind, "ping");
    assert.equal(await (await ask(parent, "/")).text(), "the parent's");
    assert.equal(await (await ask(parent, "/hmn/v2")).text(), "the parent's 404");
    assert.equal(await (await ask(parent, "/v1/devices")).text(), "the parent's 404");
    const page = await ask(parent, "/hmn");
    assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
    await page.body?.cancel();
    assert.deepEqual(meter.questions.map(({ kind }) => kind), ["devices", "ping"]);
  });

  it("keeps its errors for itself", async () => {
    const { parent, errors, meter } = mounted();
    meter.fail("devices", new TypeError("secret"));
    await problem(await ask(parent, "/hmn/v1/devices"), 500, "internal");
    await problem(await post(parent, "/hmn/v1/ask", "{"), 400);
    await problem(await ask(parent, "/hmn/v1/ask"), 405);
    const evil = { headers: { host: "evil.example" } };
    await problem(await ask(parent, "/hmn/v1/devices", evil), 403, "permission_denied");
    assert.deepEqual(errors, []);
  });
});

/** What came over a socket until it was closed. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.setEncoding("utf8").on("data", (piece: string) => answer += piece);
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

describe("served", () => {
  it("answers over a socket, alone and mounted", async () => {
    const { parent, stop } = mounted();
    const { app } = httpWorld();
    for (const [served, folder] of [[app, ""], [parent, "/hmn"]] as const) {
      const server = await serveApp((request, env) => served.fetch(request, env), { port: 0 });
      try {
        const at = (path: string, init?: RequestInit) => fetch(server.url + folder + path, init);
        assert.equal((await json(await at("/v1/devices"))).kind, "devices");
        const question = { method: "POST", headers: JSON_TYPE, body: '{"kind":"ping"}' };
        assert.equal((await json(await at("/v1/ask", question))).kind, "ping");
        const head = await at("/v1/stream", { method: "HEAD" });
        assert.deepEqual([head.status, await head.text()], [200, ""]);
        await problem(await at("/v1/ask", { ...question, body: "x".repeat(70_000) }), 413);
        const get = (path: string, host = "localhost") =>
          raw(
            server.port,
            `GET ${folder}${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`,
          );
        assert.match(await get("/-/ready"), /^HTTP\/1.1 200 /);
        assert.match(await get("/-/ready", "evil.example"), /^HTTP\/1.1 403 /);
        const tricked = await get("/../../../../etc/passwd");
        assert.match(tricked, /^HTTP\/1.1 4\d\d /);
        assert.doesNotMatch(tricked, /root:/);
      } finally {
        await server.close();
      }
    }
    stop.abort();
  });

  it("answers what does not need a lane that hangs", async () => {
    const { app, meter } = httpWorld();
    const release = meter.hold("snapshot");
    const server = await serveApp((request, env) => app.fetch(request, env), { port: 0 });
    try {
      let isAnswered = false;
      const waiting = fetch(`${server.url}/v1/snapshot`).then((response) => {
        isAnswered = true;
        return response;
      });
      await until(() => meter.count("snapshot") === 1, "the question has arrived");
      await json(await fetch(`${server.url}/-/healthy`));
      await json(await fetch(`${server.url}/v1/devices`));
      assert.equal(isAnswered, false);
      release();
      assert.equal((await json(await waiting)).kind, "snapshot");
    } finally {
      release();
      await server.close();
    }
  });
});

describe("metrics", () => {
  const TEXT = "text/plain; version=0.0.4; charset=utf-8";
  const OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8";
  const gpuSeries = /^hmn_gpu_memory_used_bytes\{/m;

  it("come in the format that Accept asks for, from one reading", async () => {
    const { get, meter } = httpWorld();
    const cases: readonly (readonly [string | null, string])[] = [
      [null, TEXT],
      ["*/*", TEXT],
      ["application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", OPEN],
      ["text/plain", TEXT],
      ["application/json", TEXT],
    ];
    for (const [accept, contentType] of cases) {
      const response = await get("/metrics", accept === null ? {} : { accept });
      assertHeaders(response, contentType);
      const text = await response.text();
      assert.equal(text.endsWith("# EOF\n"), contentType === OPEN);
      assert.match(text, gpuSeries);
    }
    assert.ok(meter.count("gpu") <= 2, "one reading, or one more where this took long");
    const zipped = await get("/metrics", { "accept-encoding": "gzip" });
    assert.equal(zipped.headers.get("content-encoding"), "gzip");
    await zipped.body?.cancel();
  });

  it("come before the scraper goes, without what a driver does not tell", async () => {
    const { get, meter } = httpWorld();
    const release = meter.hold("gpu");
    const startMs = performance.now();
    const response = await get("/metrics", { "x-prometheus-scrape-timeout-seconds": "1.5" });
    const text = await response.text();
    assert.equal(response.status, 200);
    assert.ok(performance.now() - startMs < 1_500, "it came in time");
    assert.match(text, /^hmn_build_info\{/m);
    assert.match(text, /^hmn_system_memory_used_bytes /m);
    assert.doesNotMatch(text, gpuSeries);
    release();
    // The driver is back, and so are its numbers.
    assert.match(await (await get("/metrics")).text(), gpuSeries);
  });

  it("are waited for where the scraper does not say how long it waits", async () => {
    for (const seconds of [null, "", "x", "0", "-1", "1e9"]) {
      const { get, meter } = httpWorld();
      const release = meter.hold("gpu");
      const answer = get(
        "/metrics",
        seconds === null ? {} : { "x-prometheus-scrape-timeout-seconds": seconds },
      );
      await until(() => meter.count("gpu") === 1, "it was asked");
      release();
      assert.match(await (await answer).text(), gpuSeries);
    }
  });

  it("have series of processes where they are wanted, and no more than that", async () => {
    const rows = Array.from(
      { length: 20 },
      (_, i) => aGpuProcess({ pid: 100 + i, name: "python3", usedBytes: (i + 1) * 1000 }),
    );
    const pidsIn = async (processMetrics: number | undefined) => {
      const { get, meter } = httpWorld({ processMetrics });
      meter.answer("gpu", () => aGpuReply({ devices: DEVICES, processes: rows }));
      const text = await (await get("/metrics")).text();
      return new Set([...text.matchAll(/pid="(\d+)"/g)].map(([, pid]) => Number(pid)));
    };
    assert.deepEqual(await pidsIn(undefined), new Set());
    assert.deepEqual(await pidsIn(3), new Set([119, 118, 117]));
  });
});

describe("telemetry and phases", () => {
  const SEED = {
    cuda_memory_allocated_gb: 7.5,
    cuda_memory_reserved_gb: 10,
    cuda_memory_peak_gb: 8,
    cuda_memory_fragmentation: 0.25,
  };

  it("a report is in the state, the metrics and the stream", async () => {
    const { get, post } = httpWorld();
    const empty = await json(await get("/v1/telemetry"));
    assert.deepEqual([empty.memory_usage_percent, empty.allocators], [null, []]);
    assert.equal(empty.has_memory_alarm, false);
    assert.doesNotMatch(await (await get("/metrics")).text(), /^hmn_allocator_.* \d/m);

    const taken = await post("/v1/telemetry", SEED);
    assert.deepEqual([taken.status, await taken.text()], [204, ""]);
    assertHeaders(taken, null);
    const full = { allocated_bytes: 97, reserved_bytes: 100, pid: 5, device: 1, step: 12 };
    assert.equal((await post("/v1/telemetry", full)).status, 204);

    const state = await json(await get("/v1/telemetry"));
    assert.equal(state.memory_usage_percent, 97);
    assert.equal(state.has_memory_alarm, true);
    const [alarm] = state.alarms as Record<string, unknown>[];
    assert.deepEqual([alarm!.part, alarm!.pid, alarm!.device], ["allocator", 5, 1]);
    const [latest, seed] = state.allocators as Record<string, unknown>[];
    assert.deepEqual([latest!.step, latest!.health], ["12", "critical"]);
    assert.deepEqual(
      [seed!.allocated_bytes, seed!.reserved_bytes, seed!.peak_bytes, seed!.memory_usage_percent],
      [7.5 * GIB, 10 * GIB, 8 * GIB, 75],
    );
    const metrics = await freshMetrics(get);
    assert.match(metrics, /^hmn_allocator_allocated_bytes\{.*\} 97$/m);
    const reader = new EventReader(await get("/v1/stream?interval=100ms"));
    const [event] = await reader.take(1);
    assert.equal((event!.data.allocators as unknown[]).length, 2);
    assert.equal(event!.data.has_memory_alarm, true);
    await reader.close();
  });

  it("what was told long ago says nothing about now", async () => {
    let nowMs = 1_000_000;
    const { get, post } = httpWorld({}, new FakeMeter(() => nowMs));
    assert.equal((await post("/v1/telemetry", SEED)).status, 204);
    assert.equal((await json(await get("/v1/telemetry"))).memory_usage_percent, 75);
    nowMs += 61_000;
    const state = await json(await get("/v1/telemetry"));
    assert.equal(state.memory_usage_percent, null);
    const [old] = state.allocators as Record<string, unknown>[];
    assert.deepEqual([old!.is_stale, old!.memory_usage_percent, old!.health], [true, null, null]);
    assert.equal(old!.allocated_bytes, 7.5 * GIB);
  });

  it("a report that can't be true is refused with both numbers, and unknown fields by name", async () => {
    const { get, post } = httpWorld();
    assert.match(
      await problem(await post("/v1/telemetry", { allocated_bytes: 7, reserved_bytes: 5 }), 400),
      /7 bytes allocated .* 5 bytes reserved/,
    );
    assert.match(
      await problem(await post("/v1/telemetry", { ...SEED, cuda_memory_used_gb: 1 }), 400),
      /unknown field "cuda_memory_used_gb"/,
    );
    assert.deepEqual((await json(await get("/v1/telemetry"))).allocators, []);
  });

  it("the allocators are told although nothing else answers, and why", async () => {
    const { get, post, meter } = httpWorld();
    await post("/v1/telemetry", SEED);
    meter.fail("devices", new HypomnesisError("hung", "Cannot read the devices: it hangs"));
    meter.fail("memory", new HypomnesisError("worker_failed", "Cannot start it"));
    const state = await json(await get("/v1/telemetry"));
    assert.equal(state.memory_usage_percent, 75);
    const codes = (state.failures as { code: string }[]).map(({ code }) => code);
    assert.deepEqual(codes.sort(), ["hung", "worker_failed"]);
  });

  it("phases begin, nest and end, in the history and in the stream", async () => {
    const { get, post } = httpWorld();
    const phasesIn = async (path = "/v1/history") =>
      (await json(await get(path))).phases as Record<string, unknown>[];
    const labels = { Run: "7", mission_id: "m", camelCase: "c" };
    const wishes = [
      { name: "Load" },
      { name: "Train", type: "gpu", step: 3, labels },
      { name: "epoch 1", nested: true },
    ];
    for (const wish of wishes) {
      const taken = await post("/v1/phase", wish);
      assert.deepEqual([taken.status, await taken.text()], [204, ""]);
    }
    const reader = new EventReader(await get("/v1/stream?interval=100ms"));
    const [event] = await reader.take(1);
    const open = event!.data.phases as Record<string, unknown>[];
    assert.deepEqual(open.map(({ path }) => path), ["Train", "Train/epoch 1"]);
    assert.deepEqual([open[0]!.type, open[0]!.step, open[0]!.labels], ["gpu", "3", labels]);
    assert.equal(open[0]!.ended_at_ms, null);
    assert.equal((await post("/v1/phase", { end: true })).status, 204);
    assert.equal((await post("/v1/phase", { end: true })).status, 204);
    assert.equal((await post("/v1/phase", { end: true })).status, 204, "none is open: fine");
    const phases = await phasesIn();
    assert.deepEqual(phases.map(({ path }) => path), ["Load", "Train/epoch 1", "Train"]);
    for (const { began_at_ms: began, ended_at_ms: ended } of phases) {
      assert.ok(Number(began) > 0 && Number(ended) >= Number(began));
    }
    for (let event = await reader.next();; event = await reader.next()) {
      if ((event!.data.phases as unknown[]).length === 0) break;
    }
    await reader.close();
    assert.match(await problem(await post("/v1/phase", { name: "a/b" }), 400), /name is not/);
    assert.equal((await phasesIn("/v1/history?since_ms=1")).length, 3);
    assert.deepEqual(await phasesIn(`/v1/history?since_ms=${Date.now() + 60_000}`), []);
  });

  it("the machine's own memories are in the alarm", async () => {
    const { get, meter } = httpWorld();
    const full = { ...DEVICES[0]!, usedBytes: 23.9 * GIB };
    meter.answer("devices", () => aDevicesReply({ devices: [full] }));
    const state = await json(await get("/v1/telemetry"));
    assert.equal(state.has_memory_alarm, true);
    assert.equal((state.alarms as { part: string }[])[0]!.part, "device");
    const { process, system } = await json(
      await get("/v1/snapshot?pid=4"),
    ) as { process: { pid: number }; system: { total_bytes: number } };
    assert.equal(process.pid, aProcessMemory({ pid: 4 }).pid);
    assert.equal(system.total_bytes, SYSTEM.totalBytes);
  });
});

/** Metrics of now: an answer of late may be given again for a moment. */
async function freshMetrics(
  get: (path: string) => Promise<Response>,
): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  return await (await get("/metrics")).text();
}
