import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Failure } from "../lib/errors.ts";
import type { MemoryReply, MemoryRequest } from "../lib/protocol.ts";
import type { SourceName } from "../lib/sources.ts";
import { diagnoseProc, diagnoseProcMm } from "../workers/proc/diagnose.ts";
import { MemorySource } from "../workers/proc/memory.ts";
import { type FakeFile, type FakeHost, fakeHost, loadMachine } from "./support/fake_host.ts";

/** A fake machine; `change` replaces files, and takes away those it gives as `null`. */
function machine(name: string, change: Record<string, FakeFile | null> = {}): FakeHost {
  const text = readFileSync(join(import.meta.dirname!, "machines", `${name}.txt`), "utf8");
  const { files, links, folders } = loadMachine(text);
  const changed: Record<string, FakeFile> = {};
  for (const [path, file] of Object.entries({ ...files, ...change })) {
    if (file === null) continue;
    // A section ends with a line break; arguments end with a NUL.
    const isArguments = path.endsWith("/cmdline") && typeof file === "string";
    changed[path] = isArguments ? file.replace(/\n$/, "") : file;
  }
  return fakeHost({ files: changed, links, folders });
}

interface Answer extends MemoryReply {
  readonly begun: readonly SourceName[];
}

function ask(
  source: MemorySource | FakeHost,
  request: Partial<MemoryRequest> = {},
  without: readonly SourceName[] = [],
): Answer {
  const begun: SourceName[] = [];
  const asked = source instanceof MemorySource ? source : new MemorySource(source);
  const whole = {
    kind: "memory",
    pids: [],
    system: false,
    details: false,
    pss: false,
    cpu: false,
  } as const;
  const reply = asked.answer({ ...whole, ...request }, (name) => begun.push(name), without);
  for (const { message } of reply.failures) {
    assert.match(message, /^Cannot [^]*[^.]$/);
    assert.match(message, /: /);
  }
  return { ...reply, begun };
}

const codes = (failures: readonly Failure[]) =>
  failures.map(({ code, source, pid }) => `${code} ${source} ${pid ?? null}`);

test("a laptop: every number of a process and of the machine from its own line", () => {
  const reply = ask(machine("laptop_v2"), { pids: [4321], system: true });
  assert.deepEqual(reply.failures, []);
  assert.deepEqual(reply.begun, []);
  assert.deepEqual(reply.processes, [{
    pid: 4321,
    parentPid: 4000,
    zombie: false,
    name: "editor",
    startTicks: 123456,
    startedAtMs: 1_700_001_234_560,
    rssBytes: 204_800 * 1024,
    peakRssBytes: 210_000 * 1024,
    privateBytes: null,
    anonBytes: 150_000 * 1024,
    fileBytes: 50_000 * 1024,
    shmemBytes: 4_800 * 1024,
    swapBytes: 1024 * 1024,
    pssBytes: null,
    cpuTimeMs: null,
    uid: 1000,
    user: null,
    container: null,
    command: null,
  }]);
  assert.deepEqual(reply.system, {
    totalBytes: 16_000_000 * 1024,
    availableBytes: 12_000_000 * 1024,
    usedBytes: 4_000_000 * 1024,
    freeBytes: 8_000_000 * 1024,
    swapTotalBytes: 2_000_000 * 1024,
    swapUsedBytes: 500_000 * 1024,
    commitBytes: 9_000_000 * 1024,
    commitLimitBytes: 10_000_000 * 1024,
    job: null,
    pressure: {
      some: { avg10Ratio: 0.015, avg60Ratio: 0.0025, avg300Ratio: 0.0003, totalMs: 1234.567 },
      full: { avg10Ratio: 0.005, avg60Ratio: 0.001, avg300Ratio: 0, totalMs: 234.567 },
    },
    cpuUtilizationRatio: null,
    processCount: 2,
    cgroup: {
      version: 2,
      path: "/user.slice/user-1000.slice/app.scope",
      limitBytes: null,
      usageBytes: 400_000_000,
      workingSetBytes: 300_000_000,
      peakBytes: 450_000_000,
      oomKills: 0,
    },
  });
});

