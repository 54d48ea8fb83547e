/** `hmn spill` and `hmn run` in a world where GPUs tell what they use of the system's memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunningCommand } from "../lib/run/start_command.ts";
import { aDevice, aGpuProcess, aGpuReply, aProcessMemory, aTreeReply } from "../lib/testing.ts";
import { type Answers, hmn } from "./support/cli_world.ts";
import { SPILL_KEYS } from "./support/spill_keys.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** A command that runs so long, and then ends with this code. */
function command(ms: number, exitCode = 0): RunningCommand {
  return {
    pid: 700,
    kill: () => {},
    output: null,
    ended: new Promise((resolve) =>
      setTimeout(() => resolve({ exitCode, signal: null, maxRssBytes: null }), ms)
    ),
  };
}

const device = (index: number, dedicated: number, shared: number | null) =>
  aDevice({
    index,
    uuid: `GPU-${index}`,
    totalBytes: 16 * GIB,
    usedBytes: dedicated,
    sharedUsedBytes: shared,
  });

/** GPU 0 spills from the second to the last look, which comes when the command has ended; GPU 1 never. */
function world(spills: (look: number) => boolean, swapBytes = 0): Answers {
  let looks = 0;
  return {
    gpu: (request) => {
      const spilling = spills(looks++);
      const gone = "processes" in request && !request.processes;
      return aGpuReply({
        devices: [
          spilling && !gone ? device(0, 15 * GIB, 3 * GIB) : device(0, GIB, 163 * MIB),
          device(1, GIB, 0),
        ],
      });
    },
    tree: aTreeReply({
      processes: [aProcessMemory({ pid: 700, startTicks: 1, rssBytes: MIB, swapBytes })],
    }),
  };
}

test("a spill is told in the original's lines and keys, with the command's exit code", async () => {
  const end = await hmn(
    ["spill", "--interval", "50", "--device", "0", "--json", "train"],
    world((look) => look >= 2),
    { command: command(400, 5) },
  );
  assert.equal(end.code, 5, end.stderr);
  assert.deepEqual(end.started, [["train"]]);
  const lines = end.stderr.split("\n");
  assert.equal(lines[0], "hmn spill: peak dedicated 15.0 GiB / 16.0 GiB");
  assert.equal(lines[1], "           peak shared    3.0 GiB (baseline 163 MiB)");
  assert.match(
    lines[2]!,
    /^ {11}episodes {7}1 — total 0\.[2-4]s, longest 0\.[2-4]s, first \+0\.\ds into run$/,
  );
  assert.equal(lines[3], "");
  const report = JSON.parse(end.stdout);
  assert.deepEqual(Object.keys(report).slice(0, 9), SPILL_KEYS);
  assert.deepEqual(
    [
      report.measurable,
      report.spilled,
      report.baseline_shared_bytes,
      report.device_uuid,
      report.exit_code,
    ],
    [true, true, 163 * MIB, "GPU-0", 5],
  );
  const [episode] = report.episodes;
  assert.deepEqual(Object.keys(episode), [
    "start_label",
    "end_label",
    "peak_shared_bytes",
    "observations",
    "duration_ms",
    "processes",
    "unexplained_bytes",
  ]);
  assert.match(episode.end_label, /^\+0\.\ds$/, "the look behind the end saw it end");
  assert.equal(report.devices.length, 1);
});

test("with several GPUs each has its lines, and the one that spilled speaks for all", async () => {
  const end = await hmn(
    ["spill", "--interval", "50", "--json", "train"],
    world((look) => look >= 2),
    {
      command: command(300),
    },
  );
  assert.match(end.stderr, /^hmn spill GPU 0: peak dedicated 15\.0 GiB/);
  assert.match(end.stderr, /\nhmn spill GPU 1: peak dedicated 1\.0 GiB[^]*0 — no spill observed\n/);
  const report = JSON.parse(end.stdout);
  assert.deepEqual([report.spilled, report.device_index, report.devices.length], [true, 0, 2]);
});

test("the baseline is taken before the command is started", async () => {
  // Full from its first look on: without a look before it, there would be nothing to have grown from.
  const end = await hmn(
    ["spill", "--interval", "50", "--json", "train"],
    world((look) => look >= 1),
    {
      command: command(200),
    },
  );
  assert.equal(JSON.parse(end.stdout).baseline_shared_bytes, 163 * MIB);
  assert.equal(JSON.parse(end.stdout).spilled, true);
});

test("thresholds are the command line's", async () => {
  const args = ["--dedicated-threshold", "15.5GiB"];
  const above = await hmn(
    ["spill", "--interval", "50", "--json", ...args, "train"],
    world((look) => look >= 1),
    {
      command: command(200),
    },
  );
  assert.equal(JSON.parse(above.stdout).spilled, false);
  assert.match(above.stderr, /GPU 0[^]*episodes {7}0 — no spill observed/);
});

test("swap of the command has its own name, and is no spill", async () => {
  const end = await hmn(["spill", "--interval", "50", "--json", "train"], {
    ...world(() => false, 700 * MIB),
    gpu: aGpuReply({ devices: [device(0, GIB, null)] }),
  }, { command: command(200) });
  assert.match(
    end.stderr,
    /^hmn spill: spill not measurable on this platform: the driver does not tell /,
  );
  assert.match(end.stderr, /\n {11}swapped out {4}peak 700 MiB \(at first 700 MiB\)\n$/);
  const report = JSON.parse(end.stdout);
  assert.deepEqual([report.measurable, report.spilled, report.swap.peak_bytes], [
    false,
    null,
    700 * MIB,
  ]);
});

test("a run tells what its processes held on each GPU", async () => {
  const gpu = aGpuReply({
    devices: [device(0, 9 * GIB, null), device(1, GIB, null)],
    processes: [
      aGpuProcess({ pid: 700, usedBytes: 5 * GIB }),
      aGpuProcess({ pid: 9, usedBytes: 4 * GIB }),
    ],
  });
  const end = await hmn(["run", "--interval", "50", "train"], { ...world(() => false), gpu }, {
    command: command(250),
  });
  assert.equal(end.code, 0);
  assert.match(end.stderr, /\n {9}peak VRAM {2}5\.0 GiB at \+0\.0s {2}█+\n/);
  assert.match(
    end.stderr,
    /\n {9}GPU 0 {6}5\.0 GiB \/ 16\.0 GiB at \+0\.0s\n {9}GPU 1 {6}0 MiB \/ 16\.0 GiB at \+0\.0s\n/,
  );
  assert.match(end.stderr, /\n {9}processes {2}700 \?: RAM 1 MiB, VRAM 5\.0 GiB\n/);
});
