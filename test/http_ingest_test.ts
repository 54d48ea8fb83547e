/** The intake over HTTP: what it takes, what it refuses and how, and the server under it. */
import assert from "node:assert/strict";
import net from "node:net";
import { describe, it } from "node:test";
import { HypomnesisError } from "../lib/errors.ts";
import { createIngest, type IngestOptions } from "../lib/http/ingest.ts";
import type { PhaseRequest } from "../lib/http/phase_request.ts";
import { serveApp } from "../lib/http/serve.ts";
import type { AllocatorReport } from "../lib/telemetry/report.ts";
import { RUNTIME } from "./support/run_script.ts";

const REPORT = { allocated_bytes: 3, reserved_bytes: 5 };
const JSON_TYPE = { "content-type": "application/json" };

/** An intake that remembers what it took. */
function intake(options: Partial<IngestOptions> = {}) {
  const reports: AllocatorReport[] = [];
  const phases: PhaseRequest[] = [];
  const app = createIngest({
    onTelemetry: (report) => void reports.push(report),
    onPhase: (request) => void phases.push(request),
    ...options,
  });
  return { app, reports, phases };
}

/** A request without a network; the host is this machine unless something else is said. */
function ask(
  app: ReturnType<typeof createIngest>,
  path: string,
  { headers = {}, ...init }: Omit<RequestInit, "headers"> & {
    readonly headers?: Record<string, string>;
    /** Streams need it to be said. */
    readonly duplex?: "half";
  } = {},
) {
  const request = new Request(`http://localhost${path}`, {
    ...init,
    headers: { host: "localhost", ...headers },
  });
  return Promise.resolve(app.fetch(request));
}

function post(
  app: ReturnType<typeof createIngest>,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return ask(app, path, { method: "POST", body: text, headers: { ...JSON_TYPE, ...headers } });
}

/** The problem document of an answer, checked in everything but its words. */
async function problem(response: Response, status: number, code = "invalid_request") {
  assert.equal(response.status, status);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const document = await response.json() as Record<string, unknown>;
  assert.deepEqual(Object.keys(document).sort(), ["code", "detail", "status", "title", "type"]);
  assert.deepEqual([document.type, document.status, document.code], ["about:blank", status, code]);
  assert.match(String(document.title), /^[A-Z]/);
  assert.match(String(document.detail), /^Cannot /);
  return String(document.detail);
}

describe("what the intake takes", () => {
  it("reports, in both forms", async () => {
    const { app, reports } = intake();
    const response = await post(app, "/v1/telemetry", { ...REPORT, device: 1, step: 7 });
    assert.equal(response.status, 204);
    assert.equal(await response.text(), "");
    const seed = {
      cuda_memory_allocated_gb: 0.5,
      cuda_memory_reserved_gb: 1,
      cuda_memory_peak_gb: 0.75,
      cuda_memory_fragmentation: 0.5,
    };
    const type = "Application/JSON; charset=utf-8";
    assert.equal((await post(app, "/v1/telemetry", seed, { "content-type": type })).status, 204);
    assert.deepEqual(reports, [
      { allocatedBytes: 3, reservedBytes: 5, peakBytes: null, device: 1, pid: null, step: "7" },
      {
        allocatedBytes: 2 ** 29,
        reservedBytes: 2 ** 30,
        peakBytes: 0.75 * 2 ** 30,
        device: null,
        pid: null,
        step: null,
      },
    ]);
  });

  it("phases: begun, nested, ended", async () => {
    const { app, phases } = intake();
    const labels = { mission: "m1" };
    const wishes = [
      { name: "Model-Loading" },
      { name: "mission", nested: true, type: "planning", step: 3, labels },
      { end: true },
    ];
    for (const wish of wishes) assert.equal((await post(app, "/v1/phase", wish)).status, 204);
    const plain = { nested: false, type: null, step: null, labels: {} };
    assert.deepEqual(phases, [
      { ...plain, phase: "Model-Loading" },
      { phase: "mission", nested: true, type: "planning", step: "3", labels },
      { ...plain, phase: null },
    ]);
  });

  it("the question whether it is there, by GET and HEAD", async () => {
    const { app } = intake();
    const response = await ask(app, "/-/healthy");
    assert.deepEqual([response.status, await response.json()], [200, { status: "ok" }]);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal((await ask(app, "/-/healthy", { method: "HEAD" })).status, 200);
  });
});

