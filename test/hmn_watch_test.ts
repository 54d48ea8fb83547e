/** `hmn watch` as a whole program: signals, pipes, and a driver that hangs, crashes or is reset while it watches. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { type Conf, fakeMachine, type FakeNvmlMachine, skipNative } from "./support/native.ts";
import { Pty, skipPty } from "./support/pty.ts";
import { repositoryFile, SCRIPT_ENV, scriptCommand } from "./support/run_script.ts";

const CLI = repositoryFile("cli.ts");
const ONE: Conf = { gpus: 1, process: ["0,1,536870912"] };

interface WatchEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** Where the drivers of a machine are. */
const driversOf = ({ nvmlPath }: FakeNvmlMachine) => ({
  HMN_NVML_PATH: nvmlPath,
  HMN_NVIDIA_SMI_PATH: "/nonexistent/nvidia-smi",
});

/** Starts a command on a machine. */
function start(
  [program, ...args]: readonly string[],
  machine: FakeNvmlMachine,
  onOutput: (stdout: string, pid: number) => void = () => {},
) {
  const startMs = performance.now();
  const child = spawn(program!, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...SCRIPT_ENV, ...driversOf(machine) },
  });
  let stdout = "";
  let stderr = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    onOutput(stdout, child.pid!);
  });
  child.stderr!.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const ended = new Promise<WatchEnd>((resolve) =>
    child.on("close", (code) => resolve({ code, stdout, stderr, ms: performance.now() - startMs }))
  );
  return { child, ended };
}

