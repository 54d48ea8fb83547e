/** `hmn serve` before it serves: its options, who may ask, its token, and what it refuses. */
import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { readToken } from "../lib/cli/read_token.ts";
import { checkDoor, type DoorOptions, isLoopback } from "../lib/cli/serve_door.ts";
import { UsageError } from "../lib/cli/usage_error.ts";
import { FAILURES } from "../lib/errors.ts";
import { hmn, type WorldOptions } from "./support/cli_world.ts";

const TOKEN = "a-token-of-ours";
const USAGE = FAILURES.invalid_request.exit;

/** A run that is ended as soon as it listens to signals. */
function serve(args: readonly string[], options: WorldOptions = {}) {
  return hmn(["serve", "--port", "0", ...args], {}, {
    ...options,
    onListen: (send) => setTimeout(() => send("SIGINT"), 50),
  });
}

/** A file with a token, removed at the end of its scope. */
function tokenFile(text: string | Uint8Array) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-token-"));
  const file = path.join(dir, "token");
  fs.writeFileSync(file, text);
  return { file, [Symbol.dispose]: () => fs.rmSync(dir, { recursive: true }) };
}

describe("who may ask", () => {
  const door = (options: Partial<DoorOptions>) =>
    checkDoor({ host: "127.0.0.1", token: undefined, noAuth: false, allowHosts: [], ...options });

  it("addresses that only this machine reaches", () => {
    for (const host of ["127.0.0.1", "127.8.9.10", "localhost", "LOCALHOST", "::1"]) {
      assert.equal(isLoopback(host), true, host);
      assert.deepEqual(door({ host }), { allowedHosts: ["localhost", "127.0.0.1", "[::1]"] });
    }
    const foreign = [
      "0.0.0.0",
      "::",
      "192.0.2.1",
      "127.0.0.1.example",
      "localhost.example",
      "fe80::1",
    ];
    for (const host of foreign) {
      assert.equal(isLoopback(host), false, host);
      assert.throws(() => door({ host }), (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.match(
          error.message,
          /can be reached from other machines: give a token \(HMN_TOKEN\)/,
        );
        assert.match(error.message, /--no-auth$/);
        return true;
      });
    }
  });

  it("names beside those of this machine", () => {
    const { allowedHosts } = door({ allowHosts: ["gpu-box", "box.example"] });
    assert.deepEqual(allowedHosts, ["localhost", "127.0.0.1", "[::1]", "gpu-box", "box.example"]);
  });

  it("a token: whoever has it, under whatever name", () => {
    for (const host of ["127.0.0.1", "0.0.0.0"]) {
      const { allowedHosts, authorize } = door({ host, token: TOKEN });
      assert.equal(allowedHosts, "any");
      const ask = (authorization: string) =>
        authorize!(new Request("http://x/", { headers: { authorization } }));
      assert.equal(ask(`Bearer ${TOKEN}`), true);
      for (const wrong of [TOKEN, `Bearer ${TOKEN}x`, "Bearer ", "Basic eDp5", ""]) {
        assert.equal(ask(wrong), false, wrong);
      }
    }
  });

  it("everybody, where that is said: by address, under no name of somebody else's", () => {
    const { allowedHosts, allowAddresses, authorize } = door({ host: "0.0.0.0", noAuth: true });
    assert.equal(authorize, undefined);
    assert.equal(allowAddresses, true);
    assert.ok(Array.isArray(allowedHosts) && allowedHosts.includes("localhost"));
    assert.ok(!allowedHosts.includes("any"));
    assert.equal(door({ noAuth: true }).allowAddresses, undefined);
  });

  it("a token and everybody exclude each other", () => {
    assert.throws(() => door({ token: TOKEN, noAuth: true }), UsageError);
  });
});

