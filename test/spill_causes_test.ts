/** Who is named as the cause of a spill. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { spillBlock } from "../lib/cli/spill_text.ts";
import { SharedGrowth, type SharedHolder, sharedHolders } from "../lib/spill_causes.ts";
import { SpillTracker } from "../lib/spill.ts";
import { spillSampleOf } from "../lib/spill_sample.ts";
import { aDevice, aGpuProcess, aGpuReply } from "../lib/testing.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const LIMIT = 16 * GIB;

function holder(pid: number, name: string | null, sharedBytes: number): SharedHolder {
  return { pid, name, sharedBytes };
}

/** The causes at the last of these samples, of a growth of 1 GiB. */
function causesOf(...samples: readonly (readonly SharedHolder[])[]) {
  const growth = new SharedGrowth();
  for (const sample of samples) growth.observe(sample);
  return growth.explain(GIB);
}

describe("the growth of each process", () => {
  it("begins at the first sample, and at nothing for who comes later", () => {
    const { processes, unexplainedBytes } = causesOf(
      [holder(1, "dwm.exe", 300 * MIB)],
      [holder(1, "dwm.exe", 400 * MIB), holder(2, "python.exe", 800 * MIB)],
    );
    assert.deepEqual(processes, [
      { pid: 2, name: "python.exe", grownBytes: 800 * MIB },
      { pid: 1, name: "dwm.exe", grownBytes: 100 * MIB },
    ]);
    assert.equal(unexplainedBytes, 124 * MIB);
  });

  it("begins anew where the PID was given to a process of another name", () => {
    const first = [holder(1, "old.exe", 900 * MIB)];
    const { processes } = causesOf(first, [holder(1, "new.exe", 950 * MIB)]);
    assert.deepEqual(processes, [{ pid: 1, name: "new.exe", grownBytes: 950 * MIB }]);
  });

  it("goes on where a name was not told at times, or the process was not listed once", () => {
    const first = [holder(1, "a.exe", 100 * MIB)];
    const then = [holder(1, null, 200 * MIB)];
    const { processes } = causesOf(first, then, [], [holder(1, "a.exe", 300 * MIB)]);
    assert.deepEqual(processes, [{ pid: 1, name: "a.exe", grownBytes: 200 * MIB }]);
    const [other] = causesOf(first, then, [holder(1, "b.exe", 300 * MIB)]).processes;
    assert.equal(other?.grownBytes, 300 * MIB, "the name before it was not told still counts");
  });

  it("counts from 5 % of the whole on, and names at most five, the largest first", () => {
    const many = Array.from({ length: 8 }, (_, i) => holder(i, null, (i + 1) * 60 * MIB));
    const { processes } = causesOf([], [...many, holder(99, null, 51 * MIB)]);
    assert.deepEqual(processes.map(({ pid }) => pid), [7, 6, 5, 4, 3]);
    assert.deepEqual(causesOf([], [holder(1, null, 51 * MIB)]).processes, []);
    assert.equal(causesOf([], [holder(1, null, 52 * MIB)]).processes.length, 1);
  });

  it("leaves nothing unexplained where others gave memory back meanwhile", () => {
    const first = [holder(1, "a.exe", GIB), holder(2, "b.exe", GIB)];
    const { processes, unexplainedBytes } = causesOf(first, [
      holder(1, "a.exe", 0),
      holder(2, "b.exe", 3 * GIB),
    ]);
    assert.deepEqual([processes.length, unexplainedBytes], [1, 0]);
  });
});

