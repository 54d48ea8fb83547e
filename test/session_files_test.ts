import assert from "node:assert/strict";
import { test } from "node:test";
import { COLUMNS } from "../lib/session/columns.ts";
import { DEFAULT_SETTINGS } from "../lib/session/config/settings.ts";
import { describeSession } from "../lib/session/describe_session.ts";
import { parseFileName } from "../lib/session/file_names.ts";
import { SessionFiles } from "../lib/session/files/session_files.ts";
import type { SystemRow } from "../lib/session/rows.ts";
import { FakeStore } from "./support/fake_store.ts";

const START = new Date(2026, 0, 31, 12, 0, 0);

async function filesOn(
  store: FakeStore,
  options: { rotateBytes?: number; rotateMs?: number; name?: string } = {},
) {
  const clock = { ms: 0 };
  const troubles: string[] = [];
  const files = await SessionFiles.create({
    store,
    folder: "/logs",
    name: options.name ?? "job",
    startedAt: START,
    rotateBytes: options.rotateBytes ?? null,
    rotateMs: options.rotateMs ?? null,
    now: () => clock.ms,
    onTrouble: (file, reason) => troubles.push(`${file}: ${reason}`),
  }, (id) => describeSession(id, START, { settings: DEFAULT_SETTINGS, command: null }));
  return { files, clock, troubles };
}

function row(fields: Partial<SystemRow> = {}): SystemRow {
  const nothing = Object.fromEntries(COLUMNS.system.map(({ key }) => [key, null]));
  return {
    ...nothing,
    time: START.toISOString(),
    elapsedMs: 0,
    tick: 0,
    ...fields,
  } as unknown as SystemRow;
}

test("the files are named as the first recorder named them, and only those with rows are there", async () => {
  const store = new FakeStore();
  const { files } = await filesOn(store);
  files.add("system", [row()]);
  files.log("a line\n");
  await files.flush();
  assert.deepEqual(store.paths, [
    "/logs/control-job-2026-01-31_12-00-00.jsonl",
    "/logs/session-job-2026-01-31_12-00-00.json",
    "/logs/system-memory-job-2026-01-31_12-00-00.csv",
    "/logs/test-execution-job-2026-01-31_12-00-00.log",
  ]);
  assert.equal(files.counts.written, 1);
});

test("recorders that begin in the same second never share a file", async () => {
  const store = new FakeStore();
  const all = await Promise.all([filesOn(store), filesOn(store), filesOn(store)]);
  const stamps = all.map(({ files }) => files.id.stamp).sort();
  assert.deepEqual(stamps, ["2026-01-31_12-00-00", "2026-01-31_12-00-01", "2026-01-31_12-00-02"]);
  const other = await filesOn(store, { name: "other" });
  assert.equal(other.files.id.stamp, "2026-01-31_12-00-00");
});

test("a folder that can't be written is an error that names it and the way out", async () => {
  const store = new FakeStore({ room: 0 });
  await assert.rejects(filesOn(store), (error: Error & { code?: string }) => {
    assert.equal(error.code, "output_failed");
    assert.match(error.message, /"\/logs".*--out/);
    return true;
  });
});

test("rows: the header once, CRLF, empty cells for what is not known", async () => {
  const store = new FakeStore();
  const { files } = await filesOn(store);
  files.add("system", [row({ usedBytes: 5 }), row({ tick: 1, gap: "proc hung" })]);
  await files.flush();
  const lines = store.text(files.pathOf("system"))!.split("\r\n");
  assert.equal(lines[0], COLUMNS.system.map(({ header }) => header).join(","));
  assert.match(lines[1]!, /^2026-01-31T\d\d:00:00\.000Z,0,0,,5,,/);
  assert.match(lines[2]!, /,proc hung$/);
  assert.equal(lines[3], "");
});

test("rotation by size: the part is numbered and compressed, the new file begins with a header", async () => {
  const store = new FakeStore();
  const { files } = await filesOn(store, { rotateBytes: 500 });
  for (let tick = 0; tick < 10; tick++) files.add("system", [row({ tick, usedBytes: 1 })]);
  await files.flush();
  await files.sync();
  files.add("system", [row({ tick: 10 })]);
  await files.sync();
  const part = "/logs/system-memory-job-2026-01-31_12-00-00.001.csv";
  assert.deepEqual(store.compressed, [part]);
  assert.deepEqual(parseFileName(part.slice(6)), {
    file: "system",
    name: "job",
    stamp: "2026-01-31_12-00-00",
    part: 1,
    gzipped: false,
  });
  assert.equal(store.text(part)!.split("\r\n").length, 12);
  const now = store.text(files.pathOf("system"))!.split("\r\n");
  assert.equal(now[0], COLUMNS.system.map(({ header }) => header).join(","));
  assert.equal(now.length, 3);
  assert.equal(files.counts.written, 11);
});

test("rotation by time, and what is told of the next one", async () => {
  const store = new FakeStore();
  const { files, clock } = await filesOn(store, { rotateMs: 60_000 });
  files.add("system", [row()]);
  assert.deepEqual(files.nextRotation, { inMs: 60_000 });
  clock.ms = 59_000;
  await files.sync();
  assert.deepEqual(store.compressed, []);
  clock.ms = 61_000;
  await files.sync();
  assert.equal(store.compressed.length, 1);
  assert.deepEqual(files.nextRotation, { inMs: 60_000 });
  assert.equal((await filesOn(store, { name: "x" })).files.nextRotation, null);
});

test("the disk fills up: it is told by file, and what it is about", async () => {
  const store = new FakeStore();
  const { files, troubles } = await filesOn(store);
  store.room = 0;
  files.add("system", [row()]);
  await files.flush();
  assert.deepEqual(troubles, ["system-memory-job-2026-01-31_12-00-00.csv: the disk is full"]);
  assert.equal(files.trouble, "the disk is full");
  assert.equal(files.counts.waiting, 1);
});

test("a folder that was removed has its session file and control file again after the next sync", async () => {
  const store = new FakeStore();
  const { files } = await filesOn(store);
  files.add("system", [row()]);
  await files.flush();
  store.removeFolder("/logs");
  await files.sync();
  assert.ok(store.paths.includes(files.pathOf("session")));
  assert.ok(store.paths.includes(files.pathOf("control")));
  assert.equal(JSON.parse(store.text(files.pathOf("session"))!).name, "job");
});

test("on a disk that is full from the beginning nothing is left behind", async () => {
  const store = new FakeStore({ room: 10 });
  await assert.rejects(filesOn(store), { code: "output_failed", message: /the disk is full/ });
  assert.deepEqual(store.paths, []);
});
