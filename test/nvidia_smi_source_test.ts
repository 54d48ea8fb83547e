/** The nvidia_smi source on fake machines: what it runs, what it tells, and how it fails. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { GpuSource } from "../workers/gpu/source.ts";
import { makeNvidiaSmi } from "../workers/gpu/nvidia_smi/nvidia_smi.ts";
import { HostError, type HostErrorCode, type RunOutcome } from "../workers/host/host.ts";
import { fakeHost, type FakeProgram, outcome } from "./support/fake_host.ts";

const MIB = 2 ** 20;
const ALL = { processes: true, telemetry: true };
const PLAIN = { processes: false, telemetry: false };

function golden(file: string): string {
  const url = new URL(`./golden/nvidia-smi/${file}`, import.meta.url);
  return fs.readFileSync(fileURLToPath(url.href), "utf8");
}

/** What each field of one line is; the lines of the fake below are made of it. */
const VALUES: Readonly<Record<string, string>> = {
  "index": "0",
  "uuid": "GPU-a",
  "pci.bus_id": "00000000:3b:00.0",
  "name": "NVIDIA T4",
  "memory.total": "16384",
  "memory.used": "1000",
  "memory.free": "15084",
  "memory.reserved": "300",
  "driver_version": "550.163.01",
  "utilization.gpu": "50",
  "utilization.memory": "25",
  "temperature.gpu": "30",
  "power.draw": "12.50",
  "clocks.sm": "300",
  "clocks.mem": "5001",
  "ecc.mode.current": "Enabled",
  "mig.mode.current": "[N/A]",
};

/** An nvidia-smi with one GPU that does not know the fields `unknown`. */
function smi(
  { unknown = [], apps = "7, python, 1000, GPU-a", values = {} }: {
    unknown?: string[];
    apps?: string;
    values?: Record<string, string>;
  } = {},
): FakeProgram {
  return (_, args) => {
    if (args[0] === "--version") {
      return outcome("NVIDIA-SMI version  : 1\nDRIVER version      : 2.3\n");
    }
    if (args[0]!.startsWith("--query-compute-apps=")) return outcome(`${apps}\n`);
    const fields = args[0]!.slice("--query-gpu=".length).split(",");
    const bad = fields.find((field) => unknown.includes(field));
    if (bad) return outcome(`Field "${bad}" is not a valid field to query.\n\n`, { exitCode: 2 });
    return outcome(fields.map((field) => values[field] ?? VALUES[field]).join(", ") + "\n");
  };
}

function sourceOn(programs: FakeProgram, path: string | null = null) {
  const host = fakeHost({ programs });
  const options = { nvmlPath: null, nvidiaSmiPath: path, nvidiaSmiMs: 4000, debug: false };
  const source: GpuSource = makeNvidiaSmi(host, options);
  return { host, source };
}

test("one run tells of all devices, a second one of the processes", async () => {
  const { host, source } = sourceOn(smi());
  assert.equal(host.runs.length, 0, "nothing runs before it is asked");
  const plain = await source.read(PLAIN);
  assert.equal(host.runs.length, 1);
  assert.equal(host.runs[0]![0], "nvidia-smi");
  assert.equal(plain.devices[0]!.utilizationRatio, null);
  assert.deepEqual(plain.failures, []);
  const all = await source.read(ALL);
  assert.equal(host.runs.length, 3);
  assert.deepEqual(all.failures, []);
  const device = all.devices[0]!;
  assert.equal(device.usedBytes, 1000 * MIB);
  assert.equal(device.usedIncludesReserved, false);
  assert.equal(device.utilizationRatio, 0.5);
  assert.equal(device.memoryBandwidthBusyRatio, 0.25);
  assert.equal(device.powerWatts, 12.5);
  assert.equal(device.pciBusId, "00000000:3B:00.0");
  assert.equal(device.eccEnabled, true);
  assert.equal(device.migEnabled, null);
  assert.deepEqual(all.processes.map((p) => [p.pid, p.usedBytes]), [[7, 1000 * MIB]]);
  assert.deepEqual(all.listedDevices, [0]);
});

test("the program's path and limits are those of the options", async () => {
  let asked: { program: string; timeoutMs: number; maxBytes: number } | null = null;
  const { host, source } = sourceOn((program, args, limits) => {
    asked = { program, ...limits };
    host.clock.now += 1500;
    return smi()(program, args, limits);
  }, "/opt/smi");
  await source.read(ALL);
  assert.deepEqual(asked, { program: "/opt/smi", timeoutMs: 2500, maxBytes: 4 * MIB });
});

