/** `hmn watch` in a world of its own: selection, rows, records, events, failures, exit codes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HypomnesisError } from "../lib/errors.ts";
import type { GpuReply } from "../lib/protocol.ts";
import type { ProcessMemory } from "../lib/records.ts";
import {
  aDevice,
  aFailure,
  aFindReply,
  aGpuProcess,
  aGpuReply,
  aMemoryReply,
  aProcessMemory,
} from "../lib/testing.ts";
import { type Answers, type CliEnd, hmn, type WorldOptions } from "./support/cli_world.ts";
import { SPILL_KEYS } from "./support/spill_keys.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const GPU = aDevice({ index: 0, uuid: "GPU-a", name: "RTX", totalBytes: 16 * GIB, usedBytes: GIB });
const GPU1 = aDevice({
  index: 1,
  uuid: "GPU-b",
  name: "RTX",
  totalBytes: 16 * GIB,
  usedBytes: GIB,
});

/** One step of a world: what the drivers and `/proc` say at each sample; the last step stays. */
interface Step {
  readonly gpu?: GpuReply | Error;
  readonly memory?: readonly ProcessMemory[];
  readonly found?: readonly ProcessMemory[];
}

const row = (pid: number, usedBytes: number | null, fields = {}) =>
  aGpuProcess({ pid, usedBytes, name: `p${pid}`, deviceUuid: "GPU-a", ...fields });
const ram = (pid: number, rssBytes: number | null, fields = {}) =>
  aProcessMemory({ pid, rssBytes, startTicks: pid, name: `p${pid}`, parentPid: 1, ...fields });

/** Answers that go from step to step with each look at the GPUs; the first look is the selection. */
function world(steps: readonly Step[]): Answers {
  let looks = 0;
  const step = () => steps[Math.min(Math.max(0, looks - 1), steps.length - 1)]!;
  return {
    gpu: () => {
      looks += 1;
      const { gpu = aGpuReply() } = step();
      if (gpu instanceof Error) throw gpu;
      return gpu;
    },
    memory: (request) => {
      const pids = "pids" in request ? request.pids : [];
      const known = step().memory ?? [];
      const there = pids.flatMap((pid) => known.find((process) => process.pid === pid) ?? []);
      const gone = pids.filter((pid) => !known.some((process) => process.pid === pid));
      return aMemoryReply({
        processes: there,
        failures: gone.map((pid) =>
          aFailure({ code: "no_such_process", source: "proc", message: `Cannot ${pid}: gone`, pid })
        ),
      });
    },
    find: () => aFindReply({ processes: [...step().found ?? []] }),
  };
}

/** Watches for so many samples, 60 ms apart. */
function watch(
  args: readonly string[],
  steps: readonly Step[],
  samples = 2,
  options: WorldOptions = {},
): Promise<CliEnd> {
  const times = ["--interval", "60ms", "--duration", `${(samples - 1) * 60}ms`];
  // The selection is a look of its own, which the first sample repeats.
  return hmn(["watch", ...args, ...times], world([steps[0]!, ...steps]), options);
}

const lines = (text: string) => text.split("\n").filter((line) => line !== "");
const records = (text: string) => lines(text).map((line) => JSON.parse(line));

