/** Recordings that are damaged, cut off, foreign or gone: what is left is loaded, and what is missing is said. */
import assert from "node:assert/strict";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { HypomnesisError } from "../lib/errors.ts";
import { fileError, type ReadFiles, SYSTEM_FILES } from "../lib/session/files/read_files.ts";
import { loadRecording } from "../lib/session/load/load.ts";
import {
  aGpuRow,
  aPhase,
  aSystemRow,
  makeFolder,
  overTicks,
  tableText,
  writePart,
  writeSession,
} from "./support/session_files.ts";

/** The error of loading these paths. */
async function refusal(paths: readonly string[], files?: ReadFiles): Promise<HypomnesisError> {
  const loading = loadRecording(paths, files === undefined ? {} : { files });
  const error: unknown = await loading.then(() => null, (error) => error);
  assert.ok(error instanceof HypomnesisError, `no refusal but ${error}`);
  assert.match(error.message, /^Cannot /);
  return error;
}

const systemRows = (count: number) => overTicks(count, (tick) => aSystemRow({ tick }));

test("a last line that was cut off is left out: within a number, a quoted cell or a character", async () => {
  using folder = makeFolder();
  const { path } = writeSession(folder.path, { system: systemRows(3) });
  const whole = readFileSync(path("system"));
  const lines = whole.toString().split("\r\n");
  const last = lines[3]!;
  const tails = [last.slice(0, 40), last, '2026-01-31T12:00:02.000Z,2000,2,"Trai', "2026,2000,2,ὑ"];
  for (const tail of tails) {
    const bytes = Buffer.from(lines.slice(0, 3).join("\r\n") + "\r\n" + tail);
    writeFileSync(path("system"), tail.endsWith("ὑ") ? bytes.subarray(0, -1) : bytes);
    const { system, notices, durationMs } = await loadRecording([folder.path]);
    assert.deepEqual([...system!.timesMs], [0, 1_000], tail);
    assert.equal(durationMs, 1_000);
    assert.equal(notices.length, 1, notices.join());
    assert.match(notices[0]!, /^system-memory-.*: the last line was cut off and is left out$/);
  }
});

test("rows that can't be understood are left out and counted", async () => {
  using folder = makeFolder();
  const { path } = writeSession(folder.path, {});
  const [first, second, third] = [0, 1, 2].map((tick) =>
    tableText("gpu", [aGpuRow({ tick })], { header: false })
  );
  const bad = [
    "x\r\n",
    first!.replace(",0,0,", ",,0,"),
    first!.replace(",0,0,,0,", ",0,0,,nine,"),
    first!.replace(",0,0,", ",-5,0,"),
    first!.replace("GPU-0", "\0\0"),
  ];
  writeFileSync(
    path("gpu"),
    tableText("gpu", []) + first + bad.join("") + second + third + first,
  );
  const { gpus, notices } = await loadRecording([folder.path]);
  // The last row is from before the two in front of it, and can't be in its place.
  assert.deepEqual([...gpus[0]!.timesMs], [0, 1_000, 2_000]);
  assert.equal(notices.length, 1);
  assert.match(notices[0]!, /^gpu-memory-.*: 6 rows that could not be understood/);
});

test("a row whose time can't be true does not cost those behind it", async () => {
  for (const wrong of [0, 2, 4]) {
    using folder = makeFolder();
    const system = overTicks(
      5,
      (tick) =>
        aSystemRow({ tick, usedBytes: tick, ...tick === wrong ? { elapsedMs: 999_999_000 } : {} }),
    );
    writeSession(folder.path, { system });
    const { system: machine, notices } = await loadRecording([folder.path]);
    const expected = [0, 1, 2, 3, 4].filter((tick) => tick !== wrong);
    // Nothing comes behind the last row that could tell that it is wrong.
    const last = wrong === 4 ? [4] : [];
    assert.deepEqual([...machine!.columns.usedBytes], [...expected, ...last]);
    assert.equal(notices.length, wrong === 4 ? 0 : 1);
  }
});

test("an empty table and one with its header alone leave the rest standing", async () => {
  using folder = makeFolder();
  const { path } = writeSession(folder.path, { system: systemRows(2), gpu: [], events: [] });
  writeFileSync(path("process"), "");
  const data = await loadRecording([folder.path]);
  assert.deepEqual([data.gpus, data.processes, data.phases], [[], [], []]);
  assert.equal(data.system!.timesMs.length, 2);
  assert.equal(data.notices.length, 1);
  assert.match(data.notices[0]!, /^process-memory-.*: is empty$/);
});

test("a session with nothing in it has no duration", async () => {
  using folder = makeFolder();
  writeSession(folder.path, { system: [], meta: null });
  const data = await loadRecording([folder.path]);
  assert.deepEqual([data.system, data.durationMs, data.intervalMs], [null, 0, 2_000]);
  assert.equal(data.startedAtMs, new Date(2026, 0, 31, 12).getTime());
});