test("all runs of one question share one time limit", async () => {
  const { host, source } = sourceOn((program, args, limits) => {
    host.clock.now += 4000;
    return smi()(program, args, limits);
  });
  const { devices, failures } = await source.read(ALL);
  assert.equal(host.runs.length, 1, "no time is left for the second run");
  assert.equal(devices.length, 1);
  assert.deepEqual(failures.map((f) => f.code), ["hung"]);
});

test("a field an older nvidia-smi does not know is left out, and that is remembered", async () => {
  const { host, source } = sourceOn(smi({ unknown: ["memory.reserved", "utilization.memory"] }));
  const first = await source.read(ALL);
  assert.equal(host.runs.length, 4);
  assert.equal(first.devices[0]!.reservedBytes, null);
  assert.equal(first.devices[0]!.usedIncludesReserved, true);
  assert.equal(first.devices[0]!.memoryBandwidthBusyRatio, null);
  assert.deepEqual(first.failures.map((f) => [f.code, f.count]), [["not_supported", 1]]);
  assert.match(first.failures[0]!.message, /utilization\.memory/);
  const second = await source.read(ALL);
  assert.equal(host.runs.length, 6);
  assert.deepEqual(second, first);
  source.close();
  await source.read(PLAIN);
  assert.equal(host.runs.length, 8, "closing forgets it");
});

test("an nvidia-smi that refuses every field comes to an end", async () => {
  const { host, source } = sourceOn((_, args) => {
    const field = args[0]!.split("=")[1]!.split(",")[0];
    return outcome(`Field "${field}" is not a valid field to query.\n`, { exitCode: 2 });
  });
  const { devices, failures } = await source.read(ALL);
  assert.deepEqual(devices, []);
  assert.ok(failures.some((f) => f.code === "driver_failed"));
  assert.ok(host.runs.length <= 17);
});

test("no device is an answer; nobody is asked for processes", async () => {
  const output = golden("no-devices/query-gpu.out");
  const { host, source } = sourceOn(() => outcome(output, { exitCode: 6 }));
  assert.deepEqual(await source.read(ALL), {
    devices: [],
    processes: [],
    listedDevices: [],
    failures: [],
  });
  assert.equal(host.runs.length, 1);
});

test("the driver's words on stdout become the failure", async () => {
  const output = golden("no-driver/nvidia-smi-550-reallib__query_gpu_index_name_memory_.out");
  const { source } = sourceOn(() => outcome(output, { exitCode: 9 }));
  const { devices, failures } = await source.read(ALL);
  assert.deepEqual(devices, []);
  assert.equal(failures.length, 1);
  assert.equal(failures[0]!.code, "driver_failed");
  assert.equal(failures[0]!.driverCode, "NVML_ERROR_DRIVER_NOT_LOADED");
  assert.equal(failures[0]!.source, "nvidia_smi");
});

test("devices that were printed stay although the exit code says an error", async () => {
  const { source } = sourceOn((_, args) =>
    args[0]!.startsWith("--query-gpu")
      ? outcome(
        "0, GPU-a, , T4, 100, 10, 90, 0, 5\n" +
          "Unable to determine the device handle for GPU0000:3B:00.0: GPU is lost.  Reboot the system\n",
        { exitCode: 15 },
      )
      : outcome("")
  );
  const { devices, failures } = await source.read({ processes: true, telemetry: false });
  assert.equal(devices.length, 1);
  assert.equal(devices[0]!.usedBytes, 10 * MIB);
  const lost = failures.find((f) => f.driverCode === "NVML_ERROR_GPU_IS_LOST");
  assert.equal(lost?.code, "driver_failed");
});

test("a failed list of processes costs only the processes", async () => {
  const { source } = sourceOn((program, args, limits) =>
    args[0]!.startsWith("--query-compute-apps")
      ? outcome("Failed to initialize NVML: Driver/library version mismatch\n", { exitCode: 18 })
      : smi()(program, args, limits)
  );
  const { devices, processes, listedDevices, failures } = await source.read(ALL);
  assert.equal(devices.length, 1);
  assert.deepEqual(processes, []);
  assert.deepEqual(listedDevices, []);
  assert.deepEqual(failures.map((f) => f.driverCode), ["NVML_ERROR_LIB_RM_VERSION_MISMATCH"]);
});