test("the largest on the GPUs are watched, with GPU memory, RAM and their changes", async () => {
  const gpu = (mib: number) =>
    aGpuReply({ devices: [GPU], processes: [row(7, mib * MIB), row(8, 5 * MIB), row(9, GIB)] });
  const memory = [ram(7, 100 * MIB), ram(8, MIB), ram(9, GIB)];
  const end = await watch(["--top", "2"], [
    { gpu: gpu(700), memory },
    { gpu: gpu(1400), memory: [ram(7, 90 * MIB), ...memory.slice(1)] },
  ]);
  assert.equal(end.code, 0, end.stderr);
  const [header, first, second, third, fourth] = lines(end.stdout);
  assert.equal(
    header,
    "TIME      PID      NAME             COMMITTED  ΔCOMMIT    SHARED     ΔSHARED    RAM        " +
      "ΔRAM       GPU    SPILL",
  );
  assert.equal(
    first,
    "+0.0s     9        p9               1.0 GiB    +0 B       -          -          1.0 GiB    " +
      "+0 B       0      -",
  );
  assert.match(second!, /^\+0\.0s {5}7 {8}p7 {15}700 MiB {4}\+0 B /);
  assert.match(third!, /^\+0\.\ds {5}9 /);
  assert.match(
    fourth!,
    /^\+0\.\ds {5}7 {8}p7 {15}1\.4 GiB {4}\+700 MiB {3}- {10}- {10}90 MiB {5}-10 MiB {4}0 /,
  );
  const [banner, unmeasurable, ...others] = lines(end.stderr);
  assert.equal(
    banner,
    "hmn watch: device 0 [RTX], interval 60ms, watching 2 PID(s) (top 2 of 3 by committed)",
  );
  assert.match(
    unmeasurable!,
    /^hmn watch: spill is not measurable here: the driver does not tell /,
  );
  assert.deepEqual(others, []);
  const summary = lines(end.stdout).slice(5);
  assert.match(summary[0]!, /^hmn watch: 2 samples in \d+\.\ds$/);
  assert.equal(summary[1], "hmn watch: GPU 0 [RTX]: peak used 1.0 GiB / 16.0 GiB at +0.0s");
  assert.match(
    summary[2]!,
    /^hmn watch: per-PID {2}PID {2}NAME {2}BASELINE COMMIT {2}PEAK COMMIT {2}BASELINE RAM {2}PEAK RAM {2}STATE$/,
  );
  assert.match(
    summary[3]!,
    /^ {20}9 {4}p9 {4}1\.0 GiB {10}1\.0 GiB {6}1\.0 GiB {7}1\.0 GiB {3}running$/,
  );
  assert.match(
    summary[4]!,
    /^ {20}7 {4}p7 {4}700 MiB {10}1\.4 GiB {6}100 MiB {7}100 MiB {3}running$/,
  );
  assert.equal(end.closed, true);
  assert.equal(end.listening, 0);
});

test("the JSON has the original's keys first, and every record its time and number", async () => {
  const gpu = aGpuReply({ devices: [GPU], processes: [row(7, MIB)] });
  const end = await watch(["7", "--json"], [{ gpu, memory: [ram(7, 5 * MIB)] }]);
  assert.equal(end.code, 0);
  const all = records(end.stdout);
  assert.deepEqual(all.map(({ kind, seq }) => [kind, seq]), [["sample", 0], ["sample", 1], [
    "summary",
    1,
  ]]);
  assert.deepEqual(Object.keys(all[0]).slice(0, 9), [
    "kind",
    "t_ms",
    "pid",
    "name",
    "used_bytes",
    "used_delta_bytes",
    "shared_used_bytes",
    "shared_delta_bytes",
    "spilling",
  ]);
  const { t_ms: _, at_ms: __, ...sample } = all[0];
  assert.deepEqual(sample, {
    kind: "sample",
    pid: 7,
    name: "p7",
    used_bytes: MIB,
    used_delta_bytes: 0,
    shared_used_bytes: null,
    shared_delta_bytes: null,
    spilling: null,
    rss_bytes: 5 * MIB,
    rss_delta_bytes: 0,
    state: "running",
    seq: 0,
    device_index: 0,
    devices: [{ device_index: 0, device_uuid: "GPU-a", used_bytes: MIB }],
    source: "nvml",
  });
  const summary = all[2];
  assert.deepEqual(Object.keys(summary).slice(0, 11), ["kind", ...SPILL_KEYS, "per_pid"]);
  assert.deepEqual(Object.keys(summary.per_pid[0]).slice(0, 6), [
    "pid",
    "name",
    "baseline_used_bytes",
    "peak_used_bytes",
    "baseline_shared_bytes",
    "peak_shared_bytes",
  ]);
  assert.deepEqual(
    [
      summary.measurable,
      summary.spilled,
      summary.peak_shared_bytes,
      summary.ended_by,
      summary.samples,
    ],
    [false, null, null, "duration", 2],
  );
  assert.ok(Math.abs(summary.at_ms - Date.now()) < 60_000);
});

