import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "../lib/errors.ts";
import { DEFAULT_SETTINGS, type SessionSettings } from "../lib/session/config/settings.ts";
import { textOf } from "../lib/session/csv_cells.ts";
import { describeSession } from "../lib/session/describe_session.ts";
import { SessionFiles } from "../lib/session/files/session_files.ts";
import type { SessionMeta } from "../lib/session/session_meta.ts";
import { SessionWriter } from "../lib/session/session_writer.ts";
import type { SessionTick } from "../lib/session/tick.ts";
import { aDevice, aSystemMemory } from "../lib/testing.ts";
import { FakeStore } from "./support/fake_store.ts";

const GIB = 2 ** 30;
const START_MS = Date.UTC(2026, 0, 31, 12);
const HUNG: Failure = { code: "hung", source: "nvml", message: "Cannot read nvml: it hangs" };

async function writerOn(settings: Partial<SessionSettings> = {}) {
  const store = new FakeStore();
  const opened: { meta?: SessionMeta } = {};
  const startedAt = new Date(START_MS);
  const files = await SessionFiles.create({
    store,
    folder: "/logs",
    name: "job",
    startedAt,
    rotateBytes: null,
    rotateMs: null,
    now: () => 0,
    onTrouble: () => {},
  }, (id) => {
    const all = { ...DEFAULT_SETTINGS, ...settings };
    return opened.meta = describeSession(id, startedAt, { settings: all });
  });
  const writer = new SessionWriter(files, opened.meta!);
  const rows = async (table: "events" | "gpu" | "system") => {
    await files.flush();
    const [header, ...lines] = (store.text(files.pathOf(table)) ?? "").split("\r\n");
    const keys = header!.split(",");
    return lines.filter((line) => line !== "").map((line) => {
      const cells = line.split(",");
      return Object.fromEntries(keys.map((key, i) => [key, textOf(cells[i])]));
    });
  };
  const log = async () => {
    await files.flush();
    return store.text(files.pathOf("log")) ?? "";
  };
  const session = () => JSON.parse(store.text(files.pathOf("session"))!);
  return { writer, files, rows, log, session };
}

const at = (elapsedMs: number) => ({ atMs: START_MS + elapsedMs, elapsedMs });

function aTick(tick: number, fields: Partial<SessionTick> = {}): SessionTick {
  const device = aDevice({ index: 0, uuid: "GPU-a", totalBytes: 12 * GIB, usedBytes: GIB });
  return {
    tick,
    skipped: 0,
    ...at(tick * 2_000),
    gpus: [{ index: 0, uuid: "GPU-a", device, gap: null }],
    system: aSystemMemory({ totalBytes: 64 * GIB, usedBytes: 8 * GIB }),
    systemGap: null,
    watched: [],
    own: { cpuRatio: 0.01, rssBytes: 50 },
    systemProbeMs: 1,
    gpuProbeMs: 2,
    failures: [],
    ...fields,
  };
}

const lost = {
  gpus: [{ index: 0, uuid: "GPU-a", device: null, gap: "nvml hung" }],
  failures: [HUNG],
};

test("start, ticks and end: rows, events, log and the session file tell the same", async () => {
  const { writer, rows, log, session, files } = await writerOn({ initialPhase: "Idle" });
  writer.begin("every 2000 ms", at(0));
  writer.observe(aTick(0), [aDevice({ index: 0, uuid: "GPU-a", name: "Fake" })]);
  writer.observe(aTick(1), []);
  const end = await writer.end("SIGINT", at(2_500));
  await files.closeLog();
  assert.deepEqual(end, {
    atMs: START_MS + 2_500,
    elapsedMs: 2_500,
    reason: "SIGINT",
    ticks: 2,
    rows: 8,
    lostRows: 0,
  });
  assert.deepEqual(
    (await rows("gpu")).map(({ tick, elapsed_ms, phase, zone }) => [tick, elapsed_ms, phase, zone]),
    [
      ["0", "0", "Idle", "safe"],
      ["1", "2000", "Idle", "safe"],
    ],
  );
  assert.deepEqual(
    (await rows("events")).map(({ event, subject, message }) => `${event} ${subject} ${message}`),
    [
      "start job every 2000 ms",
      "phase_begin Idle begins",
      "phase_end Idle ends",
      "end job SIGINT",
    ],
  );
  assert.match(await log(), /start job: every 2000 ms[^]*phase begins Idle[^]*end job: SIGINT\n$/);
  assert.equal(session().devices[0].name, "Fake");
  assert.equal(session().end.reason, "SIGINT");
});

