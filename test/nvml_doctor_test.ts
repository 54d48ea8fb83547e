/** What the doctor says about NVML, and what debugging shows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeNvml } from "../workers/gpu/nvml/nvml.ts";
import { fakeHost, type FakeMachine } from "./support/fake_host.ts";
import { fakeGpu, type FakeNvml, fakeNvml } from "./support/fake_nvml_library.ts";

const SONAME = "libnvidia-ml.so.1";
const OPTIONS = { nvmlPath: null, nvidiaSmiPath: null, nvidiaSmiMs: 1000, debug: false };
const ALL = { processes: true, telemetry: true };

function machine(nvml: FakeNvml | null, more: FakeMachine = {}) {
  const libraries = nvml === null ? {} : { [SONAME]: nvml.functions };
  const host = fakeHost({ libraries, ...more });
  return { host, source: makeNvml(host, OPTIONS) };
}

test("on a healthy machine every call is shown, and what can be measured", async () => {
  const nvml = fakeNvml([fakeGpu(0, { rows: [{ pid: 1, used: 5n }], mig: null })]);
  const { source } = machine(nvml);
  const finding = await source.diagnose();
  assert.equal(finding.source, "nvml");
  assert.equal(finding.present, true);
  assert.equal(finding.path, SONAME);
  assert.match(finding.version ?? "", /550\.163\.01/);
  assert.deepEqual(finding.failures, []);
  const outcomes = new Map(finding.calls.map(({ name, outcome }) => [name, outcome]));
  assert.equal(outcomes.get("nvmlInit_v2"), "NVML_SUCCESS");
  assert.equal(outcomes.get("nvmlDeviceGetMigMode"), "NVML_ERROR_NOT_SUPPORTED");
  assert.ok(finding.calls.every(({ durationMs }) => durationMs >= 0));
  assert.ok(finding.measures.some((what) => /memory/.test(what)));
  assert.ok(finding.measures.some((what) => /process/.test(what)));
});

test("the doctor leaves the source as it was", async () => {
  const nvml = fakeNvml();
  const { source, host } = machine(nvml);
  const before = await source.read(ALL);
  for (let round = 0; round < 20; round++) await source.diagnose();
  assert.equal(nvml.initialised, 1);
  assert.deepEqual(await source.read(ALL), before);
  const open = host.libraryLog.filter((path) => path === SONAME).length -
    host.libraryLog.filter((path) => path === `-${SONAME}`).length;
  assert.ok(open <= 1, `${open} libraries left open`);
});

test("without a library it is not here, and what to do is said", async () => {
  const finding = await machine(null).source.diagnose();
  assert.equal(finding.present, false);
  assert.equal(finding.path, null);
  assert.deepEqual(finding.failures.map(({ code }) => code), ["absent"]);
  assert.match(finding.advice.join(), /driver.*container/s);
  assert.deepEqual(finding.measures, []);
});

test("a driver that can't be initialised does not answer, and its library is named", async () => {
  const cases = [
    [9, "absent", false, /modprobe|kernel module/, "NVML_ERROR_DRIVER_NOT_LOADED"],
    [18, "driver_failed", null, /restart the machine/, "NVML_ERROR_LIB_RM_VERSION_MISMATCH"],
    [17, "permission_denied", null, /daemon-reload/, "NVML_ERROR_OPERATING_SYSTEM"],
  ] as const;
  for (const [code, failureCode, present, advice, name] of cases) {
    const nvml = fakeNvml();
    nvml.codes.set("nvmlInit_v2", code);
    const finding = await machine(nvml, {
      files: {
        "/proc/driver/nvidia/version":
          "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.54.03  Tue Jun  6\n",
      },
    }).source.diagnose();
    assert.equal(finding.present, present, name);
    assert.equal(finding.path, SONAME);
    assert.match(finding.version ?? "", /535\.54\.03/);
    assert.deepEqual(finding.calls.map(({ outcome }) => outcome), [name]);
    assert.deepEqual(finding.failures.map((f) => [f.code, f.driverCode]), [[failureCode, name]]);
    assert.match(finding.advice.join(), advice);
  }
});

test("any call may fail while the doctor asks", async () => {
  const probe = fakeNvml([fakeGpu(0), fakeGpu(1)]);
  await machine(probe).source.diagnose();
  for (let call = 1; call <= probe.calls.length; call++) {
    for (const code of [1, 4, 9, 15, 18, 999]) {
      const nvml = fakeNvml([fakeGpu(0), fakeGpu(1)]);
      nvml.failAt = { call, code, times: 1 };
      const finding = await machine(nvml).source.diagnose();
      const what = `call ${call} (${nvml.calls[call - 1]}) answers ${code}`;
      const isLast = nvml.calls[call - 1] === "nvmlShutdown";
      assert.ok(isLast || finding.failures.length > 0, what);
      assert.ok(finding.calls.some(({ outcome }) => outcome !== "NVML_SUCCESS"), what);
    }
  }
});

test("debugging shows what the driver wrote, in the form it wrote it", async () => {
  const nvml = fakeNvml([fakeGpu(0, { rows: [{ pid: 0x1234, used: 0xabcdefn }] })]);
  const host = fakeHost({ libraries: { [SONAME]: nvml.functions } });
  await makeNvml(host, { ...OPTIONS, debug: true }).read(ALL);
  const line = (name: string) => host.debugLines.find((text) => text.includes(name)) ?? "";
  assert.match(line("nvmlDeviceGetMemoryInfo_v2"), /28000002.*NVML_SUCCESS/);
  assert.match(line("ComputeRunningProcesses_v3"), /34120000.{8}efcdab0000000000f{16}/);
  assert.match(line("nvmlDeviceGetPowerUsage"), /100500/);
  const quiet = fakeHost({ libraries: { [SONAME]: fakeNvml().functions } });
  await makeNvml(quiet, OPTIONS).read(ALL);
  assert.ok(!quiet.debugLines.some((text) => text.includes("nvmlDeviceGetPowerUsage")));
});
