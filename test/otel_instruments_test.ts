/** The instruments of OpenTelemetry: their names and units, what a reading gives, and what it must not give. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { describe, it } from "node:test";
import { encodeReading } from "../lib/otel/encode.ts";
import { observe, SCHEMA_URL } from "../lib/otel/instrument.ts";
import { INSTRUMENTS } from "../lib/otel/instruments.ts";
import type { Monitored } from "../lib/otel/monitored.ts";
import { ownResource } from "../lib/otel/resource.ts";
import type { Reading } from "../lib/reading/reading.ts";
import { aDevice, aGpuProcess, aMigSlice, aProcessMemory, aSystemMemory } from "../lib/testing.ts";
import { VERSION } from "../lib/version.ts";
import {
  aFullReading,
  aGpuPart,
  anAllocatorState,
  aReading,
  aSourceState,
} from "./support/metrics_reading.ts";
import { repositoryFile } from "./support/run_script.ts";

/** A reading in which every instrument has a value. */
function whole(): Reading {
  const reading = aFullReading();
  const [device] = reading.gpu!.devices;
  return {
    ...reading,
    gpu: aGpuPart({
      devices: [device!],
      processes: [aGpuProcess({ pid: 11, usedBytes: 100, sharedUsedBytes: 30 })],
      listedDevices: [0],
    }),
  };
}

/** The values under one name: `hw.id=…,hw.state=… 1`, without what tells of a GPU beside its id. */
function values(name: string, reading: Reading, monitored: Monitored = {}): string[] {
  const instrument = INSTRUMENTS.find((instrument) => instrument.name === name);
  assert.ok(instrument, `there is no ${name}`);
  return observe(instrument, reading, monitored).map(({ value, attributes }) => {
    const shown = Object.entries(attributes)
      .filter(([key]) => !["hw.name", "hw.vendor", "hw.driver_version"].includes(key))
      .map(([key, value]) => `${key}=${value}`);
    return `${shown.join(",")} ${value}`.trim();
  });
}

/** Every value of a reading, by the name of its instrument. */
function all(reading: Reading, monitored: Monitored = {}): Map<string, number> {
  return new Map(
    INSTRUMENTS.map(({ name }) => [name, values(name, reading, monitored).length]),
  );
}

describe("the table", () => {
  it("has names, units and attributes as OpenTelemetry wants them", () => {
    const names = INSTRUMENTS.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const { name, unit, description, attributes, kind, type } of INSTRUMENTS) {
      assert.match(name, /^(?:hw|system|process|container|hmn)(?:\.[a-z][a-z_]*)+$/);
      assert.match(unit, /^(?:1|By|Cel|W|s|\{[a-z]+\})$/, name);
      assert.match(description, /^[A-Z0-9].*[^.]$/, name);
      assert.equal(type, unit === "By" || unit.startsWith("{") ? "int" : type, name);
      for (const attribute of attributes) {
        assert.match(attribute, /^(?:hw|system|process|hmn)(?:\.[a-z][a-z_]*)+$/);
      }
      // A share can't be added up over its series.
      if (type === "double") assert.notEqual(kind, "updowncounter", name);
      // No name is the folder of another.
      const inside = names.filter((other) => other.startsWith(`${name}.`));
      assert.deepEqual(inside, [], name);
    }
    assert.equal(SCHEMA_URL, "https://opentelemetry.io/schemas/1.44.0");
  });

  it("has a value for each where everything is known, and no attribute that is not in it", () => {
    const reading = whole();
    for (const instrument of INSTRUMENTS) {
      const observations = observe(instrument, reading, { pids: [11] });
      assert.notEqual(observations.length, 0, instrument.name);
      for (const { attributes } of observations) {
        const unknown = Object.keys(attributes).filter((key) =>
          !instrument.attributes.includes(key)
        );
        assert.deepEqual(unknown, [], instrument.name);
      }
    }
  });

  it("stands in the documentation, line by line", () => {
    const text = fs.readFileSync(repositoryFile("docs/opentelemetry.md"), "utf8");
    const rows = [...text.matchAll(/^\| `([a-z._]+)`[^\n]*$/gm)].map(([row]) =>
      row.split("|").slice(1, -1).map((cell) => cell.trim()).join(" | ")
    );
    const wanted = INSTRUMENTS.map(({ name, kind, unit, attributes, description }) => {
      const shown = attributes.map((attribute) => `\`${attribute}\``).join(" ");
      return [`\`${name}\``, kind, `\`${unit}\``, shown, description].join(" | ");
    });
    assert.deepEqual(rows, wanted);
  });
});