test("details and PSS come after the worker has said what it begins", () => {
  const host = machine("laptop_v2");
  const begun: number[] = [];
  const source = new MemorySource(host);
  const request = {
    kind: "memory",
    pids: [4321],
    system: false,
    details: true,
    pss: true,
    cpu: false,
  } as const;
  const { processes, failures } = source.answer(request, () => begun.push(host.reads.length), []);
  assert.deepEqual(failures, []);
  assert.equal(begun.length, 1);
  const slow = host.reads.findIndex((path) => /cmdline|smaps_rollup/.test(path));
  assert.ok(slow >= begun[0]!, `${slow} read before ${begun[0]}`);
  const [found] = processes;
  assert.deepEqual(found?.command, ["/usr/bin/editor", "--file", "a b.txt", ""]);
  assert.equal(found?.user, "ada");
  assert.equal(found?.container, null);
  assert.equal(found?.pssBytes, 123_456 * 1024);
});

test("what is not asked for, and what may not be touched, is not read", () => {
  const host = machine("laptop_v2");
  const plain = ask(host, { pids: [4321] });
  assert.deepEqual([plain.begun, plain.system], [[], null]);
  assert.ok(!host.reads.some((path) => /cmdline|smaps_rollup|meminfo|passwd/.test(path)));

  const barred = ask(host, { pids: [4321], details: true, pss: true, cpu: false }, ["proc_mm"]);
  assert.deepEqual(barred.begun, []);
  assert.equal(barred.processes[0]?.command, null);
  assert.equal(barred.processes[0]?.rssBytes, 204_800 * 1024);
  assert.ok(!host.reads.some((path) => /cmdline|smaps_rollup/.test(path)));

  const untouched = machine("laptop_v2");
  const none = ask(untouched, { pids: [4321], system: true, details: true }, ["proc"]);
  assert.deepEqual([none.processes, none.system, none.failures, none.begun], [[], null, [], []]);
  assert.deepEqual(untouched.reads, []);
});

test("the slow source is begun once for all processes, and not where there is none left", () => {
  const host = machine("laptop_v2", { "/proc/2/cmdline": "" });
  assert.deepEqual(ask(host, { pids: [4321, 2], details: true }).begun, ["proc_mm"]);
  assert.deepEqual(ask(host, { pids: [4321], pss: true, cpu: false }).begun, ["proc_mm"]);
  assert.deepEqual(ask(host, { pids: [999], details: true, pss: true, cpu: false }).begun, []);
  assert.deepEqual(ask(host, { system: true, details: true, pss: true, cpu: false }).begun, []);
});

test("what can't change is read once: the boot, the users, the start of the asking process", () => {
  const host = machine("laptop_v2", { "/proc/2/cmdline": "" });
  const source = new MemorySource(host, 4321);
  const starts = () =>
    ask(source, { pids: [2, 4321], details: true }).processes.map((found) => found.startTicks);
  const first = starts();
  assert.equal(first[1], 123456);
  assert.notEqual(first[0], first[1]);
  assert.deepEqual(starts(), first);
  assert.deepEqual(starts(), first);
  const count = (path: string) => host.reads.filter((read) => read === path).length;
  assert.deepEqual(["/proc/4321/stat", "/proc/stat", "/etc/passwd"].map(count), [1, 1, 1]);
  // Another process may have got the same PID.
  assert.deepEqual(["/proc/2/stat", "/proc/2/status", "/proc/4321/status"].map(count), [3, 3, 3]);
});

test("a kernel thread has no memory and no arguments, and nothing failed", () => {
  const host = machine("laptop_v2", { "/proc/2/cmdline": "" });
  const reply = ask(host, { pids: [2], details: true, pss: true, cpu: false });
  assert.deepEqual(reply.failures, []);
  const [found] = reply.processes;
  assert.deepEqual([found?.name, found?.user, found?.uid], ["kthreadd", "root", 0]);
  assert.deepEqual([found?.rssBytes, found?.anonBytes, found?.pssBytes], [null, null, null]);
  assert.deepEqual(found?.command, []);
});

test("several processes: those that are there, in order; the others by their PID", () => {
  const reply = ask(machine("laptop_v2"), { pids: [2, 999, 4321, 998] });
  assert.deepEqual(reply.processes.map(({ pid }) => pid), [2, 4321]);
  assert.deepEqual(codes(reply.failures), [
    "no_such_process proc 999",
    "no_such_process proc 998",
  ]);
});

