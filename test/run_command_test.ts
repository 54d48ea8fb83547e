/** `runCommand` with real processes, and with the fake driver for the GPU. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { HypomnesisError } from "../lib/errors.ts";
import { openMeter } from "../lib/meter.ts";
import { runCommand, type RunOptions } from "../lib/run/run_command.ts";
import { RUNTIME } from "./support/run_script.ts";
import { fakeMachine, skipNative } from "./support/native.ts";

const skip = process.platform === "linux" ? false : "the commands are those of Linux";
const NOWHERE = "/nonexistent/nvidia-smi";
const MIB = 2 ** 20;
/** Holds 60 MB until the sleep at its end is over. */
const hold60 = (seconds: number) =>
  `head -c 60M /dev/zero | tail -c 60M 2>/dev/null | sleep ${seconds}`;

async function run(script: string, options: RunOptions = {}) {
  await using meter = openMeter({ sources: ["proc"] });
  return await runCommand(["sh", "-c", script], { meter, stdio: "null", ...options });
}

/** Left in our cgroup by runs of this process. */
function leftCgroups(): string[] {
  const told = fs.readFileSync("/proc/self/cgroup", "utf8");
  const v1 = /^\d+:memory:(.*)$/m.exec(told)?.[1];
  const folder = v1 === undefined
    ? `/sys/fs/cgroup${/^0::(.*)$/m.exec(told)?.[1] ?? ""}`
    : `/sys/fs/cgroup/memory${v1}`;
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder).filter((name) => name.startsWith(`hmn-run-${process.pid}-`));
}