test("the header of something else is an error that says what was expected", async () => {
  using folder = makeFolder();
  const { path } = writeSession(folder.path, { system: systemRows(1) });
  for (const header of ["a,b,c\n1,2,3\n", "\x1b[31m\xff\x00,\n1,2\n", "\u202e,x\n"]) {
    writeFileSync(path("gpu"), header);
    const { code, message } = await refusal([folder.path]);
    assert.equal(code, "bad_value");
    assert.ok(message.includes(path("gpu")), message);
    assert.match(message, /gpu-memory file, which is "time,elapsed_ms,tick,phase,gpu,uuid,/);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(message, /[\x00-\x1f\u202e]/);
  }
});

test("a session file of another format is an error; one that is broken or missing is a notice", async () => {
  using folder = makeFolder();
  const { path } = writeSession(folder.path, { system: systemRows(2) });
  const json = readFileSync(path("session"), "utf8");
  writeFileSync(path("session"), json.replace('"format": 1', '"format": 9'));
  const { code, message } = await refusal([folder.path]);
  assert.equal(code, "bad_value");
  assert.match(message, /hmn 0\.1\.0 wrote it in format 9, and this hmn reads format 1/);
  for (const broken of [json.slice(0, 100), "", "[]", '{"format": "x"}', '{"format": 1}', "\xff"]) {
    writeFileSync(path("session"), broken);
    const { meta, notices, system } = await loadRecording([folder.path]);
    assert.equal(meta, null);
    assert.equal(system!.timesMs.length, 2);
    assert.match(notices.join(), /^session-.*: can't be understood/, broken);
  }
});

test("what a session file lacks has its default, and what it has of another type is not believed", async () => {
  using folder = makeFolder();
  const { path } = writeSession(folder.path, { system: systemRows(2) });
  writeFileSync(
    path("session"),
    '{"format":1,"name":"x","started_at_ms":5,"settings":{"gpu":{"caution_ratio":0.5},' +
      '"ram":7,"interval_ms":"soon","groups":{"a":1},"rotate_bytes":9},"devices":[{},{"index":1}]}',
  );
  const { meta } = await loadRecording([folder.path]);
  assert.deepEqual([meta!.settings.gpu.cautionRatio, meta!.settings.gpu.criticalRatio], [
    0.5,
    5 / 6,
  ]);
  const { ram, intervalMs, groups, rotateBytes } = meta!.settings;
  assert.deepEqual([ram.targetRatio, intervalMs, groups, rotateBytes], [0.7, 2_000, [], 9]);
  assert.deepEqual(meta!.devices.map(({ index, name }) => [index, name]), [[1, null]]);
  assert.equal(meta!.end, null);
});

test("a compressed part that is cut off, damaged or garbage gives what stands before", async () => {
  const rows = overTicks(5_000, (tick) => aGpuRow({ tick, usedBytes: tick * 7_919 % 1_000_003 }));
  const zipped = gzipSync(tableText("gpu", rows));
  const flipped = Buffer.from(zipped);
  flipped[zipped.length >> 1]! ^= 0xff;
  const cases: readonly (readonly [string, Uint8Array, number, RegExp])[] = [
    ["cut", zipped.subarray(0, zipped.length >> 1), 1_000, /file is cut off/],
    ["cut in its end", zipped.subarray(0, -4), 5_000, /file is cut off/],
    ["nothing", new Uint8Array(0), 0, /file is cut off/],
    ["flipped", flipped, 1_000, /file is damaged/],
    ["garbage", Buffer.from("no gzip at all"), 0, /file is damaged/],
  ];
  for (const [what, bytes, least, notice] of cases) {
    using folder = makeFolder();
    const path = writePart(folder.path, "gpu", 1, []);
    writeFileSync(path, bytes);
    writeSession(folder.path, { gpu: [aGpuRow({ tick: 6_000 })] });
    const { gpus, notices } = await loadRecording([folder.path]);
    const times = [...gpus[0]!.timesMs];
    assert.ok(times.length > least, `${what}: ${times.length} rows`);
    assert.equal(times.at(-1), 6_000_000, what);
    const kept = times.slice(0, -1);
    if (what !== "flipped") assert.deepEqual(kept, kept.map((_, i) => i * 1_000), what);
    assert.match(notices[0]!, notice, what);
  }
});

test("two gzip files joined are one", async () => {
  using folder = makeFolder();
  const path = writePart(folder.path, "system", 1, []);
  const [head, tail] = [systemRows(2), systemRows(4).slice(2)];
  const second = gzipSync(tableText("system", tail, { header: false }));
  writeFileSync(path, Buffer.concat([gzipSync(tableText("system", head)), second]));
  const { system } = await loadRecording([folder.path]);
  assert.deepEqual([...system!.timesMs], [0, 1_000, 2_000, 3_000]);
});

test("a file that vanishes between listing and reading is a notice; one that was compressed is found", async () => {
  using folder = makeFolder();
  const gone = writePart(folder.path, "system", 1, systemRows(2), { gzip: false });
  const zipped = writePart(folder.path, "gpu", 1, [aGpuRow()], { gzip: false });
  writeSession(folder.path, { system: systemRows(4).slice(2), gpu: [aGpuRow({ tick: 1 })] });
  const files: ReadFiles = {
    ...SYSTEM_FILES,
    open(path) {
      if (path === gone || path === zipped) {
        rmSync(path, { force: true });
        if (path === zipped) writePart(folder.path, "gpu", 1, [aGpuRow()]);
      }
      return SYSTEM_FILES.open(path);
    },
  };
  const { system, gpus, notices } = await loadRecording([folder.path], { files });
  assert.deepEqual([...system!.timesMs], [2_000, 3_000]);
  assert.deepEqual([...gpus[0]!.timesMs], [0, 1_000]);
  assert.deepEqual(notices.length, 1);
  assert.match(notices[0]!, /^system-memory-.*\.001\.csv: vanished before it was read$/);
});

test("folders and files that are not there, hold nothing, or may not be read", async () => {
  using folder = makeFolder();
  const nowhere = join(folder.path, "nowhere");
  const missing = await refusal([nowhere]);
  assert.equal(missing.code, "absent");
  assert.ok(missing.message.includes(nowhere));
  const empty = await refusal([folder.path]);
  assert.equal(empty.code, "absent");
  assert.match(empty.message, /Cannot find a recording in .*: record one with hmn record/);
  writeSession(folder.path, { system: systemRows(1) });
  const log = join(folder.path, "test-execution-other-2026-01-31_12-00-00.log");
  writeFileSync(log, "x\n");
  assert.match((await refusal([log])).message, /its tables, such as gpu-memory-/);
  const before = process.cwd();
  const elsewhere = makeFolder();
  try {
    process.chdir(elsewhere.path);
    assert.match(
      (await refusal([])).message,
      /Cannot find a recording in memory-logs: .*hmn record/,
    );
    writeSession("memory-logs", { system: systemRows(3) });
    assert.equal((await loadRecording([])).system!.timesMs.length, 3);
  } finally {
    process.chdir(before);
    elsewhere[Symbol.dispose]();
  }
});

test("what access is denied to is an error that says so", async () => {
  using folder = makeFolder();
  const { path } = writeSession(folder.path, { system: systemRows(1), gpu: [aGpuRow()] });
  const denied = Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
  const list = () => Promise.reject(fileError("the folder", folder.path, denied));
  const folderError = await refusal([folder.path], { ...SYSTEM_FILES, list });
  assert.equal(folderError.code, "permission_denied");
  assert.ok(folderError.message.includes(`the folder ${folder.path}: access is denied`));
  const files: ReadFiles = {
    ...SYSTEM_FILES,
    // deno-lint-ignore require-yield
    async *open(file) {
      await Promise.resolve();
      throw fileError("", file, denied);
    },
  };
  assert.equal((await refusal([path("gpu")], files)).code, "permission_denied");
  // Root may read everything, so the system itself can only be asked as somebody else.
  if (process.getuid?.() === 0) return;
  chmodSync(folder.path, 0);
  try {
    assert.equal((await refusal([folder.path])).code, "permission_denied");
  } finally {
    chmodSync(folder.path, 0o700);
  }
});

test("the system's own errors name the path", async () => {
  using folder = makeFolder();
  const opened = async (path: string) => {
    for await (const _ of SYSTEM_FILES.open(path));
  };
  const nowhere = join(folder.path, "x");
  await assert.rejects(opened(nowhere), { code: "absent", message: /^Cannot read .*x: it is not/ });
  await assert.rejects(opened(folder.path), { message: /^Cannot read .*: it is a folder$/ });
  await assert.rejects(SYSTEM_FILES.list(nowhere), { message: /^Cannot read the folder .*x/ });
  assert.equal(await SYSTEM_FILES.stat(nowhere), null);
  assert.equal(await SYSTEM_FILES.stat(join("/dev/null", "x")), null);
});

test("a session that was killed ends with its last row", async () => {
  using folder = makeFolder();
  writeSession(folder.path, {
    system: systemRows(5),
    events: aPhase("Training", 1, 3).slice(0, 1),
    meta: { end: null },
  });
  const { durationMs, phases, meta, notices } = await loadRecording([folder.path]);
  assert.deepEqual([durationMs, phases[0]!.endMs, meta!.end], [4_000, 4_000, null]);
  assert.deepEqual(notices, []);
});

test("files that are no recording are refused with what is accepted", async () => {
  using folder = makeFolder();
  const path = join(folder.path, "file.csv");
  const bytes = Uint8Array.from({ length: 500 }, (_, i) => (i * 37) % 256);
  for (const content of ["", "\n", "a,b\n1,2\n", '{"kind', '{"a":1}\n', bytes, gzipSync("x,y\n")]) {
    writeFileSync(path, content);
    const { code, message } = await refusal([path]);
    assert.equal(code, "bad_value");
    assert.ok(message.includes(path));
    assert.match(message, /accepted are the files of hmn record, logs of nvidia-smi .*hmn watch/);
  }
  const other = join(folder.path, "b.csv");
  writeFileSync(other, "x");
  const both = await refusal([path, other]);
  assert.equal(both.code, "invalid_request");
  assert.match(both.message, /Cannot tell which recording/);
});