test("a process that goes while it is read is gone, once", () => {
  for (const code of ["ENOENT", "ESRCH"] as const) {
    const early = ask(machine("laptop_v2", { "/proc/4321/stat": code }), { pids: [4321] });
    assert.deepEqual(early.processes, []);
    assert.deepEqual(codes(early.failures), ["no_such_process proc 4321"]);
  }
  let reads = 0;
  const stat = machine("laptop_v2").readText("/proc/4321/stat");
  const host = machine("laptop_v2", {
    "/proc/4321/cmdline": "ESRCH",
    "/proc/4321/cgroup": "ESRCH",
    "/proc/4321/smaps_rollup": "ESRCH",
    "/proc/4321/stat": () => {
      if (reads++ === 0) return stat;
      return machine("laptop_v2").readText("/proc/0/stat");
    },
  });
  const late = ask(host, { pids: [4321], details: true, pss: true, cpu: false });
  assert.equal(late.processes[0]?.rssBytes, 204_800 * 1024);
  assert.deepEqual(codes(late.failures), ["no_such_process proc_mm 4321"]);
});

test("v1: the limit one above, its usage, and no limit where 2^63 stands", () => {
  const { system, failures } = ask(machine("host_v1"), { pids: [77], system: true });
  assert.deepEqual(failures, []);
  assert.deepEqual(system?.cgroup, {
    version: 1,
    path: "/batch",
    limitBytes: 2147483648,
    usageBytes: 1_500_000_000,
    workingSetBytes: 1_000_000_000,
    peakBytes: 1_600_000_000,
    oomKills: 4,
  });
});

test("hybrid: the controller is in v1 although v2 is mounted", () => {
  const { system } = ask(machine("hybrid"), { pids: [500], system: true });
  assert.deepEqual(system?.cgroup, {
    version: 1,
    path: "/svc/a",
    limitBytes: 536870912,
    usageBytes: 200_000_000,
    workingSetBytes: 150_000_000,
    peakBytes: 300_000_000,
    oomKills: 2,
  });
});

test("a container: the outermost of equal limits; one above all RAM is none", () => {
  const reply = ask(machine("container_deep_limit"), { pids: [1], system: true, details: true });
  assert.deepEqual(reply.failures, []);
  assert.equal(reply.processes[0]?.container, "3f".repeat(32));
  assert.deepEqual(reply.system?.cgroup, {
    version: 2,
    path: "/kubepods.slice/pod1.slice",
    limitBytes: 1073741824,
    usageBytes: 800_000_000,
    workingSetBytes: 500_000_000,
    peakBytes: 850_000_000,
    oomKills: 2,
  });
});

test("a container: without any limit its own numbers, from the nearest cgroup that has them", () => {
  const folder = "/sys/fs/cgroup/kubepods.slice/pod1.slice";
  const scope = `${folder}/cri-containerd-${"3f".repeat(32)}.scope`;
  const { system } = ask(
    machine("container_deep_limit", {
      [`${folder}/memory.max`]: "max\n",
      [`${scope}/memory.max`]: "max\n",
      [`${scope}/inner/memory.peak`]: null,
    }),
    { pids: [1], system: true },
  );
  assert.deepEqual(system?.cgroup, {
    version: 2,
    path: `${scope.slice("/sys/fs/cgroup".length)}/inner`,
    limitBytes: null,
    usageBytes: 600_000_000,
    workingSetBytes: 599_999_993,
    peakBytes: null,
    oomKills: 0,
  });
});

test("the cgroup is that of the first process asked about, else our own", () => {
  const first = ask(machine("container_deep_limit"), { pids: [9, 1], system: true });
  assert.equal(first.system?.cgroup, null);
  assert.deepEqual(codes(first.failures), ["not_supported proc 9"]);
  const own = ask(machine("container_deep_limit"), { system: true });
  assert.equal(own.system?.cgroup?.path, "/kubepods.slice/pod1.slice");
  const host = machine("container_deep_limit");
  const source = new MemorySource(host);
  ask(source, { pids: [9], system: true });
  const other = ask(source, { pids: [1], system: true });
  assert.equal(other.system?.cgroup?.limitBytes, 1073741824);
});