describe("the token", () => {
  it("as it is given, and out of a file with or without a line break", () => {
    assert.equal(readToken(undefined, undefined), undefined);
    assert.equal(readToken(TOKEN, undefined), TOKEN);
    for (const text of [TOKEN, `${TOKEN}\n`, `${TOKEN}\r\n`, ` ${TOKEN} \n\n`, `\uFEFF${TOKEN}`]) {
      using token = tokenFile(text);
      assert.equal(readToken(undefined, token.file), TOKEN);
    }
  });

  it("a file without one: what is in it is not told", async () => {
    const secrets = [
      "",
      "\n",
      "s3cr3t",
      "s3cr3t with spaces",
      "s3cr3t-one\ns3cr3t-two",
      "s3cr3t-größe",
      "x".repeat(513),
      "\0".repeat(20),
    ];
    for (const text of secrets) {
      using token = tokenFile(text);
      const end = await serve(["--token-file", token.file]);
      assert.equal(end.code, USAGE, JSON.stringify(text));
      assert.equal(
        end.stderr,
        "hmn: error: --token-file holds no token: " +
          "it has to have 8 to 512 letters, digits and signs without spaces\n",
      );
      assert.equal(end.opened, null);
    }
  });

  it("a file that is not there, or none", async () => {
    const missing = await serve(["--token-file", "/nonexistent/token"]);
    assert.notEqual(missing.code, 0);
    assert.match(missing.stderr, /^hmn: error: Cannot .*token file.*\/nonexistent\/token/);
    const folder = await serve(["--token-file", os.tmpdir()]);
    assert.notEqual(folder.code, 0);
    assert.match(folder.stderr, /^hmn: error: Cannot .*token file/);
  });

  it(
    "a file without an end",
    { skip: process.platform === "win32" ? "no devices" : false },
    async () => {
      const end = await serve(["--token-file", "/dev/zero"]);
      assert.equal(end.code, USAGE);
      assert.match(end.stderr, /--token-file holds no token/);
    },
  );

  it("two of them", async () => {
    using token = tokenFile(TOKEN);
    const ends = [
      await serve(["--token-file", token.file, "--token", TOKEN]),
      await serve(["--token-file", token.file], { env: { HMN_TOKEN: TOKEN } }),
    ];
    for (const end of ends) {
      assert.equal(end.code, USAGE);
      assert.match(end.stderr, /--token-file and --token \(or HMN_TOKEN\) exclude each other/);
    }
  });

  it("of another form, as an option and in the environment", async () => {
    const ends = [
      await serve(["--token", "short"]),
      await serve(["--token", "with a space"]),
      await serve(["--token", ""]),
      await serve([], { env: { HMN_TOKEN: "short" } }),
      await serve([], { env: { HMN_TOKEN: `${TOKEN}\n` } }),
    ];
    for (const end of ends) {
      assert.equal(end.code, USAGE, end.stderr);
      assert.match(end.stderr, /(--token|HMN_TOKEN) .*give 8 to 512 letters, digits and signs/);
      assert.doesNotMatch(end.stderr, /short|with a space|of-ours/);
      assert.equal(end.opened, null);
    }
    const empty = await serve([], { env: { HMN_TOKEN: "" } });
    assert.equal(empty.code, 0, empty.stderr);
    assert.match(empty.stderr, /this machine alone may ask/);
  });
});

