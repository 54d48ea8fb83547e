/** Pushing OTLP: what arrives, and that no receiver can hold up, break or end the program that pushes. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { delayOf } from "../lib/otel/backoff.ts";
import { observe } from "../lib/otel/instrument.ts";
import { INSTRUMENTS } from "../lib/otel/instruments.ts";
import { OtlpPush } from "../lib/otel/push.ts";
import type { OtlpPushOptions } from "../lib/otel/push_options.ts";
import { ownResource } from "../lib/otel/resource.ts";
import type { OtlpTrouble } from "../lib/otel/troubles.ts";
import type { Reading } from "../lib/reading/reading.ts";
import { VERSION } from "../lib/version.ts";
import { aFullReading } from "./support/metrics_reading.ts";
import {
  answer,
  hang,
  OtlpReceiver,
  type ReceivedRequest,
  type ReceiverOptions,
} from "./support/otlp_receiver.ts";
import { repositoryFile, runScript } from "./support/run_script.ts";

const BACKOFF = { firstMs: 20, mostMs: 100 };

/** Readings whose times are their numbers, in milliseconds after `FIRST_MS`. */
const FIRST_MS = 1_700_000_000_000;

function readings(): () => Promise<Reading> {
  let count = 0;
  return () => Promise.resolve({ ...aFullReading(), atMs: FIRST_MS + ++count });
}

