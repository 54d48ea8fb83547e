/** Trees of processes, processes by name, and the cgroup of a run, on fake machines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunCgroupRequest } from "../lib/protocol.ts";
import { HostError } from "../workers/host/host.ts";
import { MemorySource } from "../workers/proc/memory.ts";
import { type FakeFile, type FakeHost, fakeHost, type FakeMachine } from "./support/fake_host.ts";

interface FakeProcess {
  readonly pid: number;
  readonly parent?: number;
  readonly name?: string;
  readonly rssKib?: number | null;
  readonly startTicks?: number;
  /** Children by thread; of the main thread where it is a list. */
  readonly children?: readonly number[] | Readonly<Record<number, readonly number[]>>;
}

/** Files of these processes. */
function files(processes: readonly FakeProcess[]): Record<string, FakeFile> {
  const found: Record<string, FakeFile> = {
    "/proc/stat": "cpu 1 2 3 4 5\nbtime 1700000000\n",
    "/proc/thread-self/children": "",
  };
  for (
    const { pid, parent = 1, name = `p${pid}`, rssKib = pid, startTicks = pid, ...rest }
      of processes
  ) {
    const memory = rssKib === null
      ? ""
      : `VmSize: 9999 kB\nVmHWM: ${rssKib + 10} kB\nVmRSS: ${rssKib} kB\nVmSwap: 3 kB\n`;
    found[`/proc/${pid}/status`] =
      `Name:\t${name}\nTgid:\t${pid}\nPid:\t${pid}\nPPid:\t${parent}\nUid:\t0\t0\t0\t0\n${memory}` +
      `Threads:\t${Array.isArray(rest.children ?? []) ? 1 : Object.keys(rest.children!).length}\n`;
    const fields = ["S", parent, ...Array(17).fill(0), startTicks, 0].join(" ");
    found[`/proc/${pid}/stat`] = `${pid} (${name}) ${fields}`;
    const children = rest.children ?? [];
    const threads = Array.isArray(children) ? { [pid]: children } : children;
    for (const [thread, pids] of Object.entries(threads)) {
      found[`/proc/${pid}/task/${thread}/children`] = `${pids.join(" ")}${
        pids.length > 0 ? " " : ""
      }`;
    }
  }
  return found;
}

function machine(processes: readonly FakeProcess[], more: Partial<FakeMachine> = {}): FakeHost {
  return fakeHost({ ...more, files: { ...files(processes), ...more.files } });
}

function tree(host: FakeHost, roots: readonly number[], source = new MemorySource(host)) {
  return source.tree({ kind: "tree", roots, cgroup: null }, []);
}

const pids = (processes: readonly { pid: number }[]) => processes.map(({ pid }) => pid);

test("a tree is walked through the children of every thread, a parent before its children", () => {
  const host = machine([
    { pid: 10, children: { 10: [20], 11: [30, 31] } },
    { pid: 20, parent: 10, children: [21] },
    { pid: 21, parent: 20 },
    { pid: 30, parent: 10 },
    { pid: 31, parent: 10 },
    { pid: 99 },
  ]);
  const reply = tree(host, [10]);
  assert.deepEqual(pids(reply.processes), [10, 20, 30, 31, 21]);
  assert.deepEqual(reply.failures, []);
  const { name, parentPid, startTicks, rssBytes, peakRssBytes, swapBytes } = reply.processes[1]!;
  assert.deepEqual([name, parentPid, startTicks, rssBytes, peakRssBytes, swapBytes], [
    "p20",
    10,
    20,
    20 * 1024,
    30 * 1024,
    3 * 1024,
  ]);
});

test("the whole of /proc is not looked through", () => {
  const host = machine([{ pid: 10, children: [20] }, { pid: 20, parent: 10 }, { pid: 99 }]);
  tree(host, [10]);
  assert.ok(!host.reads.includes("/proc"));
  assert.ok(!host.reads.some((path) => path.startsWith("/proc/99/")));
});

test("a process in several roots or named twice stands there once", () => {
  const host = machine([{ pid: 10, children: [20] }, { pid: 20, parent: 10 }]);
  assert.deepEqual(pids(tree(host, [10, 20, 10]).processes), [10, 20]);
});

test("what ends while it is looked at is left out without a failure", () => {
  const host = machine([
    { pid: 10, children: [20, 21] },
    { pid: 20, parent: 10 },
    { pid: 21, parent: 10 },
  ], {
    files: {
      "/proc/20/status": "ESRCH",
      "/proc/21/task/21/children": "ENOENT",
    },
  });
  const reply = tree(host, [10, 77]);
  assert.deepEqual(pids(reply.processes), [10, 21]);
  assert.deepEqual(reply.failures, []);
});

