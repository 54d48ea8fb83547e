/** What goes on beside single questions: the history, phases and alerts, clients of the stream and its clock. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { Happenings } from "../lib/http/live/happenings.ts";
import { History } from "../lib/http/live/history.ts";
import type { LiveReading } from "../lib/http/live/live_reading.ts";
import { frameOf, idOf, numberOf } from "../lib/http/live/sse_frame.ts";
import { Subscriber } from "../lib/http/live/subscriber.ts";
import { Ticker, type TickerOptions } from "../lib/http/live/ticker.ts";
import { toFailure } from "../lib/errors.ts";
import type { Reading } from "../lib/reading/reading.ts";
import { memoryAlarms } from "../lib/telemetry/alarm.ts";
import { TelemetryBoard } from "../lib/telemetry/board.ts";
import { aDevice, aGpuReply, aSystemMemory } from "../lib/testing.ts";
import { aReading, EventReader, GIB, settle, until } from "./support/http_world.ts";

/** A reading with GPUs that use so many bytes, by index; `null`: not known. */
function withGpus(atMs: number, used: readonly (number | null)[], total = 24 * GIB): Reading {
  const devices = used.map((usedBytes, index) =>
    aDevice({ index, uuid: `GPU-${index}`, totalBytes: total, usedBytes, utilizationRatio: 0.25 })
  );
  const { kind: _, failures: __, ...gpu } = aGpuReply({ devices });
  return aReading({ atMs, gpu });
}

