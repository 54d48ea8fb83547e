/** Loading what `hmn record` wrote. */
import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TABLES } from "../lib/session/columns.ts";
import { fileName } from "../lib/session/file_names.ts";
import type { Track } from "../lib/session/load/data.ts";
import { loadRecording, loadRecordings } from "../lib/session/load/load.ts";
import {
  aGpuGap,
  aGpuRow,
  anAllocatorRow,
  anEventRow,
  aPhase,
  aProcessRow,
  aSystemRow,
  GIB,
  makeFolder,
  overTicks,
  STARTED_AT_MS,
  tableText,
  writePart,
  writeSession,
} from "./support/session_files.ts";

const NAMES = Object.keys(TABLES) as (keyof typeof TABLES)[];
const column = <Q extends string>(track: Track<Q>, name: Q) => [...track.columns[name]];

test("a whole session: every table, in the order of the rows", async () => {
  using folder = makeFolder();
  writeSession(folder.path, {
    gpu: overTicks(3, (tick) => [
      aGpuRow({ tick, usedBytes: tick * GIB }),
      aGpuRow({ tick, gpu: 1, usedBytes: 2 * GIB, utilizationRatio: 0.1234, powerWatts: null }),
    ]),
    system: overTicks(3, (tick) => aSystemRow({ tick, usedBytes: 10 * GIB + tick })),
    process: overTicks(3, (tick) => [
      aProcessRow({ tick, rssBytes: tick * 100, name: tick === 0 ? null : '=runner, "x"' }),
      aProcessRow({ tick, target: "812", kind: "process", pid: 812, vramBytes: null }),
    ]),
    allocator: overTicks(2, (tick) => anAllocatorRow({ tick, allocatedBytes: tick })),
    events: [
      anEventRow({ event: "start" }),
      anEventRow({
        tick: 1,
        event: "alert_begin",
        subject: "ram",
        severity: "warning",
        value: 0.875,
        limit: 0.85,
        unit: "ratio",
        message: 'RAM is at 87.5 %, which is "much"',
      }),
      anEventRow({ tick: 2, event: "end" }),
    ],
  });
  const data = await loadRecording([folder.path]);
  assert.deepEqual(data.notices, []);
  assert.deepEqual([data.name, data.format, data.folder], ["test", "session", folder.path]);
  assert.equal(data.files.length, 6);
  assert.deepEqual([data.startedAtMs, data.durationMs, data.intervalMs], [
    STARTED_AT_MS,
    2_000,
    1_000,
  ]);
  assert.equal(data.meta?.settings.ram.targetRatio, 0.7);
  assert.deepEqual(data.gpus.map(({ gpu, uuid, name }) => [gpu, uuid, name]), [
    [0, "GPU-0", "NVIDIA Test"],
    [1, "GPU-1", null],
  ]);
  assert.deepEqual([...data.gpus[0]!.timesMs], [0, 1_000, 2_000]);
  assert.deepEqual(column(data.gpus[0]!, "usedBytes"), [0, GIB, 2 * GIB]);
  assert.deepEqual(column(data.gpus[0]!, "freeBytes"), [12 * GIB, 11 * GIB, 10 * GIB]);
  assert.deepEqual(column(data.gpus[1]!, "utilizationRatio"), [0.1234, 0.1234, 0.1234]);
  assert.deepEqual(column(data.gpus[1]!, "powerWatts"), [NaN, NaN, NaN]);
  assert.deepEqual(column(data.system!, "usedBytes"), [0, 1, 2].map((more) => 10 * GIB + more));
  assert.deepEqual(column(data.system!, "cgroupLimitBytes"), [NaN, NaN, NaN]);
  assert.deepEqual(
    data.processes.map(({ target, kind, pid, name }) => [target, kind, pid, name]),
    [["ollama", "group", null, '=runner, "x"'], ["812", "process", 812, "ollama"]],
  );
  assert.deepEqual(column(data.processes[0]!, "rssBytes"), [0, 100, 200]);
  assert.deepEqual(column(data.processes[1]!, "vramBytes"), [NaN, NaN, NaN]);
  assert.deepEqual(data.allocators.map(({ pid, gpu }) => [pid, gpu]), [[4_242, 0]]);
  assert.deepEqual(column(data.allocators[0]!, "allocatedBytes"), [0, 1]);
  assert.deepEqual(data.events.map(({ event }) => event), ["start", "alert_begin", "end"]);
  assert.deepEqual(data.events[1], {
    ...anEventRow({ tick: 1, event: "alert_begin", subject: "ram", severity: "warning" }),
    value: 0.875,
    limit: 0.85,
    unit: "ratio",
    message: 'RAM is at 87.5 %, which is "much"',
  });
  assert.deepEqual([data.phases, data.gaps], [[], []]);
});