const spilling = (dedicated: number, shared: number) =>
  aGpuReply({
    devices: [{ ...GPU, usedBytes: dedicated, sharedUsedBytes: shared }],
    processes: [row(7, dedicated, { sharedUsedBytes: shared })],
  });

test("a GPU that spills is flagged on its rows, summed up in the original's lines, and exit code 1", async () => {
  const steps = [
    { gpu: spilling(GIB, 163 * MIB), memory: [ram(7, MIB)] },
    { gpu: spilling(15 * GIB, GIB), memory: [ram(7, MIB)] },
    { gpu: spilling(15 * GIB, 3 * GIB), memory: [ram(7, MIB)] },
    { gpu: spilling(GIB, 163 * MIB), memory: [ram(7, MIB)] },
  ];
  const end = await watch(["7"], steps, 4);
  assert.equal(end.code, 1, end.stderr);
  const rows = lines(end.stdout).slice(1, 5);
  assert.deepEqual(rows.map((line) => line.trim().split(/ {2,}/).at(-1)), [
    "no",
    "SPILL",
    "SPILL",
    "no",
  ]);
  const block =
    /hmn watch: peak dedicated ([^\n]*)\n {11}peak shared {4}([^\n]*)\n {11}episodes {7}([^\n]*)\n/
      .exec(end.stdout);
  assert.deepEqual(
    block?.slice(1, 3),
    ["15.0 GiB / 16.0 GiB", "3.0 GiB (baseline 163 MiB)"],
    end.stdout,
  );
  assert.match(block![3]!, /^1 — total 0\.\ds, longest 0\.\ds, first \+0\.\ds into run$/);
  assert.ok(!end.stderr.includes("not measurable"));
  assert.match(end.stdout, /BASELINE SHARED {2}PEAK SHARED/);
  const json = records((await watch(["7", "--json"], steps, 4)).stdout);
  assert.deepEqual(json.slice(0, 4).map(({ spilling }) => spilling), [false, true, true, false]);
  const summary = json.at(-1);
  assert.deepEqual([summary.measurable, summary.spilled, summary.episodes.length], [true, true, 1]);
  assert.equal(summary.episodes[0].peak_shared_bytes, 3 * GIB);
});

test("an episode seen in one sample says so, and not that it took no time", async () => {
  const end = await watch(["7"], [
    { gpu: spilling(GIB, 0), memory: [ram(7, MIB)] },
    { gpu: spilling(15 * GIB, GIB), memory: [ram(7, MIB)] },
    { gpu: spilling(GIB, 0), memory: [ram(7, MIB)] },
  ], 3);
  assert.match(end.stdout, /episodes {7}1 — seen in one sample, first \+0\.\ds into run/);
});

test("a GPU that could be measured and did not spill says so, with exit code 0", async () => {
  const end = await watch(["7"], [{ gpu: spilling(GIB, MIB), memory: [ram(7, MIB)] }]);
  assert.equal(end.code, 0);
  assert.match(end.stdout, /episodes {7}0 — no spill observed/);
});

test("all devices at once: a process's memory on each is summed, and told apart", async () => {
  const gpu = aGpuReply({
    devices: [GPU, GPU1],
    processes: [row(7, MIB), row(7, 3 * MIB, { deviceIndex: 1, deviceUuid: "GPU-b" })],
  });
  const step = { gpu, memory: [ram(7, MIB)] };
  const [sample] = records((await watch(["7", "--json"], [step])).stdout);
  assert.deepEqual([sample.used_bytes, sample.device_index], [4 * MIB, null]);
  assert.deepEqual(sample.devices.map((d: { device_uuid: string }) => d.device_uuid), [
    "GPU-a",
    "GPU-b",
  ]);
  const text = await watch(["7"], [step]);
  assert.match(text.stderr, /^hmn watch: 2 devices, interval/);
  assert.match(lines(text.stdout)[1]!, / 4 MiB .* 0,1 +-$/);
  const one = records((await watch(["7", "--json", "--device", "GPU-b-no"], [step])).stdout);
  assert.deepEqual(one, []);
  const second = records((await watch(["7", "--json", "--device", "1"], [step])).stdout);
  assert.deepEqual([second[0].used_bytes, second[0].device_index], [3 * MIB, 1]);
  const all = records((await watch(["7", "--json", "--device", "all"], [step])).stdout);
  assert.equal(all[0].used_bytes, 4 * MIB);
});