describe("what it refuses", () => {
  const REFUSED: readonly (readonly [readonly string[], RegExp])[] = [
    [["--port", "65536"], /--port "65536" is not accepted: give a whole number from 0 to 65535/],
    [["--port", "-1"], /--port/],
    [["--port", "80a"], /--port "80a" is not accepted/],
    [["--port", "9700", "--port", "9701"], /--port is given twice/],
    [["--host", "a b"], /--host "a b" is not accepted/],
    [["--host", "http://x/"], /--host/],
    [["--host", ""], /--host has no value/],
    [["--host", "0.0.0.0"], /--host 0\.0\.0\.0 can be reached from other machines/],
    [["--host", "::"], /--host :: can be reached from other machines/],
    [["--no-auth", "--token", TOKEN], /a token and --no-auth exclude each other/],
    [
      ["--allow-host", "a:80"],
      /--allow-host "a:80" is not accepted: give a host name without port/,
    ],
    [["--allow-host", "*"], /--allow-host "\*" is not accepted/],
    [["--cors", "*"], /--cors "\*" is not accepted: give an origin/],
    [["--cors", "https://a.example/path"], /--cors .* is not accepted/],
    [["--cors", "null"], /--cors "null" is not accepted/],
    [["--process-metrics", "0"], /--process-metrics "0" is not accepted/],
    [["--process-metrics", "1.5"], /--process-metrics "1.5" is not accepted/],
    [["--sources", "nothing"], /--sources "nothing" is not accepted/],
    [["--otlp-interval", "1s"], /--otlp-interval is about --otlp: give its URL/],
    [
      ["--otlp", "http://127.0.0.1:1", "--otlp-interval", "999ms"],
      /--otlp-interval "999ms" is not accepted: give a time from 1s to 24h/,
    ],
    [["--otlp-interval", "soon"], /--otlp-interval "soon" is not accepted/],
    [["--url", "http://127.0.0.1:1"], /unknown option "--url"/],
    [["stray"], /unexpected argument "stray"/],
  ];
  for (const [args, words] of REFUSED) {
    it(args.join(" "), async () => {
      const end = await hmn(["serve", ...args], {}, {
        onListen: (send) => setTimeout(() => send("SIGINT"), 50),
      });
      assert.equal(end.code, USAGE, end.stderr);
      assert.match(end.stderr, words);
      assert.match(end.stderr, /^[^\n]+\n$/);
      assert.deepEqual([end.stdout, end.opened], ["", null]);
    });
  }

  it("a port that somebody has; what was opened is closed", async () => {
    const taken = net.createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = taken.address() as net.AddressInfo;
      const end = await hmn(["serve", "--port", String(port)]);
      assert.equal(end.code, USAGE);
      assert.equal(
        end.stderr,
        `hmn: error: Cannot listen on 127.0.0.1 port ${port}: another program has it; ` +
          "give another port, or 0 for any free one\n",
      );
      assert.equal(end.stdout, "");
      assert.equal(end.closed, true);
    } finally {
      taken.close();
    }
  });

  it("an address that is not this machine's", async () => {
    const end = await serve(["--host", "192.0.2.1", "--no-auth"]);
    assert.equal(end.code, USAGE);
    assert.match(end.stderr, /^hmn: error: Cannot listen on 192\.0\.2\.1 port 0: /);
    assert.equal(end.closed, true);
  });

  it("an address and a header for the push that can't be used", async () => {
    for (const url of ["nonsense", "ftp://127.0.0.1/", "http://"]) {
      const end = await serve(["--otlp", url]);
      assert.equal(end.code, USAGE, end.stderr);
      assert.equal(end.closed, true);
    }
    const env = { OTEL_EXPORTER_OTLP_HEADERS: "no equals sign, b@d=1" };
    const end = await serve(["--otlp", "http://127.0.0.1:1"], { env });
    assert.equal(end.code, USAGE, end.stderr);
  });
});

describe("what it says", () => {
  it("where it listens and who may ask, and what ended it", async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [[], "this machine alone may ask"],
      [["--no-auth"], "this machine alone may ask"],
      [["--token", TOKEN], "asks for the token"],
      [["--host", "0.0.0.0", "--no-auth"], "everybody who reaches it may ask"],
      [["--host", "0.0.0.0", "--token", TOKEN], "asks for the token"],
      [["--host", "localhost"], "this machine alone may ask"],
    ];
    for (const [args, who] of cases) {
      const end = await serve(args);
      assert.equal(end.code, 0, end.stderr);
      const [, host = "127.0.0.1"] = args[0] === "--host" ? args : [];
      const address = host.replaceAll(".", "\\.");
      assert.match(
        end.stderr,
        new RegExp(
          `^hmn serve: http://${address}:\\d+ \\(${who}; Ctrl\\+C ends it\\)\n` +
            "hmn serve: ended by SIGINT\n$",
        ),
      );
      assert.equal(end.stdout, "");
      assert.equal(end.closed, true);
      assert.doesNotMatch(end.stderr, new RegExp(TOKEN));
    }
  });

  it("one line of JSON, and nothing else on stdout", async () => {
    const end = await serve(["--json"]);
    const { url, port, pid, ...others } = JSON.parse(end.stdout) as Record<string, unknown>;
    assert.match(end.stdout, /^[^\n]+\n$/);
    assert.deepEqual([url, pid, others], [`http://127.0.0.1:${port}`, 4242, {}]);
    assert.ok(Number(port) > 0);
  });

  it("nothing where nobody reads stdout: it ends, and closes what it opened", async () => {
    const end = await serve(["--json"], { closesAfter: 3 });
    assert.deepEqual([end.code, end.stdout, end.closed], [0, "", true]);
  });

  it("sources are passed on", async () => {
    const end = await serve(["--sources", "proc"]);
    assert.deepEqual(end.opened?.sources, ["proc"]);
  });
});

describe("signals", () => {
  it("several in a moment are one wish", async () => {
    const end = await hmn(["serve", "--port", "0"], {}, {
      onListen: (send) =>
        void setTimeout(() => {
          send("SIGHUP");
          send("SIGTERM");
        }, 50),
    });
    assert.deepEqual([end.code, end.calls], [0, []]);
    assert.match(end.stderr, /ended by SIGHUP\n$/);
  });
});