test("parts that were rotated away come before the current file, in the order of their numbers", async () => {
  using folder = makeFolder();
  const rows = (from: number) => [0, 1].map((tick) => aSystemRow({ tick: from + tick }));
  writeSession(folder.path, { system: rows(8) });
  writePart(folder.path, "system", 1, rows(0));
  writePart(folder.path, "system", 2, rows(2));
  writePart(folder.path, "system", 10, rows(6), { gzip: false });
  writePart(folder.path, "system", 3, rows(4), { gzip: false });
  // A part that is being compressed is there twice, and only one of them is whole.
  writeFileSync(
    join(
      folder.path,
      `${
        fileName("system", {
          name: "test",
          stamp: "2026-01-31_12-00-00",
        }).replace(".csv", ".003.csv.gz")
      }`,
    ),
    "half",
  );
  const seen: [number, number][] = [];
  const data = await loadRecording([folder.path], {
    onProgress: (done, total) => seen.push([done, total]),
  });
  assert.deepEqual(data.notices, []);
  assert.deepEqual([...data.system!.timesMs], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((s) => s * 1_000));
  const [done, total] = seen.at(-1)!;
  assert.equal(done, total);
  assert.ok(seen.length >= 5 && seen.every(([done], i) => i === 0 || done > seen[i - 1]![0]));
});

test("long tables keep every row, whatever the estimate of their length was", async () => {
  using folder = makeFolder();
  const count = 20_000;
  // Two GPUs that come and go make the rows of each uneven in the file.
  const gpu = overTicks(count, (tick) => [
    ...tick < 3_000 || tick > 15_000 ? [aGpuRow({ tick, usedBytes: tick })] : [],
    ...tick > 9_000 ? [aGpuRow({ tick, gpu: 1, powerWatts: tick > 18_000 ? tick : null })] : [],
  ]);
  writeSession(folder.path, { gpu });
  const { gpus } = await loadRecording([folder.path]);
  for (const track of gpus) {
    const expected = gpu.filter((row) => row.gpu === track.gpu);
    assert.deepEqual([...track.timesMs], expected.map(({ elapsedMs }) => elapsedMs));
    assert.deepEqual(column(track, "usedBytes"), expected.map(({ usedBytes }) => usedBytes));
    assert.deepEqual(
      column(track, "powerWatts"),
      expected.map(({ powerWatts }) => powerWatts ?? NaN),
    );
  }
});

test("gaps: rows that tell one are joined, and missing ticks are told from late ones", async () => {
  using folder = makeFolder();
  writeSession(folder.path, {
    system: [0, 1, 2, 6, 7, 8].map((tick) =>
      aSystemRow({ tick, elapsedMs: tick * 1_000 + (tick === 8 ? 900 : 0) })
    ),
    gpu: overTicks(9, (tick) => {
      if (tick === 2 || tick === 3) return aGpuGap({ tick });
      if (tick === 4) return aGpuGap({ tick, gap: "nvml driver_failed" });
      return tick >= 7 ? aGpuGap({ tick }) : aGpuRow({ tick });
    }),
    process: [aProcessRow({ tick: 0, gap: "proc slow", rssBytes: null }), aProcessRow({ tick: 1 })],
  });
  const { gaps, gpus } = await loadRecording([folder.path]);
  assert.deepEqual(gaps, [
    { subject: "ollama", startMs: 0, endMs: 1_000, reason: "proc slow" },
    { subject: "gpu 0", startMs: 2_000, endMs: 4_000, reason: "nvml hung" },
    { subject: "all", startMs: 2_000, endMs: 6_000, reason: "ticks skipped" },
    { subject: "gpu 0", startMs: 4_000, endMs: 5_000, reason: "nvml driver_failed" },
    { subject: "gpu 0", startMs: 7_000, endMs: 8_000, reason: "nvml hung" },
  ]);
  assert.deepEqual(column(gpus[0]!, "usedBytes").map(Number.isNaN), [
    ...[false, false, true, true, true, false, false, true, true],
  ]);
});

