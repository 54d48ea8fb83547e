/** Who may ask: hosts, origins, tokens and what an authorized one may see. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { Access, type AccessOptions, bearer } from "../lib/http/access.ts";
import { isAddress, originHost, parseHost } from "../lib/http/guard.ts";
import { Refusal } from "../lib/http/refusal.ts";
import { ask, endWorlds, httpWorld, json, problem } from "./support/http_world.ts";

afterEach(endWorlds);

/** The status a request with these headers is refused with; `null`: it is not. */
function statusOf(options: AccessOptions, headers: Readonly<Record<string, string>>) {
  try {
    new Access(options).checkSender(new Request("http://x/", { headers }));
    return null;
  } catch (error) {
    assert.ok(error instanceof Refusal);
    return error.status;
  }
}

describe("the host", () => {
  it("is read whatever its letters, port and final dot", () => {
    const cases: readonly (readonly [string, string | null])[] = [
      ["localhost", "localhost"],
      ["LocalHost:9700", "localhost"],
      ["localhost.", "localhost"],
      ["localhost.:9700", "localhost"],
      ["127.0.0.1:0", "127.0.0.1"],
      ["[::1]", "[::1]"],
      ["[::1]:9700", "[::1]"],
      ["[FE80::1]", "[fe80::1]"],
      ["gpu_box-1.example", "gpu_box-1.example"],
      ["", null],
      [" ", null],
      ["::1", null],
      ["[::1", null],
      ["localhost:", null],
      ["localhost:123456", null],
      ["localhost:9700:9700", null],
      ["localhost, evil.example", null],
      ["localhost evil.example", null],
      ["user@localhost", null],
      ["localhost/x", null],
      ["localhost\\x", null],
      ["münchen.example", null],
    ];
    for (const [host, name] of cases) assert.equal(parseHost(host), name, host);
  });

  it("is an address or a name", () => {
    for (const name of ["127.0.0.1", "192.168.1.10", "[::1]", "[fe80::1]"]) {
      assert.equal(isAddress(name), true, name);
    }
    for (const name of ["localhost", "1.2.3", "1.2.3.4.example", "a1.2.3.4", "1234.1.1.1"]) {
      assert.equal(isAddress(name), false, name);
    }
  });

  it("has to be ours: by default this machine's, else those that were named", () => {
    const cases: readonly (readonly [AccessOptions, string, number | null])[] = [
      [{}, "localhost", null],
      [{}, "LOCALHOST.:9700", null],
      [{}, "127.0.0.1:80", null],
      [{}, "[::1]:9700", null],
      [{}, "127.0.0.2", 403],
      [{}, "0.0.0.0", 403],
      [{}, "192.168.1.10", 403],
      [{}, "evil.example", 403],
      [{}, "localhost.evil.example", 403],
      [{}, "127.0.0.1.nip.io", 403],
      [{}, "", 400],
      [{}, "localhost, localhost", 400],
      [{ allowedHosts: ["Gpu-Box", "[FE80::1]"] }, "gpu-box:9700", null],
      [{ allowedHosts: ["Gpu-Box", "[FE80::1]"] }, "[fe80::1]", null],
      [{ allowedHosts: ["Gpu-Box"] }, "localhost", 403],
      [{ allowedHosts: [] }, "localhost", 403],
      [{ allowedHosts: "any" }, "whatever.example", null],
      [{ allowedHosts: "any" }, "two, hosts", 400],
      [{ allowAddresses: true }, "192.168.1.10:9700", null],
      [{ allowAddresses: true }, "[fe80::1]:9700", null],
      [{ allowAddresses: true }, "evil.example", 403],
      [{ allowAddresses: true, allowedHosts: ["gpu-box"] }, "gpu-box", null],
      [{ allowAddresses: true, allowedHosts: ["gpu-box"] }, "localhost", 403],
    ];
    for (const [options, host, status] of cases) {
      assert.equal(statusOf(options, { host }), status, `${JSON.stringify(options)} ${host}`);
    }
    assert.equal(statusOf({}, {}), 400);
    assert.equal(statusOf({ allowedHosts: "any" }, {}), 400);
  });

  it("is judged anew for each name, however many are tried", () => {
    const access = new Access({ allowAddresses: true });
    const check = (host: string) =>
      access.checkSender(new Request("http://x/", { headers: { host } }));
    for (let i = 0; i < 1_000; i++) {
      check(`10.0.${i >> 8}.${i & 255}`);
      assert.throws(() => check(`evil-${i}.example`), { status: 403 });
    }
    check("10.0.0.0");
    check("localhost");
  });

  it("is told apart in the answer, and nothing is asked", async () => {
    const { app, meter } = httpWorld({ allowedHosts: ["gpu-box", "localhost"] });
    const get = (host: string) => ask(app, "/v1/devices", { headers: { host } });
    assert.equal(
      await problem(await get("Evil.Example:9700"), 403, "permission_denied"),
      'Cannot answer for the host "evil.example": ask for gpu-box or localhost',
    );
    assert.equal(
      await problem(await get("a, b"), 400),
      "Cannot take a request without one Host",
    );
    for (const path of ["/", "/-/healthy", "/metrics", "/openapi.json", "/v1/stream"]) {
      const response = await ask(app, path, { headers: { host: "evil.example" } });
      await problem(response, 403, "permission_denied");
    }
    assert.deepEqual(meter.questions, []);
  });
});