/** Runs a watch; `onOutput` is called with all of stdout so far whenever more of it comes. */
async function watch(
  args: readonly string[],
  machine: FakeNvmlMachine,
  onOutput?: (stdout: string, pid: number) => void,
): Promise<WatchEnd> {
  const { child, ended } = start(
    scriptCommand(CLI, { args: ["watch", ...args] }),
    machine,
    onOutput,
  );
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  try {
    return await ended;
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a shell pipeline in which `hmn` is the command. */
async function shell(text: string, machine: FakeNvmlMachine): Promise<WatchEnd> {
  const command = scriptCommand(CLI).map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  return await start(["bash", "-c", `hmn() { ${command} "$@"; }; ${text}`], machine).ended;
}

/** Calls `action` once, when `when` first holds. */
function once(when: (stdout: string) => boolean, action: (pid: number) => void) {
  let done = false;
  return (stdout: string, pid: number) => {
    if (done || !when(stdout)) return;
    done = true;
    action(pid);
  };
}

/** It is there and no zombie: nobody may wait for one whose parent was killed. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const records = (text: string) =>
  text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));

describe("hmn watch", { skip: skipNative() }, () => {
  it("lasts as long as it is told, with a last sample, however long the interval", async () => {
    using machine = fakeMachine(ONE);
    const end = await watch(["--json", "--duration", "1s", "--interval", "1h"], machine);
    assert.equal(end.code, 0, end.stderr);
    const samples = records(end.stdout).filter(({ kind }) => kind === "sample");
    assert.deepEqual(samples.map(({ seq }) => seq), [0, 1]);
    assert.ok(samples[1].t_ms >= 800 && samples[1].t_ms < 20_000, `${samples[1].t_ms}`);
    assert.ok(end.ms < 30_000);
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    it(`${signal} has the summary written at once, also while the driver hangs`, async () => {
      using machine = fakeMachine(ONE);
      let signalMs = 0;
      const hang = once(
        (stdout) => stdout.includes('"used_bytes":536870912'),
        () => machine.setConf({ gpus: 1, "hang.nvmlDeviceGetMemoryInfo_v2": "sleep" }),
      );
      const end = once((stdout) => stdout.includes('"kind":"failure"'), (pid) => {
        signalMs = performance.now();
        process.kill(pid, signal);
      });
      const { code, stdout, stderr } = await watch(
        ["1", "--json", "--interval", "100ms"],
        machine,
        (text, pid) => {
          hang(text, pid);
          end(text, pid);
        },
      );
      assert.equal(code, 0, stderr);
      // The driver's own budget is 10 s.
      assert.ok(performance.now() - signalMs < 5_000, `${performance.now() - signalMs}`);
      const all = records(stdout);
      const last = all.at(-1);
      assert.deepEqual([last.kind, last.ended_by, last.measurable], ["summary", signal, false]);
      assert.equal(last.per_pid[0].peak_used_bytes, 536_870_912);
      const failure = all.find(({ kind }) => kind === "failure");
      assert.equal(failure.code, "slow");
      const during = all.filter(({ kind, seq }) => kind === "sample" && seq >= failure.seq);
      assert.ok(during.every(({ used_bytes, rss_bytes }) => used_bytes === null && rss_bytes > 0));
    });
  }

  it("a driver that hangs from the start takes no longer than the duration", async () => {
    using machine = fakeMachine({ "hang.nvmlInit_v2": "sleep" });
    const end = await watch(["1", "--json", "--duration", "1s", "--interval", "300ms"], machine);
    const all = records(end.stdout);
    assert.equal(all.at(-1).ended_by, "duration");
    assert.ok(all.some(({ kind, rss_bytes }) => kind === "sample" && rss_bytes > 0));
    assert.equal(end.code, 7, "the drivers never answered");
    // The driver's own budget alone is 4 s.
    assert.ok(end.ms < 3_800, `${end.ms}`);
  });

  it("signals that come together lose nothing", async () => {
    using machine = fakeMachine(ONE);
    for (let i = 0; i < 3; i++) {
      const send = once((stdout) => stdout.includes('"kind":"sample"'), (pid) => {
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGINT"] as const) {
          process.kill(pid, signal);
        }
      });
      const end = await watch(["1", "--json", "--interval", "1s"], machine, send);
      assert.equal(end.code, 0);
      assert.equal(records(end.stdout).at(-1).kind, "summary");
    }
  });

  it("a driver that was reset is read again", async () => {
    using machine = fakeMachine(ONE);
    const steps: Conf[] = [
      { gpus: 1, "code.*": 15 },
      { gpus: 1, process: ["0,1,1073741824"] },
    ];
    let seen = 0;
    const { code, stdout } = await watch(
      ["1", "--json", "--interval", "100ms"],
      machine,
      (text, pid) => {
        if (seen === 0 && text.includes('"used_bytes":536870912')) machine.setConf(steps[seen++]!);
        if (seen === 1 && text.includes('"kind":"failure"')) machine.setConf(steps[seen++]!);
        if (seen === 2 && text.includes('"used_bytes":1073741824')) {
          seen += 1;
          process.kill(pid, "SIGINT");
        }
      },
    );
    assert.equal(code, 0);
    const all = records(stdout);
    assert.ok(all.some(({ kind, message }) => kind === "failure" && /GPU_IS_LOST/.test(message)));
    assert.equal(all.at(-1).per_pid[0].peak_used_bytes, 1_073_741_824);
    assert.equal(all.at(-1).ended_by, "SIGINT");
  });

  it("a driver that crashes costs its own numbers, and the watch goes on", async () => {
    using machine = fakeMachine(ONE);
    const crash = once(
      (stdout) => stdout.includes('"used_bytes":536870912'),
      () => machine.setConf({ gpus: 1, "crash.nvmlDeviceGetMemoryInfo_v2": "segv" }),
    );
    let after = 0;
    const { code, stdout } = await watch(
      ["1", "--json", "--interval", "100ms"],
      machine,
      (text, pid) => {
        crash(text, pid);
        after = text.split('"code":"crashed"').length - 1;
        if (after === 3) process.kill(pid, "SIGINT");
      },
    );
    assert.equal(code, 0);
    const all = records(stdout);
    assert.ok(all.filter(({ code }) => code === "crashed").length >= 3, "said at each sample");
    assert.ok(
      all.filter(({ rss_bytes, used_bytes }) => rss_bytes > 0 && used_bytes === null).length >= 3,
    );
  });

  it("ends by itself when the processes have exited", async () => {
    using machine = fakeMachine(ONE);
    const sleeper = spawn("sleep", ["0.5"], { stdio: "ignore" });
    const end = await watch([String(sleeper.pid), "--json", "--interval", "100ms"], machine);
    assert.equal(end.code, 0, end.stderr);
    const all = records(end.stdout);
    assert.ok(all.some(({ event, pid }) => event === "exited" && pid === sleeper.pid));
    assert.deepEqual([all.at(-1).ended_by, all.at(-1).per_pid[0].state], ["all_exited", "exited"]);
  });

  it("a reader that leaves ends it quietly, and stderr has the summary", async () => {
    using machine = fakeMachine(ONE);
    const end = await shell(
      "hmn watch 1 --json --interval 100ms 2> >(cat >&2) | head -n 2; echo ${PIPESTATUS[0]}",
      machine,
    );
    const lines = end.stdout.trim().split("\n");
    assert.equal(lines.length, 3);
    assert.equal(lines[2], "0");
    const summary = JSON.parse(end.stderr.trim().split("\n").at(-1)!);
    assert.deepEqual([summary.kind, summary.ended_by], ["summary", "output_closed"]);
    assert.ok(end.ms < 30_000);
  });

  it(
    "a terminal that goes away gets no error, and stderr the summary",
    { skip: skipPty() },
    async () => {
      using machine = fakeMachine(ONE);
      const dir = fs.mkdtempSync(path.join(os.tmpdir(), "hmn-gone-"));
      const file = path.join(dir, "stderr");
      for (const way of [[], ["--json"], ["--live"]]) {
        const command = scriptCommand(CLI, { args: ["watch", "1", "--interval", "100ms", ...way] });
        const pty = new Pty(["sh", "-c", `exec "$0" "$@" 2> ${file}`, ...command], {
          columns: 90,
          rows: 20,
        }, driversOf(machine));
        await pty.until("a sample", (lines) => lines.some((line) => /MiB|536870912/.test(line)));
        const { pid } = pty;
        pty.vanish();
        const endMs = performance.now() + 20_000;
        while (isRunning(pid) && performance.now() < endMs) await sleep(20);
        await pty.close();
        const said = fs.readFileSync(file, "utf8");
        assert.match(said, /"kind":"summary"|hmn watch: per-PID {2}PID/, `${way}: ${said}`);
        assert.ok(!said.includes("error"), said);
      }
      fs.rmSync(dir, { recursive: true });
    },
  );

  it("a full disk is an error, and stderr has the summary", async () => {
    using machine = fakeMachine(ONE);
    const end = await shell("hmn watch 1 --interval 100ms > /dev/full; echo $?", machine);
    assert.equal(end.stdout.trim(), "74");
    assert.match(end.stderr, /hmn watch: per-PID {2}PID/);
    assert.match(end.stderr, /hmn: error: Cannot write the output: /);
  });

  it("what is started with nohup outlives a hangup", async () => {
    using machine = fakeMachine(ONE);
    const end = await shell(
      'trap "" HUP; hmn watch 1 --duration 1s --interval 200ms > /dev/null & sleep 0.5; kill -HUP $!; wait $!; echo $?',
      machine,
    );
    assert.equal(end.stdout.trim(), "0");
    assert.ok(end.ms >= 1_000);
    assert.ok(!end.stderr.includes("SIGHUP"));
  });
});
