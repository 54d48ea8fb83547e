/** The runner behind `npm test` must not lose a failure. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { runCommand } from "./runner/command.mjs";
import { count, readCases } from "./runner/junit.mjs";
import { skipReasons } from "./runner/skip_reasons.mjs";
import { repositoryFile } from "./support/run_script.ts";

const BUN = `<testsuites name="bun test" tests="5" failures="1" skipped="1">
  <testsuite name="a_test.ts">
    <testcase name="1 &lt; 2 &amp; &quot;q&quot;" classname="" assertions="0" />
    <testcase name="fails" classname=""><failure message="a &gt; b">x</failure></testcase>
    <testcase name="skipped" classname=""><skipped /></testcase>
    <testsuite name="group">
      <testcase name="one" classname="group" /><testcase name="two" classname="group" />
    </testsuite>
  </testsuite>
</testsuites>`;

const DENO = `<testsuites name="deno test" tests="9" failures="4" errors="0">
  <testsuite name="./a_test.ts">
    <testcase name="1 &lt; 2 &amp; &quot;q&quot;" classname="./a_test.ts">
    </testcase>
    <testcase name="fails"><failure message="a > b">x</failure></testcase>
    <testcase name="skipped"><skipped/></testcase>
    <testcase name="group"><failure message="1 test step failed">x</failure></testcase>
    <testcase name="sound group"></testcase>
    <testcase name="before hook"><failure message="hook">x</failure></testcase>
  </testsuite>
  <testsuite name="ext:deno_node/testing.ts">
    <testcase name="group > one"></testcase>
    <testcase name="group &gt; two"><failure message="two">x</failure></testcase>
    <testcase name="sound group &gt; three"></testcase>
    <testcase name="before hook &gt; four"></testcase>
  </testsuite>
</testsuites>`;

test("cases are counted one by one", () => {
  const cases = readCases(BUN);
  assert.deepEqual(count(cases), { passed: 3, failed: 1, skipped: 1 });
  assert.equal(cases[0]!.name, `1 < 2 & "q"`);
});

test("a group is not counted beside its members, unless it alone failed", () => {
  const cases = readCases(DENO).map(({ name, outcome }) => `${name}: ${outcome}`);
  assert.deepEqual(cases, [
    `1 < 2 & "q": passed`,
    "fails: failed",
    "skipped: skipped",
    "before hook: failed",
    "group > one: passed",
    "group > two: failed",
    "sound group > three: passed",
    "before hook > four: passed",
  ]);
});

test("a report that is cut off or missing counts what it holds", () => {
  assert.deepEqual(count(readCases(BUN.slice(0, BUN.indexOf(`<testcase name="skipped"`)))), {
    passed: 1,
    failed: 1,
    skipped: 0,
  });
  assert.deepEqual(readCases(""), []);
});

test("the reason of a skip is found in the source", () => {
  const text = `
import { skipNative } from "./native.ts";
const windows = os === "win32";
const onlyUnix = { skip: windows ? "no shell there" : false };
const asRoot = uid === 0 ? "root may read everything" : false;
test("plain", { skip: "it rains today" }, () => {});
test("named", onlyUnix, () => {});
test("either", { skip: windows || asRoot }, () => {});
describe("native", { skip: skipNative() }, () => {});
test("bare", { skip: windows }, () => {});
`;
  const native = `export function skipNative() {\n  return hasGcc() ? false : "gcc is absent";\n}`;
  const imported = `export { hasGcc, skipNative } from "../native/compile.ts";`;
  const files: Record<string, string> = { "./native.ts": imported, "../native/compile.ts": native };
  const reasons = (name: string) => skipReasons(name, text, (from) => files[from] ?? null);
  assert.deepEqual(reasons("plain"), ["it rains today"]);
  assert.deepEqual(reasons("either"), ["root may read everything"]);
  assert.deepEqual(reasons("group > native"), ["gcc is absent"]);
  assert.deepEqual(reasons("bare"), []);
  assert.ok(reasons("a name made at run time").includes("it rains today"));
});

const onlyUnix = { skip: process.platform === "win32" ? "the programs are shell scripts" : false };
const onlyLinux = { skip: process.platform === "linux" ? false : "processes are listed in /proc" };
const shell = (script: string, timeoutMs = 60_000) =>
  runCommand("/bin/sh", ["-c", script], { cwd: "/", env: process.env, timeoutMs, patienceMs: 500 });

test("a command's end and output are told", onlyUnix, async () => {
  const fine = await shell("echo out; echo err >&2");
  assert.deepEqual([fine.ok, fine.survivors], [true, []]);
  assert.deepEqual(fine.output.split("\n").sort(), ["", "err", "out"]);
  assert.equal((await shell("exit 3")).ok, false);
  const killed = await shell("kill -SEGV $$");
  assert.deepEqual([killed.ok, /SIGSEGV/.test(killed.output)], [false, true]);
  const absent = await runCommand("/nowhere/at/all", [], { cwd: "/", env: {}, timeoutMs: 60_000 });
  assert.deepEqual([absent.ok, /ENOENT/.test(absent.output)], [false, true]);
});

test("a command that does not end is ended", onlyUnix, async () => {
  const { ok, output } = await shell("sleep 60 & trap '' TERM; wait; sleep 60", 300);
  assert.equal(ok, false);
  assert.match(output, /ended after 0\.005 minutes/);
});

test("a process that is left running is told and ended", onlyLinux, async () => {
  const { ok, survivors } = await shell("sleep 61.25 & exit 0");
  assert.deepEqual([ok, survivors], [true, ["sleep 61.25"]]);
  assert.deepEqual((await shell("exit 0")).survivors, []);
});

test("no test skips itself at run time: Deno counts that as passed", () => {
  const folder = repositoryFile("test");
  const files = fs.readdirSync(folder).filter((name) => name.endsWith("_test.ts"));
  assert.ok(files.length > 20);
  const pattern = /\b(?:t|context)\.skip\(/;
  const offenders = files.filter((name) =>
    pattern.test(fs.readFileSync(path.join(folder, name), "utf8"))
  );
  assert.deepEqual(offenders, []);
});

test("the runner fails where a test file holds no test", onlyUnix, async () => {
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-runner-"));
  try {
    for (const name of ["run.mjs", "runner"]) {
      fs.cpSync(repositoryFile(`test/${name}`), path.join(copy, "test", name), { recursive: true });
    }
    fs.mkdirSync(path.join(copy, "deploy"));
    fs.writeFileSync(path.join(copy, "deploy/build.ts"), "");
    fs.symlinkSync(repositoryFile("node_modules"), path.join(copy, "node_modules"));
    const write = (name: string, text: string) =>
      fs.writeFileSync(path.join(copy, "test", name), text);
    write("empty_test.ts", "");
    write("crash_test.ts", `import { test } from "node:test"; test("x", () => process.exit(0));`);
    write("sound_test.ts", `import { test } from "node:test"; test("x", () => {});`);
    const { ok, output } = await runCommand("node", ["test/run.mjs", "_test"], {
      cwd: copy,
      env: process.env,
      timeoutMs: 60_000,
    });
    assert.equal(ok, false);
    assert.match(output, /FAILED bun empty_test|FAILED empty_test/);
    assert.match(output, /FAILED (?:bun |deno )?crash_test/);
    assert.match(output, /ok {5}bun sound_test.ts: 1 passed, 0 failed/);
    assert.match(output, /\n\d+ passed, [1-9]\d* failed\n$/);
  } finally {
    fs.rmSync(copy, { recursive: true });
  }
});