describe("an episode", () => {
  const seen = (dedicatedBytes: number, sharedBytes: number, processes?: SharedHolder[]) => ({
    dedicatedBytes,
    sharedBytes,
    dedicatedLimitBytes: LIMIT,
    ...processes === undefined ? {} : { processes },
  });

  it("names who grew when it was highest", () => {
    const tracker = new SpillTracker();
    tracker.observe("t0", seen(0, 100 * MIB, [holder(1, "dwm.exe", 100 * MIB)]), 0);
    const late = holder(2, "late\u001b.exe", 2 * GIB);
    const python = holder(4242, "python.exe", 3 * GIB);
    tracker.observe("t1", seen(LIMIT, 100 * MIB + 5.5 * GIB, [late, python]), 1000);
    tracker.observe("t2", seen(LIMIT, 100 * MIB + 3 * GIB, [python]), 2000);
    tracker.observe("t3", seen(0, 0, []), 3000);
    const report = tracker.report();
    assert.deepEqual(report.episodes[0]!.processes, [
      { pid: 4242, name: "python.exe", grownBytes: 3 * GIB },
      { pid: 2, name: "late\u001b.exe", grownBytes: 2 * GIB },
    ]);
    assert.equal(report.episodes[0]!.unexplainedBytes, GIB / 2);
    assert.equal(
      spillBlock("hmn spill", report).split("\n")[3],
      "           caused by      python.exe (4242) +3.0 GiB, late\\u{1b}.exe (2) +2.0 GiB, " +
        "unexplained +512 MiB",
    );
  });

  it("keeps what was told where the highest sample tells nobody", () => {
    const tracker = new SpillTracker();
    tracker.observe("t0", seen(0, 0, []), 0);
    tracker.observe("t1", seen(LIMIT, GIB, [holder(1, null, GIB)]), 1000);
    tracker.observe("t2", seen(LIMIT, 2 * GIB), 2000);
    const [episode] = tracker.report().episodes;
    assert.equal(episode!.peakSharedBytes, 2 * GIB);
    assert.deepEqual(episode!.processes, [{ pid: 1, name: null, grownBytes: GIB }]);
    assert.match(spillBlock("x", tracker.report()), /caused by {6}\? \(1\) \+1\.0 GiB\n$/);
  });

  it("says nothing where no source tells it by process", () => {
    const tracker = new SpillTracker();
    tracker.observe("t0", seen(0, 0), 0);
    tracker.observe("t1", seen(LIMIT, GIB), 1000);
    const [episode] = tracker.report().episodes;
    assert.deepEqual([episode!.processes, episode!.unexplainedBytes], [null, null]);
    assert.doesNotMatch(spillBlock("x", tracker.report()), /caused/);
  });
});

describe("a sample of a device of Windows", () => {
  const wddm = {
    dedicatedUsageBytes: 7 * GIB,
    sharedUsageBytes: GIB,
    totalCommittedBytes: null,
    localUsageBytes: null,
    nonLocalUsageBytes: null,
    dedicatedTotalBytes: 8 * GIB,
    sharedTotalBytes: null,
  };
  const device = aDevice({ usedBytes: 1, sharedUsedBytes: 2, totalBytes: 3, wddm });

  it("is made of its own counters", () => {
    assert.deepEqual(spillSampleOf(device), {
      dedicatedBytes: 7 * GIB,
      sharedBytes: GIB,
      dedicatedLimitBytes: 8 * GIB,
    });
    const unsized = { ...device, wddm: { ...wddm, dedicatedTotalBytes: null } };
    assert.equal(spillSampleOf(unsized)?.dedicatedLimitBytes, 3);
    const half = { ...device, wddm: { ...wddm, sharedUsageBytes: null } };
    assert.equal(spillSampleOf(half)?.dedicatedBytes, 1);
  });

  it("is none of an integrated one, which uses the system's memory in the ordinary way", () => {
    assert.equal(spillSampleOf({ ...device, memoryKind: "unified" }), null);
    assert.equal(spillSampleOf({ ...device, memoryKind: "unified", wddm: null }), null);
    assert.notEqual(spillSampleOf({ ...device, memoryKind: "dedicated" }), null);
    assert.notEqual(spillSampleOf({ ...device, memoryKind: null }), null);
  });

  it("tells who uses it where its list was read whole", () => {
    const usage = { ...wddm, sharedUsageBytes: 5 };
    const processes = [
      aGpuProcess({ pid: 1, name: "a.exe", sharedUsedBytes: 4, wddm: usage }),
      aGpuProcess({ pid: 2, sharedUsedBytes: null }),
      aGpuProcess({ pid: 3, sharedUsedBytes: 9, deviceIndex: 1 }),
    ];
    const listing = aGpuReply({ devices: [device], processes });
    assert.deepEqual(sharedHolders(device, listing), [holder(1, "a.exe", 5)]);
    assert.deepEqual(spillSampleOf(device, listing)?.processes, [holder(1, "a.exe", 5)]);
    assert.equal(sharedHolders(device, { ...listing, listedDevices: [] }), null);
    assert.deepEqual(sharedHolders(device, { ...listing, processes: [] }), []);
    const elsewhere = { ...device, wddm: null };
    assert.equal(sharedHolders(elsewhere, { ...listing, processes: [] }), null);
    assert.equal(sharedHolders(elsewhere, { ...listing, processes: [processes[1]!] }), null);
  });
});
