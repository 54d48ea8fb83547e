// The one check behind `npm test`: format, lint, types, the build, and the tests under Bun and under Deno.
// Plain JavaScript for Node, because on a fresh machine npm and Node are all there is.
//
//   npm test              everything
//   npm test -- lane      only the test files whose name contains "lane"
//
// Each test file is a process of its own, two at a time, so that a crash or a hang costs that file alone.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { killAll, runCommand } from "./runner/command.mjs";
import { count, readCases } from "./runner/junit.mjs";
import { skipReasons } from "./runner/skip_reasons.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..");
const bin = (name) => join(root, "node_modules/.bin", name);
const MINUTE = 60_000;
// More at a time, and they would measure one another.
const AT_A_TIME = Math.min(2, availableParallelism());
// Not `.`: that would take the built declarations in `dist` too.
const TYPED = ["mod.ts", "cli.ts", "lib", "workers", "test", "bench", "examples", "deploy"];
// They tell how long others are held up, or go by a schedule, so nothing runs beside them.
const ALONE = [
  "fault_matrix_test.ts",
  "cli_watch_test.ts",
  "hmn_live_test.ts",
  "run_command_test.ts",
  "record_e2e_test.ts",
];
// They take longest, so they start first.
const SLOW = [
  "life_test.ts",
  "hmn_test.ts",
  "hmn_run_test.ts",
  "meter_test.ts",
  "packaging_test.ts",
  "live_page_test.ts",
  "live_page_real_test.ts",
  "fleet_test.ts",
  "http_abuse_test.ts",
  "hmn_serve_test.ts",
  "windows_isolation_test.ts",
  "windows_cli_test.ts",
];

const scratch = mkdtempSync(join(tmpdir(), "hypomnesis-run-"));
const temporary = join(scratch, "tmp");
mkdirSync(temporary);
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    killAll();
    process.exit(130);
  });
}

/** The environment of the tests: no setting of the user's own `hmn`, and a folder for their files. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("HMN_") || name === "HMN_CI"),
);
Object.assign(env, { NO_COLOR: "1", TMPDIR: temporary });
if (env.CI !== undefined && env.CI !== "" && env.CI !== "false") env.HMN_CI = "1";

const total = { passed: 0, failed: 0 };
const skipped = [];
const failures = [];

/** Counts what one job did, and says so at once. */
function report(label, startMs, { passed, failed }, output) {
  total.passed += passed;
  total.failed += failed;
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(
    `${
      failed > 0 ? "FAILED" : "ok    "
    } ${label}: ${passed} passed, ${failed} failed (${seconds} s)`,
  );
  if (failed > 0) {
    failures.push(`---- ${label}\n${output.trimEnd().split("\n").slice(-150).join("\n")}`);
  }
}

/** One command is one check. */
async function check(label, program, args) {
  const startMs = performance.now();
  const { ok, output } = await runCommand(bin(program), args, {
    cwd: root,
    env,
    timeoutMs: 20 * MINUTE,
  });
  report(label, startMs, ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }, output);
}

/** Files that hold a test under some runtime; a few have something to say under one of them only. */
const withTests = new Set();

/** Runs one test file. A runner that fails is a failure even without a failed case. */
async function testFile(runtime, file) {
  const startMs = performance.now();
  const junit = join(scratch, `${runtime}-${file}.xml`);
  const args = runtime === "bun"
    ? ["test", "--timeout", String(10 * MINUTE), "--reporter=junit", `--reporter-outfile=${junit}`]
    : ["test", "-A", "--no-check", "--quiet", `--junit-path=${junit}`];
  const run = await runCommand(bin(runtime), [...args, `./test/${file}`], {
    cwd: root,
    env,
    timeoutMs: 20 * MINUTE,
  });
  let { output } = run;
  const cases = existsSync(junit) ? readCases(readFileSync(junit, "utf8")) : [];
  const counts = count(cases);
  if (cases.length > 0) withTests.add(file);
  if (counts.failed === 0 && !run.ok) {
    counts.failed = 1;
    output += "\nthe runner failed, but no test did\n";
  }
  if (run.survivors.length > 0) {
    counts.failed++;
    output += `\nleft running:\n  ${run.survivors.join("\n  ")}\n`;
  }
  for (const { name, outcome } of cases) {
    if (outcome === "skipped") skipped.push({ runtime, file, name });
  }
  report(`${runtime} ${file}`, startMs, counts, output);
}

