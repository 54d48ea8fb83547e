/** `hmn analyze`: which recording, which file, and what it says. */
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { HOSTILE } from "./support/an_analysis.ts";
import { hmn } from "./support/cli_world.ts";
import {
  aGpuRow,
  aPhase,
  aProcessRow,
  aSystemRow,
  GIB,
  makeFolder,
  overTicks,
  writeSession,
} from "./support/session_files.ts";

const REPORT = "memory-analysis-report.md";
/** As root everything may be written to. */
const isRoot = process.getuid?.() === 0;

/** A minute, every second, in which GPU memory is at `peak` GiB in the middle. */
function aRecording(folder: string, name = "run", stamp = "2026-01-31_12-00-00", peak = 9) {
  writeSession(folder, {
    name,
    stamp,
    gpu: overTicks(60, (tick) => aGpuRow({ tick, usedBytes: (tick === 30 ? peak : 4) * GIB })),
    system: overTicks(60, (tick) => aSystemRow({ tick })),
    process: overTicks(60, (tick) => aProcessRow({ tick })),
    events: aPhase("Training", 10, 50),
  });
}

const names = (folder: string) => readdirSync(folder).filter((name) => /report|new/.test(name));

test("the report stands beside the recording; the conclusions on stdout", async () => {
  using folder = makeFolder();
  aRecording(folder.path);
  const end = await hmn(["analyze", folder.path]);
  assert.equal(end.code, 0, end.stderr);
  assert.equal(end.stderr, "");
  const path = join(folder.path, REPORT);
  const [first, ...others] = end.stdout.trimEnd().split("\n");
  assert.equal(first, path);
  assert.ok(
    others.some((line) => /^ {2}WARNING {3}GPU 0 memory was in its caution zone/.test(line)),
  );
  const report = readFileSync(path, "utf8");
  assert.match(report, /^# Memory analysis: run\n/);
  assert.match(report, /\| GPU 0 memory .*\| +9\.0 GiB \| 0:00:30 \|/);
  assert.match(report, /\| Training /);
  assert.deepEqual(names(folder.path), [REPORT]);
});

test("of several sessions the latest; or the one that is named", async () => {
  using folder = makeFolder();
  aRecording(folder.path, "old", "2026-01-30_12-00-00");
  aRecording(folder.path, "new", "2026-01-31_12-00-00");
  const title = async (...args: string[]) => {
    const end = await hmn(["analyze", folder.path, "--out", "-", ...args]);
    assert.equal(end.code, 0, end.stderr);
    return end.stdout.split("\n")[0];
  };
  assert.equal(await title(), "# Memory analysis: new");
  for (const which of ["old", "2026-01-30_12-00-00", "old-2026-01-30_12-00-00"]) {
    assert.equal(await title("--session", which), "# Memory analysis: old");
  }
  const missing = await hmn(["analyze", folder.path, "--session", "other"]);
  assert.equal(missing.code, 9);
  assert.match(
    missing.stderr,
    /Cannot find the session "other": there are old-2026-01-30_12-00-00, new-/,
  );
});

test("--all: a report on each, named after it", async () => {
  using folder = makeFolder();
  aRecording(folder.path, "a", "2026-01-30_12-00-00");
  aRecording(folder.path, "b", "2026-01-31_12-00-00");
  const end = await hmn(["analyze", "--all", folder.path]);
  assert.equal(end.code, 0, end.stderr);
  assert.deepEqual(names(folder.path), [
    "memory-analysis-report-a-2026-01-30_12-00-00.md",
    "memory-analysis-report-b-2026-01-31_12-00-00.md",
  ]);
  const out = join(folder.path, "reports", "today");
  assert.equal(
    (await hmn(["analyze", "--all", folder.path, "--out", out, "--format", "json"])).code,
    0,
  );
  assert.equal(names(out).length, 2);
  const lines =
    (await hmn(["analyze", "--all", folder.path, "--out", "-", "--format", "json"])).stdout;
  assert.deepEqual(lines.trimEnd().split("\n").map((line) => JSON.parse(line).name), ["a", "b"]);
});

test("--out -: the report on stdout, the conclusions on stderr", async () => {
  using folder = makeFolder();
  aRecording(folder.path);
  const json = await hmn(["analyze", folder.path, "--format", "json", "--out", "-"]);
  assert.equal(json.code, 0);
  assert.equal(JSON.parse(json.stdout).devices[0].total_bytes, 12 * GIB);
  assert.match(json.stderr, /WARNING/);
  const html = await hmn(["analyze", folder.path, "--format", "html", "--out", "-"]);
  assert.match(html.stdout, /^<!doctype html>\n/);
  assert.deepEqual(names(folder.path), []);
});

test("our own reports are replaced, and no other file ever is", async () => {
  using folder = makeFolder();
  aRecording(folder.path);
  for (const format of ["md", "html", "json"]) {
    const path = join(folder.path, `memory-analysis-report.${format}`);
    const run = () => hmn(["analyze", folder.path, "--format", format]);
    assert.equal((await run()).code, 0);
    const first = readFileSync(path, "utf8");
    assert.equal((await run()).code, 0);
    assert.equal(readFileSync(path, "utf8"), first);
    for (const foreign of ["my own notes\n", "{}", `${first}\nand what I think of it\n`]) {
      if (format !== "md" && foreign.startsWith(first)) continue;
      writeFileSync(path, foreign);
      const refused = await run();
      assert.equal(refused.code, 74);
      assert.ok(refused.stderr.includes(path), refused.stderr);
      assert.match(refused.stderr, /hypomnesis did not write; name another one/);
      assert.equal(readFileSync(path, "utf8"), foreign);
    }
  }
  assert.equal(readdirSync(folder.path).filter((name) => name.includes(".new")).length, 0);
});

test("what can't be written is said, with what helps", async () => {
  using folder = makeFolder();
  aRecording(folder.path);
  const run = (out: string) => hmn(["analyze", folder.path, "--out", out]);
  const missing = await run(join(folder.path, "nowhere", "report.md"));
  assert.equal(missing.code, 74);
  assert.match(missing.stderr, /Cannot write the report to .*nowhere.*: its folder is not there/);
  assert.match((await run(folder.path)).stderr, /it is a folder; name a file in it with --out/);
  // On Linux this device is a disk that is full.
  if (existsSync("/dev/full")) {
    const full = await run("/dev/full");
    assert.equal(full.code, 74);
    assert.match(full.stderr, /the disk is full/);
    assert.ok(statSync("/dev/full").isCharacterDevice());
  }
  if (!isRoot) {
    const locked = join(folder.path, "locked");
    mkdirSync(locked);
    chmodSync(locked, 0o500);
    const denied = await run(join(locked, "report.md"));
    assert.equal(denied.code, 5);
    assert.match(denied.stderr, /access is denied/);
  }
});

test("a device is written to and stays a device", {
  skip: existsSync("/dev/null") ? false : "there is no /dev/null",
}, async () => {
  using folder = makeFolder();
  aRecording(folder.path);
  const link = join(folder.path, "null");
  symlinkSync("/dev/null", link);
  assert.equal((await hmn(["analyze", folder.path, "--out", link])).code, 0);
  assert.ok(statSync("/dev/null").isCharacterDevice());
  assert.ok(statSync(link).isCharacterDevice());
});

test("--compare: both side by side, in each format", async () => {
  using folder = makeFolder();
  const [a, b] = [join(folder.path, "a"), join(folder.path, "b")];
  aRecording(a, "before", undefined, 6);
  aRecording(b, "after", undefined, 9);
  const end = await hmn(["analyze", a, "--compare", b]);
  assert.equal(end.code, 0, end.stderr);
  const path = join(a, "memory-comparison-report.md");
  assert.equal(end.stdout.split("\n")[0], path);
  assert.match(
    end.stdout,
    /WARNING {3}GPU 0 memory: the peak of B is higher: 9\.0 GiB instead of 6\.0 GiB/,
  );
  assert.match(
    end.stdout,
    /^Training .*GPU 0 memory +peak +6\.0 GiB +9\.0 GiB +\+3\.0 GiB +\+50 %/m,
  );
  assert.match(readFileSync(path, "utf8"), /^# Memory comparison: before and after\n/);
  const json = await hmn(["analyze", a, "--compare", b, "--format", "json", "--out", "-"]);
  const [series] = JSON.parse(json.stdout).phases[0].series;
  assert.deepEqual(series.peak, { a: 6 * GIB, b: 9 * GIB, difference: 3 * GIB, ratio: 1.5 });
  const html = await hmn(["analyze", a, "--compare", b, "--format", "html", "--out", "-"]);
  assert.match(html.stdout, /<h1>Memory comparison: before and after<\/h1>/);
  const both = await hmn(["analyze", a, "--all", "--compare", b]);
  assert.equal(both.code, 2);
});

test("colours where they are welcome, none of a name", async () => {
  using folder = makeFolder();
  writeSession(folder.path, {
    name: "run",
    gpu: overTicks(60, (tick) => aGpuRow({ tick, usedBytes: 11 * GIB })),
    meta: { host: HOSTILE, command: [HOSTILE] },
    events: aPhase("Training\x1b[2J", 10, 50),
  });
  const end = await hmn(["analyze", folder.path], {}, { color: true, tty: true, columns: 100 });
  assert.equal(end.code, 0, end.stderr);
  assert.ok(end.stdout.includes("\x1b[1;97;41mCRITICAL\x1b[0m"));
  assert.ok(!end.stdout.includes("\x1b[2J"));
  const plain = await hmn(["analyze", folder.path]);
  assert.ok(!plain.stdout.includes("\x1b"));
});

test("a log of nvidia-smi is read too, and mistakes are told", async () => {
  using folder = makeFolder();
  const path = join(folder.path, "gpu.csv");
  const rows = Array.from(
    { length: 40 },
    (_, i) => `2026/01/31 12:00:${String(i).padStart(2, "0")}.000, 0, ${4000 + i} MiB, 12288 MiB\n`,
  );
  writeFileSync(path, `timestamp, index, memory.used [MiB], memory.total [MiB]\n${rows.join("")}`);
  const end = await hmn(["analyze", path]);
  assert.equal(end.code, 0, end.stderr);
  assert.match(
    readFileSync(join(folder.path, REPORT), "utf8"),
    /\| GPU 0 memory .*\| +3\.9 GiB \|/,
  );
  assert.equal((await hmn(["analyze", join(folder.path, "none")])).code, 9);
  assert.equal((await hmn(["analyze", path, "--format", "pdf"])).code, 2);
  using empty = makeFolder();
  assert.equal((await hmn(["analyze", empty.path])).code, 9);
});