test("a process that moves to another cgroup is followed, and a new limit is seen", () => {
  let cgroup = "0::/user.slice/user-1000.slice/app.scope\n";
  let limit = "max\n";
  const host = machine("laptop_v2", {
    "/proc/4321/cgroup": () => cgroup,
    "/sys/fs/cgroup/user.slice/memory.max": () => limit,
  });
  const source = new MemorySource(host);
  const seen = () => {
    host.clock.now += 100;
    const found = ask(source, { pids: [4321], system: true }).system?.cgroup;
    return [found?.path, found?.limitBytes, found?.oomKills];
  };
  assert.deepEqual(seen(), ["/user.slice/user-1000.slice/app.scope", null, 0]);
  cgroup = "0::/user.slice/user-1000.slice\n";
  assert.deepEqual(seen(), ["/user.slice/user-1000.slice", null, 5]);
  limit = "5000000\n";
  assert.deepEqual(seen(), ["/user.slice", 5_000_000, 7]);
});

test("a limit of all RAM limits nothing; more idle cache than usage leaves a working set of 0", () => {
  const total = 16_000_000 * 1024;
  const limited = (bytes: number) =>
    ask(
      machine("laptop_v2", {
        "/sys/fs/cgroup/user.slice/memory.max": `${bytes}\n`,
        "/sys/fs/cgroup/user.slice/memory.current": "5\n",
        "/sys/fs/cgroup/user.slice/memory.stat": "anon 1\ninactive_file 6\n",
      }),
      { pids: [4321], system: true },
    ).system?.cgroup;
  assert.equal(limited(total)?.limitBytes, null);
  const below = limited(total - 4096);
  assert.deepEqual([below?.path, below?.limitBytes], ["/user.slice", total - 4096]);
  assert.deepEqual([below?.usageBytes, below?.workingSetBytes], [5, 0]);
});

test("no memory hierarchy is no failure; a cgroup that can't be made out is one", () => {
  const cgroup = (change: Record<string, FakeFile | null>) => {
    const reply = ask(machine("laptop_v2", change), { pids: [4321], system: true });
    assert.equal(reply.system?.cgroup, null);
    assert.equal(reply.system?.processCount, 2);
    return codes(reply.failures);
  };
  const path = "/proc/4321/cgroup";
  assert.deepEqual(cgroup({ "/proc/self/mountinfo": "1 2 0:1 / / rw - ext4 /dev/vda rw\n" }), []);
  for (const none of [null, "", "3:cpu:/x\n1:name=systemd:/x\n"]) {
    assert.deepEqual(cgroup({ [path]: none }), []);
  }
  assert.deepEqual(cgroup({ [path]: "nonsense\n" }), ["bad_value proc null"]);
  assert.deepEqual(cgroup({ [path]: "EIO" }), ["not_supported proc null"]);
  assert.deepEqual(cgroup({ [path]: "EACCES" }), ["permission_denied proc null"]);
});

test("a cgroup that may not be read is told; one without memory files is none", () => {
  const folder = "/sys/fs/cgroup/user.slice";
  const refused = ask(machine("laptop_v2", { [`${folder}/memory.max`]: "EACCES" }), {
    pids: [4321],
    system: true,
  });
  assert.deepEqual(codes(refused.failures), ["permission_denied proc null"]);
  assert.equal(refused.system?.cgroup?.usageBytes, 400_000_000);
  const garbled = ask(machine("laptop_v2", { [`${folder}/memory.max`]: "lots\n" }), {
    pids: [4321],
    system: true,
  });
  assert.deepEqual(codes(garbled.failures), ["bad_value proc null"]);
  const root = ask(machine("no_psi"), { pids: [10], system: true });
  assert.deepEqual(root.failures, []);
  assert.deepEqual([root.system?.cgroup, root.system?.pressure], [null, null]);
  assert.equal(root.system?.totalBytes, 16_000_000 * 1024);
});

