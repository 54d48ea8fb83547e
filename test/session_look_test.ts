import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "../lib/errors.ts";
import type { LocalRequest, Request } from "../lib/protocol.ts";
import type { DeviceInfo, ProcessMemory } from "../lib/records.ts";
import type { Ask } from "../lib/run/ask.ts";
import { type LookOptions, SessionLook } from "../lib/session/look/session_look.ts";
import { parseMatcher, targetsOf } from "../lib/session/look/targets.ts";
import {
  aDevice,
  aFindReply,
  aGpuProcess,
  aGpuReply,
  aMemoryReply,
  aProcessMemory,
  aSystemMemory,
  aTreeReply,
} from "../lib/testing.ts";

const MIB = 2 ** 20;
const OWN = 1;
const never = new Promise<void>(() => {});
const HUNG: Failure = { code: "hung", source: "nvml", message: "Cannot read nvml: it hangs" };

/** A machine whose processes and GPUs a test changes between two ticks. */
class Machine {
  processes: ProcessMemory[] = [aProcessMemory({ pid: OWN, rssBytes: 50 * MIB, cpuTimeMs: 100 })];
  devices: DeviceInfo[] = [];
  gpuFailures: Failure[] = [];
  /** GPU memory by PID. */
  held: Record<number, number> = {};
  system = true;
  hangs: Request["kind"][] = [];
  asked: (Request | LocalRequest)[] = [];

  readonly ask = ((request: Request | LocalRequest) => {
    this.asked.push(request);
    if (this.hangs.includes(request.kind as Request["kind"])) return new Promise(() => {});
    return Promise.resolve(this.#answer(request));
  }) as Ask;

  #answer(request: Request | LocalRequest) {
    switch (request.kind) {
      case "memory": {
        const processes = this.processes.filter(({ pid }) => request.pids.includes(pid));
        if (!this.system) {
          const message = "Cannot read /proc";
          return aMemoryReply({
            failures: [{ code: "permission_denied", source: "proc", message }],
          });
        }
        return aMemoryReply({ processes, system: aSystemMemory({ usedBytes: 7 }) });
      }
      case "find": {
        const { name } = request;
        const processes = this.processes.filter((process) =>
          name === null || process.name?.includes(name)
        ).map((process) => ({ ...process, command: null }));
        return aFindReply({ processes, count: processes.length });
      }
      case "tree": {
        const inTree = new Set(request.roots);
        for (const { pid, parentPid } of this.processes) {
          if (parentPid !== null && inTree.has(parentPid)) inTree.add(pid);
        }
        return aTreeReply({ processes: this.processes.filter(({ pid }) => inTree.has(pid)) });
      }
      case "gpu":
        return aGpuReply({
          devices: this.devices,
          failures: this.gpuFailures,
          listedDevices: this.devices.map(({ index }) => index),
          processes: this.devices.flatMap(({ index }) =>
            Object.entries(this.held).map(([pid, usedBytes]) =>
              aGpuProcess({ pid: Number(pid), usedBytes, deviceIndex: index, nameStatus: "known" })
            )
          ),
        });
      default:
        throw new Error(`no answer to ${request.kind}`);
    }
  }

  look(watch: readonly string[], options: Partial<LookOptions> = {}) {
    const targets = targetsOf([], watch);
    return new SessionLook({
      ask: this.ask,
      targets,
      ownPid: OWN,
      workerPids: () => [],
      ...options,
    });
  }
}

function process(pid: number, name: string, fields: Partial<ProcessMemory> = {}): ProcessMemory {
  return aProcessMemory({ pid, name, startTicks: pid, rssBytes: MIB, swapBytes: 0, ...fields });
}

/** Membership is looked for once a second; a test that changes it waits as long. */
const aSecond = () => new Promise((resolve) => setTimeout(resolve, 1_050));

test("forms of what can be watched", () => {
  assert.deepEqual(parseMatcher("42"), { kind: "pid", pid: 42 });
  assert.deepEqual(parseMatcher("ollama"), { kind: "name", name: "ollama" });
  const pattern = parseMatcher("/train\\.py$/i");
  assert.ok(
    pattern?.kind === "regex" && pattern.regex.test("TRAIN.PY") && !pattern.regex.test("train.pyc"),
  );
  assert.deepEqual(parseMatcher("/usr/bin"), { kind: "name", name: "/usr/bin" });
  for (const bad of ["", " ", "0", "99999999999", "/(/", "/(?=a)/", "/(a)\\1/", "a\nb"]) {
    assert.equal(parseMatcher(bad), undefined, bad);
  }
  assert.throws(() => targetsOf([], ["/(/"]), /Cannot watch "\/\(\/": give a name/);
});

