/** `hmn watch --live` on a pseudo-terminal: what a person sees, and what is left behind. */
import assert from "node:assert/strict";
import fs from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { type Conf, fakeMachine, type FakeNvmlMachine, skipNative } from "./support/native.ts";
import { Pty, type Size, skipPty } from "./support/pty.ts";
import { repositoryFile, scriptCommand } from "./support/run_script.ts";

const CLI = repositoryFile("cli.ts");
const SIZE: Size = { columns: 110, rows: 20 };
const TWO: Conf = { gpus: 2, process: ["0,parent,1342177280", "1,1,536870912"] };

async function onTerminal(
  args: readonly string[],
  use: (pty: Pty, machine: FakeNvmlMachine) => Promise<void>,
  size = SIZE,
): Promise<void> {
  using machine = fakeMachine(TWO);
  const pty = new Pty(scriptCommand(CLI, { args: ["watch", "--live", ...args] }), size, {
    HMN_NVML_PATH: machine.nvmlPath,
    HMN_NVIDIA_SMI_PATH: "/nonexistent/nvidia-smi",
  });
  try {
    await use(pty, machine);
  } finally {
    await pty.close();
  }
}

const has = (text: string) => (lines: readonly string[]) =>
  lines.some((line) => line.includes(text));
const row = (lines: readonly string[], pid: number) =>
  lines.find((line) => line.startsWith(`${pid} `)) ?? "";

/** What was switched on was switched off again, and the program's own screen is there. */
async function assertRestored(pty: Pty): Promise<void> {
  assert.equal(await pty.isAlternate(), false);
  for (const [on, off] of [["?25l", "?25h"], ["?7l", "?7h"], ["?1049h", "?1049l"]]) {
    assert.ok(pty.output.includes(`\x1b[${on}`), `never ${on}`);
    assert.ok(
      pty.output.lastIndexOf(`\x1b[${off}`) > pty.output.lastIndexOf(`\x1b[${on}`),
      `${off}`,
    );
  }
}

