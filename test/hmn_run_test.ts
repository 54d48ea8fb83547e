/** `hmn run` and `hmn spill` as whole programs: what they pass on, and what they say at the end. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fakeMachine, skipNative } from "./support/native.ts";
import { Pty, skipPty } from "./support/pty.ts";
import { repositoryFile, runScript, SCRIPT_ENV, scriptCommand } from "./support/run_script.ts";

const CLI = repositoryFile("cli.ts");
const NO_GPU = {
  HMN_NVML_PATH: "/nonexistent/libnvidia-ml.so.1",
  HMN_NVIDIA_SMI_PATH: "/nonexistent/nvidia-smi",
  NO_COLOR: "1",
};
const skip = process.platform === "linux" ? false : "the commands are those of Linux";

const hmn = (
  args: readonly string[],
  more: { input?: string; env?: Record<string, string> } = {},
) => runScript(CLI, { args, ...more, env: { ...NO_GPU, ...more.env } });

/** Starts hmn, waits until the command below it says that it is ready, and does something. */
async function whileRunning(
  args: readonly string[],
  action: (hmnPid: number) => void,
  env: Record<string, string> = {},
) {
  const [program, ...rest] = scriptCommand(CLI, { args });
  const child = spawn(program!, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...SCRIPT_ENV, ...NO_GPU, ...env },
  });
  const startMs = performance.now();
  let stdout = "";
  let stderr = "";
  let acted = false;
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (!acted && stdout.includes("ready")) {
      acted = true;
      action(child.pid!);
    }
  });
  child.stderr!.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  return await new Promise<{ code: number | null; stdout: string; stderr: string; ms: number }>(
    (resolve) =>
      child.on("close", (code) => {
        clearTimeout(timer);
        resolve({ code, stdout, stderr, ms: performance.now() - startMs });
      }),
  );
}

/** The command line of hmn with these arguments, quoted for a shell. */
function shellWords(args: readonly string[]): string {
  return scriptCommand(CLI, { args }).map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}