function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("runCommand", { skip }, () => {
  it("sums the RAM of all processes, and says when it was highest", async () => {
    const report = await run(`sleep 0.3; ${hold60(0.6)}; sleep 0.2`, { intervalMs: 50 });
    assert.equal(report.exitCode, 0);
    assert.ok(report.peakRamBytes! >= 57 * MIB, `${report.peakRamBytes}`);
    assert.ok(report.peakRamBytes! < 120 * MIB, `${report.peakRamBytes}`);
    assert.equal(report.peakRamSource, "sum_rss");
    assert.ok(report.peakRamElapsedMs! >= 250, `${report.peakRamElapsedMs}`);
    assert.ok(report.samples >= 10, `${report.samples}`);
    const [largest] = report.processes;
    assert.equal(largest!.name, "tail");
    assert.ok(largest!.peakRssBytes! >= 57 * MIB);
    assert.ok(report.processCount >= 5, `${report.processCount}`);
    assert.equal(report.processes.length, 3);
    assert.equal(report.leftRunning, 0);
    assert.equal(report.series, null);
  });

  it("counts what lives between two samples as far as the kernel kept it", async () => {
    const report = await run("head -c 60M /dev/zero | tail -c 60M > /dev/null", {
      intervalMs: 60_000,
    });
    // The runtime tells the largest process that was waited for, the cgroup everything; Deno without a cgroup neither.
    const known = RUNTIME === "bun" ? report.peakRamBytes : report.cgroupPeakBytes;
    if (known === null) assert.ok(report.failures.some(isCgroupFailure), "no reason");
    else assert.ok(known >= 55 * MIB, `${known}`);
    assert.equal(report.peakRamBytes === null, report.peakRamSource === null);
    if (report.cgroupPeakBytes !== null) {
      assert.ok(report.cgroupPeakBytes >= 55 * MIB, `${report.cgroupPeakBytes}`);
    }
  });

  it("does not count itself: a small command stays small", async () => {
    const report = await run("sleep 0.2", { intervalMs: 50 });
    assert.ok(report.peakRamBytes! < 16 * MIB, `${report.peakRamBytes}`);
    if (report.cgroupPeakBytes !== null) assert.ok(report.cgroupPeakBytes < 16 * MIB);
  });

  it("follows a process whose parent has ended, and tells that it is left running", async () => {
    const report = await run("sh -c 'sleep 1 & sleep 0.3'; sleep 0.2", { intervalMs: 30 });
    assert.equal(report.leftRunning, 1);
    assert.deepEqual(leftCgroups(), []);
  });

  it("follows a process that got away from its parents, where it may make a cgroup", async () => {
    const report = await run(
      "(setsid sh -c 'head -c 60M /dev/zero | tail -c 60M 2>/dev/null | sleep 0.5' &) & sleep 0.7",
      { intervalMs: 50 },
    );
    if (report.cgroupPeakBytes === null) assert.ok(report.failures.some(isCgroupFailure));
    else assert.ok(report.peakRamBytes! >= 57 * MIB, `${report.peakRamBytes}`);
  });

  it("passes on exit codes and signals", async () => {
    assert.equal((await run("exit 7")).exitCode, 7);
    const killed = await run("kill -TERM $$");
    assert.deepEqual([killed.exitCode, killed.signal], [143, "SIGTERM"]);
    const crashed = await run("kill -SEGV $$");
    assert.deepEqual([crashed.exitCode, crashed.signal], [139, "SIGSEGV"]);
  });

  it("a command that ends at once is told without numbers that nobody saw", async () => {
    for (let i = 0; i < 5; i++) {
      const report = await run(":", { cgroup: false });
      assert.equal(report.exitCode, 0);
      assert.ok(report.durationMs >= 0);
      assert.equal(report.peakRamBytes === null, report.peakRamSource === null);
      assert.notEqual(report.peakRamBytes, 0);
    }
  });

  it("is ended by its signal, with a report", async () => {
    const over = new AbortController();
    const report = await run("sleep 30", { signal: over.signal, onStart: () => over.abort() });
    assert.deepEqual([report.exitCode, report.signal], [143, "SIGTERM"]);
    await assert.rejects(run(":", { signal: AbortSignal.abort(new Error("before")) }), /before/);
  });

  it("is ended when what the caller does with it fails, and that is thrown on", async () => {
    for (const which of ["onStart", "onSample"] as const) {
      let pid = 0;
      const startMs = performance.now();
      const failing = runCommand(["sleep", "30"], {
        stdio: "null",
        [which]: () => {
          throw new Error("boom");
        },
        ...which === "onStart"
          ? {}
          : { onStart: (running: { pid: number }) => void (pid = running.pid) },
      });
      await assert.rejects(failing, /boom/);
      while (pid !== 0 && isRunning(pid) && performance.now() - startMs < 20_000) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.ok(pid === 0 || !isRunning(pid), "the command goes on");
    }
    assert.deepEqual(leftCgroups(), []);
  });

  it("a folder that is not there is named", async () => {
    await assert.rejects(runCommand(["true"], { cwd: "/nonexistent/folder", stdio: "null" }), {
      message: 'Cannot run "true": there is no folder "/nonexistent/folder" to run it in',
    });
  });

  it("notices the end at once, however long the interval", async () => {
    const startMs = performance.now();
    await run("sleep 0.1", { intervalMs: 60_000 });
    assert.ok(performance.now() - startMs < 20_000);
  });

  it("tells the history where it is asked for", async () => {
    const { series, samples } = await run("sleep 0.3", { intervalMs: 50, series: true });
    assert.equal(series!.length, samples);
    assert.ok(series!.every(({ ramBytes }) => ramBytes !== null && ramBytes > 0));
    const times = series!.map(({ elapsedMs }) => elapsedMs);
    assert.deepEqual(times, times.toSorted((a, b) => a - b));
  });

  it("has the environment, the folder and the arguments it is given", async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "hmn-run-"));
    try {
      const odd = "a b\"'$(x)\n*é";
      const report = await runCommand(
        ["sh", "-c", 'printf "%s|%s|%s" "$HMN_ODD" "$(pwd)" "$1" > out; exit 3', "sh", odd],
        { cwd: dir, env: { PATH: process.env.PATH!, HMN_ODD: odd }, stdio: "null" },
      );
      assert.equal(report.exitCode, 3);
      const real = fs.realpathSync(dir);
      assert.equal(fs.readFileSync(path.join(dir, "out"), "utf8"), `${odd}|${real}|${odd}`);
    } finally {
      fs.rmSync(dir, { recursive: true });
    }
  });

  it("a command that is not there, or can't be run, is an error and leaves nothing", async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "hmn-run-"));
    try {
      const plain = path.join(dir, "plain");
      fs.writeFileSync(plain, "text");
      const cases = [
        ["no-such-command-here", "command_not_found"],
        [path.join(dir, "nothing"), "command_not_found"],
        ["", "command_not_found"],
        [plain, "command_not_executable"],
        [dir, "command_not_executable"],
      ] as const;
      for (const [name, code] of cases) {
        for (const cgroup of [true, false]) {
          await assert.rejects(runCommand([name, "x"], { cgroup, stdio: "null" }), (error) => {
            assert.ok(error instanceof HypomnesisError, `${name}: ${error}`);
            assert.equal(error.code, code, `${name} ${cgroup}: ${error.message}`);
            assert.ok(error.message.startsWith(`Cannot run ${JSON.stringify(name)}: `));
            return true;
          });
        }
      }
      assert.deepEqual(leftCgroups(), []);
    } finally {
      fs.rmSync(dir, { recursive: true });
    }
  });

  it("a script without a first line that names its interpreter is run by the shell", async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "hmn-run-"));
    try {
      const script = path.join(dir, "script");
      fs.writeFileSync(script, 'exit "$1"\n', { mode: 0o755 });
      for (const cgroup of [true, false]) {
        assert.equal((await runCommand([script, "9"], { cgroup, stdio: "null" })).exitCode, 9);
      }
    } finally {
      fs.rmSync(dir, { recursive: true });
    }
  });

  it("what is no command or no interval is refused", async () => {
    await assert.rejects(runCommand("ls" as unknown as string[]), TypeError);
    await assert.rejects(runCommand([1 as unknown as string]), TypeError);
    await assert.rejects(run(":", { intervalMs: 0 }), /^RangeError: Cannot watch every 0 ms/);
  });

  it("two runs at once have a cgroup each", async () => {
    const both = await Promise.all([run("sleep 0.3"), run(hold60(0.4), { intervalMs: 50 })]);
    const [small, large] = both.map(({ cgroupPeakBytes }) => cgroupPeakBytes);
    if (small !== null) {
      assert.ok(small! < 30 * MIB, `${small}`);
      assert.ok(large! > 55 * MIB, `${large}`);
    }
    assert.deepEqual(leftCgroups(), []);
  });
});