describe("what a reading gives", () => {
  it("tells of a GPU", () => {
    const reading = whole();
    const gpu = (name: string) => values(name, reading);
    assert.deepEqual(gpu("hw.gpu.memory.usage"), ["hw.id=GPU-aa 250"]);
    assert.deepEqual(gpu("hw.gpu.memory.limit"), ["hw.id=GPU-aa 1000"]);
    assert.deepEqual(gpu("hw.gpu.memory.utilization"), ["hw.id=GPU-aa 0.25"]);
    assert.deepEqual(gpu("hmn.gpu.memory.reserved"), ["hw.id=GPU-aa 50"]);
    assert.deepEqual(gpu("hmn.gpu.memory.bandwidth.busy"), ["hw.id=GPU-aa 0.25"]);
    assert.deepEqual(gpu("hw.gpu.utilization"), ["hw.id=GPU-aa,hw.gpu.task=general 0.5"]);
    assert.deepEqual(gpu("hw.temperature"), ["hw.id=GPU-aa,hw.sensor_location=gpu 41"]);
    assert.deepEqual(gpu("hw.power"), ["hw.id=GPU-aa,hw.type=gpu 120.5"]);
    assert.deepEqual(gpu("hmn.gpu.mig.memory.usage"), ["hw.id=MIG-bb,hw.parent=GPU-aa 100"]);
    assert.deepEqual(gpu("hmn.gpu.mig.memory.limit"), ["hw.id=MIG-bb,hw.parent=GPU-aa 500"]);
    assert.deepEqual(gpu("hw.status"), [
      "hw.id=GPU-aa,hw.type=gpu,hw.state=ok 1",
      "hw.id=GPU-aa,hw.type=gpu,hw.state=degraded 0",
      "hw.id=GPU-aa,hw.type=gpu,hw.state=failed 0",
    ]);
    const [instrument] = INSTRUMENTS;
    assert.deepEqual(observe(instrument!, reading, {})[0]!.attributes, {
      "hw.id": "GPU-aa",
      "hw.name": "NVIDIA H200",
      "hw.vendor": "NVIDIA",
      "hw.driver_version": "570.1",
    });
  });

  it("tells of the machine and of the container", () => {
    const reading = whole();
    const told = (name: string) => values(name, reading);
    const state = (kind: string) => `system.${kind}.state`;
    assert.deepEqual(told("system.memory.usage"), [
      `${state("memory")}=used 1000`,
      `${state("memory")}=free 2000`,
    ]);
    assert.deepEqual(told("system.memory.limit"), ["4000"]);
    assert.deepEqual(told("system.memory.utilization"), [
      `${state("memory")}=used 0.25`,
      `${state("memory")}=free 0.5`,
    ]);
    assert.deepEqual(told("system.memory.linux.available"), ["3000"]);
    assert.deepEqual(told("system.paging.usage"), [
      `${state("paging")}=used 10`,
      `${state("paging")}=free 90`,
    ]);
    assert.deepEqual(told("system.paging.utilization"), [`${state("paging")}=used 0.1`]);
    assert.deepEqual(told("hmn.system.memory.pressure").slice(0, 4), [
      "hmn.pressure.kind=some,hmn.pressure.window=10s 0.1",
      "hmn.pressure.kind=some,hmn.pressure.window=60s 0.2",
      "hmn.pressure.kind=some,hmn.pressure.window=300s 0.3",
      "hmn.pressure.kind=full,hmn.pressure.window=10s 0",
    ]);
    assert.deepEqual(told("hmn.system.memory.stall.time"), [
      "hmn.pressure.kind=some 1.5",
      "hmn.pressure.kind=full 0.5",
    ]);
    assert.deepEqual(told("container.memory.usage"), ["900"]);
    assert.deepEqual(told("container.memory.working_set"), ["800"]);
    assert.deepEqual(told("container.memory.available"), ["1200"]);
    assert.deepEqual(told("hmn.container.memory.limit"), ["2000"]);
    assert.deepEqual(told("hmn.container.memory.peak"), ["950"]);
    assert.deepEqual(told("hmn.container.oom_kills"), ["2"]);
  });

  it("tells of the measuring, of allocators and of the alarm", () => {
    const reading = whole();
    const told = (name: string) => values(name, reading);
    assert.deepEqual(told("hmn.probe.answered"), ["hmn.lane=system 1", "hmn.lane=driver 1"]);
    assert.deepEqual(told("hmn.probe.duration"), [
      "hmn.lane=system 0.003",
      "hmn.lane=driver 0.0125",
    ]);
    assert.deepEqual(told("hmn.source.hangs"), [
      "hmn.source.name=proc 0",
      "hmn.source.name=nvml 1",
    ]);
    const allocator = "process.pid=11,hmn.allocator.device=0";
    assert.deepEqual(told("hmn.allocator.allocated"), [`${allocator} 60`]);
    assert.deepEqual(told("hmn.allocator.reserved"), [`${allocator} 80`]);
    assert.deepEqual(told("hmn.allocator.peak"), [`${allocator} 70`]);
    assert.deepEqual(told("hmn.allocator.fragmentation"), [`${allocator} 0.25`]);
    assert.deepEqual(told("hmn.allocator.usage"), [`${allocator} 0.75`]);
    assert.deepEqual(told("hmn.memory.alarm"), ["0"]);
    assert.deepEqual(values("hmn.memory.alarm", { ...reading, hasMemoryAlarm: true }), ["1"]);
    const late = { ...reading, atMs: 1_700_000_002_250 };
    assert.deepEqual(values("hmn.source.last_success.age", late), [
      "hmn.source.name=proc 2",
      "hmn.source.name=nvml 2",
    ]);
  });

  it("tells of processes only where they are asked for, and of no more than so many", () => {
    const reading: Reading = {
      ...whole(),
      gpu: aGpuPart({
        devices: [
          aDevice({ index: 0, uuid: "GPU-a", memoryKind: "unified" }),
          aDevice({ index: 1, uuid: "GPU-b" }),
        ],
        processes: [
          aGpuProcess({ pid: 11, usedBytes: 100, sharedUsedBytes: 30 }),
          aGpuProcess({ pid: 12, usedBytes: 700, deviceIndex: 1 }),
          aGpuProcess({ pid: 12, usedBytes: 5, deviceIndex: 1, gpuInstanceId: 2 }),
          aGpuProcess({ pid: 13, usedBytes: null, deviceIndex: 1 }),
        ],
        listedDevices: [0, 1],
      }),
      processes: [
        aProcessMemory({ pid: 11, name: "python", rssBytes: 300, swapBytes: 5 }),
        aProcessMemory({ pid: 12, rssBytes: null }),
      ],
    };
    const ram = (monitored: Monitored) => values("process.memory.usage", reading, monitored);
    const vram = (monitored: Monitored) =>
      values("hmn.process.gpu.memory.usage", reading, monitored);
    const python = "process.pid=11,process.executable.name=python";
    const kind = "hmn.memory.kind";
    assert.deepEqual([ram({}), vram({})], [[], []]);
    assert.deepEqual(ram({ pids: [11, 12, 99] }), [`${python} 300`]);
    assert.deepEqual(values("hmn.process.memory.swap", reading, { pids: [11] }), [`${python} 5`]);
    assert.deepEqual(vram({ pids: [11] }), [
      `${python},hw.id=GPU-a,${kind}=unified 100`,
      `${python},hw.id=GPU-a,${kind}=shared 30`,
      // Its list was read, and the process is not in it.
      `${python},hw.id=GPU-b,${kind}=dedicated_resident 0`,
    ]);
    assert.deepEqual(vram({ gpuProcesses: true }), [
      `process.pid=12,hw.id=GPU-b,${kind}=dedicated_resident 705`,
      `${python},hw.id=GPU-a,${kind}=unified 100`,
      `${python},hw.id=GPU-a,${kind}=shared 30`,
    ]);
    assert.deepEqual(vram({ gpuProcesses: true, maxProcesses: 1 }), [
      `process.pid=12,hw.id=GPU-b,${kind}=dedicated_resident 705`,
    ]);
    assert.deepEqual(vram({ pids: [11], gpuProcesses: true, maxProcesses: 0 }), []);
  });

  it("knows no process by a PID of another namespace", () => {
    const foreign: Reading = {
      ...whole(),
      gpu: aGpuPart({
        devices: [aDevice({ uuid: "GPU-a" })],
        processes: [
          aGpuProcess({ pid: 11, usedBytes: 100 }),
          aGpuProcess({ pid: 12, usedBytes: 50, name: "ours" }),
        ],
        listedDevices: [0],
        foreignPids: true,
      }),
    };
    const told = values("hmn.process.gpu.memory.usage", foreign, {
      pids: [11],
      gpuProcesses: true,
    });
    assert.deepEqual(told, [
      "process.pid=12,hw.id=GPU-a,hmn.memory.kind=dedicated_resident 50",
    ]);
  });
});