describe("the history", () => {
  it("is empty at first", () => {
    assert.deepEqual(new History({ intervalMs: 1000, durationMs: 5_000 }).columns(), {
      intervalMs: 1000,
      atMs: [],
      devices: [],
      system: { totalBytes: null, usedBytes: [] },
      memoryUsagePercent: [],
    });
  });

  it("keeps the last samples in their order, and no more", () => {
    const history = new History({ intervalMs: 1000, durationMs: 5_000 });
    for (let i = 1; i <= 12; i++) {
      const system = aSystemMemory({ totalBytes: 100, usedBytes: i });
      history.add({ ...withGpus(i * 1000, [i * 10]), system });
      const { atMs, devices, system: ram } = history.columns();
      const expected = Array.from({ length: Math.min(i, 5) }, (_, k) => i - Math.min(i, 5) + k + 1);
      assert.deepEqual(atMs, expected.map((n) => n * 1000));
      assert.deepEqual(devices[0]!.usedBytes, expected.map((n) => n * 10));
      assert.deepEqual(ram, { totalBytes: 100, usedBytes: expected });
    }
    const since = history.columns(11_000);
    assert.deepEqual([since.atMs, since.devices[0]!.usedBytes], [[11_000, 12_000], [110, 120]]);
    assert.deepEqual(history.columns(99_000).atMs, []);
  });

  it("has null for what was not known, and never an old number", () => {
    const history = new History({ intervalMs: 1000, durationMs: 4_000 });
    history.add(withGpus(1, [10, 20]));
    history.add(withGpus(2, [11, null]));
    history.add(aReading({ atMs: 3 }));
    history.add(withGpus(4, [12]));
    const used = () =>
      history.columns().devices.map(({ index, usedBytes }) => [index, ...usedBytes]);
    assert.deepEqual(used(), [[0, 10, 11, null, 12], [1, 20, null, null, null]]);
    assert.deepEqual(
      history.columns().devices[1]!.utilizationRatio,
      [0.25, 0.25, null, null],
    );
    assert.deepEqual(history.columns().system.usedBytes, [null, null, null, null]);
    assert.deepEqual(history.columns().memoryUsagePercent, [null, null, null, null]);
    // The ring comes round: the columns of a GPU that is gone go with its last number.
    history.add(withGpus(5, [13]));
    assert.deepEqual(used(), [[0, 11, null, 12, 13], [1, null, null, null, null]]);
    history.add(withGpus(6, [14]));
    assert.deepEqual(used(), [[0, null, 12, 13, 14]]);
    // One that comes later was not known before.
    history.add(withGpus(7, [15, 21]));
    assert.deepEqual(used(), [[0, 12, 13, 14, 15], [1, null, null, null, 21]]);
  });

  it("keeps zeros and large numbers as they are", () => {
    const history = new History({ intervalMs: 1000, durationMs: 2_000 });
    history.add(withGpus(1, [0]));
    history.add(withGpus(2, [Number.MAX_SAFE_INTEGER]));
    assert.deepEqual(history.columns().devices[0]!.usedBytes, [0, Number.MAX_SAFE_INTEGER]);
  });

  it("tells of the fullest allocator, with the digits that are true", () => {
    const board = new TelemetryBoard();
    board.report({ allocatedBytes: 1, reservedBytes: 3, pid: 1 });
    board.report({ allocatedBytes: 1, reservedBytes: 9, pid: 2 });
    const history = new History({ intervalMs: 1000, durationMs: 2_000 });
    history.add(aReading({ allocators: board.allocators() }));
    assert.deepEqual(history.columns().memoryUsagePercent, [33.3333]);
  });

  it("follows a GPU by its UUID, whatever its index", () => {
    const history = new History({ intervalMs: 1000, durationMs: 3_000 });
    const at = (index: number, usedBytes: number) => {
      const device = aDevice({ index, uuid: "GPU-x", usedBytes });
      const { kind: _, failures: __, ...gpu } = aGpuReply({ devices: [device] });
      history.add(aReading({ gpu }));
    };
    at(0, 1);
    at(3, 2);
    const { devices } = history.columns();
    assert.deepEqual(devices.map(({ index, usedBytes }) => [index, usedBytes]), [[3, [1, 2]]]);
  });

  it("lets the GPU go that was seen longest ago where there are too many", () => {
    const history = new History({ intervalMs: 1000, durationMs: 1_000_000 });
    const seen = (...uuids: number[]) => {
      const devices = uuids.map((n) => aDevice({ index: n, uuid: `GPU-${n}`, usedBytes: n }));
      const { kind: _, failures: __, ...gpu } = aGpuReply({ devices });
      history.add(aReading({ gpu }));
    };
    for (let n = 1; n <= 100; n++) seen(0, n);
    const kept = history.columns().devices.map(({ index }) => index);
    assert.equal(kept.length, 64);
    assert.equal(kept[0], 0, "it is there at every sample");
    assert.equal(kept[1], 38);
    assert.equal(history.columns().devices[0]!.usedBytes.length, 100);
    assert.ok(history.columns().devices[0]!.usedBytes.every((used) => used === 0));
  });

  it("holds an hour of 16 GPUs in less than 32 MB, however long it runs", () => {
    const made: { readonly byteLength: number }[] = [];
    const { Float64Array: double, Float32Array: single } = globalThis;
    const counted = <T extends typeof double | typeof single>(type: T): T =>
      new Proxy(type, {
        construct(target, given) {
          const array = Reflect.construct(target, given) as { readonly byteLength: number };
          made.push(array);
          return array;
        },
      });
    const history = (() => {
      Object.assign(globalThis, { Float64Array: counted(double), Float32Array: counted(single) });
      try {
        const history = new History({ intervalMs: 1_000, durationMs: 3_600_000 });
        for (let i = 0; i < 8_000; i++) history.add(withGpus(i * 1000, Array(16).fill(i)));
        return history;
      } finally {
        Object.assign(globalThis, { Float64Array: double, Float32Array: single });
      }
    })();
    const columns = history.columns();
    assert.deepEqual([columns.atMs.length, columns.devices.length], [3_600, 16]);
    assert.equal(columns.devices[15]!.usedBytes.at(-1), 7_999);
    const bytes = made.reduce((sum, { byteLength }) => sum + byteLength, 0);
    assert.equal(made.length, 3 + 2 * 16, "every column was made once");
    assert.ok(bytes > 16 * 3_600 * 8 && bytes < 32_000_000, `${bytes} bytes`);
  });
});