test("pressure switched off is no failure; refused or garbled is one", () => {
  const path = "/proc/pressure/memory";
  const off = ask(machine("laptop_v2", { [path]: "EIO" }), { system: true });
  assert.deepEqual([off.system?.pressure, off.failures], [null, []]);
  for (const [file, code] of [["EACCES", "permission_denied"], ["nonsense\n", "bad_value"]]) {
    const reply = ask(machine("laptop_v2", { [path]: file! }), { system: true });
    assert.deepEqual([reply.system?.pressure, codes(reply.failures)], [null, [
      `${code} proc null`,
    ]]);
  }
});

test("a hostile name is the name, and plants no numbers", () => {
  const reply = ask(machine("hostile_comm"), { pids: [66], system: true, details: true });
  assert.deepEqual(reply.failures, []);
  const [found] = reply.processes;
  assert.equal(found?.name, "a) S 1 (b\n\\VmRSS:\t1 kB");
  assert.equal(found?.rssBytes, 204_800 * 1024);
  assert.deepEqual([found?.startTicks, found?.parentPid], [4242, 1]);
  assert.deepEqual(found?.command, ["x[31m", "", "--y=\n"]);
  assert.deepEqual(
    [reply.system?.cgroup?.path, reply.system?.cgroup?.limitBytes],
    ["/a:b/VmRSS: 3", 4_096_000],
  );
  assert.equal(reply.system?.cgroup?.workingSetBytes, 4_000_000);
});

test("garbage: nothing is made up, each part says so, and what is right stands", () => {
  const reply = ask(machine("garbage"), { pids: [5, 6, 7, 8], system: true });
  assert.deepEqual(reply.processes.map(({ pid }) => pid), [5]);
  const [found] = reply.processes;
  assert.deepEqual([found?.name, found?.rssBytes, found?.peakRssBytes], ["x", null, 12 * 1024]);
  assert.deepEqual([found?.startTicks, found?.startedAtMs], [null, null]);
  assert.deepEqual(codes(reply.failures), [
    "bad_value proc 5", // VmRSS
    "bad_value proc 5", // stat
    "bad_value proc 6",
    "permission_denied proc 7",
    "no_such_process proc 8",
    "bad_value proc null", // meminfo
    "bad_value proc null", // pressure
    "bad_value proc null", // CPU time
    "bad_value proc null", // cgroup
  ]);
  assert.match(reply.failures.find(({ pid }) => pid === 8)!.message, /thread of process 5/);
  assert.match(reply.failures.find(({ pid }) => pid === 5)!.message, /VmRSS in \/proc\/5\/status/);
  const { system } = reply;
  assert.deepEqual(
    [system?.totalBytes, system?.availableBytes, system?.usedBytes, system?.freeBytes],
    [null, null, null, null],
  );
  assert.deepEqual([system?.swapTotalBytes, system?.swapUsedBytes], [10_240, null]);
  assert.deepEqual([system?.pressure, system?.cgroup, system?.cpuUtilizationRatio], [
    null,
    null,
    null,
  ]);
  assert.equal(system?.processCount, 4);
});

test("an old kernel: what it does not tell is null, the rest stands", () => {
  const reply = ask(machine("old_kernel"), {
    pids: [20],
    system: true,
    details: true,
    pss: true,
    cpu: false,
  });
  const [found] = reply.processes;
  assert.equal(found?.rssBytes, 204_800 * 1024);
  assert.deepEqual([found?.anonBytes, found?.fileBytes, found?.shmemBytes], [null, null, null]);
  assert.deepEqual(found?.command, ["httpd"]);
  assert.equal(reply.system?.totalBytes, 16_000_000 * 1024);
  assert.equal(reply.system?.usedBytes, null);
  assert.deepEqual(
    [reply.system?.cgroup?.usageBytes, reply.system?.cgroup?.oomKills],
    [3_000_000_000, null],
  );
  assert.deepEqual(codes(reply.failures), ["bad_value proc null", "not_supported proc_mm 20"]);
});