for (const name of ["run", "spill"] as const) {
  describe(`hmn ${name}`, { skip }, () => {
    it("leaves stdin, stdout, stderr and the exit code to the command", async () => {
      const end = await hmn([name, "sh", "-c", "cat; echo to stderr >&2; exit 7"], {
        input: "through\n",
      });
      assert.deepEqual([end.code, end.stdout], [7, "through\n"]);
      const [first, second] = end.stderr.split("\n");
      assert.equal(first, "to stderr");
      assert.ok(second!.startsWith(`hmn ${name}: `), end.stderr);
    });

    it("leaves what follows the command to it, with -- and without", async () => {
      const odd = ["-n", "--json", "--interval", "0", "--", "a b", "$x", "*"];
      for (const dashes of [[], ["--"]]) {
        const end = await hmn([name, ...dashes, "echo", ...odd]);
        assert.deepEqual([end.code, end.stdout], [0, odd.slice(1).join(" ")]);
      }
    });

    it("exits with 128 and the signal's number where a signal ended the command", async () => {
      assert.equal((await hmn([name, "sh", "-c", "kill -KILL $$"])).code, 137);
    });

    it("a command that is not there, or can't be run, has the shell's exit codes and no report", async () => {
      const missing = await hmn([name, "--json", "no-such-command", "x"]);
      assert.deepEqual([missing.code, missing.stdout, missing.stderr], [
        127,
        "",
        'hmn: error: Cannot run "no-such-command": there is no such command\n',
      ]);
      const folder = await hmn([name, "/"]);
      assert.deepEqual([folder.code, folder.stderr], [
        126,
        'hmn: error: Cannot run "/": it is no file that may be executed\n',
      ]);
    });

    it("passes signals on, and tells what was measured when the command ends", async () => {
      const script = "trap 'echo got $s; kill -KILL $!; exit 5' $s; sleep 20 & echo ready; wait";
      for (const signal of ["INT", "TERM", "HUP", "QUIT", "USR1", "USR2"]) {
        const end = await whileRunning(
          [name, "sh", "-c", script.replaceAll("$s", signal)],
          (pid) => process.kill(pid, `SIG${signal}`),
        );
        assert.deepEqual([end.code, end.stdout], [5, `ready\ngot ${signal}\n`], end.stderr);
        assert.ok(end.stderr.startsWith(`hmn ${name}: `), `${signal}: ${end.stderr}`);
        assert.ok(end.ms < 15_000, `${signal}: ${end.ms}`);
      }
    });

    it("leaves open files above stderr to the command, and ignored signals ignored", async () => {
      const script = `hmn() { ${shellWords([name])} "$@" 2>/dev/null; }
        trap '' HUP; hmn cat <(echo substituted); hmn sh -c 'echo seven >&7; grep SigIgn /proc/self/status' 7>&1`;
      const end = spawn("bash", ["-c", script], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, ...SCRIPT_ENV, ...NO_GPU },
      });
      let text = "";
      end.stdout!.setEncoding("utf8").on("data", (piece: string) => text += piece);
      await new Promise((resolve) => end.on("close", resolve));
      const [first, second, mask] = text.split("\n");
      assert.deepEqual([first, second], ["substituted", "seven"]);
      assert.match(mask!, /^SigIgn:\t[0-9a-f]+1$/);
    });

    it("arguments that are not UTF-8 are refused, and not changed", () => {
      const end = spawnSync("bash", ["-c", `${shellWords([name])} printf %s $'a\\xffb'`], {
        encoding: "utf8",
        env: { ...process.env, ...SCRIPT_ENV, ...NO_GPU },
      });
      assert.deepEqual([end.status, end.stdout], [2, ""]);
      assert.match(end.stderr, /^hmn: error: argument 2 of the command is not UTF-8 [^\n]+\n$/);
    });

    it("a command that ignores a signal goes on, and so does its report", async () => {
      const end = await whileRunning(
        [name, "sh", "-c", "trap '' TERM; echo ready; sleep 0.5; exit 3"],
        (pid) => process.kill(pid, "SIGTERM"),
      );
      assert.equal(end.code, 3);
      assert.ok(end.stderr.startsWith(`hmn ${name}: `), end.stderr);
    });

    it("without a command nothing is opened", async () => {
      for (const args of [[], ["--json"], ["--"]]) {
        const end = await hmn([name, ...args]);
        assert.deepEqual([end.code, end.stdout], [2, ""]);
        assert.match(end.stderr, /^hmn: error: COMMAND is missing: [^\n]+\n$/);
      }
    });

    it("a report that nobody reads, or that can't be written, leaves the exit code of a failed command", async () => {
      const full = (args: readonly string[], redirect: string) => {
        return new Promise<number | null>((resolve) => {
          spawn("sh", ["-c", `${shellWords(args)} ${redirect}`], {
            stdio: "ignore",
            env: { ...process.env, ...SCRIPT_ENV, ...NO_GPU },
          }).on("close", resolve);
        });
      };
      assert.equal(await full([name, "--json", "sh", "-c", "exit 6"], ">/dev/full"), 6);
      assert.equal(await full([name, "--json", "true"], ">/dev/full"), 74);
      assert.equal(await full([name, "sh", "-c", "exit 6"], "2>&1 | true; exit 6"), 6);
    });

    it("Ctrl+C at the terminal reaches the command once, and the report is written", {
      skip: skipPty(),
    }, async () => {
      const dir = fs.mkdtempSync(path.join(os.tmpdir(), "hmn-int-"));
      const count = path.join(dir, "count");
      const script =
        `trap 'echo x >> ${count}' INT; echo ready; for i in 1 2 3 4 5 6 7 8; do sleep 0.1; done; exit 9`;
      const pty = new Pty(
        scriptCommand(CLI, { args: [name, "sh", "-c", script] }),
        { columns: 100, rows: 20 },
        NO_GPU,
      );
      try {
        await pty.until("ready", (lines) => lines.some((line) => line === "ready"));
        pty.type("\x03");
        assert.equal(await pty.ended, 9);
        assert.equal(fs.readFileSync(count, "utf8"), "x\n");
        assert.ok((await pty.screen()).some((line) => line.includes(`hmn ${name}: `)));
      } finally {
        await pty.close();
        fs.rmSync(dir, { recursive: true });
      }
    });

    it("the command has the terminal", { skip: skipPty() }, async () => {
      const script =
        'test -t 0 && test -t 1 && test -t 2 && stty size && read line && echo "[$line]"';
      const pty = new Pty(
        scriptCommand(CLI, { args: [name, "sh", "-c", script] }),
        { columns: 77, rows: 20 },
        NO_GPU,
      );
      try {
        await pty.until("the size", (lines) => lines.includes("20 77"));
        pty.type("typed\n");
        assert.equal(await pty.ended, 0);
        assert.ok((await pty.screen()).includes("[typed]"));
      } finally {
        await pty.close();
      }
    });
  });
}

