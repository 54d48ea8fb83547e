/** The parts of the live page that draw nothing: events out of pieces, the last hour, rows of processes, numbers. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventReader } from "../lib/http/page/events.js";
import type { LiveReading } from "../lib/http/live/live_reading.ts";
import { Past } from "../lib/http/page/past.js";
import { filteredRows, processRows, sortedRows } from "../lib/http/page/processes.js";
import { columnsOf, gapsOf, Ring, samplesOf } from "../lib/http/page/ring.js";
import { rounded, safe, sizeText, spanText } from "../lib/http/page/text.js";
import { toSnakeCase } from "../lib/json_case.ts";
import { roundHalfEven } from "../lib/format.ts";
import { escapeText } from "../lib/text.ts";
import { HOSTILE } from "./support/an_analysis.ts";
import { aGpuProcess, aHistory, aProcess, aReading, GIB } from "./support/live_page_data.ts";

/** A reading with the keys that it is sent with. */
function asSent(reading: LiveReading) {
  return toSnakeCase(reading) as Parameters<typeof processRows>[0];
}

describe("events of a stream", () => {
  const read = (pieces: readonly string[]) => {
    const events: { type: string; data: string; id: string | null }[] = [];
    const take = eventReader((event: (typeof events)[number]) => events.push(event));
    for (const piece of pieces) take(piece);
    return events;
  };
  const stream =
    ': hello\n\nevent: reading\nid: 7\ndata: {"a":1}\n\n: still here\r\n\r\ndata:x\rdata: y\r\rdata: cut';
  const expected = [
    { type: "reading", data: '{"a":1}', id: "7" },
    { type: "message", data: "x\ny", id: "7" },
  ];

  it("are read whole", () => assert.deepEqual(read([stream]), expected));
  it("are read however they are cut", () => {
    assert.deepEqual(read([...stream]), expected);
    for (let at = 0; at < stream.length; at++) {
      assert.deepEqual(read([stream.slice(0, at), stream.slice(at)]), expected, `cut at ${at}`);
    }
  });
  it("without data are none, and one without an end is refused", () => {
    assert.deepEqual(read(["event: reading\n\nid: 4\n\n"]), []);
    const piece = "x".repeat(2 ** 20);
    assert.throws(() => read(["data: ", ...Array(33).fill(piece)]), /without an end/);
  });
});

describe("the last hour", () => {
  const sample = (atMs: number, ram: number | null = 1) => ({
    atMs,
    intervalMs: 1000,
    ram,
    percent: null,
    devices: new Map(),
  });
  const times = (ring: Ring) => ring.samples.map(({ atMs }: { atMs: number }) => atMs);

  it("is bounded in time and in number", () => {
    const ring = new Ring();
    for (let i = 0; i < 10_000; i++) ring.add(sample(i * 1000));
    assert.equal(ring.samples.length, 3601);
    const fast = new Ring();
    for (let i = 0; i < 10_000; i++) fast.add({ ...sample(i * 100), intervalMs: 100 });
    assert.equal(fast.samples.length, 4000);
    assert.equal(times(fast).at(-1), 999_900);
  });
  it("takes from a history only what it does not know", () => {
    const ring = new Ring();
    for (const atMs of [10_000, 11_000, 15_000]) ring.add(sample(atMs));
    ring.fill(
      [8_010, 9_010, 10_010, 11_010, 12_010, 13_010, 14_010, 15_010, 16_010].map((atMs) =>
        sample(atMs, 2)
      ),
    );
    assert.deepEqual(times(ring), [
      8_010,
      9_010,
      10_000,
      11_000,
      12_010,
      13_010,
      14_010,
      15_000,
      16_010,
    ]);
    ring.add(sample(16_010));
    ring.add(sample(12_010));
    assert.equal(ring.samples.length, 9);
  });
  it("goes on where the server's clock was set back", () => {
    const ring = new Ring();
    for (let i = 0; i < 100; i++) ring.add(sample(1_000_000 + i * 1000));
    ring.add(sample(500_000));
    assert.deepEqual(times(ring), [500_000]);
  });
  it("has gaps where samples are missing and where nothing is known, and nowhere else", () => {
    const samples = [1, 2, 3, 7, 8, 9, 10].map((s) => sample(s * 1000, s === 9 ? null : s));
    const shown = columnsOf(samples, 2000, [({ ram }: { ram: number }) => ram]);
    assert.deepEqual(shown, {
      seconds: [2, 3, 4, 7, 8, 9, 10],
      columns: [[2, 3, null, 7, 8, null, 10]],
    });
    assert.deepEqual(gapsOf(shown), [{ startMs: 3000, endMs: 7000 }, {
      startMs: 8000,
      endMs: 10_000,
    }]);
    const lost = columnsOf([sample(1000), sample(2000, null)], 0, [
      ({ ram }: { ram: number }) => ram,
    ]);
    assert.deepEqual(gapsOf(lost), [{ startMs: 1000, endMs: 2000 }]);
  });
  it("reads the columns of a history by GPU", () => {
    const told = aHistory(10_000, 4);
    const samples = samplesOf(toSnakeCase(told));
    assert.equal(samples.length, 4);
    assert.equal(samples[0].devices.get(told.devices[1]!.uuid).used, 17 * GIB);
    assert.equal(samples[3].devices.get(told.devices[1]!.uuid).used, null);
  });
});

