/** Who belongs to a run, what it took, and its history: pure. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProcessMemory } from "../lib/records.ts";
import type { Followed } from "../lib/run/follow.ts";
import type { RunSample } from "../lib/run/look.ts";
import { Members } from "../lib/run/members.ts";
import { Series } from "../lib/run/series.ts";
import { RunTracker } from "../lib/run/tracker.ts";
import { aDevice, aFailure, aGpuProcess, aGpuReply, aProcessMemory } from "../lib/testing.ts";

const MIB = 2 ** 20;

function process(
  pid: number,
  parentPid: number,
  fields: Partial<ProcessMemory> = {},
): ProcessMemory {
  return aProcessMemory({
    pid,
    parentPid,
    startTicks: pid,
    rssBytes: pid * MIB,
    peakRssBytes: pid * MIB,
    name: `p${pid}`,
    ...fields,
  });
}

const pids = (processes: readonly { pid: number }[]) => processes.map(({ pid }) => pid);

test("the root and what it started belong to a run", () => {
  const members = new Members(10);
  assert.deepEqual(members.roots, [10]);
  const found = [process(10, 1), process(20, 10), process(21, 20), process(99, 1)];
  assert.deepEqual(pids(members.accept(found)), [10, 20, 21]);
  assert.deepEqual(members.roots, [10, 20, 21]);
});

test("one whose parent ended stays, and so does what it starts then", () => {
  const members = new Members(10);
  members.accept([process(10, 1), process(20, 10)]);
  assert.deepEqual(pids(members.accept([process(20, 1), process(30, 20)])), [20, 30]);
});

test("a PID that was given to somebody else's process is let go", () => {
  const members = new Members(10);
  members.accept([process(10, 1), process(20, 10)]);
  const other = process(20, 1, { startTicks: 777 });
  assert.deepEqual(pids(members.accept([process(10, 1), other, process(40, 20)])), [10]);
  // The root's own PID as well, once it was seen.
  assert.deepEqual(pids(members.accept([process(10, 1, { startTicks: 778 })])), []);
  assert.deepEqual(pids(members.accept([process(10, 1, { startTicks: 778 })])), []);
});

test("a PID that was given to a process of the same run is that one", () => {
  const members = new Members(10);
  members.accept([process(10, 1), process(20, 10)]);
  const again = process(20, 10, { startTicks: 777 });
  assert.deepEqual(pids(members.accept([process(10, 1), again])), [10, 20]);
});

test("what is in the run's cgroup belongs to it whoever started it", () => {
  const members = new Members(10);
  assert.deepEqual(pids(members.accept([process(10, 1), process(50, 1)], [50])), [10, 50]);
});

test("between fork and exec a process shows its parent's memory, and is not counted yet", () => {
  const members = new Members(10);
  members.accept([process(10, 1)]);
  const forked = process(20, 10, { rssBytes: 10 * MIB, peakRssBytes: 10 * MIB });
  assert.deepEqual(pids(members.accept([process(10, 1), forked])), [10]);
  // Still so at the next look: it is a process of this size.
  assert.deepEqual(pids(members.accept([process(10, 1), forked])), [10, 20]);
});

function sample(fields: Partial<RunSample>): RunSample {
  return {
    tick: 0,
    elapsedMs: 0,
    atMs: 0,
    processes: [],
    gpu: null,
    failures: [],
    gpuFailures: [],
    ...fields,
  };
}

const END: Followed = {
  exitCode: 0,
  signal: null,
  maxRssBytes: null,
  startedAtMs: 5,
  durationMs: 1000,
  skipped: 0,
  cgroupPeakBytes: null,
  leftRunning: [],
  failures: [],
};

function report(samples: readonly Partial<RunSample>[], end: Partial<Followed> = {}) {
  const tracker = new RunTracker();
  for (const fields of samples) tracker.observe(sample(fields));
  return tracker.report(["x"], 100, { ...END, ...end }, true);
}

test("peak RAM is the highest sum, and when it was", () => {
  const found = report([
    { elapsedMs: 0, processes: [process(10, 1)] },
    { elapsedMs: 100, processes: [process(10, 1), process(20, 10)] },
    { elapsedMs: 200, processes: [process(20, 1)] },
  ]);
  assert.deepEqual(
    [found.peakRamBytes, found.peakRamElapsedMs, found.peakRamSource, found.samples],
    [30 * MIB, 100, "sum_rss", 3],
  );
  assert.equal(found.processCount, 2);
  assert.deepEqual(pids(found.processes), [20, 10]);
});

test("a process's own peak counts where it is above every sum", () => {
  const found = report([
    { processes: [process(10, 1, { rssBytes: 5 * MIB, peakRssBytes: 90 * MIB })] },
  ]);
  assert.deepEqual(
    [found.peakRamBytes, found.peakRamElapsedMs, found.peakRamSource],
    [90 * MIB, null, "vm_hwm"],
  );
});

test("the peak of a process that was waited for counts where it is above both", () => {
  const found = report([{ processes: [process(10, 1)] }], { maxRssBytes: 400 * MIB });
  assert.deepEqual([found.peakRamBytes, found.peakRamSource], [400 * MIB, "ru_maxrss"]);
  const lower = report([{ processes: [process(10, 1)] }], { maxRssBytes: MIB });
  assert.deepEqual([lower.peakRamBytes, lower.peakRamSource], [10 * MIB, "sum_rss"]);
});

test("a run that ended before it could be looked at has no peak, and not one of 0", () => {
  for (const samples of [[], [{ processes: [] }], [{ processes: null }]]) {
    const found = report(samples);
    assert.deepEqual([found.peakRamBytes, found.peakRamSource, found.peakVramBytes], [
      null,
      null,
      null,
    ]);
  }
});

test("samples that failed or were skipped are counted", () => {
  const found = report([{ processes: null }, { processes: [process(10, 1)] }], { skipped: 3 });
  assert.deepEqual([found.samples, found.missedSamples], [1, 4]);
});

const GPUS = [
  aDevice({ index: 0, uuid: "GPU-a", totalBytes: 100 * MIB }),
  aDevice({ index: 1, uuid: "GPU-b", totalBytes: 100 * MIB }),
];
const held = (pid: number, deviceIndex: number, mib: number | null) =>
  aGpuProcess({ pid, deviceIndex, usedBytes: mib === null ? null : mib * MIB });

test("peak VRAM is that of the run's processes on each GPU, and of all together", () => {
  const both = [process(10, 1), process(20, 10)];
  const found = report([
    {
      elapsedMs: 0,
      processes: both,
      gpu: aGpuReply({ devices: GPUS, processes: [held(10, 0, 5), held(99, 0, 50)] }),
    },
    {
      elapsedMs: 100,
      processes: both,
      gpu: aGpuReply({
        devices: GPUS,
        processes: [held(10, 0, 3), held(20, 0, 1), held(20, 1, 7)],
      }),
    },
  ]);
  assert.deepEqual([found.peakVramBytes, found.peakVramElapsedMs], [11 * MIB, 100]);
  assert.deepEqual(
    found.gpus.map((gpu) => [gpu.deviceUuid, gpu.peakVramBytes, gpu.peakVramElapsedMs]),
    [
      ["GPU-a", 5 * MIB, 0],
      ["GPU-b", 7 * MIB, 100],
    ],
  );
  assert.deepEqual(found.processes.map(({ pid, peakVramBytes }) => [pid, peakVramBytes]), [
    [20, 8 * MIB],
    [10, 5 * MIB],
  ]);
});

test("a run that uses no GPU holds 0 where the lists were read, and it is not known elsewhere", () => {
  const look = (gpu: RunSample["gpu"]) =>
    report([{ processes: [process(10, 1)], gpu }]).peakVramBytes;
  assert.equal(look(aGpuReply({ devices: GPUS })), 0);
  assert.equal(look(aGpuReply({ devices: GPUS, listedDevices: [0] })), null);
  assert.equal(look(aGpuReply({ devices: GPUS, foreignPids: true })), null);
  assert.equal(look(aGpuReply({ devices: GPUS, processes: [held(10, 0, null)] })), null);
  assert.equal(look(aGpuReply({ devices: [] })), null);
  assert.equal(look(null), null);
});

test("each failure is told once, without those of processes that ended", () => {
  const slow = aFailure({ code: "slow", message: "Cannot a: b" });
  const gone = aFailure({ code: "no_such_process", message: "Cannot c: d" });
  const found = report([{ failures: [slow, gone] }, { failures: [slow] }], {
    failures: [aFailure({ message: "Cannot e: f" })],
  });
  assert.deepEqual(found.failures.map(({ message }) => message), ["Cannot a: b", "Cannot e: f"]);
});

test("a run of very many processes is told of by its largest, in bounded memory", () => {
  const tracker = new RunTracker();
  for (let i = 0; i < 5_000; i++) {
    const one = process(i + 100, 1, { rssBytes: i, peakRssBytes: i === 7 ? 9_999 : i % 1_000 });
    tracker.observe(sample({ elapsedMs: i, processes: [one] }));
  }
  const found = tracker.report(["x"], 1, END, false);
  assert.equal(found.processCount, 5_000);
  assert.equal(found.processes[0]!.pid, 107);
  assert.equal(found.series, null);
});

test("a process forgotten as small and still there is counted once", () => {
  const tracker = new RunTracker();
  const all = Array.from({ length: 600 }, (_, i) => process(i + 100, 1));
  for (const elapsedMs of [0, 100, 200]) tracker.observe(sample({ elapsedMs, processes: all }));
  assert.equal(tracker.report(["x"], 1, END, false).processCount, 600);
});

test("a history keeps its peaks when it is full", () => {
  const series = new Series(8);
  for (let i = 0; i < 1_000; i++) {
    series.push({
      elapsedMs: i,
      ramBytes: i === 777 ? 5_000 : i === 3 ? null : 1,
      vramBytes: i < 500 ? null : i,
    });
  }
  const { moments } = series;
  assert.ok(moments.length <= 8 && moments.length >= 4, `${moments.length}`);
  assert.equal(moments[0]!.elapsedMs, 0);
  assert.equal(Math.max(...moments.map(({ ramBytes }) => ramBytes!)), 5_000);
  assert.equal(moments.at(-1)!.vramBytes, 999);
  assert.equal(moments[0]!.vramBytes, null);
});

test("a short history is told moment by moment, with its gaps", () => {
  const { series } = report([
    { elapsedMs: 0, processes: [process(1, 0)] },
    { elapsedMs: 100, processes: null },
  ]);
  assert.deepEqual(series, [
    { elapsedMs: 0, ramBytes: MIB, vramBytes: null },
    { elapsedMs: 100, ramBytes: null, vramBytes: null },
  ]);
});
