/** Recordings that others wrote: logs of nvidia-smi, and lines of `hmn watch --json`. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { HypomnesisError } from "../lib/errors.ts";
import { sampleLines, skippedLine } from "../lib/cli/watch_json.ts";
import { formatOf, loadRecording } from "../lib/session/load/load.ts";
import { GIB, makeFolder } from "./support/session_files.ts";

const MIB = 2 ** 20;
const NOON_MS = new Date(2026, 0, 31, 12).getTime();

const load = async (text: string | Uint8Array, name = "log.csv") => {
  using folder = makeFolder();
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return await loadRecording([path]);
};

/** The real nvidia-smi's output, with a time before each of its lines, `seconds` apart. */
function goldenLog(machine: string, seconds: readonly number[]): string {
  const url = new URL(
    `golden/nvidia-smi/${machine}/550/query-gpu-header-units.out`,
    import.meta.url,
  );
  const [header, ...lines] = readFileSync(fileURLToPath(url.href), "utf8").trimEnd().split("\n");
  const rows = seconds.flatMap((second) =>
    lines.map((line) => `2026/01/31 12:00:${String(second).padStart(2, "0")}.250, ${line}`)
  );
  return `timestamp, ${header}\n${rows.join("\n")}\n`;
}

test("a log of the real nvidia-smi with two GPUs", async () => {
  const data = await load(goldenLog("l40s-procs", [0, 2, 4, 6, 20, 22]));
  assert.deepEqual([data.format, data.name, data.notices], ["nvidia_smi", "log", []]);
  assert.equal(data.startedAtMs, NOON_MS + 250);
  assert.deepEqual([data.intervalMs, data.durationMs], [2_000, 22_000]);
  assert.deepEqual(data.gpus.map(({ gpu, uuid, name }) => [gpu, uuid, name]), [
    [0, "GPU-14050000-0000-0000-0000-000000000000", "NVIDIA L40S"],
    [1, "GPU-14050000-0000-0000-0000-000000000001", "NVIDIA L40S"],
  ]);
  const [first] = data.gpus;
  assert.deepEqual([...first!.timesMs], [0, 2_000, 4_000, 6_000, 20_000, 22_000]);
  const at = Object.fromEntries(
    Object.entries(first!.columns).map(([key, numbers]) => [key, numbers[0]]),
  );
  assert.deepEqual(at, {
    usedBytes: 14_636 * MIB,
    freeBytes: 34_004 * MIB,
    totalBytes: 49_152 * MIB,
    reservedBytes: 512 * MIB,
    utilizationRatio: 0,
    temperatureCelsius: 32,
    powerWatts: 45,
    smClockMhz: 210,
    memoryClockMhz: 10_001,
  });
  const gap = { subject: "all", startMs: 6_000, endMs: 20_000, reason: "ticks skipped" };
  assert.deepEqual(data.gaps, [gap]);
});

test("a GPU that is lost is a gap; a driver that does not tell is none", async () => {
  const lost = await load(goldenLog("t4-lost1", [0, 2]));
  assert.deepEqual(lost.gaps, [
    { subject: "gpu 1", startMs: 0, endMs: 2_000, reason: "nvidia_smi GPU is lost" },
  ]);
  assert.ok(Number.isNaN(lost.gpus[1]!.columns.usedBytes[0]));
  assert.equal(lost.gpus[0]!.columns.usedBytes[0], 0);
  const old = await load(goldenLog("t4-drv470", [0, 2]));
  assert.deepEqual([old.gaps, old.notices], [[], []]);
  assert.ok(Number.isNaN(old.gpus[0]!.columns.usedBytes[0]));
  assert.equal(old.gpus[0]!.columns.temperatureCelsius[0], 30);
});

