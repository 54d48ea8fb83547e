import assert from "node:assert/strict";
import { test } from "node:test";
import type { FailureCode } from "../lib/errors.ts";
import { FAILURES, HypomnesisError } from "../lib/errors.ts";
import {
  aCgroupMemory,
  aDevice,
  aDevicesReply,
  aFailure,
  aMemoryReply,
  aMigSlice,
  aSystemMemory,
} from "../lib/testing.ts";
import { hmn } from "./support/cli_world.ts";

const MIB = 2 ** 20;
const RAM = "RAM: used 6144 MiB / 16384 MiB, available 10240 MiB\n";

const RTX = aDevice({
  name: "NVIDIA GeForce RTX 5060 Ti",
  totalBytes: 17103323136,
  freeBytes: 14967820288,
  usedBytes: 2135502848 - 271581184,
  reservedBytes: 271581184,
  driverVersion: "610.88",
  uuid: "GPU-11111111-aaaa",
  pciBusId: "00000000:65:00.0",
});
const RTX_LINE =
  "GPU 0 [NVIDIA GeForce RTX 5060 Ti]: free 14274 MiB / 16311 MiB (259 MiB reserved), driver 610.88\n";
const NO_NVML = aFailure({
  code: "absent",
  source: "nvml",
  message: "Cannot open NVML: no library",
});
const NO_SMI = aFailure({
  code: "absent",
  source: "nvidia_smi",
  message: "Cannot run nvidia-smi: no program",
});

test("a GPU is told in the original's line, and RAM after it", async () => {
  const end = await hmn([], { devices: aDevicesReply({ devices: [RTX] }) });
  assert.equal(end.stdout, RTX_LINE + RAM);
  assert.equal(end.stderr, "");
  assert.equal(end.code, 0);
  assert.deepEqual(end.asked.map(({ kind }) => kind), ["devices", "memory"]);
  assert.ok(end.closed);
});

test("what is not known is left out or a question mark, and the state is told", async () => {
  const lost = aDevice({
    index: 1,
    name: "T4\x1b[2J",
    totalBytes: null,
    freeBytes: null,
    usedBytes: null,
    state: "lost",
  });
  const failure = aFailure({
    source: "nvml",
    message: "Cannot read GPU 1: it is lost; reboot",
    driverCode: "NVML_ERROR_GPU_IS_LOST",
    deviceIndex: 1,
  });
  const end = await hmn([], {
    devices: aDevicesReply({ devices: [aDevice({ totalBytes: MIB }), lost], failures: [failure] }),
  });
  assert.equal(
    end.stdout,
    "GPU 0: free 0 MiB / 1 MiB\n" +
      "GPU 1 [T4\\u{1b}[2J]: free ? MiB / ? MiB, state lost (NVML_ERROR_GPU_IS_LOST)\n" + RAM,
  );
  assert.equal(end.stderr, "hmn: nvml: Cannot read GPU 1: it is lost; reboot\n");
  assert.equal(end.code, 0);
});

test("MIG slices stand below their GPU", async () => {
  const migSlices = [
    aMigSlice({ name: "1g.5gb", totalBytes: 4864 * MIB, freeBytes: 4000 * MIB }),
    aMigSlice({ index: 3, totalBytes: 9 * MIB, freeBytes: null, reservedBytes: 2 * MIB }),
  ];
  const device = { ...RTX, migEnabled: true, migSlices };
  const end = await hmn([], { devices: aDevicesReply({ devices: [device] }) });
  assert.equal(
    end.stdout,
    `${RTX_LINE}  MIG 0 [1g.5gb]: free 4000 MiB / 4864 MiB\n` +
      `  MIG 3: free ? MiB / 9 MiB (2 MiB reserved)\n${RAM}`,
  );
});