test("a group is the sum of its processes; nobody there is 0, and not unknown", async () => {
  const machine = new Machine();
  machine.devices = [aDevice({ index: 0, uuid: "GPU-a" })];
  machine.processes.push(
    process(10, "ollama", { rssBytes: 3 * MIB }),
    process(11, "ollama_runner"),
  );
  machine.held = { 10: 5 * MIB, 11: 6 * MIB, 99: MIB };
  const look = machine.look(["ollama", "nobody"]);
  const { watched } = await look.look(0, never);
  assert.deepEqual(
    watched.map(({ target, kind, name, processCount, rssBytes, vramBytes, gap }) => [
      target,
      kind,
      name,
      processCount,
      rssBytes,
      vramBytes,
      gap,
    ]),
    [
      ["ollama", "group", "ollama", 2, 4 * MIB, 11 * MIB, null],
      ["nobody", "group", null, 0, 0, 0, null],
    ],
  );
});

test("a pattern fits command lines, which are read once for each process", async () => {
  const machine = new Machine();
  machine.processes.push(process(10, "python3", { command: ["python3", "train.py"] }));
  machine.processes.push(process(11, "python3", { command: ["python3", "serve.py"] }));
  const look = machine.look(["/train\\.py/"]);
  const first = await look.look(0, never);
  assert.equal(first.watched[0]?.processCount, 1);
  await aSecond();
  await look.look(1_050, never);
  const detailed = machine.asked.filter((request) => request.kind === "memory" && request.details);
  assert.equal(detailed.length, 1);
});

test("a PID that went to another process is not the process that was watched", async () => {
  const machine = new Machine();
  machine.processes.push(process(10, "job", { rssBytes: 9 * MIB }));
  const look = machine.look(["10"]);
  assert.equal((await look.look(0, never)).watched[0]?.rssBytes, 9 * MIB);
  machine.processes[1] = process(10, "other", { startTicks: 777 });
  const { watched } = await look.look(100, never);
  assert.deepEqual([watched[0]?.kind, watched[0]?.processCount, watched[0]?.rssBytes], [
    "process",
    0,
    0,
  ]);
});

test("new members come in, those that ended go", async () => {
  const machine = new Machine();
  machine.processes.push(process(10, "worker"));
  const look = machine.look(["worker"]);
  await look.look(0, never);
  machine.processes.push(process(11, "worker"));
  machine.processes = machine.processes.filter(({ pid }) => pid !== 10);
  assert.equal((await look.look(10, never)).watched[0]?.processCount, 0);
  await aSecond();
  const { watched } = await look.look(1_060, never);
  assert.deepEqual([watched[0]?.processCount, watched[0]?.name], [1, "worker"]);
});

test("the command is watched with all it started, also when its parent has gone", async () => {
  const machine = new Machine();
  const look = machine.look([]);
  assert.deepEqual((await look.look(0, never)).watched, []);
  machine.processes.push(
    process(20, "sh", { parentPid: OWN }),
    process(21, "job", { parentPid: 20 }),
  );
  look.follow(20);
  const { watched } = await look.look(10, never);
  assert.deepEqual([watched[0]?.target, watched[0]?.processCount], ["command", 2]);
  machine.processes = [machine.processes[0]!, process(21, "job", { parentPid: 1 })];
  await aSecond();
  assert.equal((await look.look(1_100, never)).watched[0]?.processCount, 1);
});

test("the recorder and its workers are in no group, and are its cost", async () => {
  const machine = new Machine();
  machine.processes = [
    process(OWN, "bun", { cpuTimeMs: 1_000, rssBytes: 40 * MIB }),
    process(2, "bun", { cpuTimeMs: 500, rssBytes: 20 * MIB }),
    process(3, "bun", { cpuTimeMs: 9 }),
  ];
  const look = machine.look(["bun"], { workerPids: () => [2] });
  const first = await look.look(0, never);
  assert.deepEqual(first.own, { cpuRatio: null, rssBytes: 60 * MIB });
  assert.equal(first.watched[0]?.processCount, 1);
  machine.processes[0] = { ...machine.processes[0]!, cpuTimeMs: 1_030 };
  machine.processes[1] = { ...machine.processes[1]!, cpuTimeMs: 520 };
  const second = await look.look(1_000, never);
  assert.deepEqual(second.own, { cpuRatio: 0.05, rssBytes: 60 * MIB });
});