function reasonsFor({ file, name }) {
  const read = (path) => {
    const full = ["", "support", "native"].map((folder) => join(here, folder, path)).find(
      existsSync,
    );
    return full === undefined ? null : readFileSync(full, "utf8");
  };
  const reasons = skipReasons(name, readFileSync(join(here, file), "utf8"), read);
  return reasons.length === 0 ? "the file tells no reason" : reasons.join(", or: ");
}

async function inPool(jobs, atATime = AT_A_TIME) {
  const worker = async () => {
    for (let job; (job = jobs.shift()) !== undefined;) await job();
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}

/** The tests of this name run Windows programs. */
const isForWindows = (file) => file.startsWith("windows_");

/** What those tests need: Wine and two runtimes, for this run alone. Whether they must run they know themselves. */
async function setUpWindows() {
  if (process.platform !== "linux" || process.arch !== "x64" || process.getuid() !== 0) return;
  const folder = join(scratch, "wine");
  const startMs = performance.now();
  const script = join(here, "windows/set_up.mjs");
  const options = { cwd: root, env, timeoutMs: 10 * MINUTE };
  const { ok, output } = await runCommand(process.execPath, [script, folder], options);
  env.HMN_WINE_ROOT = folder;
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(
    `${ok ? "ok    " : "no"} Windows set up in Wine (${seconds} s)${
      ok ? "" : `: ${output.trim()}`
    }`,
  );
}

/**
 * The fake libraries of the tests are C, some of them for Windows, one pipeline of the README goes through jq, an
 * example is Python, pages need a browser, and the metrics and the files of deploy/ are checked by the programs they are made for.
 */
function installTools() {
  const isHere = (program) => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
  // Asking Chromium itself would start it.
  const missing = [
    ...(isHere("gcc") ? [] : ["gcc", "libc6-dev"]),
    ...(isHere("x86_64-w64-mingw32-gcc") ? [] : ["gcc-mingw-w64-x86-64-win32"]),
    ...(isHere("jq") ? [] : ["jq"]),
    ...(isHere("python3") ? [] : ["python3"]),
    ...(existsSync("/usr/bin/chromium") ? [] : ["chromium"]),
    ...(isHere("promtool") && isHere("prometheus") ? [] : ["prometheus"]),
    ...(isHere("systemd-analyze") ? [] : ["systemd"]),
  ];
  if (process.platform !== "linux" || missing.length === 0) return;
  if (process.getuid() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  const apt = (...args) =>
    spawnSync("apt-get", args, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  console.log(`installing ${missing.join(", ")}`);
  apt("update", "-qq");
  apt("install", "-y", "-qq", "--no-install-recommends", ...missing);
}

/** Files that a test should have removed. The compiled fakes are kept on purpose, for the next test. */
function checkLeftFiles() {
  const startMs = performance.now();
  const left = readdirSync(temporary).filter((name) => !name.startsWith("hypomnesis-test-native-"));
  const counts = left.length === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  report(
    "no file left behind",
    startMs,
    counts,
    `left in the temporary folder:\n${left.join("\n")}`,
  );
}

const only = process.argv.slice(2);
const files = readdirSync(here).filter((file) => file.endsWith("_test.ts"))
  .filter((file) => only.length === 0 || only.some((part) => file.includes(part)))
  .sort((a, b) => Number(SLOW.includes(b)) - Number(SLOW.includes(a)) || (a < b ? -1 : 1));

installTools();
// Beside the checks that measure nothing.
const windows = files.some(isForWindows) ? setUpWindows() : null;
await inPool([
  // The packages are made of what stands in `dist`.
  () => check("build", "bun", ["deploy/build.ts"]),
  ...(only.length > 0 ? [] : [
    () => check("format", "deno", ["fmt", "--check"]),
    () => check("lint", "deno", ["lint"]),
    () => check("types", "deno", ["check", ...TYPED]),
  ]),
]);
await windows;
const jobs = (chosen) =>
  chosen.flatMap((file) => ["bun", "deno"].map((runtime) => () => testFile(runtime, file)));
await inPool(jobs(files.filter((file) => ALONE.includes(file))), 1);
await inPool(jobs(files.filter((file) => !ALONE.includes(file))));
for (const file of files.filter((file) => !withTests.has(file))) {
  report(file, performance.now(), { passed: 0, failed: 1 }, "no test was reported");
}
if (files.length > 0) checkLeftFiles();
else {report(`no test file is called ${only.join(" or ")}`, performance.now(), {
    passed: 0,
    failed: 1,
  }, "");}

for (const failure of failures) console.log(`\n${failure}`);
if (skipped.length > 0) console.log(`\n${skipped.length} skipped:`);
for (const skip of skipped) {
  console.log(`  ${skip.runtime} ${skip.file}: ${skip.name} (${reasonsFor(skip)})`);
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