/** Phases and alerts on a clock that a test sets, one reading a second. */
function happenings() {
  let nowMs = 0;
  let tick = 0;
  const all = new Happenings(1_000, () => nowMs);
  const observe = (reading: Reading) => {
    all.observe({ ...reading, atMs: 1_000_000 + nowMs }, { tick, skipped: 0 });
    nowMs += 1_000;
    tick += 1;
  };
  return {
    all,
    observe,
    /** One reading after the other, of one GPU of 24 GiB. */
    use: (...gib: number[]) => gib.forEach((used) => observe(withGpus(0, [used * GIB]))),
    /** Nobody looks for so long; the one who looks then begins anew. */
    pass: (ms: number) => {
      nowMs += ms;
      tick = 0;
    },
    kinds: () => all.openAlerts.map(({ kind, severity }) => [kind, severity]),
  };
}

describe("alerts", () => {
  it("begin, become graver and end by the readings", () => {
    const { all, use, kinds } = happenings();
    use(8, 8);
    assert.equal(all.openAlerts.length, 0);
    use(20);
    assert.deepEqual(kinds(), [["gpu_zone", "warning"]]);
    const [warned] = all.openAlerts;
    assert.deepEqual([warned!.subject, warned!.beganAtMs, warned!.endedAtMs], [
      "gpu 0",
      1_002_000,
      null,
    ]);
    assert.match(warned!.message, /^GPU 0 memory 20\.00? GiB /);
    use(23.5);
    assert.deepEqual(kinds(), [["gpu_zone", "critical"]]);
    assert.deepEqual([all.openAlerts[0]!.id, all.openAlerts[0]!.beganAtMs], [
      warned!.id,
      warned!.beganAtMs,
    ]);
    use(23.6);
    assert.equal(all.openAlerts[0]!.value, 23.6 * GIB, "its number is the latest");
    use(4, 4, 4, 4, 4, 4, 4);
    assert.deepEqual(all.openAlerts, []);
    const [ended] = all.alertsSince(0);
    assert.equal(ended!.id, warned!.id);
    assert.ok(ended!.endedAtMs! >= ended!.beganAtMs);
    assert.deepEqual(all.alertsSince(ended!.endedAtMs! + 1), []);
    assert.equal(all.alertsSince(ended!.endedAtMs!).length, 1);
  });

  it("are about RAM too, and stay while nothing is known", () => {
    const { all, observe, kinds } = happenings();
    const ram = (used: number) =>
      observe(
        aReading({ system: aSystemMemory({ totalBytes: 100 * GIB, usedBytes: used * GIB }) }),
      );
    ram(50);
    ram(95);
    assert.deepEqual(kinds(), [["ram", "critical"]]);
    for (let i = 0; i < 20; i++) observe(aReading());
    assert.deepEqual(kinds(), [["ram", "critical"]]);
    for (let i = 0; i < 8; i++) ram(50);
    assert.deepEqual(all.openAlerts, []);
  });

  it("count no time in which nobody looked", () => {
    const gone = aReading({ failures: [toFailure(new Error("no"), "nvml")] });
    const missing = { ...gone, gpu: withGpus(0, []).gpu };
    const watched = happenings();
    watched.use(4);
    for (let i = 0; i < 40; i++) watched.observe(missing);
    assert.deepEqual(watched.kinds(), [["lost", "warning"]], "it was gone for long");
    const { use, observe, pass, all } = happenings();
    use(4);
    observe(missing);
    pass(3_600_000);
    observe(missing);
    assert.deepEqual(all.openAlerts, [], "it was seen gone for a moment, twice");
  });

  it("that are over are forgotten after an hour", () => {
    const { all, use, pass } = happenings();
    use(23.5, 4, 4, 4, 4, 4, 4, 4);
    assert.equal(all.alertsSince(0).length, 1);
    pass(3_600_000);
    use(4);
    assert.deepEqual(all.alertsSince(0), []);
  });
});