test("GPUs that are asked at every fifth tick only have no missing ticks", async () => {
  using folder = makeFolder();
  const gpu = [0, 5, 10, 15, 25].map((tick) => aGpuRow({ tick }));
  writeSession(folder.path, { gpu });
  const { gaps, intervalMs } = await loadRecording([folder.path]);
  assert.equal(intervalMs, 1_000);
  assert.deepEqual(gaps.map(({ startMs, endMs }) => [startMs, endMs]), [[15_000, 25_000]]);
});

test("phases from their events: nested, with details, and without an end", async () => {
  using folder = makeFolder();
  const details = { type: "planning", step: "3", labels: "model=a\\=b;note=x\\;y" };
  const [outerBegin, outerEnd] = aPhase("Training", 1, 9);
  const [innerBegin, innerEnd] = aPhase("Training/epoch 1", 2, 4, details);
  const [lateBegin] = aPhase("Training/epoch 2", 5, 5);
  const [lostBegin] = aPhase("Idle", 10, 10);
  const [openBegin] = aPhase("Other/one", 12, 12);
  writeSession(folder.path, {
    system: overTicks(20, (tick) => aSystemRow({ tick, phase: "ignored" })),
    events: [outerBegin!, innerBegin!, innerEnd!, lateBegin!, outerEnd!, lostBegin!, openBegin!],
    meta: { end: null },
  });
  const { phases, events, durationMs } = await loadRecording([folder.path]);
  assert.equal(durationMs, 19_000);
  assert.deepEqual(
    phases.map(({ name, path, depth, startMs, endMs }) => [name, path, depth, startMs, endMs]),
    [
      ["Training", "Training", 0, 1_000, 9_000],
      ["epoch 1", "Training/epoch 1", 1, 2_000, 4_000],
      ["epoch 2", "Training/epoch 2", 1, 5_000, 9_000],
      ["Idle", "Idle", 0, 10_000, 12_000],
      ["Other/one", "Other/one", 0, 12_000, 19_000],
    ],
  );
  assert.deepEqual(phases[1]!.labels, { model: "a=b", note: "x;y" });
  assert.deepEqual([phases[1]!.type, phases[1]!.step], ["planning", "3"]);
  assert.deepEqual(events, []);
});

test("phases from the column where there are no events", async () => {
  using folder = makeFolder();
  const path = (tick: number) =>
    tick < 2 ? null : tick < 4 ? "Training" : tick < 6 ? "Training/epoch 1" : "Training/epoch 2";
  writeSession(folder.path, {
    system: overTicks(9, (tick) => aSystemRow({ tick, phase: tick === 8 ? "Idle" : path(tick) })),
  });
  const { phases } = await loadRecording([folder.path]);
  assert.deepEqual(phases.map(({ path, depth, startMs, endMs }) => [path, depth, startMs, endMs]), [
    ["Training", 0, 2_000, 8_000],
    ["Training/epoch 1", 1, 4_000, 6_000],
    ["Training/epoch 2", 1, 6_000, 8_000],
    ["Idle", 0, 8_000, 8_000],
  ]);
  assert.deepEqual(phases[1]!.labels, {});
});

test("columns that are missing, unknown or in another order", async () => {
  using folder = makeFolder();
  const { path } = writeSession(folder.path, {});
  writeFileSync(path("gpu"), "future,used_bytes,gpu,elapsed_ms\nx,100,0,0\ny,200,0,1000\n");
  const { gpus, gaps, notices } = await loadRecording([folder.path]);
  assert.deepEqual(column(gpus[0]!, "usedBytes"), [100, 200]);
  assert.deepEqual(column(gpus[0]!, "totalBytes"), [NaN, NaN]);
  assert.deepEqual([gpus[0]!.uuid, gaps, notices], [null, [], []]);
});

test("without elapsed time the wall clock serves, and never goes back", async () => {
  using folder = makeFolder();
  const { path } = writeSession(folder.path, { meta: null });
  const times = ["12:00:00", "12:00:01", "12:00:02", "11:00:00", "11:00:01.500"];
  const rows = times.map((time, i) => `2026-01-31T${time}Z,${i},0,${i}\n`);
  writeFileSync(path("gpu"), `time,tick,gpu,used_bytes\n${rows.join("")}`);
  const { gpus, startedAtMs } = await loadRecording([folder.path]);
  assert.equal(startedAtMs, STARTED_AT_MS);
  assert.deepEqual([...gpus[0]!.timesMs], [0, 1_000, 2_000, 3_000, 4_500]);
});