function isCgroupFailure({ message }: { message: string }): boolean {
  return message.startsWith("Cannot measure the run in a cgroup of its own: ");
}

describe("runCommand with GPUs", { skip: skip || skipNative() }, () => {
  /** Runs a script on a machine whose process list gets the command's PID when it is known. */
  async function onGpus(
    conf: (pid: number) => Record<string, string | string[] | number>,
    script: string,
  ) {
    using machine = fakeMachine({ gpus: 2 });
    await using meter = openMeter({
      isolation: "process",
      nvmlPath: machine.nvmlPath,
      nvidiaSmiPath: NOWHERE,
      softBudgetMs: 1_000,
      hardBudgetMs: 1_500,
    });
    return await runCommand(["sh", "-c", script], {
      meter,
      stdio: "null",
      intervalMs: 50,
      series: true,
      onStart: ({ pid }) => machine.setConf({ gpus: 2, ...conf(pid) }),
    });
  }

  it("tells what the run held on each GPU, and nobody else's memory", async () => {
    const report = await onGpus(
      (pid) => ({ process: [`0,${pid},1G`, `1,${pid},512M`, "0,1,2G"] }),
      "sleep 0.8",
    );
    assert.equal(report.peakVramBytes, 1536 * MIB);
    assert.deepEqual(
      report.gpus.map(({ deviceIndex, peakVramBytes, totalBytes }) => [
        deviceIndex,
        peakVramBytes,
        totalBytes,
      ]),
      [[0, 1024 * MIB, 16384 * MIB], [1, 512 * MIB, 16384 * MIB]],
    );
    assert.equal(report.processes[0]!.peakVramBytes, 1536 * MIB);
    assert.deepEqual(report.failures.filter((failure) => !isCgroupFailure(failure)), []);
  });

  it("a figure that the driver can't give makes the sum unknown, and never smaller", async () => {
    const report = await onGpus(
      (pid) => ({ process: [`0,${pid},sentinel`, `1,${pid},512M`] }),
      "sleep 0.8",
    );
    // A look that met the change of the list may have seen the second GPU's figure alone.
    assert.ok((report.peakVramBytes ?? 0) <= 512 * MIB, `${report.peakVramBytes}`);
    assert.equal(report.series!.at(-1)!.vramBytes, null);
    assert.equal(report.gpus[1]!.peakVramBytes, 512 * MIB);
  });

  it("a driver that hangs costs the GPU numbers, and neither the RAM nor the end", async () => {
    const startMs = performance.now();
    const report = await onGpus(
      () => ({ "hang.nvmlDeviceGetComputeRunningProcesses_v3": "sleep" }),
      "sleep 0.8",
    );
    assert.ok(performance.now() - startMs < 20_000);
    assert.ok(report.samples >= 8, `${report.samples}`);
    assert.ok(report.peakRamBytes! > 0);
    assert.ok(report.failures.some(({ code }) => code === "slow"), JSON.stringify(report.failures));
  });
});
