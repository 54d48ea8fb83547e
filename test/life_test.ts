/** How the children of a host live and die with it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import type { LifePlan } from "./support/life_host.ts";
import { fakeMachine, skipNative } from "./support/native.ts";
import { repositoryFile, runScript, SCRIPT_ENV, scriptCommand } from "./support/run_script.ts";

const HOST = repositoryFile("test/support/life_host.ts");
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function goneWithin(pid: number, ms: number): Promise<boolean> {
  for (const endMs = Date.now() + ms; Date.now() < endMs; await sleep(20)) {
    if (!isRunning(pid)) return true;
  }
  return false;
}

/** Lets go what a run that was itself killed left frozen: nothing else could ever end it. */
function thawLeftOvers(freezers: string): void {
  for (const name of fs.readdirSync(freezers)) {
    const pid = /^hypomnesis-test-(\d+)$/.exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    fs.writeFileSync(`${freezers}/${name}/freezer.state`, "THAWED");
  }
}

describe("children", { skip: skipNative() }, () => {
  it("a killed host takes its children with it, the idle one and the hung one", async () => {
    const machine = fakeMachine("gpus=1\nhang.nvmlInit_v2=sleep\n");
    const plan: LifePlan = { what: "stay", nvmlPath: machine.nvmlPath };
    const [program, ...args] = scriptCommand(HOST, { args: [JSON.stringify(plan)] });
    const host = spawn(program!, args, {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...SCRIPT_ENV },
    });
    try {
      const line = await new Promise<string>((resolve) =>
        host.stdout.setEncoding("utf8").once("data", resolve)
      );
      const { children } = JSON.parse(line) as { children: number[] };
      assert.equal(children.length, 2);
      assert.deepEqual(children.map(isRunning), [true, true]);
      host.kill("SIGKILL");
      for (const pid of children) assert.ok(await goneWithin(pid, 3_000), `child ${pid} is gone`);
    } finally {
      host.kill("SIGKILL");
      machine.cleanup();
    }
  });

  it("1,000 lost and found workers leak no process and no descriptor", {
    timeout: 300_000,
  }, async () => {
    const machine = fakeMachine("gpus=1\ncrash.nvmlDeviceGetCount_v2=segv\nreload=1\n");
    const plan: LifePlan = { what: "cycles", nvmlPath: machine.nvmlPath, cycles: 1_000 };
    try {
      const end = await runScript(HOST, { args: [JSON.stringify(plan)], timeoutMs: 300_000 });
      assert.equal(end.code, 0, end.stderr);
      const report = JSON.parse(end.stdout);
      assert.ok(report.lost >= 1_000, `${report.lost} of 1000 questions lost their worker`);
      assert.ok(report.rss > 0);
      assert.ok(report.after.children <= report.before.children + 1, JSON.stringify(report));
      assert.ok(report.after.descriptors <= report.before.descriptors + 8, JSON.stringify(report));
    } finally {
      machine.cleanup();
    }
  });

  const freezers = "/sys/fs/cgroup/freezer";
  const noFreezer = process.getuid?.() !== 0
    ? "needs root"
    : fs.existsSync(`${freezers}/tasks`)
    ? false
    : "needs the cgroup v1 freezer";
  it("a child in uninterruptible sleep holds up nobody", {
    skip: noFreezer,
    timeout: 60_000,
  }, async () => {
    thawLeftOvers(freezers);
    const freezer = `${freezers}/hypomnesis-test-${process.pid}`;
    fs.mkdirSync(freezer);
    const machine = fakeMachine("gpus=1\n");
    const plan: LifePlan = { what: "freeze", nvmlPath: machine.nvmlPath, freezer };
    try {
      const end = await runScript(HOST, { args: [JSON.stringify(plan)], timeoutMs: 30_000 });
      assert.equal(end.code, 0, `the host ended: ${end.signal} ${end.stderr}`);
      const report = JSON.parse(end.stdout);
      assert.deepEqual(report.codes, ["nvml slow"]);
      assert.ok(report.ms < 3_000, `answered after ${report.ms} ms`);
      assert.ok(report.rss > 0);
      assert.equal(report.state, "D", "the child was in uninterruptible sleep");
      assert.equal(report.stillThere.length, 1, "and SIGKILL could not end it");
    } finally {
      fs.writeFileSync(`${freezer}/freezer.state`, "THAWED");
      await sleep(300);
      for (let tries = 0; tries < 20; tries++) {
        try {
          fs.rmdirSync(freezer);
          break;
        } catch {
          await sleep(100);
        }
      }
      machine.cleanup();
    }
  });
});