describe("what is not known", () => {
  it("has no value: no 0, and nothing of before", () => {
    const told = all(aReading(), { pids: [1] });
    assert.deepEqual([...told].filter(([, count]) => count > 0), [["hmn.probe.answered", 2]]);
    assert.deepEqual(values("hmn.probe.answered", aReading()), [
      "hmn.lane=system 0",
      "hmn.lane=driver 0",
    ]);
  });

  it("has no value within what is known either", () => {
    const reading = aReading({
      gpu: aGpuPart({
        devices: [
          aDevice({ usedBytes: null, totalBytes: null, freeBytes: null, state: "blocked" }),
        ],
        processes: [aGpuProcess({ pid: 5, usedBytes: null })],
        listedDevices: [0],
      }),
      system: aSystemMemory({
        totalBytes: null,
        usedBytes: null,
        freeBytes: null,
        availableBytes: null,
        swapTotalBytes: 0,
        swapUsedBytes: 0,
      }),
      processes: [aProcessMemory({ pid: 5, rssBytes: null })],
      allocators: [
        anAllocatorState({
          isStale: true,
          allocatedBytes: 7,
          memoryUsagePercent: null,
          fragmentation: null,
        }),
      ],
    });
    const told = [...all(reading, { pids: [5] })].filter(([, count]) => count > 0);
    // A machine without swap has 0 of it: that was measured.
    assert.deepEqual(told, [["system.paging.usage", 2], ["hmn.probe.answered", 2]]);
  });

  it("leaves the state of a source that failed, and none of its series", () => {
    const failed = {
      ...whole(),
      gpu: null,
      sources: [aSourceState({ state: "hung", hangs: 2, lastSuccessMs: 1_699_999_990_000 })],
      probeMs: { system: 3, driver: null },
    };
    const told = all(failed, { pids: [11], gpuProcesses: true });
    const ofGpu = [...told].filter(([name]) => /^hw\.|gpu/.test(name));
    assert.equal(ofGpu.length > 10, true);
    assert.deepEqual(ofGpu.filter(([, count]) => count > 0), []);
    const states = values("hmn.source.state", failed);
    assert.deepEqual(states.filter((text) => text.endsWith(" 1")), [
      "hmn.source.name=nvml,hmn.source.state=hung 1",
    ]);
    assert.equal(states.length, 10);
    assert.deepEqual(values("hmn.source.hangs", failed), ["hmn.source.name=nvml 2"]);
    assert.deepEqual(values("hmn.source.last_success.age", failed), ["hmn.source.name=nvml 10"]);
    assert.deepEqual(values("hmn.probe.duration", failed), ["hmn.lane=system 0.003"]);
    // A state that no source should have is told all the same.
    const odd = { ...failed, sources: [aSourceState({ state: "internal" })] };
    assert.equal(
      values("hmn.source.state", odd).at(-1),
      "hmn.source.name=nvml,hmn.source.state=internal 1",
    );
  });

  it("is not made of what can't be a number", () => {
    const reading = aReading({
      gpu: aGpuPart({
        devices: [
          aDevice({
            usedBytes: Infinity,
            totalBytes: 2 ** 53,
            temperatureCelsius: NaN,
            powerWatts: -Infinity,
            reservedBytes: 1.5,
          }),
        ],
      }),
    });
    const told = [...all(reading)].filter(([name, count]) => name.startsWith("h") && count > 0);
    assert.deepEqual(told.map(([name]) => name), ["hw.status", "hmn.probe.answered"]);
  });

  it("says how a GPU is, where that is known", () => {
    const status = (state: "lost" | "reset_required" | "failed" | "blocked" | "mismatched") =>
      values("hw.status", aReading({ gpu: aGpuPart({ devices: [aDevice({ state })] }) }))
        .filter((text) => text.endsWith(" 1")).map((text) => /hw.state=(\w+)/.exec(text)![1]);
    assert.deepEqual(status("lost"), ["failed"]);
    assert.deepEqual(status("reset_required"), ["failed"]);
    assert.deepEqual(status("failed"), ["degraded"]);
    assert.deepEqual(status("blocked"), []);
    assert.deepEqual(status("mismatched"), []);
  });
});