test("units in the header alone, other names of fields, any order, and no index", async () => {
  const data = await load(
    "gpu_bus_id, power.draw.instant [W], utilization.gpu [%], memory.used [MiB], timestamp\n" +
      "00000000:65:00.0, 71.25, 35, 1024, 2026/01/31 12:00:00.000\n" +
      "00000000:B3:00.0, [N/A], [Not Supported], 2048, 2026/01/31 12:00:00.004\n" +
      "00000000:65:00.0, 71.25, 101.5, 1025, 2026/01/31 12:00:01.000\n",
  );
  assert.deepEqual(data.gpus.map(({ gpu, uuid }) => [gpu, uuid]), [[0, null], [1, null]]);
  const [first, second] = data.gpus;
  assert.deepEqual([...first!.columns.usedBytes], [GIB, 1025 * MIB]);
  assert.deepEqual([...first!.columns.utilizationRatio], [0.35, NaN]);
  assert.deepEqual([first!.columns.powerWatts[0], first!.columns.totalBytes[0]], [71.25, NaN]);
  assert.deepEqual([...second!.timesMs, second!.columns.usedBytes[0]], [4, 2 * GIB]);
  assert.ok(Number.isNaN(second!.columns.powerWatts[0]));
  assert.deepEqual(data.gaps, []);
  assert.match(data.notices.join(), /^log\.csv: 1 number that can't be true/);
});

test("a UUID says which GPU it is; rows that name none are taken for one, and that is said", async () => {
  const rows = ["GPU-b, 1", "GPU-a, 2", "GPU-b, 3"].map((row, i) =>
    `2026/01/31 12:00:0${i}.000, ${row}\n`
  ).join("");
  const { gpus } = await load(`timestamp, uuid, memory.used [MiB]\n${rows}`);
  assert.deepEqual(gpus.map(({ gpu, uuid, timesMs }) => [gpu, uuid, timesMs.length]), [
    [0, "GPU-b", 2],
    [1, "GPU-a", 1],
  ]);
  const one = await load(`timestamp, memory.used [MiB]\n2026/01/31 12:00:00.000, 5 MiB\n`);
  assert.deepEqual(one.gpus.map(({ gpu }) => gpu), [0]);
  assert.match(one.notices.join(), /do not say of which GPU/);
});

test("used memory above the total, and the sentinel of a broken driver, are unknown", async () => {
  const { gpus, notices } = await load(
    "timestamp, index, memory.used [MiB], memory.total [MiB]\n" +
      "2026/01/31 12:00:00.000, 0, 17592186044415 MiB, 1000 MiB\n" +
      "2026/01/31 12:00:01.000, 0, 1001 MiB, 1000 MiB\n" +
      "2026/01/31 12:00:02.000, 0, 1000 MiB, 1000 MiB\n",
  );
  assert.deepEqual([...gpus[0]!.columns.usedBytes], [NaN, NaN, 1000 * MIB]);
  assert.match(notices.join(), /2 numbers that can't be true/);
});

test("summer time ends within a log, a log is continued, and its last line is cut", async () => {
  const header = "timestamp, index, memory.used [MiB]\n";
  const row = (time: string, used: number) => `2026/01/31 ${time}, 0, ${used} MiB\n`;
  const { gpus, notices, gaps } = await load(
    header + row("12:59:58.000", 1) + row("13:00:00.000", 2) + row("12:00:00.000", 3) + header +
      row("12:00:02.000", 4) + "NVIDIA-SMI has failed\n" + row("12:00:04.000", 5).slice(0, -5),
  );
  assert.deepEqual([...gpus[0]!.timesMs], [0, 2_000, 4_000, 6_000]);
  assert.deepEqual([...gpus[0]!.columns.usedBytes], [1, 2, 3, 4].map((mib) => mib * MIB));
  assert.deepEqual(gaps, []);
  assert.equal(notices.length, 3);
  assert.match(notices.join("|"), /cut off.*\|.*1 row that could.*\|.*the clock went back/);
});

test("logs without a header or a time are refused with the command that makes a good one", async () => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ["2026/01/31 12:00:00.123, 0, 1024 MiB, 35 %\n", /it has no header/],
    ["0, GPU-12345678-1234, 1024, 35\n", /it has no header/],
    ["index, memory.used [MiB]\n0, 5 MiB\n", /there is no timestamp/],
  ];
  for (const [text, why] of bad) {
    await assert.rejects(load(text), (error) => {
      assert.ok(error instanceof HypomnesisError);
      assert.equal(error.code, "bad_value");
      assert.match(error.message, /^Cannot read .*log\.csv as a log of nvidia-smi: /);
      assert.match(error.message, why);
      return /record with nvidia-smi --query-gpu=timestamp,.*--format=csv -l 2$/.test(
        error.message,
      );
    });
  }
});

test("a log with its header alone has no rows, and says so", async () => {
  const data = await load("timestamp, index, memory.used [MiB]\n");
  assert.deepEqual([data.gpus, data.durationMs], [[], 0]);
  assert.match(data.notices.join(), /there are no rows/);
});

