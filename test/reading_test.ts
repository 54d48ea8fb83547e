/** Readings: both lanes at once, each on its own time, and how the sources do from one to the next. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HypomnesisError } from "../lib/errors.ts";
import { SourceStates } from "../lib/reading/source_states.ts";
import { type ReadingOptions, takeReading } from "../lib/reading/take_reading.ts";
import {
  aDevice,
  aFailure,
  aFindReply,
  aGpuProcess,
  aGpuReply,
  aMemoryReply,
  aProcessMemory,
  aSystemMemory,
} from "../lib/testing.ts";
import {
  collectGarbage,
  DEVICES,
  FakeMeter,
  GIB,
  ROWS,
  skipGarbage,
  SYSTEM,
  until,
} from "./support/http_world.ts";

/** Takes a reading through a scripted meter. */
function read(meter: FakeMeter, options: Partial<ReadingOptions> = {}) {
  return takeReading({
    ask: (question) => meter.ask(question),
    telemetry: meter.telemetry,
    states: new SourceStates(),
    ...options,
  });
}

const hung = () => new HypomnesisError("hung", "Cannot ask it: it hangs", { source: "nvml" });

describe("a reading", () => {
  it("has the GPUs, their processes with RAM, the machine and the allocators", async () => {
    const meter = new FakeMeter();
    meter.telemetry.report({ allocatedBytes: 95, reservedBytes: 100, pid: 5 });
    const beforeMs = Date.now();
    const reading = await read(meter, { pids: [7], largest: 3 });
    assert.ok(reading.atMs >= beforeMs && reading.atMs <= Date.now());
    assert.deepEqual(reading.gpu!.devices, DEVICES);
    assert.deepEqual(
      reading.gpu!.processes.map(({ pid, rssBytes }) => [pid, rssBytes]),
      ROWS.map(({ pid }) => [pid, pid * 1000]),
    );
    assert.equal("kind" in reading.gpu!, false);
    assert.deepEqual(reading.system, SYSTEM);
    assert.deepEqual(reading.processes.map(({ pid }) => pid), [7, 11, 12, 13]);
    assert.deepEqual(reading.allocators.map(({ pid }) => pid), [5]);
    assert.deepEqual(reading.alarms.map(({ part }) => part), ["allocator"]);
    assert.equal(reading.hasMemoryAlarm, true);
    assert.deepEqual(reading.failures, []);
    assert.ok(reading.probeMs.driver! >= 0 && reading.probeMs.system! >= 0);
    assert.deepEqual(meter.questions, [
      { kind: "gpu", processes: true, telemetry: true },
      { kind: "memory", pids: [7], system: true, details: false, pss: false, cpu: false },
      { kind: "find", name: null, top: 3 },
      { kind: "memory", pids: [11, 12], system: false, details: false, pss: false, cpu: false },
    ]);
  });

  it("asks no more than is wanted", async () => {
    const meter = new FakeMeter();
    meter.answer("gpu", () => aGpuReply({ devices: DEVICES }));
    const { processes } = await read(meter);
    assert.deepEqual(meter.questions.map(({ kind }) => kind), ["gpu", "memory"]);
    assert.deepEqual(processes, []);
  });

  it("names each process once, however many rows and lists it is in", async () => {
    const meter = new FakeMeter();
    meter.answer("gpu", () =>
      aGpuReply({
        devices: DEVICES,
        processes: [0, 1].map((deviceIndex) => aGpuProcess({ pid: 11, deviceIndex })),
      }));
    meter.answer("find", () => aFindReply({ processes: [aProcessMemory({ pid: 11 })] }));
    const reading = await read(meter, { pids: [11], largest: 1 });
    assert.deepEqual(reading.processes.map(({ pid }) => pid), [11]);
    assert.deepEqual(reading.gpu!.processes.map(({ rssBytes }) => rssBytes), [11_000, 11_000]);
    assert.deepEqual(meter.questions.at(-1), {
      kind: "memory",
      pids: [11],
      system: false,
      details: false,
      pss: false,
      cpu: false,
    });
  });

  it("gives processes of another PID namespace no RAM of ours", async () => {
    const meter = new FakeMeter();
    meter.answer("gpu", () =>
      aGpuReply({
        devices: DEVICES,
        processes: [aGpuProcess({ pid: 11 })],
        foreignPids: true,
      }));
    const reading = await read(meter);
    assert.deepEqual(reading.gpu!.processes.map(({ rssBytes }) => rssBytes), [null]);
    assert.deepEqual(reading.processes, []);
    assert.equal(reading.gpu!.foreignPids, true);
  });

  it("has one lane where the other fails, and says why", async () => {
    const meter = new FakeMeter();
    meter.fail("gpu", hung());
    const half = await read(meter);
    assert.deepEqual([half.gpu, half.probeMs.driver], [null, null]);
    assert.deepEqual(half.system, SYSTEM);
    assert.deepEqual(half.failures.map(({ code, source }) => [code, source]), [["hung", "nvml"]]);
    assert.deepEqual(half.sources.map(({ source, state }) => [source, state]), [
      ["proc", "ok"],
      ["nvml", "hung"],
    ]);
    meter.answer("gpu", null);
    meter.fail("memory", new HypomnesisError("worker_failed", "Cannot start it"));
    const other = await read(meter);
    assert.deepEqual([other.system, other.probeMs.system], [null, null]);
    assert.deepEqual(other.gpu!.processes.map(({ rssBytes }) => rssBytes), [null, null]);
    assert.deepEqual(other.failures.map(({ code }) => code), ["worker_failed", "worker_failed"]);
  });

  it("takes a quick refusal for no time of a probe, and the word that nothing is there for one", async () => {
    const meter = new FakeMeter();
    const told = (code: "hung" | "absent") =>
      aGpuReply({ failures: [aFailure({ code, source: "nvml" })] });
    meter.answer("gpu", () => told("hung"));
    assert.equal((await read(meter)).probeMs.driver, null);
    meter.answer("gpu", () => told("absent"));
    assert.equal(typeof (await read(meter)).probeMs.driver, "number");
  });

  it("never rejects, whatever is thrown", async () => {
    const meter = new FakeMeter();
    for (const kind of ["gpu", "memory", "find"] as const) meter.fail(kind, "no error at all");
    const reading = await read(meter, { largest: 1 });
    assert.deepEqual([reading.gpu, reading.system, reading.processes], [null, null, []]);
    assert.deepEqual(reading.failures.map(({ code }) => code), [
      "internal",
      "internal",
      "internal",
    ]);
    assert.deepEqual([reading.hasMemoryAlarm, reading.alarms], [null, []]);
  });

  it("leaves out what is late, and is not held up by it", async () => {
    const meter = new FakeMeter();
    const release = meter.hold("gpu");
    const cutoff = Promise.withResolvers<void>();
    const reading = read(meter, { cutoff: cutoff.promise });
    await until(() => meter.count("memory") === 1, "RAM was asked for");
    cutoff.resolve();
    const { gpu, failures, probeMs, system } = await reading;
    assert.deepEqual([gpu, probeMs.driver], [null, null]);
    assert.deepEqual(failures.map(({ code, source }) => [code, source]), [["slow", null]]);
    assert.match(failures[0]!.message, /^Cannot include the GPUs in this sample: /);
    assert.deepEqual(system, SYSTEM);
    release();
    assert.deepEqual((await read(meter)).gpu!.devices, DEVICES);
  });

  it("does not tell that a process on a GPU ended in between, but everything else", async () => {
    const meter = new FakeMeter();
    const gone = (pid: number) => aFailure({ code: "no_such_process", source: "proc", pid });
    meter.answer("memory", () => aMemoryReply({ system: SYSTEM, failures: [gone(11), gone(99)] }));
    const { failures } = await read(meter);
    assert.deepEqual(failures.map(({ pid }) => pid), [99, 99]);
  });

  it("is let go of, whether it had an end or not", { skip: skipGarbage }, async () => {
    const seen: WeakRef<object>[] = [];
    for (let i = 0; i < 5; i++) {
      const meter = new FakeMeter();
      meter.answer("gpu", () => {
        const reply = aGpuReply({ devices: [aDevice({ usedBytes: GIB })] });
        seen.push(new WeakRef(reply));
        return reply;
      });
      await read(meter);
    }
    await until(() => {
      collectGarbage!();
      // The last one may still stand somewhere on the stack.
      return seen.slice(0, -1).every((reply) => reply.deref() === undefined);
    }, "what was answered is let go");
  });
});

