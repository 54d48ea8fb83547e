/** The source `win32` on fake machines: what it tells, and what it says where Windows refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MemoryReply, MemoryRequest } from "../lib/protocol.ts";
import { type Host, HostError } from "../workers/host/host.ts";
import { readJobMemory } from "../workers/win32/job.ts";
import { makeWin32 } from "../workers/win32/memory.ts";
import { type FakeHost, fakeHost } from "./support/fake_host.ts";
import { fakeProcess, type FakeWindows, fakeWindows } from "./support/fake_kernel32.ts";

const MEMORY: MemoryRequest = {
  kind: "memory",
  pids: [],
  system: false,
  details: false,
  pss: false,
  cpu: false,
};

function machine(fake: FakeWindows) {
  const host = fakeHost(fake.machine);
  const source = makeWin32(host);
  return {
    host,
    source,
    ask(request: Partial<MemoryRequest>): MemoryReply {
      const reply = source.answer({ ...MEMORY, ...request }, () => {}, []);
      assert.deepEqual([...fake.open], [], "handles or memory were left open");
      return reply;
    },
  };
}

test("nothing is opened before it is asked, nor where it is switched off", () => {
  const fake = fakeWindows([fakeProcess(8)]);
  const { host, source } = machine(fake);
  const off = ["win32"] as const;
  const request = { ...MEMORY, pids: [8], system: true };
  assert.deepEqual(source.answer(request, () => {}, off), {
    kind: "memory",
    processes: [],
    system: null,
    failures: [],
  });
  assert.deepEqual(source.tree({ kind: "tree", roots: [8], cgroup: null }, off).failures, []);
  assert.equal(source.find({ kind: "find", name: null, top: 9 }, off).count, 0);
  const cgroup = { kind: "run_cgroup", action: "make", cgroup: { owner: 1, run: 1 } } as const;
  assert.deepEqual(source.runCgroup(cgroup, off).failures, []);
  assert.equal(source.runCgroup(cgroup, []).failures[0]?.code, "absent");
  const hold = { kind: "run_process", action: "hold", pid: 8, seen: [] } as const;
  assert.deepEqual(source.runProcess(hold, off), {
    kind: "run_process",
    exitCode: null,
    failures: [],
  });
  assert.deepEqual(host.libraryLog, []);
});

test("a process is told whole", () => {
  const { ask, host } = machine(
    fakeWindows([fakeProcess(400, { parentPid: 8, name: "é.exe" }), fakeProcess(8)]),
  );
  const { processes, failures } = ask({ pids: [400], cpu: true, details: true });
  assert.deepEqual(failures, []);
  assert.deepEqual(processes, [{
    pid: 400,
    parentPid: 8,
    zombie: false,
    name: "é.exe",
    startTicks: 1_700_000_000_400_000,
    startedAtMs: 1_700_000_000_400,
    rssBytes: 400 * 4096,
    peakRssBytes: 400 * 8192,
    privateBytes: 400 * 6144,
    anonBytes: null,
    fileBytes: null,
    shmemBytes: null,
    swapBytes: null,
    pssBytes: null,
    cpuTimeMs: 3500,
    uid: null,
    user: null,
    container: null,
    command: null,
  }]);
  assert.equal(ask({ pids: [400] }).processes[0]?.cpuTimeMs, null);
  assert.deepEqual(host.libraryLog, [
    "D:\\Win\\System32\\ntdll.dll",
    "D:\\Win\\System32\\kernel32.dll",
  ]);
});

test("the list of all processes is read once an answer, and only for those not known yet", () => {
  const fake = fakeWindows([fakeProcess(8), fakeProcess(12), fakeProcess(16)]);
  const { ask } = machine(fake);
  const lists = () => fake.calls.splice(0).filter((name) => name === "NtQuerySystemInformation");
  ask({ pids: [8, 12] });
  assert.equal(lists().length, 1);
  ask({ pids: [8, 12] });
  assert.equal(lists().length, 0);
  // Another process has got the number of one that ended.
  fake.processes[0] = fakeProcess(8, { name: "other.exe", startMs: 1_800_000_000_000 });
  assert.equal(ask({ pids: [8] }).processes[0]?.name, "other.exe");
  assert.equal(lists().length, 1);
});

test("a process that is not there, has ended, or ends meanwhile does not exist", () => {
  const fake = fakeWindows([fakeProcess(8), fakeProcess(12, { exitCode: 0 }), fakeProcess(16)]);
  const { ask } = machine(fake);
  fake.before = (name) => {
    const dying = fake.processes.find(({ pid }) => pid === 16);
    if (name === "K32GetProcessMemoryInfo" && dying !== undefined) dying.exitCode = 1;
  };
  // 9 is a number that Windows takes for 8.
  const { processes, failures } = ask({ pids: [100, 12, 9, 16] });
  assert.deepEqual(processes, []);
  assert.deepEqual(failures.map(({ code, pid }) => [code, pid]), [
    ["no_such_process", 100],
    ["no_such_process", 12],
    ["no_such_process", 9],
    ["no_such_process", 16],
  ]);
  assert.equal(
    failures[0]?.message,
    "Cannot read the memory of process 100: process 100 does not exist",
  );
});

test("of a process that may not be opened the list of all tells the same", () => {
  const fake = fakeWindows([fakeProcess(8, { denied: true }), fakeProcess(12)]);
  const { ask } = machine(fake);
  const { processes, failures } = ask({ pids: [8], cpu: true });
  assert.deepEqual(failures, []);
  const [open] = machine(fakeWindows([fakeProcess(8)])).ask({ pids: [8], cpu: true }).processes;
  assert.deepEqual(processes, [open]);
  assert.equal(ask({ pids: [8] }).processes[0]?.cpuTimeMs, null);
});

test("where there is no list either, it is refused, and what can be opened has no name", () => {
  const fake = fakeWindows([fakeProcess(8, { denied: true }), fakeProcess(12)]);
  fake.failing.add("NtQuerySystemInformation");
  const { processes, failures } = machine(fake).ask({ pids: [8, 12] });
  assert.deepEqual(processes.map(({ pid, name, rssBytes }) => [pid, name, rssBytes]), [
    [12, null, 12 * 4096],
  ]);
  assert.deepEqual(failures.map(({ code, pid, message }) => [code, pid, message]), [
    [
      "permission_denied",
      8,
      "Cannot read the memory of process 8: Windows refuses access; run as administrator",
    ],
    [
      "driver_failed",
      12,
      "Cannot read parent and name of process 12: " +
      "NtQuerySystemInformation of Windows fails with status 0xc0000001",
    ],
  ]);
});

test("a list that lacks the process, or has another one, gives it no name", () => {
  const fake = fakeWindows([fakeProcess(8)]);
  fake.before = (name) => {
    if (name === "NtQuerySystemInformation") fake.processes[0]!.startMs = 1_800_000_000_000;
  };
  const { processes, failures } = machine(fake).ask({ pids: [8] });
  assert.equal(processes[0]?.name, null);
  assert.equal(processes[0]?.parentPid, null);
  assert.equal(failures.length, 1);
});

test("each function that fails or is not there fails by itself", () => {
  for (const name of ["K32GetProcessMemoryInfo", "GetProcessTimes", "GetExitCodeProcess"]) {
    const failing = fakeWindows([fakeProcess(8)]);
    failing.failing.add(name);
    for (const fake of [failing, fakeWindows([fakeProcess(8)], [name])]) {
      const { processes, system, failures } = machine(fake).ask({ pids: [8], system: true });
      assert.deepEqual(processes, []);
      assert.equal(system?.totalBytes, 32 * 2 ** 30);
      assert.equal(failures.length, 1);
      assert.match(failures[0]!.message, new RegExp(`^Cannot read the memory .*: .*${name}`));
    }
  }
  const refusing = fakeWindows([fakeProcess(8)]);
  refusing.failing.add("NtOpenProcess");
  assert.equal(machine(refusing).ask({ pids: [8] }).failures[0]?.code, "driver_failed");
});

test("numbers that can't be held or be true are not told", () => {
  const fake = fakeWindows([fakeProcess(8, { private: 0n, peak: 1n << 60n, startMs: null })]);
  const { processes } = machine(fake).ask({ pids: [8] });
  assert.deepEqual(
    processes.map(({ privateBytes, peakRssBytes, startTicks, startedAtMs, name }) => [
      privateBytes,
      peakRssBytes,
      startTicks,
      startedAtMs,
      name,
    ]),
    [[null, null, null, null, "p8.exe"]],
  );
  const garbage = fakeWindows([fakeProcess(8)]);
  garbage.garbage.set("K32GetProcessMemoryInfo", 0xff).set("GlobalMemoryStatusEx", 0xff)
    .set("K32GetPerformanceInfo", 0).set("GetSystemTimes", 0xff);
  const told = machine(garbage).ask({ pids: [8], system: true });
  assert.deepEqual(told.processes, []);
  assert.equal(told.system?.totalBytes, null);
  assert.equal(told.system?.commitBytes, null);
  assert.equal(told.system?.swapTotalBytes, null);
  assert.deepEqual(told.failures.map(({ code }) => code), ["bad_value", "bad_value", "bad_value"]);
});

test("the machine is told whole", () => {
  const fake = fakeWindows([fakeProcess(8)]);
  const { system, failures } = machine(fake).ask({ system: true });
  assert.deepEqual(failures, []);
  assert.deepEqual(system, {
    totalBytes: 32 * 2 ** 30,
    availableBytes: 20 * 2 ** 30,
    usedBytes: 12 * 2 ** 30,
    freeBytes: null,
    swapTotalBytes: 400 * 4096,
    swapUsedBytes: 25 * 4096,
    commitBytes: 1000 * 4096,
    commitLimitBytes: 5000 * 4096,
    pressure: null,
    cpuUtilizationRatio: null,
    processCount: 1,
    cgroup: null,
    job: null,
  });
});

test("CPU utilisation is the share since the last reading, read at most every 100 ms", () => {
  const fake = fakeWindows();
  const { ask, host } = machine(fake);
  const ratio = () => ask({ system: true }).system!.cpuUtilizationRatio;
  assert.equal(ratio(), null);
  // 200 in the kernel, 150 of them idle, and 50 for programs: 100 of 250.
  fake.cpu = { idle: 750n, kernel: 1200n, user: 250n };
  fake.ram.available = 1n << 30n;
  host.clock.now += 99;
  assert.equal(ratio(), null);
  host.clock.now += 1;
  assert.equal(ratio(), 0.4);
  host.clock.now += 100;
  assert.equal(ratio(), 0.4, "no time was counted: the last one holds");
  fake.cpu = { idle: 0n, kernel: 100n, user: 0n };
  host.clock.now += 100;
  assert.equal(ratio(), null, "time ran backwards");
  assert.equal(ask({ system: true }).system?.availableBytes, 2 ** 30);
});

test("page files: none is 0, a system without the list is silent, an error is told", () => {
  const fake = fakeWindows();
  const { ask, host } = machine(fake);
  const swap = (pageFiles: FakeWindows["pageFiles"]) => {
    fake.pageFiles = pageFiles;
    host.clock.now += 100;
    const { system, failures } = ask({ system: true });
    return [system?.swapTotalBytes, system?.swapUsedBytes, failures.map(({ code }) => code)];
  };
  assert.deepEqual(swap([]), [0, 0, []]);
  assert.deepEqual(swap(0xc000_0003 | 0), [null, null, []]);
  assert.deepEqual(swap(0xc000_0002 | 0), [null, null, []]);
  assert.deepEqual(swap(0xc000_0022 | 0), [null, null, ["driver_failed"]]);
});

test("the limits of the job are those of the first answer", () => {
  const job = (flags: number) => {
    const fake = fakeWindows();
    fake.job = { flags, process: 5n << 20n, job: 7n << 20n };
    const { ask } = machine(fake);
    const told = ask({ system: true }).system!.job;
    fake.job = { flags: 0x300, process: 1n, job: 1n };
    assert.deepEqual(ask({ system: true }).system!.job, told);
    return told;
  };
  assert.equal(job(0x2000), null);
  assert.deepEqual(job(0x100), { limitBytes: null, processLimitBytes: 5 * 2 ** 20 });
  assert.deepEqual(job(0x2200), { limitBytes: 7 * 2 ** 20, processLimitBytes: null });
  assert.deepEqual(job(0x300), { limitBytes: 7 * 2 ** 20, processLimitBytes: 5 * 2 ** 20 });
});

test("the worker may read the job before the source does", () => {
  const fake = fakeWindows();
  fake.job = { flags: 0x200, process: 0n, job: 64n << 20n };
  const { host, ask } = machine(fake);
  assert.deepEqual(readJobMemory(host), { limitBytes: 64 * 2 ** 20, processLimitBytes: null });
  fake.job = { flags: 0x2000, process: 0n, job: 0n };
  assert.deepEqual(ask({ system: true }).system?.job?.limitBytes, 64 * 2 ** 20);
});

/** A host whose runtime allows no native code. */
function refusing(): Host {
  const host: FakeHost = fakeHost({ platform: "windows" });
  return {
    ...host,
    openLibrary: ([path = ""]) => {
      throw new HostError("ENOTCAPABLE", path, "Deno runs without --allow-ffi");
    },
  };
}

test("where the runtime allows no native code each question says so, once", () => {
  const host = refusing();
  const source = makeWin32(host);
  const replies = [
    source.answer({ ...MEMORY, pids: [8, 12], system: true }, () => {}, []),
    source.tree({ kind: "tree", roots: [8], cgroup: null }, []),
    source.find({ kind: "find", name: null, top: 9 }, []),
  ];
  for (const { kind, failures } of replies) {
    assert.deepEqual(failures.map(({ code }) => code), ["permission_denied"], kind);
    assert.match(failures[0]!.message, /^Cannot read RAM: .*; on Deno allow --allow-ffi or -A$/);
  }
  assert.equal(readJobMemory(host), null);
});

test("where there is no kernel32 each question says so", () => {
  const source = makeWin32(fakeHost({ platform: "windows" }));
  const { failures } = source.answer({ ...MEMORY, system: true }, () => {}, []);
  assert.ok(failures.length > 0 && failures.every(({ code }) => code === "absent"));
  assert.equal(source.find({ kind: "find", name: null, top: 9 }, []).failures[0]?.code, "absent");
});