test("a compressed log that is cut off gives what stands before, and so do the lines of a watch", async () => {
  const seconds = Array.from({ length: 50 }, (_, second) => second);
  const lines = seconds.map((seq) => watchLines(seq, seq * 7_919 % 1_003, seq)).join("");
  for (const text of [goldenLog("a100", seconds), lines]) {
    const zipped = gzipSync(text);
    const { gpus, notices } = await load(zipped.subarray(0, -20), "log.gz");
    assert.ok(gpus[0]!.timesMs.length > 10);
    assert.match(notices[0]!, /^log\.gz: the compressed file is cut off/);
    assert.doesNotMatch(notices.join(), /last line/);
  }
});

test("a log in UTF-16, as Windows PowerShell redirects it", async () => {
  const text = goldenLog("a100", [0, 1]).replaceAll("\n", "\r\n");
  const { gpus, notices } = await load(Buffer.from(`\ufeff${text}`, "utf16le"));
  assert.deepEqual([gpus.length, gpus[7]!.timesMs.length, notices], [8, 2, []]);
});

test("a compressed log, and one with a byte order mark and CRLF", async () => {
  const text = goldenLog("a100", [0, 1]);
  for (const bytes of [gzipSync(text), `\ufeff${text.replaceAll("\n", "\r\n")}`]) {
    const { gpus, notices } = await load(bytes, "log.gz");
    assert.deepEqual([gpus.length, gpus[7]!.timesMs.length, notices], [8, 2, []]);
  }
});

/** Lines as `hmn watch --json` writes them. */
function watchLines(seq: number, used: number | null, rss: number, pid = 7): string {
  const devices = used === null ? [] : [
    { deviceIndex: 0, deviceUuid: "GPU-a", usedBytes: used },
    { deviceIndex: 1, deviceUuid: null, usedBytes: 1 },
  ];
  return sampleLines({
    atMs: 0,
    elapsedMs: 0,
    devices: [],
    events: [],
    failures: [],
    failed: false,
    rows: [{
      pid,
      name: "python",
      state: "running",
      usedBytes: used === null ? null : used + 1,
      usedDeltaBytes: 0,
      sharedUsedBytes: null,
      sharedDeltaBytes: null,
      rssBytes: rss,
      rssDeltaBytes: 0,
      devices,
      source: "nvml",
      spilling: null,
    }],
  }, { elapsedMs: seq * 1_000 + 0.4, atMs: NOON_MS + seq * 1_000, seq });
}

test("hmn watch: processes and GPUs as tracks, failures and skipped ticks as gaps", async () => {
  const failure = '{"kind":"failure","t_ms":1000,"at_ms":1,"seq":1,"code":"hung","source":"nvml",' +
    '"message":"m","device_index":1}\n';
  const reused = '{"kind":"event","t_ms":6000,"at_ms":1,"seq":6,"event":"pid_reused","pid":8}\n';
  const summary = '{"kind":"summary","devices":[{"device_index":0,"total_bytes":5000}]}\n';
  const skipped = skippedLine(3, { elapsedMs: 5_000, atMs: NOON_MS + 5_000, seq: 5 });
  const data = await load(
    watchLines(0, 100, 10) + watchLines(0, 50, 20, 8) + failure + watchLines(1, null, 11) +
      skipped + watchLines(5, 300, 12) + reused + watchLines(6, 300, 13, 8) + summary,
    "watch.jsonl",
  );
  assert.deepEqual([data.format, data.name, data.startedAtMs], ["hmn_watch", "watch", NOON_MS]);
  assert.deepEqual([data.durationMs, data.intervalMs], [6_000, 1_000]);
  assert.deepEqual(data.processes.map(({ target, pid, kind, name }) => [target, pid, kind, name]), [
    ["7", 7, "process", "python"],
    ["8", 8, "process", "python"],
    ["8", 8, "process", "python"],
  ]);
  const [seven] = data.processes;
  assert.deepEqual([...seven!.timesMs], [0, 1_000, 5_000]);
  assert.deepEqual([...seven!.columns.rssBytes], [10, 11, 12]);
  assert.deepEqual([...seven!.columns.vramBytes], [101, NaN, 301]);
  assert.deepEqual([...seven!.columns.processCount], [1, 1, 1]);
  assert.deepEqual(data.gpus.map(({ gpu, uuid }) => [gpu, uuid]), [[0, "GPU-a"], [1, null]]);
  assert.deepEqual([...data.gpus[0]!.timesMs], [0, 1_000, 5_000, 6_000]);
  assert.deepEqual([...data.gpus[0]!.columns.usedBytes], [150, NaN, 300, 300]);
  assert.deepEqual([...data.gpus[0]!.columns.totalBytes], [5_000, 5_000, 5_000, 5_000]);
  assert.deepEqual(data.gaps, [
    { subject: "gpu 1", startMs: 1_000, endMs: 5_000, reason: "nvml hung" },
    { subject: "all", startMs: 1_000, endMs: 5_000, reason: "ticks skipped" },
  ]);
  assert.equal(data.notices.length, 1);
  assert.match(data.notices[0]!, /what the watched processes hold/);
});