describe("phases", () => {
  const plain = { nested: false, type: null, step: null, labels: {} };

  it("follow each other, nest and end", () => {
    const { all } = happenings();
    const open = () => all.openPhases.map(({ path }) => path);
    all.phase({ ...plain, phase: "a", type: "t", step: "1", labels: { k: "v" } });
    assert.deepEqual(open(), ["a"]);
    assert.deepEqual(all.openPhases[0]!.labels, { k: "v" });
    all.phase({ ...plain, phase: "b" });
    all.phase({ ...plain, phase: "c", nested: true });
    assert.deepEqual(open(), ["b", "b/c"]);
    all.phase({ ...plain, phase: null });
    assert.deepEqual(open(), ["b"]);
    const paths = all.phasesSince(0).map(({ path, endedAtMs }) => [path, endedAtMs !== null]);
    assert.deepEqual(paths, [["a", true], ["b/c", true], ["b", false]]);
    assert.deepEqual(all.phasesSince(Infinity).map(({ path }) => path), ["b"]);
  });

  it("are bounded in depth and in number", () => {
    const { all } = happenings();
    for (let i = 0; i < 2_000; i++) all.phase({ ...plain, phase: `p${i}`, nested: true });
    assert.equal(all.openPhases.length, 32);
    assert.equal(all.openPhases[31]!.path.split("/").at(-1), "p1999");
    assert.equal(all.phasesSince(0).length, 500 + 32);
  });
});

/** Reads what there is of a client's stream. */
const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const frame = (text: string) => new TextEncoder().encode(text);

describe("a client of the stream", () => {
  it("gets what is sent, in its order, and the end", async () => {
    let ends = 0;
    const client = new Subscriber(() => ends += 1);
    const reader = client.stream.getReader();
    const first = reader.read();
    client.send(frame("a"));
    assert.equal(textOf((await first).value), "a");
    client.send(frame("b"));
    client.send(frame("c"));
    assert.equal(client.isBehind, true);
    assert.equal(textOf((await reader.read()).value), "b");
    client.end();
    client.end();
    client.send(frame("too late"));
    assert.equal(textOf((await reader.read()).value), "c");
    assert.deepEqual(await reader.read(), { done: true, value: undefined });
    assert.equal(ends, 1);
  });

  it("that is slow gets the newest, and nothing piles up", async () => {
    const client = new Subscriber(() => {});
    for (let i = 0; i < 10_000; i++) client.send(frame(`${i} `));
    client.end();
    assert.equal(await new Response(client.stream).text(), "9996 9997 9998 9999 ");
  });

  it("gets all it came for, also where that is much; then the newest alone", async () => {
    const missed = Array.from({ length: 60 }, (_, i) => frame(`m${i} `));
    const quick = new Subscriber(() => {}, missed);
    quick.send(frame("new"));
    const slow = new Subscriber(() => {}, missed);
    for (let i = 0; i < 1_000; i++) slow.send(frame(`${i} `));
    quick.end();
    slow.end();
    const wordsOf = (text: string) => text.split(" ").filter((word) => word !== "");
    const words = async (client: Subscriber) => wordsOf(await new Response(client.stream).text());
    assert.equal((await words(quick)).at(-1), "new");
    const newest = await words(slow);
    assert.deepEqual([newest.length, newest[0], newest.at(-1)], [60, "940", "999"]);
    // Once it has taken what it came for, it is a client as any other.
    const later = new Subscriber(() => {}, missed);
    const reader = later.stream.getReader();
    for (const bytes of missed) assert.equal((await reader.read()).value, bytes);
    for (let i = 0; i < 100; i++) later.send(frame(`${i} `));
    later.end();
    let rest = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      rest += textOf(read.value);
    }
    assert.deepEqual(wordsOf(rest), ["96", "97", "98", "99"]);
  });

  it("that goes is told of once, whether it was waiting or not", async () => {
    for (const isWaiting of [true, false]) {
      let ends = 0;
      const client = new Subscriber(() => ends += 1);
      const reader = client.stream.getReader();
      const read = isWaiting ? reader.read() : null;
      await reader.cancel();
      await read;
      client.send(frame("x"));
      client.end();
      assert.equal(ends, 1);
    }
  });
});

