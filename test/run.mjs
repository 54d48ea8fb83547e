// The one check behind `npm test`: format, lint, types, the build, and the tests under Bun and under Deno.
// Plain JavaScript for Node, because on a fresh machine npm and Node are all there is.
//
//   npm test              everything
//   npm test -- lane      only the test files whose name contains "lane"
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const bin = (name) => join(root, "node_modules", ".bin", name);
const only = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), "hypomnesis-run-"));
const MINUTES = 60_000;

/** Runs a command to its end; its output is kept, and shown where it failed. */
function run(command, args, { timeoutMs = 20 * MINUTES } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    let output = "";
    child.stdout.on("data", (bytes) => output += bytes);
    child.stderr.on("data", (bytes) => output += bytes);
    const timer = setTimeout(() => {
      output += `\nstopped after ${timeoutMs / MINUTES} minutes\n`;
      child.kill("SIGKILL");
    }, timeoutMs);
    child.on("error", (error) => output += `\n${error.message}\n`);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

// Not `.`: that would take the built declarations in `dist` too.
const TYPED = ["mod.ts", "cli.ts", "lib", "workers", "test", "bench", "examples", "deploy"];

const totals = { passed: 0, failed: 0 };
const skipped = [];

async function stage(name, work) {
  const startMs = performance.now();
  process.stdout.write(`${name} … `);
  const { passed, failed, output = "" } = await work();
  totals.passed += passed;
  totals.failed += failed;
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`${passed} passed, ${failed} failed (${seconds} s)`);
  if (failed > 0) console.log(output.split("\n").slice(-200).join("\n"));
}

/** One command is one check. */
async function check(command, args) {
  const { code, output } = await run(command, args);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1, output };
}

/** Counts the cases of a JUnit file. A describe block is no case, and neither is what was skipped. */
function readJunit(file, runtime) {
  if (!existsSync(file)) return null;
  const xml = readFileSync(file, "utf8");
  let passed = 0;
  let failed = 0;
  for (
    const [, attributes, body] of xml.matchAll(
      /<testcase\b((?:[^>"]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
    )
  ) {
    const name = unescapeXml(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? "?");
    const skip = /<skipped\b((?:[^>"]|"[^"]*")*)\/?>/.exec(body ?? "");
    if (skip !== null) {
      const why = unescapeXml(/message="([^"]*)"/.exec(skip[1])?.[1] ?? "");
      skipped.push(`${runtime}: ${name}${why === "" ? "" : ` (${why})`}`);
    } else if (/<(failure|error)\b/.test(body ?? "")) failed++;
    else passed++;
  }
  return { passed, failed };
}

function unescapeXml(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'").replaceAll("&apos;", "'").replaceAll("&amp;", "&");
}

/** Runs the test files under one runtime. A runner that fails without a failed case is a failure itself. */
async function tests(runtime, files) {
  const junit = join(scratch, `${runtime}.xml`);
  const args = runtime === "bun"
    ? ["test", "--timeout", String(10 * MINUTES), "--reporter=junit", `--reporter-outfile=${junit}`]
      .concat(files.map((file) => `./test/${file}`))
    : ["test", "-A", "--no-check", "--quiet", `--junit-path=${junit}`]
      .concat(files.map((file) => `test/${file}`));
  const { code, output } = await run(bin(runtime), args, { timeoutMs: 30 * MINUTES });
  const counted = readJunit(junit, runtime) ?? { passed: 0, failed: 0 };
  const failed = counted.failed === 0 && code !== 0 ? 1 : counted.failed;
  return { passed: counted.passed, failed, output };
}

/** The fake libraries of the tests are C, and one pipeline of the README is tried with jq. */
function installTools() {
  const isHere = (program) => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
  if (isHere("gcc") && isHere("jq")) return;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (
    const args of [["update", "-qq"], [
      "install",
      "-y",
      "-qq",
      "--no-install-recommends",
      "gcc",
      "libc6-dev",
    ]]
  ) {
    spawnSync("apt-get", args, { stdio: "ignore", env });
  }
}

const isChosen = (file) => only.length === 0 || only.some((part) => file.includes(part));
const files = readdirSync(join(root, "test")).filter((file) => file.endsWith("_test.ts"))
  .filter(isChosen).sort();

try {
  installTools();
  if (only.length === 0) {
    await stage("format", () => check(bin("deno"), ["fmt", "--check"]));
    await stage("lint", () => check(bin("deno"), ["lint"]));
    await stage("types", () => check(bin("deno"), ["check", ...TYPED]));
  }
  await stage("build", () => check(bin("bun"), ["deploy/build.ts"]));
  await stage("tests under Bun", () => tests("bun", files));
  await stage("tests under Deno", () => tests("deno", files));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (skipped.length > 0) {
  console.log(`${skipped.length} skipped:`);
  for (const line of skipped) console.log(`  ${line}`);
}
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);