describe("hmn run's report", { skip }, () => {
  it("is lines of facts for people", async () => {
    const end = await hmn(["run", "--interval", "50", "sh", "-c", "sleep 0.4; exit 2"]);
    const lines = end.stderr.split("\n");
    assert.match(lines[0]!, /^hmn run: exit code 2 after \d{3} ms, \d+ samples every 50 ms$/);
    assert.match(lines[1]!, /^ {9}peak RAM {3}[1-9]\d* MiB at \+0\.\ds {2}[▁▂▃▄▅▆▇█]+$/);
    assert.ok(lines.includes("         peak VRAM  not known: there is no GPU here"), end.stderr);
    assert.match(end.stderr, /\n {9}processes {2}\d+ (sh|sleep): RAM \d+ MiB\n/);
    assert.equal(end.code, 2);
  });

  it("is one JSON object behind the command's own output", async () => {
    const end = await hmn(["run", "--json", "--series", "sh", "-c", "echo mine; sleep 0.3"]);
    const [mine, json, rest] = end.stdout.split("\n");
    assert.deepEqual([mine, rest, end.stderr], ["mine", "", ""]);
    const report = JSON.parse(json!);
    assert.deepEqual(report.command, ["sh", "-c", "echo mine; sleep 0.3"]);
    assert.deepEqual([report.exit_code, report.signal, report.interval_ms], [0, null, 100]);
    assert.ok(report.peak_ram_bytes > 0 && report.peak_ram_source === "sum_rss");
    assert.deepEqual([report.peak_vram_bytes, report.gpus], [null, []]);
    assert.equal(report.series.length, report.samples);
    assert.ok(report.duration_ms >= 290 && report.duration_ms < 20_000);
    assert.deepEqual(
      report.failures.map(({ source, code }: { source: string; code: string }) => [source, code])
        .filter(([, code]: string[]) => code === "absent"),
      [["nvml", "absent"], ["nvidia_smi", "absent"]],
    );
  });

  it("shows names that could act on a terminal as what they are", async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "hmn-name-"));
    try {
      const evil = path.join(dir, "e\x1b[31mvil");
      fs.copyFileSync("/bin/sleep", evil);
      const end = await hmn(["run", "--interval", "50ms", evil, "1"]);
      assert.ok(!end.stderr.includes("\x1b"), end.stderr);
      assert.match(end.stderr, / \d+ e\\u\{1b\}\[31mvil: RAM/);
    } finally {
      fs.rmSync(dir, { recursive: true });
    }
  });
});