test("a zombie is there without memory", () => {
  const host = machine([{ pid: 10, children: [20] }, { pid: 20, parent: 10, rssKib: null }]);
  assert.deepEqual(tree(host, [10]).processes.map(({ rssBytes }) => rssBytes), [10_240, null]);
});

test("what may not be read is a failure of its own, and the rest stands", () => {
  const host = machine([{ pid: 10, children: [20, 30] }, { pid: 20 }, { pid: 30 }], {
    files: { "/proc/20/status": "EACCES" },
  });
  const { processes, failures } = tree(host, [10]);
  assert.deepEqual(pids(processes), [10, 30]);
  assert.deepEqual(failures.map(({ code, source, pid }) => [code, source, pid]), [
    ["permission_denied", "proc", 20],
  ]);
  assert.match(failures[0]!.message, /^Cannot read the memory of process 20: access to /);
});

test("a process with many threads has all of them asked once a second, the main one always", () => {
  const clock = { now: 0, wall: 0 };
  const threads = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [10 + i, i === 39 ? [60] : i === 0 ? [50] : []]),
  );
  const host = machine([{ pid: 10, children: threads }, { pid: 50 }, { pid: 60 }], { clock });
  const source = new MemorySource(host);
  assert.deepEqual(pids(tree(host, [10], source).processes), [10, 50, 60]);
  clock.now = 500;
  assert.deepEqual(pids(tree(host, [10], source).processes), [10, 50]);
  clock.now = 1000;
  assert.deepEqual(pids(tree(host, [10], source).processes), [10, 50, 60]);
});

test("a kernel that does not tell children has /proc looked through once a second", () => {
  const clock = { now: 0, wall: 0 };
  const all = [{ pid: 10 }, { pid: 20, parent: 10 }, { pid: 21, parent: 20 }, { pid: 99 }];
  const { "/proc/thread-self/children": _, ...found } = files(all);
  const host = fakeHost({ files: found, clock });
  const source = new MemorySource(host);
  assert.deepEqual(pids(tree(host, [10], source).processes), [10, 20, 21]);
  const looked = () => host.reads.filter((path) => path === "/proc").length;
  assert.equal(looked(), 1);
  clock.now = 999;
  // The one who asks gives what was found before.
  assert.deepEqual(pids(tree(host, [10, 20, 21], source).processes), [10, 20, 21]);
  assert.equal(looked(), 1);
  clock.now = 1000;
  tree(host, [10], source);
  assert.equal(looked(), 2);
});

test("where the runtime may not read /proc the tree is empty, with the reason", () => {
  const host = machine([{ pid: 10 }], { files: { "/proc/10/status": "ENOTCAPABLE" } });
  const reply = tree(host, [10]);
  assert.deepEqual(reply.processes, []);
  assert.deepEqual(reply.failures.map(({ code }) => code), ["permission_denied"]);
});

test("elsewhere than on Linux, or switched off, nothing is read", () => {
  const host = machine([{ pid: 10 }], { platform: "darwin" });
  const source = new MemorySource(host);
  assert.deepEqual(tree(host, [10], source).failures.map(({ code }) => code), ["absent"]);
  assert.deepEqual(
    source.find({ kind: "find", name: null, top: 1 }, []).failures.map(({ code }) => code),
    ["absent"],
  );
  assert.deepEqual(source.tree({ kind: "tree", roots: [10], cgroup: null }, ["proc"]), {
    kind: "tree",
    processes: [],
    inCgroup: [],
    failures: [],
  });
  assert.deepEqual(host.reads, []);
});

test("the largest processes come first, kernel threads never, and all are counted", () => {
  const host = machine([
    { pid: 2, name: "kthreadd", rssKib: null },
    { pid: 10, rssKib: 5 },
    { pid: 11, rssKib: 500 },
    { pid: 12, rssKib: 50 },
    { pid: 13, rssKib: 50 },
  ]);
  const reply = new MemorySource(host).find({ kind: "find", name: null, top: 3 }, []);
  assert.deepEqual(pids(reply.processes), [11, 12, 13]);
  assert.equal(reply.count, 4);
});

test("processes are found by name, and /proc is read once a second at most", () => {
  const clock = { now: 0, wall: 0 };
  const host = machine([
    { pid: 10, name: "python3" },
    { pid: 11, name: "bash" },
    { pid: 12, name: "my-python" },
  ], { clock });
  const source = new MemorySource(host);
  const find = (name: string) => pids(source.find({ kind: "find", name, top: 9 }, []).processes);
  assert.deepEqual(find("python"), [12, 10]);
  assert.deepEqual(find("python*"), [10]);
  assert.deepEqual(find("zsh"), []);
  const looked = () => host.reads.filter((path) => path === "/proc").length;
  assert.equal(looked(), 1);
  clock.now = 1000;
  find("bash");
  assert.equal(looked(), 2);
});