test("a driver that hangs: a gap row, an event when it ceases and one when it answers again", async () => {
  const { writer, rows } = await writerOn();
  writer.observe(aTick(0), []);
  writer.observe(aTick(1, lost), []);
  writer.observe(aTick(2, lost), []);
  writer.observe(aTick(3), []);
  const gpu = await rows("gpu");
  assert.deepEqual(gpu.map(({ used_bytes: used, gap }) => [used, gap]), [
    [String(GIB), null],
    [null, "nvml hung"],
    [null, "nvml hung"],
    [String(GIB), null],
  ]);
  const health = (await rows("events")).filter(({ event }) => event === "health");
  assert.deepEqual(health.map(({ subject, message, tick }) => `${tick} ${subject} ${message}`), [
    "1 nvml hung: Cannot read nvml: it hangs",
    "3 nvml ok: nvml answers again",
  ]);
});

test("skipped ticks and a jump of the clock are events", async () => {
  const { writer, rows } = await writerOn();
  writer.observe(aTick(0), []);
  writer.observe(aTick(5, { skipped: 4 }), []);
  writer.observe(aTick(6, { atMs: START_MS + 3_600_000 }), []);
  const events = await rows("events");
  assert.deepEqual(events.map(({ event, value, unit }) => [event, value, unit]), [
    ["gap", "8000", "ms"],
    ["clock", "3588000", "ms"],
  ]);
});

test("an alert begins, is over, and the log has a status line every 30 s", async () => {
  const { writer, rows, log } = await writerOn();
  const used = (usedBytes: number) => {
    const device = aDevice({ index: 0, uuid: "GPU-a", totalBytes: 12 * GIB, usedBytes });
    return { gpus: [{ index: 0, uuid: "GPU-a", device, gap: null }] };
  };
  for (let tick = 0; tick < 40; tick++) {
    writer.observe(aTick(tick, used(tick >= 5 && tick < 20 ? 11 * GIB : GIB)), []);
  }
  const events = await rows("events");
  const zone = events.filter(({ subject, event }) =>
    subject === "gpu 0 zone" && event!.startsWith("alert")
  );
  assert.ok(zone.some(({ event, severity }) => event === "alert_begin" && severity === "critical"));
  assert.ok(zone.some(({ event }) => event === "alert_end"));
  assert.equal((await log()).match(/ status /g)?.length, 2);
  assert.match(
    await log(),
    /\+0:00:30 {2}INFO {6}status 0:00:30 \| ALERT gpu 0 zone \| GPU 0 11\.0 GiB \/ 12\.0 GiB/,
  );
});

test("a phase by hand: the rules wait until it has ended", async () => {
  const rule = DEFAULT_SETTINGS.phases;
  assert.deepEqual(rule, []);
  const { writer, rows } = await writerOn({ initialPhase: "Idle" });
  writer.begin("", at(0));
  writer.beginPhase("mission", { type: "planning", step: "3", labels: { "a;b": "c=d" } }, at(10));
  writer.beginPhase("chain", { nested: true }, at(20));
  assert.equal(writer.phase, "mission/chain");
  writer.endPhase(at(30));
  writer.endPhase(at(40));
  writer.endPhase(at(50));
  assert.equal(writer.phase, null);
  const begun = (await rows("events")).find(({ subject, event }) =>
    subject === "mission" && event === "phase_begin"
  )!;
  assert.deepEqual([begun.type, begun.step, begun.labels], ["planning", "3", "a\\;b=c\\=d"]);
});

test("telemetry of an allocator is a row at the time it came", async () => {
  const { writer, files } = await writerOn();
  writer.telemetry(
    { allocatedBytes: 5, reservedBytes: 9, peakBytes: null, device: 0, pid: 42, step: "7" },
    at(1_234),
  );
  await files.flush();
  assert.equal(files.counts.written, 1);
});