describe("phases and alerts of the last hour", () => {
  const phase = (path: string, began_at_ms: number, ended_at_ms: number | null = null) => ({
    path,
    began_at_ms,
    ended_at_ms,
  });
  const shown = (past: Past) =>
    past.all.map(({ path, ended_at_ms }: { path: string; ended_at_ms: number | null }) =>
      `${path} ${ended_at_ms}`
    );

  it("end when they are no longer told, and are forgotten after an hour", () => {
    const past = new Past(({ path }: { path: string }) => path);
    past.load([phase("old", 0, 500), phase("a", 1000)]);
    past.observe([phase("a", 1000), phase("a/b", 2000)], 2000);
    past.observe([phase("a", 1000)], 3000);
    assert.deepEqual(shown(past), ["a null", "a/b 3000", "old 500"]);
    // A history that is older than what was seen does not open it again.
    past.load([phase("a/b", 2000)]);
    assert.deepEqual(shown(past), ["a null", "a/b 3000", "old 500"]);
    past.observe([phase("a", 1000)], 3_602_000);
    assert.deepEqual(shown(past), ["a null", "a/b 3000"]);
    for (let i = 0; i < 1000; i++) past.observe([phase("many", i)], 3_602_000 + i);
    assert.equal(past.all.length, 301);
  });
});

describe("rows of processes", () => {
  interface Row {
    readonly key: string;
    readonly name: string | null;
    readonly note: string;
    readonly gpus: string;
    readonly vram: {
      readonly bytes: number | null;
      readonly note: string;
      readonly isNone?: boolean;
    };
    readonly rss: { readonly bytes: number | null; readonly note: string };
  }
  const rowsOf = (some: Parameters<typeof aReading>[1]): Map<string, Row> =>
    new Map(processRows(asSent(aReading(0, some))).map((row: Row) => [row.key, row]));
  const gpu = aReading(0).gpu!;

  it("join GPU memory with RAM by PID", () => {
    const rows = rowsOf({});
    const python = rows.get("4711")!;
    assert.deepEqual([python.gpus, python.vram.bytes, python.rss.bytes], [
      "0, 1",
      9 * GIB,
      3 * GIB,
    ]);
    assert.equal(rows.get("5000")!.vram.isNone, true);
  });
  it("make no sum of what is not known in part", () => {
    const rows = rowsOf({
      gpu: {
        ...gpu,
        processes: [aGpuProcess(1, "a", GIB), aGpuProcess(1, "a", null, { deviceIndex: 1 })],
      },
    });
    assert.equal(rows.get("1")!.vram.bytes, null);
    assert.match(
      rows.get("1")!.vram.note,
      /NVML_VALUE_NOT_AVAILABLE\); 1\.0 GiB on its other GPUs/,
    );
  });
  it("are not joined where PIDs count elsewhere", () => {
    const foreign = aGpuProcess(4711, "x", GIB, { nameStatus: "foreign_namespace", name: null });
    const rows = rowsOf({ gpu: { ...gpu, processes: [foreign], foreignPids: true } });
    assert.equal(rows.get("foreign 4711")!.rss.bytes, null);
    assert.match(rows.get("foreign 4711")!.rss.note, /another PID namespace/);
    assert.equal(rows.get("4711")!.vram.bytes, null);
    assert.match(rows.get("4711")!.vram.note, /by another PID/);
  });
  it("tell of none on a GPU only where every GPU told its processes", () => {
    assert.equal(
      rowsOf({ gpu: { ...gpu, listedDevices: [0] } }).get("5000")!.vram.isNone,
      undefined,
    );
    assert.match(rowsOf({ gpu: null }).get("5000")!.vram.note, /do not answer/);
  });
  it("are sorted with what is not known last, and found by every word", () => {
    const rows = processRows(
      asSent(
        aReading(0, {
          processes: [aProcess(1, "One", 5), aProcess(2, "two", null), aProcess(3, "three", 9)],
          gpu: null,
        }),
      ),
    );
    const order = (id: string, isDown: boolean) =>
      sortedRows(rows, { id, isDown }).map(({ pid }: { pid: number }) => pid);
    assert.deepEqual(order("rss", true), [3, 1, 2]);
    assert.deepEqual(order("rss", false), [1, 3, 2]);
    assert.deepEqual(order("name", false), [1, 3, 2]);
    assert.deepEqual(filteredRows(rows, " T  3").map(({ pid }: { pid: number }) => pid), [3]);
  });
});

it("numbers and texts are those of the program", () => {
  for (const value of [0, 0.5, 1.5, 2.5, 44.5, 45.4, 92.25, 99.95]) {
    assert.equal(rounded(value, 0), roundHalfEven(value, 0));
    assert.equal(rounded(value, 1), roundHalfEven(value, 1));
  }
  assert.equal(safe(HOSTILE), escapeText(HOSTILE));
  assert.deepEqual([0, 1023, 2048, 300 * 2 ** 20, 8.25 * GIB, null, NaN].map(sizeText), [
    "0 B",
    "1023 B",
    "2 KiB",
    "300 MiB",
    "8.2 GiB",
    null,
    null,
  ]);
  assert.deepEqual([400, 9_960, 59_900, 125_000, 5_400_000, 90_000_000].map(spanText), [
    "0.4 s",
    "10.0 s",
    "1 min",
    "2 min 5 s",
    "1 h 30 min",
    "1 d 1 h",
  ]);
});