describe("frames", () => {
  it("are one event each, whatever is in it", () => {
    const text = textOf(frameOf("reading", "0123abcd-7", { atMs: 1, text: "a\nb\r\nid: 1\n\n" }));
    assert.equal(
      text,
      'event: reading\nid: 0123abcd-7\ndata: {"at_ms":1,"text":"a\\nb\\r\\nid: 1\\n\\n"}\n\n',
    );
  });

  it("have ids that are read only by the series they are of", () => {
    assert.equal(numberOf(idOf("0123abcd", 7), "0123abcd"), 7);
    const others = [
      null,
      "",
      "7",
      "0123abcd",
      "0123abcd-",
      "0123abcd--7",
      "0123abcd-7x",
      "0123abcd-1e3",
      "0123abce-7",
      `0123abcd-${"9".repeat(16)}`,
      " 0123abcd-7",
    ];
    for (const id of others) assert.equal(numberOf(id, "0123abcd"), null, `${id}`);
  });
});

const tickers = new Set<Ticker>();
afterEach(() => {
  for (const ticker of tickers) ticker.stop();
  tickers.clear();
});

/** A ticker whose readings are numbered by `atMs`, and whether it is over. */
function aTicker(options: Partial<TickerOptions> = {}) {
  const state = { taken: 0, isOver: false, gone: 0 };
  const ticker = new Ticker({
    intervalMs: 5,
    isSteady: false,
    lingerMs: 50,
    take: () => {
      state.taken += 1;
      return Promise.resolve(aReading({ atMs: state.taken }));
    },
    tell: (reading): LiveReading => ({
      ...reading,
      ...memoryAlarms({ allocators: [], devices: [], system: null }),
      intervalMs: 5,
      phases: [],
      alerts: [],
    }),
    ...options,
  }, () => {
    state.isOver = true;
  });
  tickers.add(ticker);
  const open = (lastId: string | null = null) =>
    new EventReader(new Response(ticker.subscribe(lastId, () => state.gone += 1)));
  return { ticker, state, open };
}

const numbersOf = (events: readonly { readonly data: Record<string, unknown> }[]) =>
  events.map(({ data }) => data.at_ms);