test("a container's limit is told with what counts against it", async () => {
  const run = async (cgroup: Parameters<typeof aCgroupMemory>[0]) =>
    (await hmn([], {
      memory: aMemoryReply({
        system: aSystemMemory({ usedBytes: null, cgroup: aCgroupMemory(cgroup) }),
      }),
    })).stdout;
  const start = "hmn: no visible GPUs.\nRAM: used ? MiB / 0 MiB, available 0 MiB";
  assert.equal(await run({ limitBytes: null, usageBytes: 5 }), `${start}\n`);
  assert.equal(
    await run({ limitBytes: 512 * MIB, usageBytes: 500 * MIB, workingSetBytes: 100 * MIB }),
    `${start}, container limit 512 MiB (used 100 MiB)\n`,
  );
  assert.equal(
    await run({ limitBytes: 512 * MIB, usageBytes: 500 * MIB }),
    `${start}, container limit 512 MiB (used 500 MiB)\n`,
  );
  assert.equal(await run({ limitBytes: MIB }), `${start}, container limit 1 MiB (used ? MiB)\n`);
});

test("no GPU is an answer, with the reasons source by source", async () => {
  const end = await hmn([], { devices: aDevicesReply({ failures: [NO_NVML, NO_SMI] }) });
  assert.equal(
    end.stdout,
    "hmn: no visible GPUs: nvml: Cannot open NVML: no library; " +
      `nvidia_smi: Cannot run nvidia-smi: no program\n${RAM}`,
  );
  assert.equal(end.stderr, "");
  assert.equal(end.code, 0);
  const json = await hmn(["--json"], { devices: aDevicesReply({ failures: [NO_NVML, NO_SMI] }) });
  assert.deepEqual([json.code, json.stdout], [0, "[]\n"]);
  assert.equal(
    json.stderr,
    "hmn: nvml: Cannot open NVML: no library\n" +
      "hmn: nvidia_smi: Cannot run nvidia-smi: no program\n",
  );
});

test("where the driver fails, the same line says so, and the exit code is the failure's", async () => {
  for (const [code, { exit }] of Object.entries(FAILURES)) {
    if (code === "absent") continue;
    const failed = aFailure({ code: code as FailureCode, source: "nvml", message: "Cannot say" });
    const devices = aDevicesReply({ failures: [NO_SMI, failed] });
    const end = await hmn([], { devices });
    assert.equal(
      end.stdout,
      `hmn: no visible GPUs: nvidia_smi: Cannot run nvidia-smi: no program; nvml: Cannot say\n${RAM}`,
    );
    assert.equal(end.code, exit, code);
    // An empty list would look like an answer.
    const json = await hmn(["--json"], { devices });
    assert.deepEqual([json.code, json.stdout], [exit, ""]);
    assert.match(json.stderr, /hmn: nvml: Cannot say\n/);
  }
});

test("GPUs of which nothing can be read are no answer", async () => {
  const blind = aDevice({ totalBytes: null, freeBytes: null, usedBytes: null, state: "lost" });
  const failures = [
    aFailure({ code: "driver_failed", source: "nvml", deviceIndex: 0, message: "Cannot read" }),
  ];
  const end = await hmn([], { devices: aDevicesReply({ devices: [blind], failures }) });
  assert.equal(end.stdout, `GPU 0: free ? MiB / ? MiB, state lost\n${RAM}`);
  assert.equal(end.code, 6);
  const seeing = aDevice({ index: 1 });
  const devices = aDevicesReply({ devices: [blind, seeing], failures });
  assert.equal((await hmn([], { devices })).code, 0);
  assert.equal((await hmn(["--device", "0"], { devices })).code, 6);
  const other = await hmn(["--device", "1"], { devices });
  assert.deepEqual([other.code, other.stderr], [0, ""]);
});

test("RAM that can't be read is told, and costs the exit code", async () => {
  const failure = (code: FailureCode) =>
    aMemoryReply({
      failures: [aFailure({ code, source: "proc", message: "Cannot read /proc/meminfo" })],
    });
  const devices = aDevicesReply({ devices: [RTX] });
  const end = await hmn([], { devices, memory: failure("permission_denied") });
  assert.equal(end.stdout, `${RTX_LINE}RAM: used ? MiB / ? MiB, available ? MiB\n`);
  assert.equal(end.stderr, "hmn: proc: Cannot read /proc/meminfo\n");
  assert.equal(end.code, 5);
  assert.equal((await hmn([], { devices, memory: failure("absent") })).code, 0);
});