describe("what tells GPUs apart", () => {
  const ids = (...devices: Parameters<typeof aDevice>[0][]) =>
    values(
      "hw.gpu.memory.usage",
      aReading({ gpu: aGpuPart({ devices: devices.map((device) => aDevice(device)) }) }),
    ).map((text) => /hw.id=(\S+)/.exec(text)![1]);

  it("is the UUID, else the place on the bus, else the index", () => {
    assert.deepEqual(
      ids(
        { uuid: "GPU-a", pciBusId: "00000000:65:00.0" },
        { index: 1, pciBusId: "00000000:65:00.0" },
        { index: 2, pciBusId: "0001ABCD:0A:00.1" },
        { index: 3 },
      ),
      ["GPU-a", "pci:0000:65:00.0", "pci:0001abcd:0a:00.1", "index:3"],
    );
  });

  it("is never the same twice, whatever the driver says", () => {
    const same = { uuid: "GPU-a", pciBusId: "00000000:65:00.0" };
    assert.deepEqual(
      ids(same, { ...same, index: 1 }, { ...same, index: 2 }, { ...same, index: 2 }, { uuid: "" }),
      ["GPU-a", "pci:0000:65:00.0", "index:2", "index:2#3", "index:0"],
    );
    const twice = aReading({
      gpu: aGpuPart({
        devices: [aDevice({ migSlices: [aMigSlice({ usedBytes: 1 }), aMigSlice()] })],
      }),
      sources: [aSourceState(), aSourceState({ state: "hung" })],
      allocators: [anAllocatorState(), anAllocatorState()],
    });
    assert.equal(all(twice).get("hmn.allocator.allocated"), 1);
    assert.equal(all(twice).get("hmn.source.hangs"), 1);
    assert.deepEqual(values("hmn.gpu.mig.memory.usage", twice), [
      "hw.id=index:0/mig:0,hw.parent=index:0 1",
    ]);
  });

  it("is safe to store and show, whatever a name is", () => {
    const hostile = `"},\u001b[31m\u202e\ud800\0\n${"x".repeat(10_000)}`;
    const reading = aReading({
      atMs: 1,
      gpu: aGpuPart({ devices: [aDevice({ name: hostile, uuid: hostile })] }),
      processes: [aProcessMemory({ pid: 1, name: hostile })],
    });
    const text = encodeReading(reading, {
      resource: ownResource(hostile),
      startMs: 0,
      monitored: { pids: [1] },
    });
    const found: string[] = [];
    JSON.parse(text, (key, value) => {
      if (key === "stringValue") found.push(value);
      return value;
    });
    assert.equal(found.some((value) => value.includes("\\u{1b}[31m\\u{202e}\\u{d800}")), true);
    for (const value of found) {
      assert.doesNotMatch(value, /[\p{Cc}\p{Cf}\p{Cs}]/u);
      assert.equal(value.length <= 256, true);
    }
    assert.equal(text.isWellFormed(), true);
  });
});

it("the resource says who sends", () => {
  const { "process.runtime.name": runtime, "service.instance.id": id, ...rest } = ownResource("h");
  assert.deepEqual(rest, {
    "service.name": "hypomnesis",
    "service.version": VERSION,
    "host.name": "h",
    "process.runtime.version": rest["process.runtime.version"],
  });
  assert.match(String(runtime), /^(?:bun|deno)$/);
  assert.match(String(id), /^h:\d+$/);
  assert.equal(ownResource(null)["host.name"], null);
});