describe("hmn run and spill with GPUs", { skip: skip || skipNative() }, () => {
  it("says that spilling is not measurable, once, and never that there was none", async () => {
    using machine = fakeMachine({ gpus: 2 });
    const env = { HMN_NVML_PATH: machine.nvmlPath };
    const end = await hmn(["spill", "--json", "sleep", "0.2"], { env });
    const report = JSON.parse(end.stdout);
    assert.deepEqual(
      [end.code, report.measurable, report.spilled, report.peak_dedicated_bytes, report.episodes],
      [0, false, null, null, []],
    );
    assert.equal(report.devices.length, 2);
    assert.equal(end.stderr.split("not measurable").length, 2);
    assert.match(
      end.stderr,
      /^hmn spill: spill not measurable on this platform: the driver does not tell /,
    );
    assert.ok(!end.stderr.includes("no spill observed"));
  });

  it("a GPU that is not there is an error before the command is started", async () => {
    using machine = fakeMachine({ gpus: 2 });
    const env = { HMN_NVML_PATH: machine.nvmlPath };
    const end = await hmn(["spill", "--device", "5", "echo", "started"], { env });
    assert.deepEqual([end.code, end.stdout, end.stderr], [
      3,
      "",
      "hmn: error: device index 5 out of range (have 2 devices)\n",
    ]);
  });

  it("a driver that hangs from the start holds up neither the command nor the report", async () => {
    using machine = fakeMachine({ "hang.nvmlInit_v2": "sleep" });
    const end = await hmn(["run", "sh", "-c", "sleep 0.5; exit 4"], {
      env: { HMN_NVML_PATH: machine.nvmlPath },
    });
    assert.equal(end.code, 4);
    assert.match(end.stderr, /peak RAM {3}\d+ MiB/);
    assert.match(end.stderr, /peak VRAM {2}not known: Cannot include the GPUs in this sample: /);
    assert.ok(end.ms < 20_000, `${end.ms}`);
  });

  it("of a driver that hangs, spill says that, and not that there is no GPU", async () => {
    using machine = fakeMachine({ "hang.nvmlInit_v2": "sleep" });
    const env = { HMN_NVML_PATH: machine.nvmlPath };
    const end = await hmn(["spill", "--json", "sleep", "0.3"], { env });
    assert.equal(end.code, 0);
    assert.match(end.stderr, /^hmn spill: waiting for the driver before the command is started\n/);
    assert.match(
      end.stderr,
      /spill not measurable on this platform: no GPU was seen: Cannot include the GPUs/,
    );
    const report = JSON.parse(end.stdout);
    assert.deepEqual(report.failures.map(({ code }: { code: string }) => code), ["slow"]);
    assert.ok(end.ms < 15_000, `${end.ms}`);
  });

  it("a signal while the driver is waited for ends it, and says that nothing was started", async () => {
    using machine = fakeMachine({ "hang.nvmlInit_v2": "sleep" });
    const [program, ...rest] = scriptCommand(CLI, { args: ["spill", "echo", "started"] });
    const child = spawn(program!, rest, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...SCRIPT_ENV, ...NO_GPU, HMN_NVML_PATH: machine.nvmlPath },
    });
    let text = "";
    child.stdout!.setEncoding("utf8").on("data", (piece: string) => text += piece);
    child.stderr!.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      if (text.includes("waiting") && !text.includes("ended")) process.kill(child.pid!, "SIGINT");
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.equal(code, 130);
    assert.match(text, /hmn spill: ended by SIGINT before the command was started\n$/);
    assert.ok(!text.includes("started\nstarted"));
  });

  it("a driver that crashes costs its own part alone", async () => {
    using machine = fakeMachine({ "crash.nvmlDeviceGetComputeRunningProcesses_v3": "segv" });
    const end = await hmn(["run", "--json", "sleep", "0.5"], {
      env: { HMN_NVML_PATH: machine.nvmlPath },
    });
    const report = JSON.parse(end.stdout);
    assert.equal(end.code, 0);
    assert.ok(report.peak_ram_bytes > 0);
    assert.ok(report.failures.some(({ code }: { code: string }) => code === "crashed"));
  });
});
