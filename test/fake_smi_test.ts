/** The fake nvidia-smi programs do what they say. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import process from "node:process";
import { test } from "node:test";
import {
  answers,
  exits,
  fakeSmi,
  floods,
  hangs,
  hangsStubbornly,
  leavesAChild,
  printsGarbage,
  segfaults,
  slow,
  type SmiBehaviour,
} from "./support/fake_smi.ts";

const skip = process.platform === "win32" ? "the fakes are shell scripts" : false;
const NOUNITS = "--format=csv,noheader,nounits";

interface Answer {
  readonly stdout: string;
  readonly rc: number | null;
}

function run(program: string, ...args: string[]): Answer {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8", timeout: 20_000 });
  return { stdout, rc: status };
}

function answerOf(behaviour: SmiBehaviour, ...args: string[]): Answer {
  using smi = fakeSmi(behaviour);
  return run(smi.path, ...args);
}

/** Whether a process is there and does not only wait to be reaped. */
function isAlive(pid: number): boolean {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}

async function until(what: () => boolean): Promise<void> {
  const limit = performance.now() + 10_000;
  while (!what()) {
    assert.ok(performance.now() < limit, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function start(program: string): ChildProcess {
  return spawn(program, [], { stdio: ["ignore", "pipe", "ignore"] });
}

test("texts of one's own, by question", { skip }, () => {
  using smi = fakeSmi(answers({
    "query-gpu": "0, $x `y`\n",
    "query-compute-apps": { stdout: "No permission\n", exitCode: 4 },
    list: "",
  }));
  assert.deepEqual(run(smi.path, "--query-gpu=index", NOUNITS), { stdout: "0, $x `y`\n", rc: 0 });
  assert.deepEqual(run(smi.path, "--query-compute-apps=pid"), { stdout: "No permission\n", rc: 4 });
  assert.deepEqual(run(smi.path, "-L"), { stdout: "", rc: 0 });
  assert.equal(run(smi.path, "-q", "-x").rc, 64);
  smi.setBehaviour(exits(17, "changed\n"));
  assert.deepEqual(run(smi.path), { stdout: "changed\n", rc: 17 });
  assert.equal(smi.calls()[1], "--query-compute-apps=pid");
});

test("garbage is the same for the same seed, and a flood is as long as asked", { skip }, () => {
  const bytes = (behaviour: SmiBehaviour) => {
    using smi = fakeSmi(behaviour);
    return spawnSync(smi.path, { maxBuffer: 1 << 24 }).stdout;
  };
  const garbage = bytes(printsGarbage(5000, 3));
  assert.equal(garbage.length, 5000);
  assert.deepEqual(garbage, bytes(printsGarbage(5000, 3)));
  assert.notDeepEqual(garbage, bytes(printsGarbage(5000, 4)));
  assert.ok(garbage.toString("utf8").includes("\ufffd"), "it is no UTF-8");
  assert.equal(bytes(floods(3_000_000)).length, 3_000_000);
});

test("a crash is a signal, and slow is slow", { skip }, () => {
  using crashing = fakeSmi(segfaults());
  assert.equal(spawnSync(crashing.path).signal, "SIGSEGV");
  const before = performance.now();
  assert.deepEqual(answerOf(slow(200, exits(3, "late\n"))), { stdout: "late\n", rc: 3 });
  assert.ok(performance.now() - before >= 199);
});

test("a hang ends with SIGTERM", { skip }, async () => {
  using smi = fakeSmi(hangs());
  const child = start(smi.path);
  await until(() => smi.pids().length === 1);
  assert.equal(smi.pids()[0], child.pid);
  child.kill("SIGTERM");
  const [, signal] = await once(child, "exit");
  assert.equal(signal, "SIGTERM");
});

test("a stubborn hang outlives SIGTERM, its child holds the pipe, a clean-up ends both", {
  skip: skip || (process.platform === "linux" ? false : "it looks into /proc"),
}, async () => {
  const smi = fakeSmi(hangsStubbornly());
  const child = start(smi.path);
  let closed = false;
  child.once("close", () => closed = true);
  await once(child.stdout!, "data");
  const pids = smi.pids();
  assert.equal(pids.length, 2);
  for (const pid of pids) process.kill(pid, "SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual(pids.map(isAlive), [true, true]);
  child.kill("SIGKILL");
  await once(child, "exit");
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(!closed, "the grandchild holds the pipe");
  assert.ok(isAlive(pids[1]!));
  smi.cleanup();
  await until(() => closed && !pids.some(isAlive));
  assert.ok(!fs.existsSync(smi.dir));
});

test("a program that ends may leave a child with its pipe", { skip }, async () => {
  const smi = fakeSmi(leavesAChild("0, done\n"));
  const child = start(smi.path);
  let closed = false;
  child.once("close", () => closed = true);
  const [data] = await once(child.stdout!, "data");
  assert.equal(String(data), "0, done\n");
  if (child.exitCode === null) await once(child, "exit");
  assert.equal(child.exitCode, 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(!closed);
  smi.cleanup();
  await until(() => closed);
});