test("a device that is not there is an error of its own, before any sample", async () => {
  const end = await watch(["--device", "3"], [{ gpu: aGpuReply({ devices: [GPU] }) }]);
  assert.deepEqual([end.code, end.stdout], [3, ""]);
  assert.equal(end.stderr, "hmn: error: device index 3 out of range (have 1 device)\n");
});

test("a process that has exited is told apart from one that holds nothing, and ends the watch", async () => {
  const idle = aGpuReply({ devices: [GPU] });
  const steps = [
    {
      gpu: aGpuReply({ devices: [GPU], processes: [row(7, MIB)] }),
      memory: [ram(7, MIB), ram(8, MIB)],
    },
    { gpu: idle, memory: [ram(8, MIB)] },
    { gpu: idle, memory: [] },
  ];
  const end = await watch(["7", "8"], steps, 1_000);
  assert.equal(end.code, 0);
  const rows = lines(end.stdout).filter((line) => /^\+\d/.test(line));
  assert.match(rows[0]!, / 7 +p7 +1 MiB /);
  assert.match(rows[1]!, / 8 +p8 +0 MiB +\+0 B /);
  assert.match(rows[2]!, / 7 +p7 +exited +- +- +- +exited /);
  assert.match(rows[3]!, / 8 +p8 +0 MiB /);
  assert.match(rows[4]!, / 8 +p8 +exited /);
  assert.equal(rows.length, 5);
  assert.match(end.stderr, /hmn watch: \+0\.\ds pid=7 \(p7\) exited\n/);
  const all = records((await watch(["7", "8", "--json"], steps, 1_000)).stdout);
  const events = all.filter(({ kind }) => kind === "event");
  assert.deepEqual(events.map(({ event, pid }) => [event, pid]), [["exited", 7], ["exited", 8]]);
  assert.equal(all.at(-1).ended_by, "all_exited");
  assert.deepEqual(all.at(-1).per_pid.map((p: { state: string }) => p.state), ["exited", "exited"]);
});

test("a PID that the system gave to another process is not taken for the old one", async () => {
  const gpu = aGpuReply({ devices: [GPU], processes: [row(7, MIB)] });
  const end = await watch(["7", "--json"], [
    { gpu, memory: [ram(7, MIB)] },
    { gpu, memory: [ram(7, GIB, { startTicks: 999, name: "other" })] },
  ], 1_000);
  const all = records(end.stdout);
  const reused = all.find(({ event }) => event === "pid_reused");
  assert.deepEqual([reused.pid, reused.new_name], [7, "other"]);
  assert.equal(all.at(-1).per_pid[0].peak_rss_bytes, MIB);
  assert.equal(all.at(-1).ended_by, "all_exited");
});

test("a process that became a zombie has exited", async () => {
  const end = await watch(["7", "--json"], [
    { memory: [ram(7, MIB)] },
    { memory: [ram(7, null, { zombie: true })] },
  ], 1_000);
  assert.equal(records(end.stdout).at(-1).ended_by, "all_exited");
});

test("a zombie from the start has exited, and a kernel thread has not", async () => {
  const steps = [{ memory: [ram(7, null, { zombie: true }), ram(8, null, { zombie: false })] }];
  const all = records((await watch(["7", "8", "--json"], steps)).stdout);
  assert.deepEqual(all.at(-1).per_pid.map((p: { state: string }) => p.state), [
    "exited",
    "running",
  ]);
});

