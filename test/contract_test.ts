/**
 * What holds for every source on every machine, whatever is on it. A contract over values alone would be
 * kept by a source that reads nothing, so each source has a machine on which it must give a reading.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import { describe, it } from "node:test";
import { type Failure, FAILURES } from "../lib/errors.ts";
import { snakeKey } from "../lib/json_case.ts";
import type { GpuReply, MemoryReply } from "../lib/protocol.ts";
import type { DeviceInfo, GpuProcess } from "../lib/records.ts";
import { type SourceName, SOURCES } from "../lib/sources.ts";
import { makeAnswerer } from "../workers/answer.ts";
import type { Host } from "../workers/host/host.ts";
import { fakeHost, loadMachine, outcome } from "./support/fake_host.ts";
import { fakeGpu, fakeNvml, SENTINEL } from "./support/fake_nvml_library.ts";
import { repositoryFile } from "./support/run_script.ts";

const read = (path: string) => fs.readFileSync(repositoryFile(path), "utf8");

/** An nvidia-smi that knows the fields it is asked for, and one process. */
const smi = (_program: string, args: readonly string[]) => {
  const values: Record<string, string> = {
    index: "0",
    uuid: "GPU-7",
    "pci.bus_id": "00000000:65:00.0",
    name: "NVIDIA L40S",
    "memory.total": "46068",
    "memory.used": "512",
    "memory.free": "45000",
    "memory.reserved": "556",
    driver_version: "550.163",
  };
  const [query = ""] = args;
  if (query.startsWith("--query-compute-apps")) return outcome("4242, python3, 512, GPU-7\n");
  const fields = query.split("=")[1]?.split(",") ?? [];
  return outcome(fields.map((field) => values[field] ?? "[N/A]").join(", ") + "\n");
};

const nvml = (gpus: ReturnType<typeof fakeGpu>[]) => ({
  "libnvidia-ml.so.1": fakeNvml(gpus).functions,
});

/** Each machine; `has` names the sources that must give a reading on it. */
const MACHINES: readonly { name: string; has: readonly SourceName[]; host: () => Host }[] = [
  ...fs.readdirSync(repositoryFile("test/machines")).filter((name) => name.endsWith(".txt")).map((
    file,
  ) => ({
    name: file,
    has: file === "laptop_v2.txt" ? ["proc", "proc_mm"] as const : [],
    host: () => fakeHost(loadMachine(read(`test/machines/${file}`))),
  })),
  {
    name: "an NVIDIA machine",
    has: ["nvml"],
    host: () =>
      fakeHost({ libraries: nvml([fakeGpu(0, { rows: [{ pid: 101, used: 1n << 30n }] })]) }),
  },
  {
    name: "a driver with the R570 fault, and nvidia-smi",
    has: [],
    host: () =>
      fakeHost({
        libraries: nvml([fakeGpu(0, { rows: [{ pid: 4242, used: SENTINEL }] })]),
        programs: smi,
      }),
  },
  { name: "nvidia-smi alone", has: ["nvidia_smi"], host: () => fakeHost({ programs: smi }) },
  {
    name: "nvidia-smi that prints garbage",
    has: [],
    host: () => fakeHost({ programs: () => outcome("\u0000\u001b[31m,,,\n") }),
  },
  { name: "an empty machine", has: [], host: () => fakeHost({}) },
];

/** The process that the laptop knows. */
const PID = 4321;

function checkFailure(failure: Failure): void {
  assert.ok(Object.hasOwn(FAILURES, failure.code), failure.code);
  assert.match(failure.message, /^Cannot [\s\S]*[^.]$/);
  assert.ok(failure.source !== null && Object.hasOwn(SOURCES, failure.source), failure.message);
}

/** Every number under a key that says its unit is one, and `null` is the only absence. */
function checkNumbers(value: unknown, path: string): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  assert.notEqual(value, undefined, path);
  if (typeof value === "number") {
    assert.ok(Number.isFinite(value) && value >= 0, `${path} is ${value}`);
    if (/Bytes$|Count$|^index$/.test(path)) assert.ok(Number.isSafeInteger(value), path);
    if (/Ratio$/.test(path)) assert.ok(value <= 1, `${path} is ${value}`);
    return;
  }
  assert.equal(typeof value, "object", path);
  for (const [key, inner] of Object.entries(value as object)) checkNumbers(inner, key);
}

function checkDevice(device: DeviceInfo): void {
  const { totalBytes, usedBytes, freeBytes, reservedBytes, usedIncludesReserved } = device;
  if (usedBytes !== null) assert.notEqual(usedIncludesReserved, null);
  if (totalBytes === null || usedBytes === null || freeBytes === null) return;
  if (reservedBytes === null || usedIncludesReserved !== false) return;
  // nvidia-smi rounds each of the three to a MiB.
  const off = Math.abs(totalBytes - usedBytes - freeBytes - reservedBytes);
  assert.ok(off <= 3 * 2 ** 20, `total is off by ${off} bytes`);
}