describe("what the intake refuses", () => {
  it("reports and phases that say nothing usable, naming the field", async () => {
    const { app, reports, phases } = intake();
    const refused: readonly (readonly [string, unknown, RegExp])[] = [
      ["telemetry", { ...REPORT, gpu: 1 }, /unknown field "gpu": the fields are /],
      ["telemetry", { allocated_bytes: 7, reserved_bytes: 5 }, /7 bytes allocated .* 5 bytes/],
      ["telemetry", [], /it is no object: /],
      ["phase", {}, /name is missing: /],
      ["phase", { name: "a/b" }, /name is not accepted: give 1 to 100 characters /],
      ["phase", { name: 5 }, /name is not accepted: /],
      ["phase", { name: "x", end: true }, /end ends the current phase and takes no name/],
      ["phase", { end: "yes" }, /end is not accepted: give true or false/],
      ["phase", { name: "x", nested: 1 }, /nested is not accepted: /],
      ["phase", { name: "x", type: "a\u0007" }, /type is not accepted: /],
      ["phase", { name: "x", step: {} }, /step is not accepted: /],
      ["phase", { name: "x", labels: ["a"] }, /labels are not accepted: /],
      ["phase", { name: "x", labels: { a: 1 } }, /labels are not accepted: /],
      ["phase", { nmae: "x" }, /unknown field "nmae": the fields are name, /],
      ["phase", "null", /it is no object: /],
    ];
    for (const [path, body, detail] of refused) {
      assert.match(await problem(await post(app, `/v1/${path}`, body), 400), detail);
    }
    assert.deepEqual([reports, phases], [[], []]);
  });

  it("bodies that are no JSON", async () => {
    const { app } = intake();
    for (const text of ["", "{", '{"a":1}x', "[".repeat(60_000), "\u0000"]) {
      assert.match(await problem(await post(app, "/v1/telemetry", text), 400), /it is not JSON$/);
    }
    const bytes = new Uint8Array([0x22, 0xff, 0x22]);
    const init = { method: "POST", body: bytes, headers: JSON_TYPE };
    assert.match(await problem(await ask(app, "/v1/telemetry", init), 400), /not UTF-8$/);
  });

  it("other types, and compressed bodies", async () => {
    const { app, reports } = intake();
    const text = JSON.stringify(REPORT);
    const headers: readonly Record<string, string>[] = [
      { "content-type": "text/plain" },
      { "content-type": "application/x-www-form-urlencoded" },
      { "content-type": "application/jsonp" },
      { "content-type": "" },
      { ...JSON_TYPE, "content-encoding": "gzip" },
    ];
    for (const given of headers) await problem(await post(app, "/v1/telemetry", text, given), 415);
    assert.equal(reports.length, 0);
  });

  it("bodies above 64 KiB, whether they say so or not", async () => {
    const { app, reports } = intake();
    const padded = (length: number) => JSON.stringify(REPORT).padEnd(length, " ");
    assert.equal((await post(app, "/v1/telemetry", padded(65_536))).status, 204);
    assert.match(
      await problem(await post(app, "/v1/telemetry", padded(65_537)), 413),
      /more than 65536 bytes/,
    );
    const declared = { "content-length": "999999999" };
    await problem(await post(app, "/v1/telemetry", REPORT, declared), 413);
    let given = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        given += 1;
        controller.enqueue(new Uint8Array(1024).fill(32));
      },
    });
    const init = { method: "POST", body: endless, headers: JSON_TYPE, duplex: "half" as const };
    await problem(
      await ask(app, "/v1/telemetry", init),
      413,
    );
    assert.ok(given < 100, `${given} KiB of an endless body were taken`);
    assert.equal(reports.length, 1);
  });

  it("bodies that do not come", async () => {
    const { app } = intake({ bodyPatienceMs: 50 });
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("{")),
    });
    const init = { method: "POST", body, headers: JSON_TYPE, duplex: "half" as const };
    const response = await ask(
      app,
      "/v1/telemetry",
      init,
    );
    assert.equal(response.headers.get("connection"), "close");
    assert.match(await problem(response, 408), /longer than 50 ms/);
  });

  it("other hosts: a name that leads here is not ours", async () => {
    const { app, reports } = intake();
    const refused = [
      "evil.example",
      "evil.example:9700",
      "localhost.evil.example",
      "127.0.0.1.nip.io",
    ];
    for (const host of refused) {
      const detail = await problem(
        await post(app, "/v1/telemetry", REPORT, { host }),
        403,
        "permission_denied",
      );
      assert.match(detail, /ask for localhost or 127\.0\.0\.1 or \[::1\]$/);
    }
    for (
      const host of ["", "evil.example, localhost", "localhost@evil.example", "::1", "localhost:x"]
    ) {
      await problem(await post(app, "/v1/telemetry", REPORT, { host }), 400);
    }
    assert.equal(reports.length, 0);
    for (const host of ["LOCALHOST:9700", "localhost.", "127.0.0.1:1", "[::1]:9700"]) {
      assert.equal((await post(app, "/v1/telemetry", REPORT, { host })).status, 204, host);
    }
    const named = intake({ allowedHosts: ["Gpu-Box"] });
    const at = (host: string) => post(named.app, "/v1/telemetry", REPORT, { host });
    assert.equal((await at("gpu-box:9700")).status, 204);
    await problem(await at("localhost"), 403, "permission_denied");
  });

  it("pages from elsewhere, with no word of CORS", async () => {
    const { app, reports } = intake();
    const host = "localhost:9700";
    const refused = [
      "http://evil.example",
      "http://localhost:3000",
      "http://localhost",
      "null",
      "",
      "http://evil.example@localhost:9700",
      "file://localhost:9700",
    ];
    for (const origin of refused) {
      const response = await post(app, "/v1/telemetry", REPORT, { host, origin });
      assert.equal(response.headers.get("access-control-allow-origin"), null);
      await problem(response, 403, "permission_denied");
    }
    assert.equal(reports.length, 0);
    const same = await post(app, "/v1/telemetry", REPORT, {
      host,
      origin: "http://localhost:9700",
    });
    assert.equal(same.status, 204);
    assert.equal(same.headers.get("access-control-allow-origin"), null);
  });

  it("other paths and methods", async () => {
    const { app } = intake();
    for (
      const path of [
        "/",
        "/v1",
        "/v1/telemetry/",
        "/v1/Telemetry",
        "/v1/%74elemetry/x",
        "/etc/passwd",
      ]
    ) {
      assert.match(await problem(await post(app, path, REPORT), 404), /ask \/v1\/telemetry, /);
    }
    const cases: readonly (readonly [string, string, string])[] = [
      ["GET", "/v1/telemetry", "POST"],
      ["PUT", "/v1/phase", "POST"],
      ["DELETE", "/v1/phase", "POST"],
      ["OPTIONS", "/v1/telemetry", "POST"],
      ["POST", "/-/healthy", "GET, HEAD"],
    ];
    for (const [method, path, allow] of cases) {
      const response = await ask(app, path, { method });
      assert.equal(response.headers.get("allow"), allow);
      assert.match(
        await problem(response, 405),
        new RegExp(`^Cannot do this to ${path}: use ${allow}$`),
      );
    }
  });

  it("what fails inside: our errors with their code, and of others not a word", async () => {
    const failing = (error: unknown) =>
      intake({
        onTelemetry: () => {
          throw error;
        },
        onPhase: () => Promise.reject(error),
      }).app;
    const closed = failing(new HypomnesisError("closed", "Cannot take it: the session has ended"));
    assert.equal(
      await problem(await post(closed, "/v1/telemetry", REPORT), 503, "closed"),
      "Cannot take it: the session has ended",
    );
    const broken = failing(new TypeError("secret of the house"));
    const detail = await problem(await post(broken, "/v1/phase", { name: "x" }), 500, "internal");
    assert.doesNotMatch(detail, /secret/);
  });
});

