/** What the commands say of a Windows machine, on fakes: they are the same program everywhere. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ramLine } from "../lib/cli/memory_lines.ts";
import type { DeviceInfo, GpuProcess, WddmUsage } from "../lib/records.ts";
import type { RunningCommand } from "../lib/run/start_command.ts";
import {
  aDevice,
  aGpuProcess,
  aGpuReply,
  aProcessesReply,
  aProcessMemory,
  aSystemMemory,
  aTreeReply,
} from "../lib/testing.ts";
import { type Answers, hmn } from "./support/cli_world.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

function usage(dedicatedUsageBytes: number, sharedUsageBytes: number): WddmUsage {
  return {
    dedicatedUsageBytes,
    sharedUsageBytes,
    totalCommittedBytes: null,
    localUsageBytes: null,
    nonLocalUsageBytes: null,
  };
}

/** A card of 8 GiB without a UUID, as those of other makers than NVIDIA are. */
function device(dedicatedBytes: number, sharedBytes: number): DeviceInfo {
  return aDevice({
    name: "Radeon",
    totalBytes: 8 * GIB,
    usedBytes: dedicatedBytes,
    sharedUsedBytes: sharedBytes,
    pciBusId: "00000000:03:00.0",
    pciId: "1002:73bf",
    luid: "0x00000000_0x0000d3f1",
    wddm: {
      ...usage(dedicatedBytes, sharedBytes),
      dedicatedTotalBytes: 8 * GIB,
      sharedTotalBytes: null,
    },
    source: "dxgi",
  });
}

function row(pid: number, name: string, sharedBytes: number): GpuProcess {
  return aGpuProcess({
    pid,
    name,
    usedBytes: GIB,
    sharedUsedBytes: sharedBytes,
    wddm: usage(GIB, sharedBytes),
    source: "pdh",
  });
}

/** From its third look on the card is full, and python has grown. */
function spilling(): Answers {
  let looks = 0;
  return {
    gpu: () => {
      const isFull = ++looks > 2;
      return aGpuReply({
        devices: [isFull ? device(8 * GIB, 3.5 * GIB) : device(GIB, 256 * MIB)],
        processes: [
          row(4, "dwm.exe", 200 * MIB),
          row(4242, "python.exe", isFull ? 3 * GIB : 0),
        ],
      });
    },
    tree: aTreeReply({
      processes: [aProcessMemory({ pid: 4242, rssBytes: MIB, name: "python.exe" })],
    }),
  };
}

function command(ms: number, exitCode = 0, killed: string[] = []): RunningCommand {
  return {
    pid: 4242,
    kill: (signal) => void killed.push(signal),
    output: null,
    ended: new Promise((resolve) =>
      setTimeout(() => resolve({ exitCode, signal: null, maxRssBytes: null }), ms)
    ),
  };
}

const CAUSED = /caused by {6}python\.exe \(4242\) \+3\.0 GiB, unexplained \+256 MiB\n/;

test("hmn spill names who made the GPU spill", async () => {
  const end = await hmn(["spill", "--interval", "50", "--json", "train"], spilling(), {
    command: command(400),
  });
  assert.match(end.stderr, CAUSED);
  const { episodes: [episode], swap } = JSON.parse(end.stdout);
  assert.deepEqual(episode.processes, [
    { pid: 4242, name: "python.exe", grown_bytes: 3 * GIB },
  ]);
  assert.equal(episode.unexplained_bytes, 256 * MIB);
  assert.deepEqual(swap, { baseline_bytes: null, peak_bytes: null }, "Windows does not tell it");
});

test("hmn watch names them in its summary", async () => {
  const args = ["watch", "4242", "--interval", "50ms", "--duration", "400ms"];
  const text = await hmn(args, spilling());
  assert.equal(text.code, 1, "a GPU spilled");
  assert.match(text.stdout, CAUSED);
  const json = await hmn([...args, "--json"], spilling());
  const summary = JSON.parse(json.stdout.trimEnd().split("\n").at(-1)!);
  assert.equal(summary.episodes[0].processes[0].pid, 4242);
});

test("hmn run names them, and has no swap where that is not told", async () => {
  const text = await hmn(["run", "--interval", "50", "train"], spilling(), {
    command: command(400, 0xc0000005),
  });
  assert.match(text.stderr, /^hmn run: exit code 0xc0000005 after/);
  assert.match(text.stderr, /\n {9}spilled {4}1 — .*, first \+0\.\ds into run\n/);
  assert.match(text.stderr, /\n {20}caused by python\.exe \(4242\) \+3\.0 GiB, unexplained/);
  const json = await hmn(["run", "--interval", "50", "--json", "train"], spilling(), {
    command: command(400),
  });
  const report = JSON.parse(json.stdout);
  assert.equal(report.gpus[0].spill.episodes.length, 1);
  assert.equal(report.peak_swap_bytes, null);
});

test("Ctrl+Break keeps what was measured, as Ctrl+C does", async () => {
  for (const [foreground, passed] of [[true, []], [false, ["SIGBREAK"]]] as const) {
    const killed: string[] = [];
    const end = await hmn(["run", "--interval", "50", "train"], spilling(), {
      command: command(300, 5, killed),
      foreground,
      onListen: (send) => setTimeout(() => send("SIGBREAK"), 150),
    });
    assert.deepEqual([end.code, killed], [5, passed]);
    assert.match(end.stderr, /^hmn run: exit code 5 after/);
  }
});

test("hmn ps has Windows' kernel, protected processes and shared memory", async () => {
  const processes = aProcessesReply({
    devices: [device(GIB, 0)],
    processes: [
      { ...row(4, "", 0), name: null, nameStatus: "kernel" },
      { ...row(8, "", 2 * GIB), name: null, nameStatus: "protected" },
      row(4242, "python.exe", 3 * GIB),
    ],
  });
  const end = await hmn(["ps", "--sort", "shared"], { processes });
  const rows = end.stdout.split("\n").slice(1).map((line) => line.split(/ {2,}/).slice(0, 4));
  assert.deepEqual(rows.slice(0, 3), [
    ["4242", "python.exe", "1.0 GiB", "3.0 GiB"],
    ["8", "[protected]", "1.0 GiB", "2.0 GiB"],
    ["4", "[kernel]", "1.0 GiB", "0 MiB"],
  ]);
  assert.equal(
    end.stderr,
    "hmn: 3 GPU processes found (3.0 GiB committed total; 1 protected — re-run elevated for names).\n",
  );
});

test("the limit of a job object stands where that of a cgroup does", () => {
  const system = aSystemMemory({ job: { limitBytes: 4 * GIB, processLimitBytes: null } });
  assert.match(ramLine(system), /, container limit 4096 MiB\n$/);
  assert.doesNotMatch(
    ramLine({ ...system, job: { limitBytes: null, processLimitBytes: 1 } }),
    /limit/,
  );
});