test("memory that a driver holds for a process that has ended is told, until it is let go", async () => {
  const held = aGpuReply({
    devices: [GPU],
    processes: [row(7, 3 * GIB, { nameStatus: "exited", name: null })],
  });
  const end = await watch([], [{ gpu: held }, { gpu: held }, {
    gpu: aGpuReply({ devices: [GPU] }),
  }], 1_000);
  const rows = lines(end.stdout).filter((line) => /^\+\d/.test(line));
  assert.match(rows[0]!, / 7 +\? +3\.0 GiB +\+0 B +- +- +exited /);
  assert.match(rows[1]!, / 7 +\? +3\.0 GiB /);
  assert.match(rows[2]!, / 7 +\? +exited +- +- +- +exited /);
  assert.equal(rows.length, 3);
  assert.equal(end.stderr.split("exited").length, 2, "said once");
  assert.match(end.stdout, /7 +\? +3\.0 GiB +3\.0 GiB +- +- +exited\n/);
});

test("while a GPU is lost, what a process holds is not known, and nothing was freed", async () => {
  const rows = [row(7, 3 * GIB), row(7, 2 * GIB, { deviceIndex: 1, deviceUuid: "GPU-b" })];
  const both = { gpu: aGpuReply({ devices: [GPU, GPU1], processes: rows }), memory: [ram(7, MIB)] };
  const told = aFailure({
    code: "driver_failed",
    source: "nvml",
    message: "Cannot ask GPU 1: lost",
    deviceIndex: 1,
  });
  const lostInList = aGpuReply({
    devices: [GPU, { ...GPU1, state: "lost", usedBytes: null }],
    listedDevices: [0],
    processes: rows.slice(0, 1),
    failures: [told],
  });
  const gone = aGpuReply({ devices: [GPU], processes: rows.slice(0, 1), failures: [told] });
  for (const gpu of [lostInList, gone]) {
    const all = records(
      (await watch(["7", "--json"], [both, { gpu, memory: [ram(7, MIB)] }, both], 3)).stdout,
    );
    const samples = all.filter(({ kind }) => kind === "sample");
    assert.deepEqual(
      samples.map(({ used_bytes, used_delta_bytes }) => [used_bytes, used_delta_bytes]),
      [
        [5 * GIB, 0],
        [null, null],
        [5 * GIB, 0],
      ],
    );
    assert.equal(all.filter(({ kind }) => kind === "failure").length, 1);
  }
});

test("a list that may lack processes still tells those that it has", async () => {
  const gpu = aGpuReply({ devices: [GPU, GPU1], listedDevices: [], processes: [row(7, MIB)] });
  const [sample] = records((await watch(["7", "--json"], [{ gpu, memory: [ram(7, MIB)] }])).stdout);
  assert.equal(sample.used_bytes, MIB);
  const [absent] = records((await watch(["8", "--json"], [{ gpu, memory: [ram(8, MIB)] }])).stdout);
  assert.equal(absent.used_bytes, null);
});

test("a failed sample is a row and a record, watching goes on, and a driver that comes back is read again", async () => {
  const gpu = aGpuReply({ devices: [GPU], processes: [row(7, MIB)] });
  const lost = aGpuReply({
    devices: [],
    listedDevices: [],
    failures: [
      aFailure({
        code: "driver_failed",
        source: "nvml",
        message: "Cannot ask NVML: NVML_ERROR_GPU_IS_LOST",
      }),
    ],
  });
  const steps = [
    { gpu, memory: [ram(7, MIB)] },
    { gpu: lost, memory: [ram(7, MIB)] },
    { gpu, memory: [ram(7, MIB)] },
  ];
  const end = await watch(["7"], steps, 3);
  assert.equal(end.code, 0, end.stderr);
  const rows = lines(end.stdout).slice(1, 5);
  assert.match(rows[1]!, /^\+0\.\ds {5}not read: nvml: Cannot ask NVML: NVML_ERROR_GPU_IS_LOST$/);
  assert.match(rows[2]!, / 7 +p7 +- +- +- +- +1 MiB /, "RAM is told");
  assert.match(rows[3]!, / 7 +p7 +1 MiB /);
  const all = records((await watch(["7", "--json"], steps, 3)).stdout);
  const failure = all.find(({ kind }) => kind === "failure");
  assert.deepEqual(
    [failure.code, failure.source, failure.seq, typeof failure.at_ms, typeof failure.t_ms],
    ["driver_failed", "nvml", 1, "number", "number"],
  );
  assert.deepEqual(
    all.filter(({ kind }) => kind === "sample").map(({ used_bytes }) => used_bytes),
    [
      MIB,
      null,
      MIB,
    ],
  );
});