test("a GPU that is lost stays, with the reason and without its old numbers", async () => {
  const machine = new Machine();
  machine.devices = [
    aDevice({ index: 0, uuid: "GPU-a", usedBytes: 5 }),
    aDevice({ index: 1, uuid: "GPU-b", usedBytes: 6 }),
  ];
  const look = machine.look([]);
  assert.deepEqual((await look.look(0, never)).gpus?.map(({ gap }) => gap), [null, null]);
  machine.devices = [machine.devices[1]!];
  machine.gpuFailures = [{ ...HUNG, code: "driver_failed", deviceIndex: 0 }];
  const { gpus } = await look.look(10, never);
  assert.deepEqual(gpus?.map(({ uuid, device, gap }) => [uuid, device?.usedBytes ?? null, gap]), [
    ["GPU-a", null, "nvml driver_failed"],
    ["GPU-b", 6, null],
  ]);
  machine.devices = [];
  machine.gpuFailures = [HUNG];
  const hung = await look.look(20, never);
  assert.deepEqual(hung.gpus?.map(({ device, gap }) => [device, gap]), [
    [null, "nvml hung"],
    [null, "nvml hung"],
  ]);
});

test("what has not come at the end of the tick is a gap, and the rest stands", async () => {
  const machine = new Machine();
  machine.devices = [aDevice({ index: 0, uuid: "GPU-a" })];
  const look = machine.look(["x"]);
  await look.look(0, never);
  machine.hangs = ["gpu"];
  const late = await look.look(10, Promise.resolve());
  assert.deepEqual(late.gpus?.map(({ gap }) => gap), ["hmn slow"]);
  machine.hangs = ["gpu", "memory"];
  const all = await look.look(20, Promise.resolve());
  assert.deepEqual([all.system, all.systemGap, all.watched[0]?.gap, all.watched[0]?.rssBytes], [
    null,
    "hmn slow",
    "hmn slow",
    null,
  ]);
});

test("where /proc can't be read nobody is said to hold nothing", async () => {
  const machine = new Machine();
  machine.system = false;
  const { watched, systemGap, failures } = await machine.look(["x"]).look(0, never);
  assert.deepEqual([watched[0]?.processCount, watched[0]?.gap], [null, "proc permission_denied"]);
  assert.equal(systemGap, "proc permission_denied");
  assert.equal(failures[0]?.code, "permission_denied");
});

test("nvidia-smi is asked at most once a second, and in between there is no row and no gap", async () => {
  const machine = new Machine();
  machine.devices = [aDevice({ index: 0, source: "nvidia_smi" })];
  const look = machine.look([]);
  assert.equal((await look.look(0, never)).gpus?.length, 1);
  const between = await look.look(100, never);
  assert.deepEqual([between.gpus, between.gpuProbeMs], [null, null]);
  await aSecond();
  assert.equal((await look.look(1_200, never)).gpus?.length, 1);
});

test("a search that takes long costs the groups their numbers, and nobody is said to hold nothing", async () => {
  const machine = new Machine();
  machine.processes.push(process(10, "job"));
  machine.hangs = ["find"];
  const look = machine.look(["job", "10"]);
  for (const elapsedMs of [0, 10]) {
    const { system, watched } = await look.look(elapsedMs, never);
    assert.equal(system?.usedBytes, 7);
    assert.deepEqual(watched.map(({ target, processCount, gap }) => [target, processCount, gap]), [
      ["job", null, "hmn slow"],
      ["10", 1, null],
    ]);
  }
  assert.equal(machine.asked.filter(({ kind }) => kind === "find").length, 1);
});

test("a driver that does not answer, and is left alone for a while, has a gap at each tick", async () => {
  const machine = new Machine();
  machine.devices = [aDevice({ index: 0, uuid: "GPU-a" })];
  const look = machine.look([]);
  await look.look(0, never);
  machine.devices = [];
  machine.gpuFailures = [HUNG];
  for (const elapsedMs of [10, 20, 30]) {
    const { gpus } = await look.look(elapsedMs, never);
    assert.deepEqual(gpus?.map(({ gap }) => gap), ["nvml hung"]);
  }
  assert.equal(machine.asked.filter(({ kind }) => kind === "gpu").length, 2);
});

test("no pattern takes for ever", () => {
  const hostile = `x${"a".repeat(5_000)}!`;
  for (const pattern of ["/^x(a+)+$/", "/(a|aa)+$/", "/(.*)*b/"]) {
    const matcher = parseMatcher(pattern);
    assert.ok(matcher?.kind === "regex");
    assert.equal(matcher.regex.test(hostile), false, pattern);
  }
});

test("nothing else is called like the recorded command", () => {
  assert.throws(() => targetsOf([], ["command"]), /Cannot watch "command": the recorded command/);
});