test("one unreadable file costs its own numbers only", () => {
  const all = ask(machine("laptop_v2"), { pids: [4321], system: true });
  const without = (path: string) =>
    ask(machine("laptop_v2", { [path]: "EACCES" }), { pids: [4321], system: true });
  const meminfo = without("/proc/meminfo");
  assert.deepEqual(meminfo.processes, all.processes);
  assert.equal(meminfo.system?.totalBytes, null);
  assert.deepEqual(meminfo.system?.pressure, all.system?.pressure);
  assert.deepEqual(codes(meminfo.failures), ["permission_denied proc null"]);

  const stat = without("/proc/4321/stat");
  assert.deepEqual(stat.processes, [{
    ...all.processes[0],
    startTicks: null,
    startedAtMs: null,
  }]);
  assert.deepEqual(codes(stat.failures), ["permission_denied proc 4321"]);

  const boot = without("/proc/stat");
  assert.deepEqual(boot.processes, [{ ...all.processes[0], startedAtMs: null }]);
  assert.equal(boot.system?.cpuUtilizationRatio, null);
  assert.deepEqual(new Set(codes(boot.failures)), new Set(["permission_denied proc null"]));

  const pss = ask(machine("container_deep_limit"), {
    pids: [1],
    details: true,
    pss: true,
    cpu: false,
  });
  assert.deepEqual([pss.processes[0]?.pssBytes, pss.processes[0]?.command], [null, [
    "node",
    "server.js",
  ]]);
  assert.deepEqual(codes(pss.failures), ["permission_denied proc_mm 1"]);
  assert.match(pss.failures[0]!.message, /as its owner or as root$/);
  const garbled = machine("laptop_v2", { "/proc/4321/smaps_rollup": "Rss: 5 kB\n" });
  assert.deepEqual(codes(ask(garbled, { pids: [4321], pss: true, cpu: false }).failures), [
    "bad_value proc_mm 4321",
  ]);
});

test("a runtime that refuses /proc is told once, with the flag", () => {
  const files = Object.fromEntries(
    ["/proc/4321/status", "/proc/4321/stat", "/proc/2/status", "/proc/meminfo", "/proc/stat"]
      .map((path) => [path, "ENOTCAPABLE"]),
  );
  const reply = ask(machine("laptop_v2", files), { pids: [4321, 2], system: true, details: true });
  assert.deepEqual([reply.processes, reply.system, reply.begun], [[], null, []]);
  assert.deepEqual(codes(reply.failures), ["permission_denied proc null"]);
  assert.match(reply.failures[0]!.message, /--allow-ffi .*-A$/);
  const finding = diagnoseProc(
    machine("laptop_v2", { ...files, "/proc/self/status": "ENOTCAPABLE" }),
  );
  assert.equal(finding.failures.length, 1);
  assert.deepEqual([finding.advice.length, diagnoseProc(machine("laptop_v2")).advice], [1, []]);
  const everything = Object.fromEntries(finding.calls.map(({ name }) => [name, "ENOTCAPABLE"]));
  const blind = diagnoseProc(fakeHost({ files: everything as Record<string, FakeFile> }));
  assert.deepEqual([blind.present, blind.version, blind.measures], [null, null, []]);
  assert.deepEqual(codes(blind.failures), ["permission_denied proc null"]);
});

test("a system that is not Linux has no /proc, and that is said", () => {
  const host = fakeHost({ platform: "darwin" });
  const reply = ask(host, { pids: [1], system: true });
  assert.deepEqual([reply.processes, reply.system], [[], null]);
  assert.deepEqual(codes(reply.failures), ["absent proc null"]);
  assert.deepEqual(diagnoseProc(host).present, false);
  assert.deepEqual(host.reads.filter((path) => path !== "/proc/sys/kernel/osrelease"), []);
});

test("CPU utilisation is that since the last reading; time that stands still or turns back makes none up", () => {
  const line = (busy: number, idle: number) => `cpu  ${busy} 0 0 ${idle} 0 0 0 0 0 0\nbtime 1\n`;
  let text = line(100, 900);
  const host = machine("laptop_v2", { "/proc/stat": () => text });
  const source = new MemorySource(host);
  const ratio = (busy: number, idle: number) => {
    text = line(busy, idle);
    host.clock.now += 100;
    return ask(source, { system: true }).system?.cpuUtilizationRatio;
  };
  assert.equal(ratio(100, 900), null);
  assert.equal(ratio(125, 975), 0.25);
  assert.equal(ratio(125, 975), 0.25);
  assert.equal(ratio(225, 975), 1);
  assert.equal(ratio(50, 400), null);
  assert.equal(ratio(100, 450), 0.5);
  assert.equal(ratio(90, 560), 0);
});

