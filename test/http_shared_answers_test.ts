/** One probe for all who ask the same, renewed beside, bounded in how many wait and in what is kept. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { HypomnesisError } from "../lib/errors.ts";
import { Refusal } from "../lib/http/refusal.ts";
import { SharedAnswers } from "../lib/http/shared_answers.ts";
import {
  collectGarbage,
  endWorlds,
  httpWorld,
  json,
  problem,
  settle,
  skipGarbage,
  until,
} from "./support/http_world.ts";

afterEach(endWorlds);

/** Young for as long as any test takes. */
const LONG_MS = 600_000;

/** Something to ask: every call is counted, and waits until it is told what to answer. */
function probe() {
  const calls: PromiseWithResolvers<string>[] = [];
  const ask = () => {
    const call = Promise.withResolvers<string>();
    calls.push(call);
    return call.promise;
  };
  return { ask, calls };
}

const valueOf = async (answer: Promise<{ readonly value: unknown }>) => (await answer).value;

describe("shared answers", () => {
  it("ask once for all who ask the same, and once for each that differs", async () => {
    const shared = new SharedAnswers({ mostWaiting: 1_000 });
    const [one, other] = [probe(), probe()];
    const ones = Array.from({ length: 100 }, () => shared.get("one", LONG_MS, one.ask));
    const others = Array.from({ length: 100 }, () => shared.get("other", LONG_MS, other.ask));
    assert.deepEqual([one.calls.length, other.calls.length], [1, 1]);
    assert.equal(shared.ready("one", LONG_MS, one.ask), null, "it is under way");
    other.calls[0]!.resolve("b");
    assert.deepEqual(new Set(await Promise.all(others.map(valueOf))), new Set(["b"]));
    one.calls[0]!.resolve("a");
    assert.deepEqual(new Set(await Promise.all(ones.map(valueOf))), new Set(["a"]));
    assert.equal(shared.ready("one", LONG_MS, one.ask)?.value, "a");
    assert.equal(await valueOf(shared.get("one", LONG_MS, one.ask)), "a");
    assert.equal(one.calls.length, 1);
  });

  it("give an answer while it is young, and ask anew when it is not", async () => {
    const shared = new SharedAnswers({ mostWaiting: 10 });
    const { ask, calls } = probe();
    const first = shared.get("key", LONG_MS, ask);
    calls[0]!.resolve("old");
    await first;
    await pause(1_100);
    assert.equal(shared.ready("key", 1_000, ask), null);
    const second = shared.get("key", 1_000, ask);
    assert.equal(calls.length, 2);
    calls[1]!.resolve("new");
    assert.equal(await valueOf(second), "new");
    assert.equal(shared.ready("key", LONG_MS, ask)?.value, "new");
  });

  it("are as old as their question: what took long is not young when it comes", async () => {
    const shared = new SharedAnswers({ mostWaiting: 10 });
    const { ask, calls } = probe();
    const first = shared.get("key", 10, ask);
    await pause(50);
    calls[0]!.resolve("late");
    assert.equal(await valueOf(first), "late");
    void shared.get("key", 10, ask);
    assert.equal(calls.length, 2);
    calls[1]!.resolve("x");
  });

  it("renew what is half as old as it may be, beside, and once", async () => {
    const shared = new SharedAnswers({ mostWaiting: 10 });
    const { ask, calls } = probe();
    const ageMs = 4_000;
    const first = shared.get("key", ageMs, ask);
    calls[0]!.resolve("old");
    await first;
    assert.equal(shared.ready("key", ageMs, ask)?.value, "old");
    assert.equal(calls.length, 1, "it is new");
    await pause(2_100);
    for (let i = 0; i < 20; i++) {
      assert.equal(shared.ready("key", ageMs, ask)?.value, "old", "nobody waits");
      assert.equal(await valueOf(shared.get("key", ageMs, ask)), "old");
    }
    assert.equal(calls.length, 2);
    calls[1]!.resolve("new");
    await settle();
    assert.equal(shared.ready("key", ageMs, ask)?.value, "new");
    assert.equal(calls.length, 2);
  });

  it("wait for the renewal where the old answer has become too old", async () => {
    const shared = new SharedAnswers({ mostWaiting: 10 });
    const { ask, calls } = probe();
    const first = shared.get("key", LONG_MS, ask);
    calls[0]!.resolve("old");
    await first;
    await pause(20);
    // Half of this has passed, so it is renewed.
    assert.equal(shared.ready("key", performance.now(), ask)?.value, "old");
    if (calls.length === 1) {
      for (let ageMs = 30; calls.length === 1; ageMs *= 1.05) shared.ready("key", ageMs, ask);
    }
    assert.equal(calls.length, 2);
    const second = shared.get("key", 1, ask);
    assert.equal(calls.length, 2, "what is under way is waited for");
    calls[1]!.resolve("new");
    assert.equal(await valueOf(second), "new");
  });

  it("tell a failure to all who wait, and ask anew for the next", async () => {
    const shared = new SharedAnswers({ mostWaiting: 10 });
    const { ask, calls } = probe();
    const waiting = Array.from({ length: 5 }, () => shared.get("key", LONG_MS, ask));
    calls[0]!.reject(new Error("no"));
    for (const { status } of await Promise.allSettled(waiting)) assert.equal(status, "rejected");
    assert.equal(shared.ready("key", LONG_MS, ask), null);
    const next = shared.get("key", LONG_MS, ask);
    assert.equal(calls.length, 2);
    calls[1]!.resolve("yes");
    assert.equal(await valueOf(next), "yes");
  });

  it("let a renewal that fails be told to the next who asks, and to nobody before", async () => {
    const shared = new SharedAnswers({ mostWaiting: 10 });
    const { ask, calls } = probe();
    const ageMs = 2_000;
    const first = shared.get("key", ageMs, ask);
    calls[0]!.resolve("old");
    await first;
    await pause(1_050);
    assert.equal(shared.ready("key", ageMs, ask)?.value, "old");
    calls[1]!.reject(new Error("no"));
    await settle();
    const next = shared.get("key", ageMs, ask);
    assert.equal(calls.length, 3);
    calls[2]!.reject(new Error("still not"));
    await assert.rejects(next, /^Error: still not$/);
  });

  it("refuse at once where too many wait, and take again what is asked later", async () => {
    const shared = new SharedAnswers({ mostWaiting: 3 });
    const { ask, calls } = probe();
    const waiting = ["a", "a", "b"].map((key) => shared.get(key, LONG_MS, ask));
    for (const key of ["a", "c"]) {
      await assert.rejects(shared.get(key, LONG_MS, ask), (error: unknown) => {
        assert.ok(error instanceof Refusal);
        assert.deepEqual([error.status, error.code], [503, "slow"]);
        assert.deepEqual(error.headers, { "retry-after": "1" });
        assert.match(error.message, /^Cannot take another question: 3 are waiting; /);
        return true;
      });
    }
    assert.equal(calls.length, 2, "what is refused asks nothing");
    calls[0]!.reject(new Error("no"));
    await assert.rejects(waiting[0]!);
    await assert.rejects(waiting[1]!);
    const later = shared.get("c", LONG_MS, ask);
    calls[1]!.resolve("b");
    calls[2]!.resolve("c");
    assert.equal(await valueOf(waiting[2]!), "b");
    assert.equal(await valueOf(later), "c");
    // What is there is given however many wait.
    const full = ["d", "e", "f"].map((key) => shared.get(key, LONG_MS, ask));
    assert.equal(await valueOf(shared.get("c", LONG_MS, ask)), "c");
    for (const call of calls.slice(3)) call.resolve("x");
    await Promise.all(full);
  });

  it("keep so many, and what is waited for in any case", async () => {
    const shared = new SharedAnswers({ mostWaiting: 1_000 });
    const slow = probe();
    const waiting = shared.get("slow", LONG_MS, slow.ask);
    const asked: string[] = [];
    const get = (key: string) =>
      shared.get(key, LONG_MS, () => {
        asked.push(key);
        return Promise.resolve(key);
      });
    for (let i = 0; i < 200; i++) await get(`key ${i}`);
    await get("key 199");
    assert.equal(asked.length, 200);
    await get("key 0");
    assert.equal(asked.length, 201, "the one asked longest ago made room");
    void shared.get("slow", LONG_MS, slow.ask);
    assert.equal(slow.calls.length, 1);
    slow.calls[0]!.resolve("slow");
    assert.equal(await valueOf(waiting), "slow");
  });

  it("keep nothing that nobody is given any more", { skip: skipGarbage }, async () => {
    const shared = new SharedAnswers({ mostWaiting: 10 });
    const get = async (key: string) => {
      const value = { key };
      await shared.get(key, 10, () => Promise.resolve(value));
      return new WeakRef(value);
    };
    const old = await get("old");
    await pause(50);
    await get("new");
    await until(() => {
      collectGarbage!();
      return old.deref() === undefined;
    }, "the old answer is let go");
  });

  it("write each form once for all", async () => {
    const shared = new SharedAnswers({ mostWaiting: 10 });
    const answer = await shared.get("key", LONG_MS, () => Promise.resolve({ a: 1 }));
    let made = 0;
    const make = (value: unknown) => {
      made += 1;
      return JSON.stringify(value);
    };
    assert.equal(answer.body("json", make), '{"a":1}');
    assert.equal(answer.body("json", make), '{"a":1}');
    const [first, second] = await Promise.all([
      answer.gzipped("json", make),
      answer.gzipped("json", make),
    ]);
    assert.equal(first, second);
    assert.equal(made, 1);
    assert.equal(answer.body("other", () => "x"), "x");
  });
});

