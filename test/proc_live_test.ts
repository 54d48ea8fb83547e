import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import process from "node:process";
import { test } from "node:test";
import type { MemoryRequest } from "../lib/protocol.ts";
import { realHost } from "../workers/host/real_host.ts";
import { diagnoseProc, diagnoseProcMm } from "../workers/proc/diagnose.ts";
import { MemorySource } from "../workers/proc/memory.ts";

const skip = process.platform === "linux" ? false : "this reads /proc";

const PLAIN = {
  kind: "memory",
  pids: [],
  system: false,
  details: false,
  pss: false,
  cpu: false,
} as const;

async function ask(request: Partial<MemoryRequest>) {
  return new MemorySource(await realHost(null)).answer({ ...PLAIN, ...request }, () => {}, []);
}

test("this very process, beside what its runtime counts", { skip }, async () => {
  const { processes, failures } = await ask({ pids: [process.pid] });
  assert.deepEqual(failures, []);
  const [own] = processes;
  assert.ok(own !== undefined);
  const [rss, peak] = [own.rssBytes!, own.peakRssBytes!];
  const counted = process.memoryUsage.rss();
  assert.ok(rss > 1e6 && rss < counted * 2 && rss > counted / 2, `${rss} and ${counted}`);
  assert.ok(peak >= rss * 0.9, `${peak} and ${rss}`);
  const parts = own.anonBytes! + own.fileBytes! + own.shmemBytes!;
  assert.ok(Math.abs(parts - rss) < rss / 10, `${parts} and ${rss}`);
  assert.ok(own.swapBytes! >= 0);
  assert.equal(own.parentPid, process.ppid);
  assert.equal(own.uid, process.geteuid!());
  assert.equal(own.name, fs.readFileSync("/proc/self/comm", "utf8").replace(/\n$/, ""));
  const ageMs = Date.now() - own.startedAtMs!;
  assert.ok(ageMs > -5_000 && ageMs < 24 * 3_600_000, `started ${ageMs} ms ago`);
});

test("CPU time of this very process, where it is asked for", { skip }, async () => {
  const own = async (cpu: boolean) =>
    (await ask({ pids: [process.pid], system: false, details: false, pss: false, cpu }))
      .processes[0]!;
  const before = (await own(true)).cpuTimeMs!;
  const used = process.cpuUsage();
  const usedMs = (used.user + used.system) / 1000;
  assert.ok(Math.abs(before - usedMs) < 1_000, `${before} and ${usedMs}`);
  // By the runtime's own count, however much of the time others have the cores.
  const start = process.cpuUsage();
  const sinceUs = () => {
    const { user, system } = process.cpuUsage(start);
    return user + system;
  };
  while (sinceUs() < 100_000);
  assert.ok((await own(true)).cpuTimeMs! >= before + 50);
  assert.equal((await own(false)).cpuTimeMs, null);
});

test("details and PSS of this very process", { skip }, async () => {
  const { processes, failures } = await ask({
    pids: [process.pid],
    details: true,
    pss: true,
    cpu: false,
  });
  assert.deepEqual(failures, []);
  const [own] = processes;
  assert.ok(own !== undefined);
  const pss = own.pssBytes!;
  assert.ok(pss > 1e6 && pss <= own.rssBytes! * 1.5, `${pss} and ${own.rssBytes}`);
  assert.ok(own.command!.some((argument) => /bun|deno/.test(argument)), `${own.command}`);
  if (own.uid === 0) assert.equal(own.user, "root");
});

test("this machine: parts are not larger than the whole", { skip }, async () => {
  const { processes, system, failures } = await ask({ pids: [process.pid], system: true });
  assert.deepEqual(failures, []);
  const total = system!.totalBytes!;
  assert.ok(total > 64e6);
  assert.ok(processes[0]!.rssBytes! <= total);
  assert.ok(system!.availableBytes! > 0 && system!.availableBytes! <= total);
  assert.equal(system!.usedBytes, total - system!.availableBytes!);
  assert.ok(system!.freeBytes! <= total);
  assert.ok(system!.swapUsedBytes! <= system!.swapTotalBytes!);
  const listed = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).length;
  assert.ok(Math.abs(system!.processCount! - listed) < 200, `${system!.processCount}, ${listed}`);
  const { cgroup } = system!;
  if (cgroup !== null) {
    assert.ok(cgroup.path.startsWith("/"));
    assert.ok(cgroup.limitBytes === null || cgroup.limitBytes < total);
    assert.ok(cgroup.usageBytes === null || cgroup.usageBytes > 0);
    assert.ok(cgroup.workingSetBytes === null || cgroup.workingSetBytes <= cgroup.usageBytes!);
  }
});

test("CPU time passes while it is used", { skip }, async () => {
  const source = new MemorySource(await realHost(null));
  const ratio = () =>
    source.answer({ ...PLAIN, system: true }, () => {}, []).system?.cpuUtilizationRatio;
  assert.equal(ratio(), null);
  const untilMs = performance.now() + 250;
  while (performance.now() < untilMs);
  const used = ratio();
  assert.ok(used !== null && used !== undefined && used > 0 && used <= 1, `${used}`);
});

test("a child: its parent, its arguments, and that it is gone when it is", { skip }, async () => {
  const started = Date.now();
  const child = spawn("/bin/sleep", ["987"], { stdio: "ignore" });
  try {
    await once(child, "spawn");
    const pid = child.pid!;
    const alive = await ask({ pids: [pid], details: true });
    assert.equal(alive.processes[0]?.parentPid, process.pid);
    assert.ok(Math.abs(alive.processes[0]!.startedAtMs! - started) < 60_000);
    child.kill("SIGKILL");
    await once(child, "exit");
    const gone = await ask({ pids: [pid, process.pid] });
    assert.deepEqual(gone.processes.map(({ pid }) => pid), [process.pid]);
    assert.deepEqual(gone.failures.map(({ code, pid }) => ({ code, pid })), [
      { code: "no_such_process", pid },
    ]);
  } finally {
    child.kill("SIGKILL");
  }
});

test("a thread is not a process", { skip }, async () => {
  const thread = fs.readdirSync("/proc/self/task").map(Number).find((id) => id !== process.pid);
  assert.ok(thread !== undefined, "a runtime has several threads");
  const { processes, failures } = await ask({ pids: [thread] });
  assert.deepEqual(processes, []);
  assert.equal(failures[0]?.code, "no_such_process");
  assert.match(failures[0]!.message, new RegExp(`thread of process ${process.pid}\\b`));
});

test("the doctor finds this machine well", { skip }, async () => {
  const host = await realHost(null);
  for (const finding of [diagnoseProc(host), diagnoseProcMm(host)]) {
    assert.equal(finding.present, true);
    assert.deepEqual(finding.failures, []);
    assert.match(finding.version!, /^Linux \d+\.\d+/);
    assert.ok(finding.calls.some(({ durationMs }) => durationMs > 0));
    assert.ok(finding.measures.length > 0);
  }
});