describe("hmn watch --live", { skip: skipPty() || skipNative() }, () => {
  it("draws in place: devices, processes, deltas and a curve that grows", () =>
    onTerminal(["--interval", "100ms"], async (pty, machine) => {
      const first = await pty.until("process 1", (lines) => row(lines, 1).includes("512 MiB"));
      assert.match(
        first[0]!,
        /^hmn watch {2}\+\d+\.\ds {2}every 0\.1s {2}2 processes {2}Ctrl\+C ends$/,
      );
      assert.match(first[1]!, /^GPU 0 \[NVIDIA Fake A100\] {2}█░{19} {2}512 MiB \/ 16\.0 GiB$/);
      assert.match(first[2]!, /^GPU 1 \[NVIDIA Fake A100\] {2}█░{19} {2}1\.0 GiB \/ 16\.0 GiB$/);
      assert.match(
        first[4]!,
        /^PID +NAME +COMMITTED +ΔCOMMIT +RAM +ΔRAM +GPU +HISTORY \(VRAM, else RAM\)$/,
      );
      const header = first[4]!;
      machine.setConf({ gpus: 2, process: ["1,1,1073741824"], "device.0.used": "12G" });
      const grown = await pty.until("the growth", (lines) => / 1\.0 GiB/.test(row(lines, 1)));
      assert.equal(grown[4], header);
      assert.match(await longCurve(pty), /▄+█+$/);
      assert.ok(has("█████████████")(await pty.until("the bar", has("12.0 GiB / 16.0 GiB"))));
      // Each number stands below its header.
      const line = row(await pty.screen(), 1);
      assert.equal(line.indexOf("1.0 GiB"), header.indexOf("COMMITTED"));
      assert.match(line.slice(header.indexOf("RAM")), /^\d+(\.\d)? [MG]iB/);
      // Nothing scrolled: it is drawn in place, each frame as one update.
      assert.equal((await pty.screen()).filter((text) => text.startsWith("hmn watch  ")).length, 1);
      assert.ok(pty.output.split("\x1b[?2026h").length >= 3);
      assert.equal(pty.output.split("\x1b[?2026h").length, pty.output.split("\x1b[?2026l").length);
      assert.ok(!pty.output.includes("\x1b[2J"), "a cleared screen flickers");
    }));

  async function longCurve(pty: Pty): Promise<string> {
    const lines = await pty.until("a curve of both heights", (lines) => /▄+█+/.test(row(lines, 1)));
    return row(lines, 1);
  }

  it("follows the window's size at once, down to very small ones", () =>
    onTerminal(["--interval", "30s"], async (pty) => {
      await pty.until("process 1", (lines) => row(lines, 1) !== "");
      pty.resize({ columns: 60, rows: 10 });
      const small = await pty.until(
        "the narrow header",
        (lines) => lines.some((line) => line.startsWith("PID") && !line.includes("ΔRAM")),
      );
      assert.ok(small.every((line) => line.length <= 60), small.join("\n"));
      assert.ok(row(small, 1) !== "" && has("hmn watch")(small));
      pty.resize({ columns: 40, rows: 4 });
      const tiny = await pty.until("four lines", (lines) => has("… and")(lines));
      assert.deepEqual(tiny.map((line) => line.slice(0, 3)), [
        "hmn",
        "PID",
        tiny[2]!.slice(0, 3),
        "… a",
      ]);
      assert.match(tiny[2]!, /^\d+ /);
      pty.resize({ columns: 20, rows: 2 });
      await pty.until(
        "two lines",
        (lines) => lines[0]!.startsWith("hmn watch") && lines[1]!.startsWith("… and 2"),
      );
      pty.resize(SIZE);
      await pty.until("the wide header", has("ΔRAM"));
    }));

  for (
    const [name, end, code] of [
      ["Ctrl+C", (pty: Pty) => pty.type("\x03"), 0],
      ["SIGTERM", (pty: Pty) => void process.kill(pty.pid, "SIGTERM"), 0],
      ["SIGHUP", (pty: Pty) => void process.kill(pty.pid, "SIGHUP"), 0],
      ["SIGQUIT", (pty: Pty) => pty.type("\x1c"), 0],
    ] as const
  ) {
    it(`${name} gives the terminal back and prints the summary`, () =>
      onTerminal(["--interval", "30s"], async (pty) => {
        await pty.until("process 1", (lines) => row(lines, 1) !== "");
        end(pty);
        assert.equal(await pty.ended, code);
        await assertRestored(pty);
        const lines = await pty.screen();
        assert.ok(has("hmn watch: 1 sample in")(lines), lines.join("\n"));
        assert.ok(has("hmn watch: per-PID  PID")(lines), lines.join("\n"));
        assert.ok(has("spill is not measurable here")(lines), lines.join("\n"));
      }));
  }

  it("ends after its duration, and with its processes", () =>
    onTerminal(["--duration", "300ms", "--interval", "100ms"], async (pty) => {
      assert.equal(await pty.ended, 0);
      await assertRestored(pty);
      const lines = await pty.screen();
      assert.ok(lines.some((line) => /^hmn watch: [2-4] samples in/.test(line)), lines.join("\n"));
    }));

  it("a driver that hangs is said on the screen, and Ctrl+C ends it all the same", () =>
    onTerminal(["1", "--interval", "100ms"], async (pty, machine) => {
      await pty.until("process 1", (lines) => row(lines, 1).includes("512 MiB"));
      machine.setConf({ gpus: 2, "hang.nvmlDeviceGetMemoryInfo_v2": "sleep" });
      const lines = await pty.until("the failure", has("not read: Cannot include the GPUs"));
      assert.match(row(lines, 1), /^1 +\S+ +- +- +\d/, "RAM is still told");
      pty.type("\x03");
      assert.equal(await pty.ended, 0);
      await assertRestored(pty);
    }));

  it("Ctrl+Z gives the terminal back until it goes on", () =>
    onTerminal(["--interval", "100ms"], async (pty) => {
      await pty.until("process 1", (lines) => row(lines, 1) !== "");
      const { pid } = pty;
      process.kill(pid, "SIGTSTP");
      await pty.until(
        "that it stopped",
        () => /\) T /.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8")),
      );
      // `script` stops too, sooner or later, and may not have passed on what was written before.
      await pty.until("the watch again", async (lines) => {
        pty.resume();
        const entered = pty.output.split("\x1b[?1049h").length - 1;
        return entered >= 2 && await pty.isAlternate() && row(lines, 1) !== "";
      });
      assert.match(pty.output, /\?1049h[^]*\?25h[^]*\?1049l[^]*\?1049h/);
      pty.type("\x03");
      assert.equal(await pty.ended, 0);
      await assertRestored(pty);
    }));

  it("names can't act on the terminal", () =>
    onTerminal(["--interval", "100ms"], async (pty, machine) => {
      machine.setConf({ gpus: 1, name: "evil\x1b[31m\x07name", process: ["0,1,512M"] });
      const lines = await pty.until("the escaped name", has("evil\\u{1b}[31m\\u{7}name"));
      assert.ok(!pty.output.includes("\x1b[31m"));
      assert.ok(row(lines, 1) !== "");
    }));
});