describe("the origin", () => {
  it("is read whole", () => {
    assert.equal(originHost("http://LocalHost:9700"), "localhost:9700");
    assert.equal(originHost("https://[::1]:9700"), "[::1]:9700");
    for (
      const origin of [
        "",
        "null",
        "localhost",
        "http://",
        "file://localhost",
        "http://a@b",
        "http://a/b",
        "chrome-extension://abc",
      ]
    ) assert.equal(originHost(origin), null, origin);
  });

  it("is that of the page itself, or was invited", () => {
    const host = "localhost:9700";
    const cors = ["https://Board.example"];
    const cases: readonly (readonly [AccessOptions, string, number | null])[] = [
      [{}, "http://localhost:9700", null],
      [{}, "https://LOCALHOST:9700", null],
      [{}, "http://localhost", 403],
      [{}, "http://localhost:3000", 403],
      [{}, "http://127.0.0.1:9700", 403],
      [{}, "http://evil.example", 403],
      [{}, "null", 403],
      [{}, "", 403],
      [{}, "http://evil.example@localhost:9700", 403],
      [{}, "https://board.example", 403],
      [{ cors }, "https://board.example", null],
      [{ cors }, "http://board.example", 403],
      [{ cors }, "https://board.example:8443", 403],
      [{ cors }, "https://board.example.evil.example", 403],
      [{ cors }, "null", 403],
      [{ allowedHosts: "any" }, "http://evil.example", 403],
    ];
    for (const [options, origin, status] of cases) {
      assert.equal(
        statusOf(options, { host, origin }),
        status,
        `${JSON.stringify(cors)} ${origin}`,
      );
    }
    // The host is asked first: an invited page can't lead another name here.
    assert.equal(statusOf({ cors }, { host: "evil.example", origin: cors[0]! }), 403);
  });
});

describe("what a browser says of a page's wishes without an origin, such as images", () => {
  const host = { host: "localhost:9700" };
  const status = (site: string, mode: string, more: Readonly<Record<string, string>> = {}) =>
    statusOf({ cors: ["https://board.example"] }, {
      ...host,
      "sec-fetch-site": site,
      "sec-fetch-mode": mode,
      ...more,
    });

  it("pages from elsewhere get nothing made for them", () => {
    assert.equal(status("cross-site", "no-cors"), 403);
    // Another port of this machine is another page.
    assert.equal(status("same-site", "no-cors"), 403);
  });

  it("the page itself, an address that was typed, and a link to the page are fine", () => {
    assert.equal(status("same-origin", "no-cors"), null);
    assert.equal(status("none", "navigate"), null);
    assert.equal(status("cross-site", "navigate"), null);
  });

  it("who was invited comes with an origin", () => {
    assert.equal(status("cross-site", "cors", { origin: "https://board.example" }), null);
    assert.equal(status("cross-site", "cors", { origin: "https://other.example" }), 403);
  });
});