function checkProcess(row: GpuProcess, devices: readonly DeviceInfo[]): void {
  assert.equal(row.usedBytes === null, row.missing !== null, JSON.stringify(row));
  assert.equal(row.name !== null, row.nameStatus === "known", JSON.stringify(row));
  assert.ok(Number.isInteger(row.pid) && row.pid > 0);
  assert.ok(devices.some(({ index }) => index === row.deviceIndex));
}

const ANSWERS = new Map<string, { memory: MemoryReply; gpu: GpuReply }>();

describe("the contract", () => {
  for (const { name, host } of MACHINES) {
    it(`holds on ${name}`, async () => {
      const answerer = makeAnswerer(host(), {
        protocol: 1,
        hostPid: PID,
        hostName: "a-host",
        sources: ["proc", "proc_mm", "nvml", "nvidia_smi"],
        nvmlPath: null,
        nvidiaSmiPath: null,
        nvidiaSmiMs: 1_000,
        debug: false,
      });
      for (let time = 0; time < 2; time++) {
        const memory = await answerer.answer(
          { kind: "memory", pids: [PID], system: true, details: true, pss: true, cpu: false },
          [],
          () => {},
        );
        const gpu = await answerer.answer(
          { kind: "gpu", processes: true, telemetry: true },
          [],
          () => {},
        );
        const doctor = await answerer.answer({ kind: "doctor" }, [], () => {});
        assert.ok(memory.kind === "memory" && gpu.kind === "gpu" && doctor.kind === "doctor");
        for (const reply of [memory, gpu, doctor]) {
          assert.deepEqual(JSON.parse(JSON.stringify(reply)), reply, "JSON holds all of it");
          checkNumbers(reply, "reply");
        }
        [...memory.failures, ...gpu.failures].forEach(checkFailure);
        gpu.devices.forEach(checkDevice);
        gpu.processes.forEach((row) => checkProcess(row, gpu.devices));
        for (const index of gpu.listedDevices) {
          assert.ok(gpu.devices.some((device) => device.index === index));
        }
        if (gpu.devices.length === 0) assert.ok(gpu.failures.length > 0, "no GPU has a reason");
        for (const { source, calls, failures, present } of doctor.findings) {
          assert.ok(calls.length > 0, `${source} was tried`);
          failures.forEach(checkFailure);
          if (present === false) {
            assert.ok(failures.length > 0, `${source} says why it is not here`);
          }
        }
        if (time === 0) ANSWERS.set(name, { memory, gpu });
      }
    });
  }

  /** How it shows that a source gave a reading. */
  const READINGS: Readonly<
    Record<
      Exclude<SourceName, "runtime" | "win32" | "dxgi" | "pdh" | "dxgi_self">,
      (memory: MemoryReply, gpu: GpuReply) => boolean
    >
  > = {
    proc: ({ system, processes }) =>
      (system?.totalBytes ?? 0) > 0 && (processes[0]?.rssBytes ?? 0) > 0,
    proc_mm: ({ processes }) => (processes[0]?.command?.length ?? 0) > 0,
    nvml: (_, { devices, processes }) =>
      devices[0]?.source === "nvml" && (devices[0].totalBytes ?? 0) > 0 &&
      (processes[0]?.usedBytes ?? 0) > 0,
    nvidia_smi: (_, { devices, processes }) =>
      devices[0]?.source === "nvidia_smi" && (devices[0].totalBytes ?? 0) > 0 &&
      (processes[0]?.usedBytes ?? 0) > 0,
  };

  for (const source of Object.keys(READINGS)) {
    it(`${source} gives a reading on a machine of its own`, () => {
      const own = MACHINES.filter(({ has }) => has.includes(source as SourceName));
      assert.ok(own.length > 0, `no machine has ${source}`);
      for (const { name } of own) {
        const { memory, gpu } = ANSWERS.get(name)!;
        assert.ok(READINGS[source as keyof typeof READINGS](memory, gpu), name);
      }
    });
  }

  it("docs/numbers.md defines every field of the records", () => {
    const documented = read("docs/numbers.md");
    const fields = [...read("lib/records.ts").matchAll(/^ {2}readonly (\w+):/gm)];
    assert.ok(fields.length > 60);
    const lacking = fields.map(([, name]) => snakeKey(name!)).filter((name) =>
      !documented.includes(`\`${name}\``)
    );
    assert.deepEqual(lacking, []);
  });
});