test("the original's simpler lines, with a cut last one and garbage between", async () => {
  const line = (ms: number, used: number) =>
    `{"kind":"sample","t_ms":${ms},"pid":7,"name":"py.exe","used_bytes":${used},` +
    '"used_delta_bytes":0,"shared_used_bytes":424242,"shared_delta_bytes":0,"spilling":true}\n';
  const { processes, gpus, notices, gaps, startedAtMs } = await load(
    line(0, 5) + line(3_500, -6) + "garbage\n" + '{"kind":"sample","t_ms":"x"}\n' +
      line(7_100, 7) + line(10_600, 8).slice(0, 40),
    "original.json",
  );
  assert.deepEqual([...processes[0]!.timesMs], [0, 3_500, 7_100]);
  assert.deepEqual([...processes[0]!.columns.vramBytes], [5, NaN, 7]);
  assert.ok(Number.isNaN(processes[0]!.columns.rssBytes[0]));
  assert.deepEqual([gpus, gaps], [[], []]);
  assert.equal(notices.length, 4);
  assert.match(notices[0]!, /cut off/);
  assert.match(notices[1]!, /2 rows that could not be understood/);
  assert.match(notices[2]!, /1 number that can't be true/);
  assert.match(notices[3]!, /no line tells the time of day/);
  assert.ok(Math.abs(startedAtMs - Date.now()) < 3_600_000);
});

test("a watch that writes behind another goes on behind it, and a huge line costs itself", async () => {
  const huge = `{"kind":"sample","t_ms":1500,"pid":7,"x":"${"y".repeat(5_000_000)}"}\n`;
  const first = watchLines(0, 1, 1) + watchLines(1, 2, 2);
  const { processes, notices } = await load(first + huge + first, "watch.jsonl");
  assert.deepEqual([...processes[0]!.timesMs], [0, 1_000, 2_000, 3_000]);
  assert.match(notices.join("|"), /1 row that could not be understood.*\|.*the times begin anew/);
});

test("formats are told by their first line", () => {
  const table = "time,elapsed_ms,tick,phase,target,rss_bytes";
  const formats: readonly (readonly [string, string | null])[] = [
    ["\ufeff\ntimestamp, index, memory.used [MiB]\n", "nvidia_smi"],
    ['{"kind":"failure"', "hmn_watch"],
    ['{"a":1}', null],
    [`${table}\n1`, "table"],
    ["index,name,timestamp\n", null],
    ["", null],
  ];
  for (const [text, kind] of formats) assert.equal(formatOf(text)?.kind ?? null, kind, text);
});

test("rows without a GPU's name that share a time stamp are the GPUs in their order", async () => {
  const rows = [0, 1, 2].flatMap((second) =>
    [1000, 5000].map((used) => `2026/01/31 12:00:0${second}.000, ${used} MiB`)
  );
  const { gpus, notices } = await load(`timestamp, memory.used [MiB]\n${rows.join("\n")}\n`);
  assert.deepEqual(gpus.map(({ gpu, columns }) => [gpu, [...columns.usedBytes]]), [
    [0, Array(3).fill(1000 * MIB)],
    [1, Array(3).fill(5000 * MIB)],
  ]);
  assert.match(notices.join(), /taken for 2 GPUs in their order/);
});

test("memory without a unit is not known, and that is said", async () => {
  const text = "timestamp, index, memory.used, temperature.gpu\n" +
    "2026/01/31 12:00:00.000, 0, 4096, 41\n2026/01/31 12:00:01.000, 0, 4097, 42\n";
  const { gpus, notices } = await load(text);
  assert.ok(gpus[0]!.columns.usedBytes.every(Number.isNaN));
  assert.deepEqual([...gpus[0]!.columns.temperatureCelsius], [41, 42]);
  assert.match(notices.join(), /"memory\.used" have no unit/);
});