test("--json is one line with the original's keys first and in its order", async () => {
  const { driverVersion, reservedBytes, ...rest } = RTX;
  const shuffled = {
    ...Object.fromEntries(Object.entries(rest).reverse()),
    driverVersion,
    reservedBytes,
  };
  const end = await hmn(["--json"], {
    devices: aDevicesReply({ devices: [shuffled as typeof RTX, aDevice({ index: 1 })] }),
  });
  assert.match(
    end.stdout,
    /^\[\{"index":0,"name":"NVIDIA GeForce RTX 5060 Ti","total_bytes":17103323136,"free_bytes":14967820288,"used_bytes":1863921664,"reserved_bytes":271581184,"driver_version":"610\.88",[^\n]*\}\]\n$/,
  );
  assert.match(
    end.stdout,
    /\{"index":1,"name":null,"total_bytes":0,"free_bytes":0,"used_bytes":0,"reserved_bytes":null,"driver_version":null,/,
  );
  assert.equal(JSON.parse(end.stdout)[0].pci_bus_id, "00000000:65:00.0");
  assert.deepEqual(end.asked.map(({ kind }) => kind), ["devices"]);
});

test("--device takes an index, a UUID or its beginning, and a PCI bus id", async () => {
  const second = aDevice({ index: 1, name: "Second", uuid: "GPU-11112222-bbbb" });
  const devices = aDevicesReply({ devices: [RTX, second] });
  for (const device of ["0", "GPU-11111111-aaaa", "gpu-11111", "0000:65:00.0", "65:00.0"]) {
    assert.equal((await hmn(["--device", device], { devices })).stdout, RTX_LINE + RAM, device);
  }
  const json = await hmn(["--json", "--device=1"], { devices });
  assert.deepEqual(JSON.parse(json.stdout).map(({ name }: { name: string }) => name), ["Second"]);
  const gone = await hmn(["--device", "99"], { devices });
  assert.equal(gone.stderr, "hmn: error: device index 99 out of range (have 2 devices)\n");
  assert.deepEqual([gone.code, gone.stdout], [3, ""]);
  const unknown = await hmn(["--device", "GPU-99999999"], { devices });
  assert.equal(unknown.stderr, `hmn: error: no device "GPU-99999999" (have 2 devices)\n`);
  assert.equal(unknown.code, 3);
  const both = await hmn(["--device", "GPU-1111"], { devices });
  assert.equal(both.stderr, "hmn: error: Cannot select device GPU-1111: it fits 2 devices\n");
  assert.equal(both.code, 2);
});

test("a device that is asked for where no source could look gives the failure's exit code", async () => {
  const end = await hmn(["--device", "0"], {
    devices: aDevicesReply({
      failures: [NO_NVML, aFailure({ code: "hung", source: "nvidia_smi", message: "Cannot wait" })],
    }),
  });
  assert.equal(
    end.stderr,
    "hmn: error: no GPU measurement source available: Cannot open NVML: no library; Cannot wait\n",
  );
  assert.equal(end.code, 7);
  assert.equal(
    (await hmn(["--device", "0"], { devices: aDevicesReply({ failures: [NO_NVML] }) })).code,
    9,
  );
  assert.equal((await hmn(["--device", "0"])).code, 3);
});

test("each failure of a question has its exit code and one line", async () => {
  for (const [code, { exit }] of Object.entries(FAILURES)) {
    const error = new HypomnesisError(code as FailureCode, "Cannot answer: \x07bell", {
      failures: [aFailure({ source: "proc", message: "Cannot read a" })],
    });
    const end = await hmn([], { devices: error });
    assert.equal(end.stderr, "hmn: proc: Cannot read a\nhmn: error: Cannot answer: \\u{7}bell\n");
    assert.deepEqual([end.code, end.stdout, end.closed], [exit, "", true]);
  }
  const defect = await hmn([], { devices: new TypeError("x is not a function") });
  assert.equal(defect.stderr, "hmn: error: Unexpected error: TypeError: x is not a function\n");
  assert.equal(defect.code, 70);
});