/** Sends bytes as they are; what comes back until the other side closes, or, where `once`, at first. */
function raw(port: number, text: string, { once = false } = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.setEncoding("utf8").on("data", (piece: string) => {
      answer += piece;
      if (once) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

describe("the server", () => {
  it("serves on any free port, and not any more once it is closed", async () => {
    const { app, reports } = intake();
    const server = await serveApp(app.fetch, { port: 0 });
    assert.ok(server.port > 0);
    assert.equal(server.url, `http://127.0.0.1:${server.port}`);
    const send = () =>
      fetch(`${server.url}/v1/telemetry`, {
        method: "POST",
        headers: JSON_TYPE,
        body: JSON.stringify(REPORT),
      });
    try {
      const response = await send();
      await response.body?.cancel();
      assert.equal(response.status, 204);
    } finally {
      await server.close();
    }
    await assert.rejects(send());
    assert.equal(reports.length, 1);
    await server.close();
  });

  it("checks the host of real requests", async () => {
    const server = await serveApp(intake().app.fetch, { port: 0 });
    const get = (head: string) =>
      raw(server.port, `GET /-/healthy HTTP/1.1\r\n${head}connection: close\r\n\r\n`);
    try {
      assert.match(await get("host: localhost\r\n"), /^HTTP\/1.1 200 /);
      assert.match(await get("host: evil.example\r\n"), /^HTTP\/1.1 403 /);
      assert.match(await get("host: localhost\r\nhost: evil.example\r\n"), /^HTTP\/1.1 400 /);
      assert.match(await get(""), /^HTTP\/1.1 400 /);
      assert.match(
        await get(`host: localhost\r\nx: ${"a".repeat(200_000)}\r\n`),
        /^HTTP\/1.1 4\d\d /,
      );
      assert.match(await raw(server.port, "nonsense\r\n\r\n"), /^HTTP\/1.1 400 /);
    } finally {
      await server.close();
    }
  });

  it("gives up a body that does not come", async () => {
    const server = await serveApp(intake({ bodyPatienceMs: 100 }).app.fetch, { port: 0 });
    const head = "POST /v1/telemetry HTTP/1.1\r\nhost: localhost\r\n" +
      "content-type: application/json\r\n";
    const blank = " ".repeat(0x14000);
    const bodies: readonly (readonly [string, number])[] = [
      ["content-length: 50\r\n\r\n{", 408],
      ["content-length: 99999\r\n\r\n{", 413],
      [`transfer-encoding: chunked\r\n\r\n14000\r\n${blank}\r\n`, 413],
    ];
    try {
      for (const [body, status] of bodies) {
        const answer = await raw(server.port, head + body, { once: true });
        assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
        assert.match(answer, /\r\nconnection: close\r\n/i);
      }
    } finally {
      await server.close();
    }
  });

  it("drops connections that are silent, or whose head does not come", async () => {
    const server = await serveApp(intake().app.fetch, { port: 0 });
    const texts = [
      "",
      "GET / HTTP/1.1\r\nho",
      "GET /-/healthy HTTP/1.1\r\nhost: localhost\r\n\r\n",
    ];
    try {
      const answers = await Promise.all(texts.map((text) => raw(server.port, text)));
      const [silent, half, asked] = answers.map((answer) => answer.slice(0, 12));
      // Bun drops them without a word, and Deno where it is not the first to notice.
      const words = RUNTIME === "bun" ? [""] : ["", "HTTP/1.1 408"];
      assert.ok(words.includes(silent!), silent!);
      assert.ok(words.includes(half!), half!);
      assert.equal(asked, "HTTP/1.1 200");
    } finally {
      await server.close();
    }
  });

  it("says which port it can't have, and what to do", async () => {
    const { app } = intake();
    const server = await serveApp(app.fetch, { port: 0 });
    try {
      await assert.rejects(serveApp(app.fetch, { port: server.port }), {
        name: "HypomnesisError",
        code: "invalid_request",
        message: `Cannot listen on 127.0.0.1 port ${server.port}: another program has it; ` +
          "give another port, or 0 for any free one",
      });
    } finally {
      await server.close();
    }
    for (const port of [-1, 65_536, 1.5, NaN]) {
      await assert.rejects(serveApp(app.fetch, { port }), {
        code: "invalid_request",
        message:
          `Cannot listen on port ${port}: give a whole number from 0 to 65535; 0 is any free one`,
      });
    }
    await assert.rejects(serveApp(app.fetch, { port: 0, host: "192.0.2.1" }), {
      code: "invalid_request",
      message: /^Cannot listen on 192.0.2.1 port 0: .*; give an address of this machine$/,
    });
  });

  it(
    "closes although somebody holds connections and an answer never comes",
    { timeout: 60_000 },
    async () => {
      const asked = Promise.withResolvers<void>();
      const never = new Promise<Response>(() => {});
      const server = await serveApp(() => {
        asked.resolve();
        return never;
      }, { port: 0 });
      const half = raw(server.port, "GET / HTTP/1.1\r\nho");
      const waiting = raw(server.port, "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
      await asked.promise;
      await server.close();
      assert.equal(await waiting, "");
      assert.equal(await half, "");
    },
  );

  it("lets an answer that is under way out before it closes", async () => {
    const asked = Promise.withResolvers<void>();
    const server = await serveApp(async () => {
      asked.resolve();
      await new Promise((resolve) => setTimeout(resolve, 50));
      return new Response("done");
    }, { port: 0 });
    const answer = raw(
      server.port,
      "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
    );
    await asked.promise;
    await server.close();
    assert.match(await answer, /done$/);
  });
});