describe("CORS", () => {
  const ORIGIN = "https://board.example";

  it("is not spoken unless somebody was invited", async () => {
    const { app, get } = httpWorld();
    const own = await get("/v1/devices", { origin: "http://localhost" });
    await json(own);
    const asked = await ask(app, "/v1/devices", {
      method: "OPTIONS",
      headers: { origin: "http://localhost", "access-control-request-method": "GET" },
    });
    assert.equal(asked.headers.get("access-control-allow-methods"), null);
    assert.equal(asked.headers.get("vary"), null);
    await problem(asked, 405);
    assert.equal(own.headers.get("cross-origin-resource-policy"), "same-origin");
  });

  it("lets the pages of invited origins ask and read, and no others", async () => {
    const { app, get, meter } = httpWorld({ cors: ["https://Board.Example"] });
    const given = await get("/v1/devices", { origin: ORIGIN });
    assert.equal(given.status, 200);
    assert.equal(given.headers.get("access-control-allow-origin"), ORIGIN);
    assert.equal(given.headers.get("access-control-allow-credentials"), null);
    assert.equal(given.headers.get("cross-origin-resource-policy"), "cross-origin");
    assert.match(given.headers.get("vary")!, /\borigin\b/);

    const before = meter.questions.length;
    const preflight = (origin: string, path: string) =>
      ask(app, path, {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST" },
      });
    const allowed = await preflight(ORIGIN, "/v1/telemetry");
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get("access-control-allow-origin"), ORIGIN);
    assert.equal(allowed.headers.get("access-control-allow-methods"), "GET, HEAD, POST");
    assert.match(allowed.headers.get("access-control-allow-headers")!, /authorization/);
    const evil = await preflight("https://evil.example", "/v1/telemetry");
    assert.equal(evil.headers.get("access-control-allow-origin"), null);
    assert.equal(evil.headers.get("access-control-allow-methods"), null);
    await problem(evil, 403, "permission_denied");
    const refused = await get("/v1/devices", { origin: "https://evil.example" });
    assert.equal(refused.headers.get("access-control-allow-origin"), null);
    await problem(refused, 403, "permission_denied");
    assert.equal(meter.questions.length, before);

    // What an answer is depends on who asks, so no cache may give one to the other.
    const plain = await get("/v1/devices");
    assert.equal(plain.headers.get("access-control-allow-origin"), null);
    assert.match(plain.headers.get("vary")!, /\borigin\b/);
    await plain.body?.cancel();
  });

  it("lets them read refusals too, and asks no preflight for a token", async () => {
    const { app, get } = httpWorld({ cors: [ORIGIN], authorize: bearer("right-token") });
    const refused = await get("/v1/devices", { origin: ORIGIN });
    assert.equal(refused.headers.get("access-control-allow-origin"), ORIGIN);
    await problem(refused, 401, "permission_denied");
    const headers = { origin: ORIGIN };
    assert.equal((await ask(app, "/v1/devices", { method: "OPTIONS", headers })).status, 204);
    const given = await get("/v1/devices", {
      origin: ORIGIN,
      authorization: "Bearer right-token",
    });
    assert.equal(given.headers.get("access-control-allow-origin"), ORIGIN);
    assert.equal(given.status, 200);
    await given.body?.cancel();
    const wrong = await get("/v1/processes?details=1", {
      origin: ORIGIN,
      authorization: "Bearer right-token",
    });
    assert.equal(wrong.headers.get("access-control-allow-origin"), ORIGIN);
    await problem(wrong, 400);
  });
});