describe("the clock of a stream", () => {
  it("gives every client every event, with ids that rise", async () => {
    const { ticker, open } = aTicker();
    const clients = [open(), open()];
    assert.equal(ticker.clients, 2);
    for (const events of await Promise.all(clients.map((client) => client.take(5)))) {
      assert.deepEqual(numbersOf(events), [1, 2, 3, 4, 5]);
      const ids = events.map(({ id }) => id);
      assert.deepEqual(ids, [1, 2, 3, 4, 5].map((n) => `${ids[0]!.slice(0, 8)}-${n}`));
      assert.ok(events.every(({ event }) => event === "reading"));
    }
    for (const client of clients) await client.close();
  });

  it("gives who comes later the latest at once", async () => {
    const { open } = aTicker({ intervalMs: 3_600_000 });
    const [first] = await open().take(1);
    const [second] = await open().take(1);
    assert.deepEqual(second, first);
  });

  it("says that it is there before it has anything to tell", async () => {
    const { ticker } = aTicker({ take: () => new Promise(() => {}) });
    const reader = ticker.subscribe(null, () => {}).getReader();
    assert.match(textOf((await reader.read()).value), /^: \w+\n\n$/);
  });

  it("gives who comes back exactly what was missed", async () => {
    const { state, open } = aTicker();
    const before = open();
    const seen = await before.take(3);
    await before.close();
    const witness = open();
    await until(() => state.taken >= 30, "it went on");
    const back = open(seen[2]!.id);
    const missed = await back.take(20);
    assert.deepEqual(numbersOf(missed), Array.from({ length: 20 }, (_, i) => i + 4));
    await witness.close();
    await back.close();
  });

  it("begins anew with the latest for an id that is not of it, or is too old", async () => {
    const { state, open } = aTicker({ intervalMs: 1 });
    const [first] = await open().take(1);
    await until(() => state.taken > 150, "what was first is not kept");
    for (const id of ["ffffffff-1", "nonsense", "", `${first!.id}0000`]) {
      const [event] = await open(id).take(1);
      assert.ok(Number(event!.data.at_ms) > 150, `${id}: ${event!.data.at_ms}`);
    }
    const [oldest] = await open(first!.id).take(1);
    const number = Number(oldest!.data.at_ms);
    assert.ok(number > 80, `64 are kept, not those from ${number} on`);
  });

  it("keeps less where events are large", async () => {
    const message = "x".repeat(200_000);
    let taken = 0;
    const { open } = aTicker({
      take: () => {
        taken += 1;
        const failures = [{ code: "slow", message, source: null } as const];
        return Promise.resolve(aReading({ atMs: taken, failures }));
      },
    });
    const [first] = await open().take(1);
    await until(() => taken > 30, "it went on");
    const [next] = await open(first!.id).take(1);
    assert.ok(Number(next!.data.at_ms) > 20, "5 of 200 KB are 1 MB");
  });

  it("goes on for a moment when its last client has gone, and then is over", async () => {
    const { ticker, state, open } = aTicker();
    const client = open();
    const [first] = await client.take(1);
    await client.close();
    assert.deepEqual([ticker.clients, state.gone, state.isOver], [0, 1, false]);
    const back = open(first!.id);
    assert.equal((await back.take(1))[0]!.data.at_ms, 2, "nothing was missed");
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(state.isOver, false, "somebody listens");
    await back.close();
    await until(() => state.isOver, "nobody listens any more");
    const { taken } = state;
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(state.taken, taken, "nothing is asked any more");
  });

  it("goes on while it is held, or steady", async () => {
    const held = aTicker({ lingerMs: 1 });
    const release = held.ticker.hold();
    await held.open().close();
    const steady = aTicker({ lingerMs: 1, isSteady: true });
    await steady.open().close();
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual([held.state.isOver, steady.state.isOver], [false, false]);
    release();
    await until(() => held.state.isOver, "nobody holds it");
    assert.equal(steady.state.isOver, false);
  });

  it("ends every stream when it is stopped, or has nobody to ask any more", async () => {
    const stopped = aTicker({ intervalMs: 3_600_000 });
    const client = stopped.open();
    await client.take(1);
    stopped.ticker.stop();
    assert.equal(await client.next(), null);
    await until(() => stopped.state.isOver, "it was told");
    const failing = aTicker({ take: () => Promise.reject(new Error("closed")) });
    assert.equal(await failing.open().next(), null);
    await until(() => failing.state.isOver, "it was told");
    assert.deepEqual([stopped.ticker.clients, failing.ticker.clients], [0, 0]);
  });

  it("is not held up by a client that takes nothing", async () => {
    const { state, ticker, open } = aTicker({ intervalMs: 1 });
    const slow = open();
    const quick = open();
    await quick.take(200);
    const [first] = await slow.take(1);
    assert.ok(Number(first!.data.at_ms) > 100, `the newest, not ${first!.data.at_ms}`);
    await settle();
    assert.equal(ticker.clients, 2);
    assert.ok(state.taken >= 200);
  });

  it("tells a probe when its time is over, and takes no second one before", async () => {
    let under = 0;
    let most = 0;
    const { open } = aTicker({
      take: async (cutoff) => {
        under += 1;
        most = Math.max(most, under);
        await cutoff;
        under -= 1;
        return aReading({ atMs: 1 });
      },
    });
    await open().take(5);
    assert.equal(most, 1);
  });
});