test("memory is read at each question, the rest ten times a second, processes once a second", () => {
  let free = 1;
  const host = machine("laptop_v2", {
    "/proc/meminfo": () =>
      `MemTotal: 9 kB\nMemFree: ${free++} kB\nMemAvailable: 5 kB\n` +
      "SwapTotal: 0 kB\nSwapFree: 0 kB\n",
  });
  const source = new MemorySource(host);
  const count = (path: string) => host.reads.filter((read) => read === path).length;
  for (let n = 1; n <= 40; n++) {
    assert.equal(ask(source, { system: true }).system?.freeBytes, n * 1024);
    host.clock.now += 50;
  }
  assert.equal(count("/proc/meminfo"), 40);
  assert.equal(count("/proc/stat"), 20);
  assert.equal(count("/proc"), 2);
  assert.equal(count("/proc/self/mountinfo"), 1);
});

test("a failure is told at each question, also where the part is repeated", () => {
  const host = machine("laptop_v2", { "/proc/pressure/memory": "EACCES" });
  const source = new MemorySource(host);
  for (let n = 0; n < 3; n++) {
    assert.deepEqual(codes(ask(source, { system: true }).failures), [
      "permission_denied proc null",
    ]);
  }
});

test("no machine, whatever its files hold, makes the reader throw", () => {
  const names = ["laptop_v2", "host_v1", "hybrid", "container_deep_limit", "hostile_comm"];
  const texts = ["", "\n", "0\n", "max\n", "0::/..\n", "\0", "EIO", "EACCES", "ESRCH"] as const;
  let seed = 7;
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below;
  for (let n = 0; n < 400; n++) {
    const name = names[n % names.length]!;
    const paths = Object.keys(
      loadMachine(readFileSync(join(import.meta.dirname!, "machines", `${name}.txt`), "utf8"))
        .files,
    );
    const change: Record<string, FakeFile> = {};
    for (let left = random(6); left >= 0; left--) {
      change[paths[random(paths.length)]!] = texts[random(texts.length)]!;
    }
    const pids = [4321, 77, 500, 1, 66];
    const reply = ask(machine(name, change), {
      pids,
      system: true,
      details: true,
      pss: true,
      cpu: false,
    });
    const told = new Set(reply.processes.map(({ pid }) => pid));
    const failed = new Set(reply.failures.map(({ pid }) => pid));
    for (const pid of pids) assert.ok(told.has(pid) || failed.has(pid), `${pid} on ${name}`);
    diagnoseProc(machine(name, change));
    diagnoseProcMm(machine(name, change));
  }
});

test("the doctor: each file, the kernel, and what can be measured", () => {
  const finding = diagnoseProc(machine("laptop_v2"));
  assert.deepEqual([finding.source, finding.present, finding.path], ["proc", true, "/proc"]);
  assert.equal(finding.version, "Linux 6.8.0-45-generic");
  assert.deepEqual(finding.failures, []);
  assert.ok(finding.calls.every(({ outcome, durationMs }) => outcome === "ok" && durationMs >= 0));
  assert.ok(finding.calls.some(({ name }) => name === "/proc/meminfo"));
  assert.ok(finding.measures.some((text) => text.includes("cgroup v2")), finding.measures.join());
  assert.ok(diagnoseProc(machine("hybrid")).measures.some((text) => text.includes("cgroup v1")));

  const noPsi = diagnoseProc(machine("no_psi"));
  assert.deepEqual([noPsi.present, noPsi.failures], [true, []]);
  assert.ok(!noPsi.measures.some((text) => text.includes("pressure")));
  const psi = noPsi.calls.find(({ name }) => name === "/proc/pressure/memory");
  assert.equal(psi?.outcome, "ENOENT");

  const mm = diagnoseProcMm(machine("laptop_v2"));
  assert.deepEqual([mm.source, mm.present, mm.failures], ["proc_mm", true, []]);
  assert.equal(mm.measures.length, 2);

  const garbage = diagnoseProc(machine("garbage"));
  assert.equal(garbage.present, false);
  assert.ok(garbage.failures.some(({ code }) => code === "bad_value"));
  assert.deepEqual(garbage.measures, []);
});