describe("who may ask", () => {
  it("without the right token: 401, and how to send it", async () => {
    const { app, get, meter } = httpWorld({ authorize: bearer("right-token") });
    const paths = ["/v1/devices", "/v1/stream", "/v1/history", "/v1/telemetry", "/metrics"];
    for (const path of paths) {
      const response = await get(path);
      assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="hypomnesis"');
      assert.match(
        await problem(response, 401, "permission_denied"),
        /send the token as authorization: Bearer TOKEN/,
      );
    }
    for (const path of ["/v1/ask", "/v1/phase", "/v1/telemetry"]) {
      await problem(await ask(app, path, { method: "POST" }), 401, "permission_denied");
    }
    for (const path of ["/", "/-/healthy", "/-/ready", "/openapi.json"]) {
      const response = await get(path);
      assert.equal(response.status, 200, `${path} is open`);
      await response.body?.cancel();
    }
    assert.deepEqual(meter.questions, []);
  });

  it("the token itself and nothing like it", () => {
    const token = "r1ght!~token";
    const authorize = bearer(token);
    const may = (authorization: string | null) =>
      authorize(
        new Request("http://x/", { headers: authorization === null ? {} : { authorization } }),
      );
    for (const scheme of ["Bearer ", "bearer ", "BEARER   "]) {
      assert.equal(may(scheme + token), true, scheme);
    }
    const wrong = [
      null,
      "",
      "Bearer",
      "Bearer ",
      token,
      `Basic ${token}`,
      `Bearer ${token}x`,
      `Bearer x${token}`,
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${token.toUpperCase()}`,
      `Bearer ${token}${token}`,
      `Bearer ${token} ${token}`,
      `Bearer "${token}"`,
      `Bearer ${token.replace("1", "\u00fe")}`,
      `Bearer ${"x".repeat(token.length)}`,
      `Bearer ${"x".repeat(10_000)}`,
      `Bearer ${"\u00ff".repeat(token.length)}`,
    ];
    for (const authorization of wrong) assert.equal(may(authorization), false, `${authorization}`);
  });

  it("no token that can't be sent, or is guessed at once", () => {
    for (
      const token of ["", "short", "with space", "t\u00f6ken-token", "a".repeat(513), "tab\there"]
    ) {
      assert.throws(() => bearer(token), {
        name: "TypeError",
        message: "Cannot use this token: give 8 to 512 letters, digits and signs without spaces",
      });
    }
    for (const token of ["12345678", "a".repeat(512)]) assert.ok(bearer(token));
  });

  it("is told at once or later, and only true is yes", async () => {
    const answers: readonly (readonly [unknown, number])[] = [
      [true, 200],
      [Promise.resolve(true), 200],
      [false, 401],
      [Promise.resolve(false), 401],
      [1, 401],
      ["true", 401],
      [{}, 401],
      [undefined, 401],
      [Promise.resolve("yes"), 401],
      [Promise.resolve(undefined), 401],
    ];
    for (const [answer, status] of answers) {
      const { get, meter } = httpWorld({ authorize: () => answer as boolean });
      const response = await get("/v1/devices");
      assert.equal(response.status, status, String(answer));
      await response.body?.cancel();
      assert.equal(meter.questions.length, status === 200 ? 1 : 0);
    }
  });

  it("is nobody where asking fails, and nothing of it is told", async () => {
    const failing = [
      () => {
        throw new Error("secret");
      },
      () => Promise.reject(new Error("secret")),
    ];
    for (const authorize of failing) {
      const { get, meter } = httpWorld({ authorize });
      for (const path of ["/v1/devices", "/v1/stream"]) {
        assert.doesNotMatch(await problem(await get(path), 500, "internal"), /secret/);
      }
      assert.deepEqual(meter.questions, []);
    }
  });

  it("is asked about the request itself, after its host", async () => {
    const seen: string[] = [];
    const { get } = httpWorld({
      authorize: (request) => {
        seen.push(`${new URL(request.url).pathname} ${request.headers.get("x-who")}`);
        return true;
      },
    });
    await problem(
      await get("/v1/devices", { host: "evil.example" }),
      403,
      "permission_denied",
    );
    await json(await get("/v1/devices", { "x-who": "me" }));
    assert.deepEqual(seen, ["/v1/devices me"]);
  });
});