test("each bad end of a run has its code", async () => {
  const ends: [Partial<RunOutcome>, string, RegExp][] = [
    [{ ended: "timeout", exitCode: null }, "hung", /did not answer within 4000 ms, it was killed/],
    [{ ended: "unkillable", exitCode: null }, "hung", /SIGKILL did not end it/],
    [{ ended: "too_much_output", exitCode: null }, "bad_value", /more than 4194304 bytes/],
    [{ exitCode: null, signal: "SIGSEGV" }, "driver_failed", /SIGSEGV/],
    [{ exitCode: 0 }, "bad_value", /printed nothing/],
    [{ exitCode: 3, stderr: "strange" }, "driver_failed", /strange/],
    [{ stdout: "garbage\nmore" }, "bad_value", /no row, "garbage"/],
  ];
  for (const [more, code, words] of ends) {
    const { source } = sourceOn(() => outcome("", more));
    const { devices, failures } = await source.read(ALL);
    assert.deepEqual(devices, []);
    assert.deepEqual(failures.map((f) => [f.code, f.source]), [[code, "nvidia_smi"]]);
    assert.match(failures[0]!.message, words);
    assert.match(failures[0]!.message, /^Cannot .*[^.]$/);
  }
});

test("a program that can't be started has its code and says what to do", async () => {
  const reasons: [HostErrorCode, string, string, RegExp][] = [
    ["ENOENT", "in no folder", "absent", /install the NVIDIA driver/],
    ["EACCES", "denied", "permission_denied", /executable/],
    ["ENOTCAPABLE", "denied", "permission_denied", /--allow-run=nvidia-smi/],
    ["EIO", "2 earlier processes do not end although they were killed", "hung", /do not end/],
    ["EIO", "bad format", "driver_failed", /bad format/],
  ];
  for (const [code, said, expected, words] of reasons) {
    const { source } = sourceOn(() => {
      throw new HostError(code, "nvidia-smi", said);
    });
    const { devices, failures } = await source.read(ALL);
    assert.deepEqual(devices, []);
    assert.deepEqual(failures.map((f) => f.code), [expected]);
    assert.match(failures[0]!.message, words);
  }
  const { source } = sourceOn(() => {
    throw new TypeError("broken host");
  });
  assert.equal((await source.read(ALL)).failures[0]!.code, "driver_failed");
});

test("the doctor: every call with its outcome, the version, what it can tell", async () => {
  const { source } = sourceOn(smi({ unknown: ["mig.mode.current"] }));
  const finding = await source.diagnose();
  assert.equal(finding.source, "nvidia_smi");
  assert.equal(finding.present, true);
  assert.equal(finding.path, "nvidia-smi");
  assert.equal(finding.version, "550.163.01");
  assert.deepEqual(finding.calls.map((c) => c.outcome), ["exit 0", "exit 2", "exit 0", "exit 0"]);
  assert.equal(finding.calls[0]!.name, "nvidia-smi --version");
  assert.ok(finding.calls.every((c) => c.durationMs === 7));
  assert.deepEqual(finding.failures, []);
  assert.deepEqual(finding.advice, []);
  assert.deepEqual(finding.measures, [
    "devices",
    "memory of devices",
    "reserved memory",
    "memory of compute processes",
    "utilization",
    "temperature",
    "power",
    "clocks",
    "ECC mode",
  ]);
});

test("the doctor: absent, without a driver, hung", async () => {
  const absent = await sourceOn(() => {
    throw new HostError("ENOENT", "nvidia-smi", "in no folder");
  }).source.diagnose();
  assert.equal(absent.present, false);
  assert.equal(absent.path, null);
  assert.deepEqual(absent.calls.map((c) => c.outcome), ["ENOENT"]);
  assert.deepEqual(absent.advice, ["Install the NVIDIA driver, or give the program's path"]);
  assert.deepEqual(absent.measures, []);

  const output = golden("no-driver/nvidia-smi-535-reallib__version.out");
  const noDriver = await sourceOn(() => outcome(output, { exitCode: 9 })).source.diagnose();
  assert.equal(noDriver.present, null);
  assert.equal(noDriver.version, null);
  assert.deepEqual(noDriver.calls.map((c) => c.outcome), ["exit 9", "exit 9"]);
  assert.deepEqual(noDriver.advice, ["Load the driver (on Linux: modprobe nvidia), or install it"]);

  const { host, source } = sourceOn(() => outcome("", { ended: "timeout", exitCode: null }));
  const hung = await source.diagnose();
  assert.equal(host.runs.length, 1, "a program that hangs is not run again");
  assert.equal(hung.present, null);
  assert.deepEqual(hung.calls.map((c) => c.outcome), ["timeout"]);
});

test("no device: the doctor finds it present, with nothing to measure", async () => {
  const finding = await sourceOn(() => outcome("No devices were found\n", { exitCode: 6 }))
    .source.diagnose();
  assert.equal(finding.present, true);
  assert.deepEqual(finding.measures, []);
  assert.deepEqual(finding.failures, []);
});