/** Which readings these are. */
const numbers = (requests: readonly ReceivedRequest[]) =>
  requests.map(({ points }) => Number(points[0]!.timeUnixNano / 1_000_000n) - FIRST_MS);

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 5) {
    assert.ok(waited < 20_000, "it did not happen within 20 s");
    await sleep(5);
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Pushes to a receiver for as long as `action` takes. */
async function pushing(
  options: Partial<OtlpPushOptions>,
  action: (
    receiver: OtlpReceiver,
    start: (more?: Partial<OtlpPushOptions>) => OtlpPush,
    troubles: readonly OtlpTrouble[],
  ) => Promise<void>,
  receiverOptions: ReceiverOptions = {},
): Promise<void> {
  const receiver = await OtlpReceiver.start(receiverOptions);
  const troubles: OtlpTrouble[] = [];
  let push: OtlpPush | null = null;
  try {
    await action(receiver, (more = {}) => {
      push = new OtlpPush({
        url: receiver.url,
        intervalMs: 10,
        timeoutMs: 5_000,
        read: readings(),
        resource: ownResource("machine"),
        backoff: BACKOFF,
        onTrouble: (trouble) => void troubles.push(trouble),
        ...options,
        ...more,
      });
      return push;
    }, troubles);
    assert.deepEqual(receiver.problems, []);
  } finally {
    await (push as OtlpPush | null)?.close(0);
    await receiver.close();
  }
}

const kinds = (troubles: readonly OtlpTrouble[]) => troubles.map(({ kind }) => kind);

describe("what arrives", () => {
  it("is each reading, once and in order, as the protocol has it", async () => {
    await pushing({ monitored: { pids: [11] } }, async (receiver, start, troubles) => {
      const push = start();
      await until(() => receiver.requests.length >= 5);
      await push.close();
      assert.deepEqual(numbers(receiver.requests), receiver.requests.map((_, i) => i + 1));
      const { path, headers, resource, scope, schemaUrls, points } = receiver.requests[0]!;
      assert.equal(path, "/v1/metrics");
      assert.equal(headers["content-encoding"], "gzip");
      assert.equal(headers["user-agent"], `hypomnesis/${VERSION}`);
      assert.equal(headers.authorization, undefined);
      assert.deepEqual(resource, ownResource("machine"));
      assert.deepEqual(scope, { name: "hypomnesis", version: VERSION });
      const schema = "https://opentelemetry.io/schemas/1.44.0";
      assert.deepEqual(schemaUrls, [schema, schema]);
      const reading = { ...aFullReading(), atMs: FIRST_MS + 1 };
      const wanted = INSTRUMENTS.flatMap((instrument) => {
        const { name, kind, unit, type, description, isOlder } = instrument;
        const isSince = kind !== "gauge" && isOlder === undefined;
        return observe(instrument, reading, { pids: [11] }).map(({ value, attributes }) => ({
          name,
          kind,
          unit,
          description,
          value,
          type,
          attributes,
          timeUnixNano: BigInt(reading.atMs) * 1_000_000n,
          startTimeUnixNano: isSince ? BigInt(reading.atMs) * 1_000_000n : null,
        }));
      });
      assert.deepEqual(points, wanted);
      assert.deepEqual(troubles, []);
      const { sent, dropped, lost, queued, lastSentMs } = push.status;
      assert.deepEqual([sent, dropped, lost, queued], [receiver.requests.length, 0, 0, 0]);
      assert.ok(Math.abs(Date.now() - lastSentMs!) < 10_000);
    });
  });

  it("goes to the path that was given, with the headers and the password that were given", async () => {
    await pushing({}, async (receiver, start) => {
      start({
        url: `http://us%40er:p%C3%A4ss@127.0.0.1:${receiver.port}/api/otlp?tenant=7#x`,
        headers: { "X-Key": "sesame" },
      });
      await until(() => receiver.requests.length >= 1);
      const { path, headers } = receiver.requests[0]!;
      assert.equal(path, "/api/otlp?tenant=7");
      assert.equal(headers["x-key"], "sesame");
      const token = headers.authorization!.slice("Basic ".length);
      assert.equal(Buffer.from(token, "base64").toString(), "us@er:päss");
    });
  });
});

describe("a receiver that is away", () => {
  it("gets what waited when it is back, in order; what found no room is dropped and counted", async () => {
    const gone = await OtlpReceiver.start();
    const { port } = gone;
    await gone.close();
    const troubles: OtlpTrouble[] = [];
    const push = new OtlpPush({
      url: `http://127.0.0.1:${port}`,
      intervalMs: 5,
      read: readings(),
      resource: ownResource(null),
      maxQueued: 4,
      backoff: BACKOFF,
      onTrouble: (trouble) => void troubles.push(trouble),
    });
    await until(() => push.status.dropped >= 6);
    assert.equal(push.status.queued, 4);
    assert.equal(push.status.sent, 0);
    assert.equal(push.status.lastSentMs, null);
    assert.deepEqual(kinds(troubles), ["unreachable"]);
    const back = await OtlpReceiver.start({}, port);
    await until(() => back.requests.length >= 8);
    await push.close();
    await back.close();
    const arrived = numbers(back.requests);
    assert.deepEqual(arrived, [...arrived].sort((a, b) => a - b));
    assert.equal(new Set(arrived).size, arrived.length);
    const { sent, dropped, queued } = push.status;
    assert.equal(sent, arrived.length);
    assert.equal(queued, 0);
    // Every reading was either sent or counted.
    assert.equal(sent + dropped, arrived.at(-1));
    assert.deepEqual(kinds(troubles).slice(0, 3), ["unreachable", "recovered", "dropped"]);
    assert.match(
      troubles[0]!.message,
      new RegExp(
        `^Cannot reach the OTLP receiver at http://127.0.0.1:${port}, and will go on trying: .`,
      ),
    );
    assert.match(troubles[2]!.message, /^Cannot send \d+ readings to the OTLP receiver at /);
    assert.deepEqual(back.problems, []);
  });

  for (const status of [429, 502, 503, 504]) {
    it(`is asked again after status ${status}, with the same reading`, async () => {
      await pushing({ intervalMs: 60_000 }, async (receiver, start, troubles) => {
        receiver.next.push(answer(status), answer(status));
        // It comes again, so its time does not go on.
        const push = start();
        await until(() => push.status.sent === 1);
        assert.deepEqual(numbers(receiver.requests), [1, 1, 1]);
        assert.deepEqual(kinds(troubles), ["unreachable", "recovered"]);
        assert.match(troubles[0]!.message, new RegExp(`: it answered with status ${status}$`));
      });
    });
  }

  it("is left alone for as long as it asks for", async () => {
    await pushing({ intervalMs: 60_000 }, async (receiver, start) => {
      receiver.next.push(answer(429, "", { "retry-after": "1" }));
      const push = start();
      await until(() => receiver.requests.length === 1);
      const startMs = performance.now();
      await until(() => push.status.sent === 1);
      const waitedMs = performance.now() - startMs;
      assert.ok(waitedMs > 900 && waitedMs < 10_000, `${waitedMs} ms`);
    });
  });

  it("is asked again at a date, and at once for one that has passed or is none", async () => {
    await pushing({ intervalMs: 60_000 }, async (receiver, start) => {
      const soon = new Date(Date.now() + 4_500).toUTCString();
      receiver.next.push(
        answer(503, "", { "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" }),
        answer(503, "", { "retry-after": "soon" }),
        answer(503, "", { "retry-after": soon }),
      );
      const push = start();
      await until(() => receiver.requests.length === 3);
      assert.ok(Date.now() < Date.parse(soon) - 200, "the first two waits were short");
      await until(() => push.status.sent === 1);
      assert.ok(Date.now() >= Date.parse(soon) - 50, "the third was not");
    });
  });

  it("that cuts the connection is asked again", async () => {
    await pushing({ intervalMs: 60_000 }, async (receiver, start, troubles) => {
      receiver.next.push((response) => void response.destroy());
      const push = start();
      await until(() => push.status.sent === 1);
      assert.deepEqual(kinds(troubles), ["unreachable", "recovered"]);
    });
  });

  it("waits longer each time, spread, and never longer than the longest", () => {
    const waits = (random: number) =>
      [1, 2, 3, 4, 5, 100].map((failures) =>
        delayOf(failures, { firstMs: 100, mostMs: 1_000 }, () => random)
      );
    assert.deepEqual(waits(0), [100, 200, 400, 800, 1_000, 1_000]);
    assert.deepEqual(waits(1), [50, 100, 200, 400, 500, 500]);
  });
});

describe("a receiver that refuses", () => {
  for (const status of [400, 401, 404, 408, 413, 500, 501]) {
    it(`with status ${status} is not sent the same again`, async () => {
      await pushing({}, async (receiver, start, troubles) => {
        receiver.next.push(answer(status, "why"), answer(status, "why"));
        const push = start();
        await until(() => push.status.sent >= 2);
        assert.deepEqual(numbers(receiver.requests).slice(0, 4), [1, 2, 3, 4]);
        assert.equal(push.status.lost, 2);
        assert.deepEqual(troubles, [{
          kind: "refused",
          message: `Cannot send a reading to the OTLP receiver at ${receiver.url}: ` +
            `it answered with status ${status}`,
        }]);
      });
    });
  }

  it("by a redirect is not followed", async () => {
    const other = await OtlpReceiver.start();
    await pushing({}, async (receiver, start, troubles) => {
      receiver.usual = answer(307, "", { location: `${other.url}/v1/metrics` });
      const push = start();
      await until(() => push.status.lost >= 2);
      assert.deepEqual(kinds(troubles), ["refused"]);
      assert.match(troubles[0]!.message, /redirects are not followed/);
    });
    assert.equal(other.requests.length, 0);
    await other.close();
  });
});

describe("what a receiver answers", () => {
  it("beside a yes is told once", async () => {
    const partial = JSON.stringify({
      partialSuccess: { rejectedDataPoints: "3", errorMessage: "too \u001b[31mold" },
    });
    await pushing({}, async (receiver, start, troubles) => {
      receiver.usual = answer(200, partial);
      const push = start();
      await until(() => push.status.sent >= 3);
      assert.deepEqual(troubles, [{
        kind: "partial",
        message: `Cannot send everything to the OTLP receiver at ${receiver.url}. ` +
          "It rejected 3 values: too \\u{1b}[31mold",
      }]);
    });
  });

  for (
    const [what, text, told] of [
      ["a warning", '{"partialSuccess":{"errorMessage":"slow down"}}', ["partial"]],
      ["an empty partial success", '{"partialSuccess":{}}', []],
      ["nothing", "", []],
      ["garbage", "<html>\u0000", ["unclear"]],
      ["JSON of another kind", "null", ["unclear"]],
      ["a count that is none", '{"partialSuccess":{"rejectedDataPoints":{},"x":[]}}', []],
      ["more than is read", `{"x":"${"y".repeat(1 << 20)}"}`, []],
    ] as const
  ) {
    it(`may be ${what}`, async () => {
      await pushing({}, async (receiver, start, troubles) => {
        receiver.usual = answer(200, text);
        const push = start();
        await until(() => push.status.sent >= 2);
        assert.deepEqual(kinds(troubles), told);
        assert.equal(push.status.lost, 0);
      });
    });
  }

  it("may never end: the status has said that it was taken", async () => {
    await pushing({ timeoutMs: 200, intervalMs: 60_000 }, async (receiver, start, troubles) => {
      receiver.usual = (response) => void response.writeHead(200).write('{"partial');
      const push = start();
      await until(() => push.status.sent === 1);
      assert.equal(receiver.requests.length, 1);
      assert.deepEqual(troubles, []);
    });
  });

  it("may not come: the reading is sent again", async () => {
    await pushing({ timeoutMs: 100, intervalMs: 60_000 }, async (receiver, start, troubles) => {
      receiver.next.push(hang);
      const push = start();
      await until(() => push.status.sent === 1);
      assert.deepEqual(numbers(receiver.requests), [1, 1]);
      assert.deepEqual(kinds(troubles), ["unreachable", "recovered"]);
      assert.match(troubles[0]!.message, /: it did not answer within 100 ms$/);
    });
  });

  it("never brings what is secret into a message", async () => {
    await pushing({}, async (receiver, start, troubles) => {
      const echo = { partialSuccess: { rejectedDataPoints: 1, errorMessage: "" } };
      receiver.usual = (response) => {
        const { headers, path } = receiver.requests.at(-1)!;
        echo.partialSuccess.errorMessage = `no ${headers.authorization} ${headers["x-key"]} ` +
          `at http://127.0.0.1${path} for hunter22`;
        response.end(JSON.stringify(echo));
      };
      const push = start({
        url: `http://user:hunter22@127.0.0.1:${receiver.port}/secret-path?token=abc`,
        headers: { "x-key": "sesame!" },
      });
      await until(() => push.status.sent >= 1);
      assert.deepEqual(troubles.map(({ message }) => message), [
        `Cannot send everything to the OTLP receiver at ${receiver.url}. ` +
        "It rejected 1 values: no … … at … for …",
      ]);
    });
    const troubles: OtlpTrouble[] = [];
    const push = new OtlpPush({
      url: "http://user:hunter22@127.0.0.1:1/secret-path?token=abc",
      headers: { "x-key": "sesame!" },
      read: readings(),
      resource: {},
      onTrouble: (trouble) => void troubles.push(trouble),
    });
    await until(() => troubles.length > 0);
    await push.close();
    assert.doesNotMatch(JSON.stringify(troubles), /hunter22|sesame|secret-path|token|user/);
  });
});

describe("readings", () => {
  it("that can't be taken are counted, and told once until one comes", async () => {
    await pushing({}, async (receiver, start, troubles) => {
      const read = readings();
      let count = 0;
      const push = start({
        read: () => ++count % 4 === 0 ? read() : Promise.reject(new Error("no \u001b[31m way")),
      });
      await until(() => push.status.sent >= 2);
      assert.ok(push.status.lost >= 6);
      assert.deepEqual(kinds(troubles).slice(0, 2), ["unread", "unread"]);
      assert.equal(troubles[0]!.message, "Cannot take a reading to send: no \\u{1b}[31m way");
      assert.ok(troubles.length <= push.status.sent + 1);
      assert.equal(receiver.requests.length >= 2, true);
    });
  });

  it("that throw, and a listener that throws, harm nobody", async () => {
    await pushing({}, async (_receiver, start) => {
      const read = readings();
      let count = 0;
      const push = start({
        read: () => {
          if (++count === 1) throw new Error("at once");
          return read();
        },
        onTrouble: () => {
          throw new Error("from the listener");
        },
      });
      await until(() => push.status.sent >= 2);
      assert.equal(push.status.lost, 1);
    });
  });

  it("that never come are told, are not piled up, and don't hold up the end", async () => {
    await pushing({}, async (_receiver, start, troubles) => {
      let asked = 0;
      const push = start({
        read: () => {
          asked += 1;
          return new Promise(() => {});
        },
      });
      await until(() => push.status.lost >= 3);
      assert.equal(asked, 1);
      assert.deepEqual(troubles.map(({ message }) => message), [
        "Cannot take a reading to send: the one before is still being taken",
      ]);
      const startMs = performance.now();
      await push.close(100);
      assert.ok(performance.now() - startMs < 5_000);
    });
  });
});

describe("the end", () => {
  it("sends what waits", async () => {
    await pushing({ intervalMs: 20 }, async (receiver, start, troubles) => {
      receiver.next.push(answer(503, "", { "retry-after": "600" }));
      const push = start();
      await until(() => push.status.queued >= 5);
      await push.close(10_000);
      const arrived = numbers(receiver.requests.slice(1));
      assert.deepEqual(arrived, arrived.map((_, i) => i + 1));
      assert.ok(arrived.length >= 5);
      assert.equal(push.status.queued, 0);
      assert.equal(push.status.dropped, 0);
      assert.deepEqual(kinds(troubles), ["unreachable", "recovered"]);
      // It has ended.
      await sleep(100);
      assert.equal(receiver.requests.length, arrived.length + 1);
    });
  });

  it("does not wait for a receiver that is away", async () => {
    await pushing({}, async (receiver, start, troubles) => {
      receiver.usual = answer(503);
      const push = start({ backoff: { firstMs: 60_000, mostMs: 60_000 } });
      await until(() => push.status.queued >= 5);
      const startMs = performance.now();
      await push.close(20_000);
      assert.ok(performance.now() - startMs < 5_000);
      assert.equal(receiver.requests.length, 2);
      assert.ok(push.status.dropped >= 5);
      assert.deepEqual(kinds(troubles), ["unreachable", "dropped"]);
    });
  });

  it("is bounded where a receiver hangs, and is the same end however often", async () => {
    await pushing({ timeoutMs: 60_000 }, async (receiver, start, troubles) => {
      receiver.usual = hang;
      const push = start();
      await until(() => receiver.requests.length === 1 && push.status.queued >= 2);
      const startMs = performance.now();
      await Promise.all([push.close(200), push.close(), push[Symbol.asyncDispose]()]);
      const tookMs = performance.now() - startMs;
      assert.ok(tookMs > 150 && tookMs < 5_000, `${tookMs} ms`);
      assert.deepEqual(kinds(troubles), ["dropped"]);
      assert.equal(push.status.queued, 0);
    });
  });

  it("of the program is not put off by pushing", async () => {
    const receiver = await OtlpReceiver.start();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-otlp-"));
    const script = path.join(folder, "push.ts");
    const file = (name: string) => JSON.stringify(repositoryFile(name));
    fs.writeFileSync(
      script,
      `import { OtlpPush } from ${file("lib/otel/push.ts")};
import { aFullReading } from ${file("test/support/metrics_reading.ts")};
const read = () => Promise.resolve({ ...aFullReading(), atMs: Date.now() });
const push = new OtlpPush({ url: "${receiver.url}", read, resource: {}, intervalMs: 60_000 });
while (push.status.sent === 0) await new Promise((resolve) => setTimeout(resolve, 10));
console.log("sent");
`,
    );
    try {
      const startMs = performance.now();
      const { stdout, code } = await runScript(script);
      assert.equal(stdout.trim(), "sent");
      assert.equal(code, 0);
      assert.ok(performance.now() - startMs < 30_000);
      assert.equal(receiver.requests.length, 1);
    } finally {
      fs.rmSync(folder, { recursive: true });
      await receiver.close();
    }
  });
});

it("options that can't be used are refused", () => {
  const options = { url: "http://127.0.0.1:1", read: readings(), resource: {} };
  const refused = (more: Partial<OtlpPushOptions>) => () => new OtlpPush({ ...options, ...more });
  assert.throws(refused({ url: "ftp://x" }), /^HypomnesisError: Cannot send OTLP: give a URL/);
  assert.throws(refused({ intervalMs: 0 }), /^RangeError: Cannot push OTLP with intervalMs 0:/);
  assert.throws(refused({ timeoutMs: NaN }), /^RangeError: Cannot push OTLP with timeoutMs NaN:/);
  assert.throws(refused({ backoff: { firstMs: 1, mostMs: 0 } }), /^RangeError: .* mostMs 0:/);
  assert.throws(refused({ maxQueued: 0.5 }), /^RangeError: Cannot queue 0.5 readings:/);
  assert.throws(refused({ monitored: { pids: [0] } }), /^RangeError: Cannot monitor process 0:/);
  assert.throws(refused({ monitored: { maxProcesses: -1 } }), /^RangeError: Cannot monitor -1 /);
});