test("a driver that never answered is the exit code, with the RAM all the same", async () => {
  const gpu = new HypomnesisError("hung", "Cannot ask NVML: it hung", { source: "nvml" });
  const end = await watch(["7"], [{ gpu, memory: [ram(7, MIB)] }]);
  assert.equal(end.code, 7);
  assert.match(end.stdout, / 7 +p7 +- +- +- +- +1 MiB /);
  assert.match(end.stdout, /not read: nvml: Cannot ask NVML: it hung/);
});

test("works without a GPU: the largest by RAM, and 0", async () => {
  const end = await watch(["--top", "1"], [
    {
      gpu: aGpuReply(),
      found: [ram(4242, 9 * GIB), ram(50, GIB, { parentPid: 4242 }), ram(7, MIB)],
      memory: [ram(7, MIB)],
    },
  ]);
  assert.equal(end.code, 0);
  assert.match(
    end.stderr,
    /^hmn watch: no GPU, interval 60ms, watching 1 PID\(s\) \(top 1 by RAM\)\n/,
  );
  assert.match(end.stderr, /spill is not measurable here: there is no GPU here/);
  assert.match(lines(end.stdout)[1]!, / 7 +p7 +- /, "hmn and its own are not watched");
});

test("an idle GPU has the largest by RAM watched, and says so", async () => {
  const end = await watch([], [
    { gpu: aGpuReply({ devices: [GPU] }), found: [ram(7, MIB)], memory: [ram(7, MIB)] },
  ]);
  assert.match(
    end.stderr,
    /^hmn watch found no GPU processes on device 0 \[RTX\] to auto-select \(top 5\); watching the largest by RAM\n/,
  );
  assert.match(lines(end.stdout)[1]!, / 7 +p7 +0 MiB /);
});

test("--follow-new waits for work on an idle GPU, and tells who enters and leaves", async () => {
  const busy = (pid: number) => aGpuReply({ devices: [GPU], processes: [row(pid, MIB)] });
  const end = await watch(["--follow-new", "--top", "1"], [
    { gpu: aGpuReply({ devices: [GPU] }), memory: [] },
    { gpu: busy(7), memory: [ram(7, MIB)] },
    { gpu: busy(8), memory: [ram(7, MIB), ram(8, 2 * MIB)] },
  ], 3);
  assert.equal(end.code, 0);
  const sentences = lines(end.stderr);
  assert.equal(
    sentences[0],
    "hmn watch found no GPU processes on device 0 [RTX] yet (top 1 by committed); waiting for work to appear",
  );
  assert.match(
    sentences[1]!,
    /following top 1 by committed \(re-selected every interval\), 0 initially$/,
  );
  assert.match(end.stderr, /followed set changed: entered pid=7 \(p7\)\n/);
  assert.match(end.stderr, /followed set changed: entered pid=8 \(p8\); left pid=7 \(p7\)\n/);
  const rows = lines(end.stdout).filter((line) => /^\+\d/.test(line));
  assert.match(rows[0]!, / 7 +p7 +1 MiB +\+0 B +- +- +1 MiB /);
  assert.match(rows[1]!, / 8 +p8 +1 MiB +\+0 B +- +- +2 MiB /);
  assert.match(end.stdout, /7 +p7 .*\n.*8 +p8 /, "both stand in the summary");
});