/** The states after some probes, a second apart. */
function statesAfter(...probes: readonly Partial<Parameters<SourceStates["observe"]>[0]>[]) {
  const states = new SourceStates();
  probes.forEach((probe, i) =>
    states.observe({ gpu: null, memory: null, failures: [], ...probe }, (i + 1) * 1000)
  );
  return states.all;
}

describe("how the sources do", () => {
  const gpu = aGpuReply({ devices: [aDevice()] });
  const memory = aMemoryReply({ system: aSystemMemory() });

  it("is not known of who was not heard of", () => {
    assert.deepEqual(statesAfter(), []);
    assert.deepEqual(statesAfter({ gpu: aGpuReply(), memory: aMemoryReply() }), []);
  });

  it("is well where they answer, each in its place", () => {
    const smi = aGpuReply({ devices: [aDevice({ source: "nvidia_smi" })] });
    assert.deepEqual(statesAfter({ gpu }, { gpu: smi, memory }, { gpu: smi, memory }), [
      {
        source: "proc",
        state: "ok",
        message: null,
        sinceMs: 2000,
        lastSuccessMs: 3000,
        hangs: 0,
      },
      {
        source: "nvml",
        state: "ok",
        message: null,
        sinceMs: 1000,
        lastSuccessMs: 1000,
        hangs: 0,
      },
      {
        source: "nvidia_smi",
        state: "ok",
        message: null,
        sinceMs: 2000,
        lastSuccessMs: 3000,
        hangs: 0,
      },
    ]);
    const processes = aGpuReply({ processes: [aGpuProcess({ source: "nvidia_smi" })] });
    assert.equal(statesAfter({ gpu: processes })[0]!.state, "ok", "a row is an answer too");
    const rows = aMemoryReply({ processes: [aProcessMemory()] });
    assert.equal(statesAfter({ memory: rows })[0]!.source, "proc");
  });

  it("is its failure where they don't, since when, and how often it hung", () => {
    const failure = (
      code: "hung" | "crashed",
    ) => [aFailure({ code, source: "nvml", message: code })];
    const [state] = statesAfter(
      { gpu },
      { failures: failure("hung") },
      { failures: failure("hung") },
      { failures: failure("crashed") },
      { failures: failure("hung") },
      {},
    );
    assert.deepEqual(state, {
      source: "nvml",
      state: "hung",
      message: "hung",
      sinceMs: 5000,
      lastSuccessMs: 1000,
      hangs: 2,
    });
    const [back] = statesAfter({ failures: failure("hung") }, { gpu });
    assert.deepEqual([back!.state, back!.message, back!.sinceMs, back!.hangs], [
      "ok",
      null,
      2000,
      1,
    ]);
  });

  it("is the gravest of its failures, and well where there is an answer beside them", () => {
    const failures = [
      aFailure({ code: "absent", source: "nvml" }),
      aFailure({ code: "driver_failed", source: "nvml" }),
    ];
    assert.equal(statesAfter({ failures })[0]!.state, "driver_failed");
    assert.equal(statesAfter({ failures: failures.slice(0, 1) })[0]!.state, "absent");
    assert.equal(statesAfter({ failures, gpu })[0]!.state, "ok");
    assert.deepEqual(statesAfter({ failures: [aFailure({ source: null })] }), []);
  });

  it("is slow where the lane does not answer in time, and what it failed with before says more", () => {
    const [, driver] = statesAfter({ gpu }, { memory }, { memory });
    assert.deepEqual([driver!.state, driver!.sinceMs, driver!.lastSuccessMs], ["slow", 2000, 1000]);
    assert.match(driver!.message!, /^Cannot tell this time: /);
    const [proc] = statesAfter({ gpu, memory }, { gpu });
    assert.deepEqual([proc!.source, proc!.state], ["proc", "slow"]);
    const failures = [aFailure({ code: "hung", source: "nvml" })];
    assert.equal(statesAfter({ gpu }, { failures }, {})[0]!.state, "hung");
  });

  it("is no more well where a driver lists none of its GPUs any more, without a word", () => {
    const [state] = statesAfter({ gpu }, { gpu: aGpuReply() });
    assert.deepEqual([state!.state, state!.lastSuccessMs], ["driver_failed", 1000]);
    assert.match(state!.message!, /^Cannot see a GPU any more: /);
    const [proc] = statesAfter({ memory }, { gpu: aGpuReply(), memory: aMemoryReply() });
    assert.equal(proc!.state, "ok");
  });
});