const V1 = {
  "/proc/self/cgroup": "4:memory:/a/b\n0::/\n",
  "/proc/self/mountinfo": "31 30 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
};
const OWN_V1 = "/sys/fs/cgroup/memory/a/b";
const V2 = {
  "/proc/self/cgroup": "0::/user.slice/x.scope\n",
  "/proc/self/mountinfo": "31 30 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
};
const OWN_V2 = "/sys/fs/cgroup/user.slice/x.scope";

function cgroup(host: FakeHost, action: RunCgroupRequest["action"]) {
  return new MemorySource(host).runCgroup({
    kind: "run_cgroup",
    action,
    cgroup: { owner: 7, run: 1 },
  }, []);
}

for (
  const [version, texts, own, peakFile] of [
    [1, V1, OWN_V1, "memory.max_usage_in_bytes"],
    [2, V2, OWN_V2, "memory.peak"],
  ] as const
) {
  const inside = {
    [`${own}/hmn-run-7-1/${peakFile}`]: "123456\n",
    [`${own}/hmn-run-7-1/cgroup.procs`]: "10\n20\n",
    [`${own}/cgroup.procs`]: "7\n",
    "/proc/7/stat": "7 (bun)",
  };

  test(`v${version}: the cgroup of a run is made below ours, read and removed`, () => {
    const host = fakeHost({ files: { ...texts, ...inside } });
    assert.deepEqual(cgroup(host, "make"), {
      kind: "run_cgroup",
      folder: `${own}/hmn-run-7-1`,
      peakBytes: 123_456,
      failures: [],
    });
    assert.deepEqual(host.changes, [`mkdir ${own}/hmn-run-7-1`]);
    assert.equal(cgroup(host, "read").peakBytes, 123_456);
    assert.deepEqual(cgroup(host, "remove").failures, []);
    assert.deepEqual(host.changes.slice(1), [
      `write ${own}/cgroup.procs 10`,
      `write ${own}/cgroup.procs 20`,
      `rmdir ${own}/hmn-run-7-1`,
    ]);
  });

  test(`v${version}: left-overs of runs whose owner has gone are removed, others stay`, () => {
    const host = fakeHost({
      files: { ...texts, ...inside, "/proc/8/stat": "8 (hmn)" },
      folders: [`${own}/hmn-run-8-1`, `${own}/hmn-run-9-2`, `${own}/hmn-run-9`, `${own}/other`],
    });
    cgroup(host, "make");
    assert.deepEqual(host.changes, [
      `rmdir ${own}/hmn-run-9-2`,
      `mkdir ${own}/hmn-run-7-1`,
    ]);
  });

  test(`v${version}: who may not make one is told so`, () => {
    const host = fakeHost({
      files: { ...texts, ...inside },
      onChange: (_, path) => {
        throw new HostError("EACCES", path, "mkdir");
      },
    });
    const { folder, failures } = cgroup(host, "make");
    assert.equal(folder, null);
    assert.deepEqual(failures.map(({ code, message }) => [code, message]), [[
      "permission_denied",
      "Cannot measure the run in a cgroup of its own: this user may not make one below its own",
    ]]);
  });
}

test("v2: a cgroup without the memory controller is taken away again", () => {
  const host = fakeHost({ files: { ...V2, [`${OWN_V2}/cgroup.procs`]: "7\n" } });
  const { folder, failures } = cgroup(host, "make");
  assert.equal(folder, null);
  assert.equal(failures[0]!.code, "not_supported");
  assert.match(failures[0]!.message, /a cgroup below .* has no memory\.peak$/);
  assert.deepEqual(host.changes, [`mkdir ${OWN_V2}/hmn-run-7-1`, `rmdir ${OWN_V2}/hmn-run-7-1`]);
});

test("what is in the cgroup of a run is in its tree, whoever started it", () => {
  const host = machine([{ pid: 10 }, { pid: 50 }, { pid: 51, parent: 50 }], {
    files: { ...V1, [`${OWN_V1}/hmn-run-7-1/cgroup.procs`]: "10\n50\n" },
  });
  const source = new MemorySource(host);
  const reply = source.tree({ kind: "tree", roots: [10], cgroup: { owner: 7, run: 1 } }, []);
  assert.deepEqual([pids(reply.processes), reply.inCgroup], [[10, 50], [10, 50]]);
  const other = source.tree({ kind: "tree", roots: [10], cgroup: { owner: 7, run: 2 } }, []);
  assert.deepEqual([pids(other.processes), other.inCgroup, other.failures], [[10], [], []]);
});

test("without a visible memory cgroup none is made", () => {
  const host = fakeHost({ files: { "/proc/self/cgroup": "0::/\n", "/proc/self/mountinfo": "" } });
  const { folder, failures } = cgroup(host, "make");
  assert.equal(folder, null);
  assert.match(failures[0]!.message, /no memory cgroup is visible here$/);
  assert.deepEqual(host.changes, []);
});