test("who left and comes back has its history", async () => {
  const gpu = (first: number, second: number) =>
    aGpuReply({ devices: [GPU], processes: [row(7, first * MIB), row(8, second * MIB)] });
  const memory = [ram(7, MIB), ram(8, MIB)];
  const all = records(
    (await watch(["--follow-new", "--top", "1", "--json"], [
      { gpu: gpu(500, 1), memory },
      { gpu: gpu(500, 900), memory },
      { gpu: gpu(800, 1), memory },
    ], 3)).stdout,
  );
  const samples = all.filter(({ kind }) => kind === "sample");
  assert.deepEqual(samples.map(({ pid, used_delta_bytes }) => [pid, used_delta_bytes]), [
    [7, 0],
    [8, 0],
    [7, 300 * MIB],
  ]);
  assert.equal(all.at(-1).per_pid.length, 2);
});

test("--match selects by name, on GPUs and by RAM, and asks /proc for no other", async () => {
  const gpu = aGpuReply({
    devices: [GPU],
    processes: [row(7, MIB, { name: "/usr/bin/python3" }), row(8, GIB, { name: "Xorg" })],
  });
  const end = await watch(["--match", "python*"], [
    { gpu, found: [ram(9, MIB, { name: "python3" })], memory: [ram(7, MIB), ram(9, MIB)] },
  ]);
  assert.match(end.stderr, /watching 2 PID\(s\) \(top 5 named "python\*" by committed\)/);
  const find = end.asked.find(({ kind }) => kind === "find");
  assert.deepEqual(find, { kind: "find", name: "python*", top: 8 });
  assert.deepEqual(
    lines(end.stdout).filter((line) => line.startsWith("+0.0s")).slice(0, 2).map((line) =>
      line.split(/ +/)[1]
    ),
    ["7", "9"],
  );
});

test("a name that nothing fits is an error, unless new processes are followed", async () => {
  const none = await watch(["--match", "nothing"], [{ gpu: aGpuReply() }]);
  assert.deepEqual([none.code, none.stdout], [4, ""]);
  assert.equal(
    none.stderr,
    'hmn: error: Cannot watch "nothing": no process has a name that fits; --follow-new waits for one\n',
  );
  assert.equal(
    (await watch(["--match", "nothing", "--follow-new"], [{ gpu: aGpuReply() }])).code,
    0,
  );
});

test("PIDs that are no processes are named; where none is one, that is the error", async () => {
  const some = await watch(["7", "98", "99", "7"], [{ memory: [ram(7, MIB)] }]);
  assert.equal(some.code, 0);
  assert.match(some.stderr, /^hmn watch: pid=98, pid=99 do not exist; watching the others\n/);
  assert.match(some.stderr, /watching 1 PID\(s\)\n/);
  const one = await watch(["99"], [{ memory: [] }]);
  assert.deepEqual([one.code, one.stdout, one.stderr], [
    4,
    "",
    "hmn: error: Cannot watch process 99: it does not exist\n",
  ]);
  const two = await watch(["98", "99"], [{ memory: [] }]);
  assert.equal(two.stderr, "hmn: error: Cannot watch processes 98, 99: none of them exists\n");
});

test("in a container of its own PIDs, those of the driver are watched as such", async () => {
  const gpu = aGpuReply({
    devices: [GPU],
    foreignPids: true,
    processes: [row(7, MIB, { name: null, nameStatus: "foreign_namespace" })],
  });
  const [sample] = records((await watch(["--json"], [{ gpu, memory: [ram(7, GIB)] }])).stdout);
  assert.deepEqual(
    [sample.pid, sample.used_bytes, sample.rss_bytes, sample.state],
    [7, MIB, null, "unknown"],
    "7 is another process here, whose RAM is not that of the driver's 7",
  );
  const [own] = records((await watch(["7", "--json"], [{ gpu, memory: [ram(7, GIB)] }])).stdout);
  assert.deepEqual([own.used_bytes, own.rss_bytes], [null, GIB]);
});

