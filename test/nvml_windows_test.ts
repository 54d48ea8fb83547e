/** What is different about NVML and nvidia-smi on Windows, on fake machines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeNvml } from "../workers/gpu/nvml/nvml.ts";
import { parseApps } from "../workers/gpu/nvidia_smi/query_apps.ts";
import { fakeHost, type FakeMachine } from "./support/fake_host.ts";
import { fakeGpu, fakeNvml, SENTINEL } from "./support/fake_nvml_library.ts";

const ALL = { processes: true, telemetry: true };
const NO_OPTIONS = { nvmlPath: null, nvidiaSmiPath: null, nvidiaSmiMs: 1000, debug: false };
const SYSTEM32 = "C:\\Windows\\System32\\nvml.dll";
const VARIABLES = { SystemRoot: "D:\\W", ProgramFiles: "E:\\P" };

function windows(more: FakeMachine) {
  return fakeHost({ platform: "windows", ...more });
}

test("the library is looked for in System32 and in NVIDIA's own folder, wherever those are", async () => {
  const nvsmi = "NVIDIA Corporation\\NVSMI\\nvml.dll";
  for (
    const [path, variables] of [
      [SYSTEM32, {}],
      [`C:\\Program Files\\${nvsmi}`, {}],
      ["D:\\W\\System32\\nvml.dll", VARIABLES],
      [`E:\\P\\${nvsmi}`, VARIABLES],
    ] as const
  ) {
    const host = windows({ variables, libraries: { [path]: fakeNvml().functions } });
    assert.equal((await makeNvml(host, NO_OPTIONS).read(ALL)).devices.length, 1, path);
  }
});

test("where it is not, nvml.dll is what is missing, and nothing of Linux is looked at", async () => {
  const host = windows({});
  const source = makeNvml(host, NO_OPTIONS);
  const [failure] = (await source.read(ALL)).failures;
  assert.equal(failure!.code, "absent");
  assert.match(failure!.message, /^Cannot open NVML: there is no nvml\.dll here/);
  const { advice, version } = await source.diagnose();
  assert.equal(version, null);
  assert.ok(advice.length > 0 && !advice.join().includes("container"), advice.join());
  assert.deepEqual(host.reads, []);
});

test("NVML does not know the memory of a process there, which is no failure", async () => {
  const gpu = fakeGpu(0, { rows: [{ pid: 8, used: SENTINEL }, { pid: 12, used: 5n }] });
  const host = windows({ libraries: { [SYSTEM32]: fakeNvml([gpu]).functions } });
  const { processes, failures } = await makeNvml(host, NO_OPTIONS).read(ALL);
  assert.deepEqual(
    processes.map(({ pid, usedBytes, missing }) => [pid, usedBytes, missing]),
    [[8, null, "not_told"], [12, 5, null]],
  );
  assert.deepEqual(
    failures.filter(({ source, code }) => source === "nvml" && code === "bad_value"),
    [],
  );
});

test("a GPU without memory figures is not given those of /proc/meminfo", async () => {
  const gpu = fakeGpu(0, { name: "NVIDIA GB10" });
  const nvml = fakeNvml([gpu]);
  nvml.codes.set("nvmlDeviceGetMemoryInfo_v2", 3);
  nvml.codes.set("nvmlDeviceGetMemoryInfo", 3);
  const host = windows({ libraries: { [SYSTEM32]: nvml.functions } });
  const { devices, failures } = await makeNvml(host, NO_OPTIONS).read(ALL);
  assert.equal(devices[0]!.totalBytes, null);
  assert.equal(devices[0]!.memoryKind, null);
  assert.ok(
    failures.some(({ code, deviceIndex }) => code === "not_supported" && deviceIndex === 0),
  );
  assert.ok(!host.reads.includes("/proc/meminfo"));
});

test("nvidia-smi's [N/A] for the memory of a process is the rule there, other words are not", async () => {
  const host = windows({ libraries: { [SYSTEM32]: fakeNvml().functions } });
  const [device] = (await makeNvml(host, NO_OPTIONS).read(ALL)).devices;
  const rows = (cell: string) => `8, C:\\a.exe, ${cell}, ${device!.uuid}\r\n`;
  const told = parseApps(rows("[N/A]"), [device!], "windows");
  assert.equal(told.processes[0]!.missing, "not_told");
  assert.deepEqual(told.failures, []);
  assert.equal(parseApps(rows("[N/A]"), [device!], "linux").failures.length, 1);
  assert.equal(parseApps(rows("[Unknown Error]"), [device!], "windows").failures.length, 1);
});