test("a wall clock that is put back does not matter where there is elapsed time", async () => {
  using folder = makeFolder();
  const times = ["2026-01-31T12:00:05.000Z", "2026-01-31T10:00:06.000Z"];
  writeSession(folder.path, {
    system: times.map((time, i) => aSystemRow({ tick: 5 + i, time })),
    meta: null,
  });
  const { system, startedAtMs, notices } = await loadRecording([folder.path]);
  assert.deepEqual([...system!.timesMs], [5_000, 6_000]);
  assert.equal(startedAtMs, STARTED_AT_MS);
  assert.deepEqual(notices.length, 1);
  assert.match(notices[0]!, /^There is no session file/);
});

test("a GPU whose UUID was not known at first, or not at a gap, is one GPU; another card is another", async () => {
  using folder = makeFolder();
  writeSession(folder.path, {
    gpu: [null, "GPU-a", null, "GPU-b"].map((uuid, tick) => aGpuRow({ tick, uuid })),
  });
  const { gpus } = await loadRecording([folder.path]);
  assert.deepEqual(gpus.map(({ uuid, timesMs }) => [uuid, timesMs.length]), [
    ["GPU-a", 3],
    ["GPU-b", 1],
  ]);
});

test("of several sessions the latest is loaded, or all of them; a file stands for its session", async () => {
  using folder = makeFolder();
  const old = writeSession(folder.path, { stamp: "2026-01-30_23-59-59", gpu: [aGpuRow()] });
  writeSession(folder.path, { name: "zz", system: [aSystemRow()], gpu: [aGpuRow()] });
  writeSession(folder.path, { stamp: "2026-02-01_00-00-00", system: [aSystemRow({ tick: 7 })] });
  assert.equal((await loadRecording([folder.path])).durationMs, 7_000);
  const all: string[] = [];
  for await (const { name, files } of loadRecordings([folder.path])) {
    all.push(`${name} ${files.length}`);
  }
  assert.deepEqual(all, ["test 2", "zz 3", "test 2"]);
  const one = await loadRecording([old.path("session")]);
  assert.deepEqual([one.gpus.length, one.system], [1, null]);
});

test("a table under another name is known by its header", async () => {
  using folder = makeFolder();
  for (const table of NAMES) {
    using other = makeFolder();
    const rows = { gpu: [aGpuRow()], system: [aSystemRow()], process: [aProcessRow()] };
    const more = { allocator: [anAllocatorRow()], events: aPhase("A", 0, 1) };
    const written = writeSession(other.path, { ...rows, ...more, meta: null });
    const path = join(folder.path, `${table}.csv`);
    renameSync(written.path(table), path);
    const data = await loadRecording([path]);
    assert.deepEqual(data.files, [path]);
    const counts = {
      gpu: data.gpus.length,
      system: data.system === null ? 0 : 1,
      process: data.processes.length,
      allocator: data.allocators.length,
      events: data.phases.length,
    };
    for (const other of NAMES) assert.equal(counts[other], other === table ? 1 : 0, table);
  }
});

test("numbers that can't be true are unknown, and are counted", async () => {
  using folder = makeFolder();
  const { path } = writeSession(folder.path, {});
  const header = tableText("gpu", []).trim();
  const cells = header.split(",").map((name) =>
    ({ elapsed_ms: "0", tick: "0", gpu: "0", used_bytes: "-5", free_bytes: "NaN" })[name] ??
      ({ total_bytes: "1e30", utilization_ratio: "35", temperature_celsius: "-3" })[name] ?? ""
  );
  writeFileSync(path("gpu"), `${header}\n${cells.join(",")}\n`);
  const { gpus, notices } = await loadRecording([folder.path]);
  const { columns } = gpus[0]!;
  for (const name of ["usedBytes", "freeBytes", "totalBytes", "utilizationRatio"] as const) {
    assert.ok(Number.isNaN(columns[name][0]), name);
  }
  assert.equal(columns.temperatureCelsius[0], -3);
  assert.deepEqual(notices.length, 1);
  assert.match(notices[0]!, /gpu-memory-.*: 4 numbers that can't be true/);
});