test("a process without a name that grows is pointed out once", async () => {
  const gpu = (mib: number) =>
    aGpuReply({
      devices: [GPU],
      processes: [row(7, mib * MIB, { name: null, nameStatus: "protected" })],
    });
  const nameless = [ram(7, MIB, { name: null })];
  const end = await watch(["7"], [
    { gpu: gpu(1), memory: nameless },
    { gpu: gpu(300), memory: nameless },
    { gpu: gpu(600), memory: nameless },
  ], 3);
  const told = lines(end.stderr).filter((line) => line.includes("unresolved"));
  assert.deepEqual(told, [
    "hmn watch: unresolved pid=7 grew +299 MiB since attach — re-run elevated to identify",
  ]);
});

test("a signal ends the watch at once, with the summary and the usual exit code", async () => {
  const step = {
    gpu: aGpuReply({ devices: [GPU], processes: [row(7, MIB)] }),
    memory: [ram(7, MIB)],
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK"] as const) {
    const end = await hmn(["watch", "7", "--json", "--interval", "1h"], world([step]), {
      onListen: (send) => setTimeout(() => send(signal), 50),
    });
    assert.equal(end.code, 0);
    const last = records(end.stdout).at(-1);
    assert.deepEqual([last.kind, last.ended_by, last.samples], ["summary", signal, 1]);
  }
});

test("signals that come together are one wish; one that comes later ends it at once", async () => {
  const step = {
    gpu: aGpuReply({ devices: [GPU], processes: [row(7, MIB)] }),
    memory: [ram(7, MIB)],
  };
  const end = await hmn(["watch", "7", "--json", "--interval", "1h"], world([step]), {
    onListen: (send) =>
      setTimeout(() => {
        send("SIGHUP");
        send("SIGTERM");
      }, 50),
  });
  assert.deepEqual([end.code, end.calls], [0, []]);
  assert.equal(records(end.stdout).at(-1).ended_by, "SIGHUP");
});

test("a signal before the first sample is the exit code, since nothing was answered", async () => {
  const end = await hmn(["watch", "--json"], {
    gpu: () => new Promise(() => {}) as never,
  }, { onListen: (send) => setTimeout(() => send("SIGINT"), 50) });
  assert.equal(end.code, 130);
  assert.equal(records(end.stdout).at(-1).samples, 0);
  assert.match(end.stderr, /spill is not measurable here: the drivers have not answered\n$/);
});

test("a reader that goes away gets no error, and stderr the summary", async () => {
  const step = {
    gpu: aGpuReply({ devices: [GPU], processes: [row(7, MIB)] }),
    memory: [ram(7, MIB)],
  };
  const text = await watch(["7"], [step], 1_000, { closesAfter: 200 });
  assert.equal(text.code, 0);
  assert.match(text.stderr, /hmn watch: per-PID {2}PID/);
  const json = await watch(["7", "--json"], [step], 1_000, { closesAfter: 1 });
  assert.equal(json.code, 0);
  assert.equal(JSON.parse(lines(json.stderr).at(-1)!).ended_by, "output_closed");
});

test("what excludes each other is refused before anything is opened", async () => {
  const cases: readonly [readonly string[], string][] = [
    [
      ["--follow-new", "7"],
      "hmn: watch --follow-new only applies to auto-selection; drop --follow-new or the explicit PID list",
    ],
    [
      ["--match", "x", "7"],
      "hmn: error: --match selects processes by name: drop --match or the PIDs",
    ],
    [["--live", "--json"], "hmn: error: --live and --json exclude each other: give one of them"],
    [["--live"], "hmn: error: --live needs a terminal on stdout: drop --live, or the redirection"],
    [["x7"], 'hmn: error: PID "x7" is not accepted: give a whole number from 1 to 2147483647'],
    [["7", "0"], 'hmn: error: PID "0" is not accepted: give a whole number from 1 to 2147483647'],
  ];
  for (const [args, line] of cases) {
    const end = await hmn(["watch", ...args]);
    assert.deepEqual([end.code, end.stderr, end.opened], [2, `${line}\n`, null]);
  }
});