describe("many requests at once", () => {
  it("are one probe, and the same answer", async () => {
    const { get, post, meter } = httpWorld();
    const release = meter.hold("devices");
    const answers = Array.from(
      { length: 100 },
      (_, i) => i % 2 === 0 ? get("/v1/devices") : post("/v1/ask", { kind: "devices" }),
    );
    await until(() => meter.count("devices") === 1, "one was asked");
    await settle();
    release();
    const texts = await Promise.all(answers.map(async (answer) => (await answer).text()));
    assert.equal(new Set(texts).size, 1);
    assert.match(texts[0]!, /^\{"kind":"devices"/);
    assert.equal(meter.count("devices"), 1);
  });

  it("are several where they differ", async () => {
    const { get, meter } = httpWorld();
    const paths = ["/v1/snapshot?pid=1", "/v1/snapshot?pid=2", "/v1/snapshot?pid=1"];
    const pids = (await Promise.all(paths.map((path) => get(path)))).map(async (answer) =>
      (await json(answer)).pid
    );
    assert.deepEqual(await Promise.all(pids), [1, 2, 1]);
    assert.equal(meter.count("snapshot"), 2);
  });

  it("are all told a failure, and the next asks anew", async () => {
    const { get, meter } = httpWorld();
    let fail = () => {};
    meter.answer("doctor", () =>
      new Promise((_, reject) => {
        fail = () => reject(new HypomnesisError("hung", "Cannot ask it: it hangs"));
      }));
    const answers = Array.from({ length: 10 }, () => get("/v1/doctor"));
    await until(() => meter.count("doctor") === 1, "it was asked");
    await settle();
    meter.answer("doctor", null);
    fail();
    for (const answer of answers) await problem(await answer, 504, "hung");
    assert.equal(meter.count("doctor"), 1);
    await json(await get("/v1/doctor"));
    await json(await get("/v1/doctor"));
    assert.equal(meter.count("doctor"), 2, "what is dear is shared for longer");
  });

  it("above the budget are refused at once, and what needs no probe is not", async () => {
    const { get, meter } = httpWorld({ mostWaiting: 2 });
    const release = meter.hold("snapshot");
    const waiting = [get("/v1/snapshot?pid=1"), get("/v1/snapshot?pid=2")];
    await until(() => meter.count("snapshot") === 2, "both were asked");
    for (const path of ["/v1/snapshot?pid=1", "/v1/snapshot?pid=3", "/v1/devices", "/metrics"]) {
      const response = await get(path);
      assert.equal(response.headers.get("retry-after"), "1", path);
      await problem(response, 503, "slow");
    }
    assert.equal(meter.questions.length, 2);
    assert.equal((await get("/-/ready")).status, 200);
    release();
    for (const answer of waiting) await json(await answer);
    await json(await get("/v1/devices"));
  });

  it("take their place again when they fail", async () => {
    const { get, meter } = httpWorld({ mostWaiting: 1 });
    for (let i = 0; i < 5; i++) {
      meter.fail("devices", new HypomnesisError("hung", "Cannot ask it: it hangs"));
      await problem(await get("/v1/devices"), 504, "hung");
    }
    meter.answer("devices", null);
    await json(await get("/v1/devices"));
  });
});
