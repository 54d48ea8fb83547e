/** nvidia-smi's output, real and random, against the parsers. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { DeviceInfo } from "../lib/records.ts";
import { readCell, readMebibytes, readNumber, splitLine } from "../workers/gpu/nvidia_smi/cells.ts";
import { fieldsToAsk, type GpuField, unknownField } from "../workers/gpu/nvidia_smi/fields.ts";
import { readName } from "../workers/gpu/nvidia_smi/names.ts";
import { parseApps } from "../workers/gpu/nvidia_smi/query_apps.ts";
import { parseGpus } from "../workers/gpu/nvidia_smi/query_gpu.ts";
import { firstSentence, sayingFailure, saysNoDevices } from "../workers/gpu/nvidia_smi/words.ts";
import { normalPciBusId } from "../workers/gpu/pci_bus_id.ts";

const MIB = 2 ** 20;
/** The columns of the golden `query-gpu` files. */
const COLUMNS: readonly GpuField[] = [
  "index",
  "uuid",
  "name",
  "memory.total",
  "memory.used",
  "memory.free",
  "memory.reserved",
  "utilization.gpu",
  "temperature.gpu",
  "power.draw",
  "clocks.sm",
  "clocks.mem",
  "driver_version",
];

function golden(file: string): string {
  const url = new URL(`./golden/nvidia-smi/${file}`, import.meta.url);
  return fs.readFileSync(fileURLToPath(url.href), "utf8");
}

/** A seeded generator of numbers in [0, 1). */
function randomness(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const VERSIONS = ["535", "550"] as const;

test("golden a100: eight GPUs with every number", () => {
  for (const version of VERSIONS) {
    const { devices, failures, otherLines } = parseGpus(
      golden(`a100/${version}/query-gpu.out`),
      COLUMNS,
    );
    assert.deepEqual(failures, []);
    assert.deepEqual(otherLines, []);
    assert.equal(devices.length, 8);
    for (const [i, device] of devices.entries()) {
      assert.deepEqual(device, {
        index: i,
        name: "NVIDIA A100-SXM4-40GB",
        totalBytes: 40960 * MIB,
        freeBytes: 40377 * MIB,
        usedBytes: 0,
        reservedBytes: 583 * MIB,
        driverVersion: "550.163.01",
        sharedUsedBytes: null,
        pciId: null,
        luid: null,
        wddm: null,
        usedIncludesReserved: false,
        memoryKind: "dedicated",
        state: "ok",
        uuid: `GPU-12345678-1234-1234-1234-12345678000${i}`,
        pciBusId: null,
        utilizationRatio: 0,
        memoryBandwidthBusyRatio: null,
        temperatureCelsius: 33,
        powerWatts: 72,
        smClockMhz: 210,
        memoryClockMhz: 1215,
        cudaDriverVersion: null,
        eccEnabled: null,
        migEnabled: null,
        migSlices: [],
        source: "nvidia_smi",
      });
      assert.equal(
        device.totalBytes,
        device.usedBytes! + device.freeBytes! + device.reservedBytes!,
      );
    }
  }
});

test("golden with units: the same devices as without", () => {
  for (const machine of ["a100", "l40s-procs", "t4-lost1", "t4-drv470"]) {
    for (const version of VERSIONS) {
      const folder = `${machine}/${version}`;
      const withUnits = parseGpus(golden(`${folder}/query-gpu-header-units.out`), COLUMNS);
      const without = parseGpus(golden(`${folder}/query-gpu.out`), COLUMNS);
      assert.ok(without.devices.length > 0);
      assert.deepEqual(withUnits.devices, without.devices);
      assert.equal(withUnits.otherLines.length, 1, "the header is no device");
    }
  }
});

test("golden t4-lost1: the lost GPU is listed with its state and reason, the others are whole", () => {
  for (const version of VERSIONS) {
    const { devices, failures } = parseGpus(golden(`t4-lost1/${version}/query-gpu.out`), COLUMNS);
    assert.deepEqual(devices.map((d) => d.state), ["ok", "lost", "ok", "ok"]);
    assert.deepEqual(
      devices.map((d) => d.totalBytes),
      [16384, null, 16384, 16384]
        .map((n) => n === null ? null : n * MIB),
    );
    const lost = devices[1]!;
    assert.equal(lost.uuid, "GPU-00000074-0000-0000-0000-000000000001");
    assert.equal(lost.usedBytes, null);
    assert.equal(lost.usedIncludesReserved, null);
    assert.equal(lost.temperatureCelsius, null);
    assert.equal(lost.driverVersion, "550.163.01");
    assert.equal(failures.length, 1);
    assert.equal(failures[0]!.code, "driver_failed");
    assert.equal(failures[0]!.driverCode, "NVML_ERROR_GPU_IS_LOST");
    assert.equal(failures[0]!.deviceIndex, 1);
    assert.match(
      failures[0]!.message,
      /^Cannot read memory\.total, .* of GPU 1: .*\[GPU is lost\]/,
    );
  }
});

test("golden t4-drv470: no memory, with the reason; the rest is there", () => {
  for (const version of VERSIONS) {
    const { devices, failures } = parseGpus(golden(`t4-drv470/${version}/query-gpu.out`), COLUMNS);
    assert.equal(devices.length, 4);
    for (const device of devices) {
      assert.equal(device.totalBytes, null);
      assert.equal(device.usedBytes, null);
      assert.equal(device.memoryKind, null);
      assert.equal(device.state, "failed");
      assert.equal(device.temperatureCelsius, 30);
      assert.equal(device.driverVersion, "470.256.02");
    }
    assert.deepEqual(
      failures.map((f) => [f.code, f.driverCode, f.deviceIndex]),
      [0, 1, 2, 3]
        .map((i) => ["driver_failed", "NVML_ERROR_FUNCTION_NOT_FOUND", i]),
    );
  }
});

test("golden l40s-procs: four rows on two devices, which explain all memory", () => {
  for (const version of VERSIONS) {
    const folder = `l40s-procs/${version}`;
    const { devices } = parseGpus(golden(`${folder}/query-gpu.out`), COLUMNS);
    const apps = parseApps(golden(`${folder}/query-compute-apps.out`), devices);
    assert.deepEqual(apps.failures, []);
    assert.deepEqual(apps.otherLines, []);
    assert.deepEqual(apps.listedDevices, [0, 1]);
    assert.deepEqual(
      apps.processes.map((p) => [p.deviceIndex, p.pid, p.name, p.usedBytes! / MIB]),
      [
        [0, 900, "/usr/lib/xorg/Xorg", 300],
        [0, 1001, "/usr/bin/python3", 12288],
        [0, 1002, "/opt/my app/train? v2", 2048],
        [1, 1001, "/usr/bin/python3", 4096],
      ],
    );
    for (const row of apps.processes) {
      assert.equal(row.nameStatus, "known");
      assert.equal(row.missing, null);
      assert.deepEqual(row.contexts, ["compute"]);
      assert.equal(row.source, "nvidia_smi");
      assert.equal(row.deviceName, "NVIDIA L40S");
      assert.equal(row.deviceUuid, devices[row.deviceIndex]!.uuid);
    }
    const withUnits = parseApps(golden(`${folder}/query-compute-apps-header-units.out`), devices);
    assert.deepEqual(withUnits.processes, apps.processes);
  }
});

test("golden: no process is an empty list, on idle devices a whole one", () => {
  for (const machine of ["a100", "t4-lost1", "t4-drv470"]) {
    const { devices } = parseGpus(golden(`${machine}/550/query-gpu.out`), COLUMNS);
    const apps = parseApps(golden(`${machine}/550/query-compute-apps.out`), devices);
    assert.deepEqual(apps.processes, []);
    const idle = devices.filter((d) => d.usedBytes === 0).map((d) => d.index);
    assert.deepEqual(apps.listedDevices, idle);
  }
});

test("golden errors: no driver, no library, no device, an unknown field", () => {
  for (const version of VERSIONS) {
    const stem = `no-driver/nvidia-smi-${version}`;
    for (
      const name of [
        "reallib__query_gpu_index_name_memory_",
        "reallib__query_compute_apps_pid_proce",
      ]
    ) {
      const output = golden(`${stem}-${name}.out`);
      assert.equal(saysNoDevices(output), false);
      assert.equal(parseGpus(output, COLUMNS).devices.length, 0);
      const failure = sayingFailure("list GPUs", output, Number(golden(`${stem}-${name}.rc`)));
      assert.equal(failure.code, "driver_failed");
      assert.equal(failure.driverCode, "NVML_ERROR_DRIVER_NOT_LOADED");
      assert.match(failure.message, /^Cannot list GPUs: .*couldn't communicate.*; .*[^.]$/);
    }
    const none = sayingFailure("list GPUs", golden(`${stem}-nolib.out`), 12);
    assert.equal(none.code, "absent");
    assert.equal(none.driverCode, "NVML_ERROR_LIBRARY_NOT_FOUND");
    assert.equal(unknownField(golden(`a100/${version}/query-bad-field.out`)), "bogus");
  }
  assert.equal(saysNoDevices(golden("no-devices/query-gpu.out")), true);
  assert.equal(saysNoDevices(golden("no-devices/list.out")), true);
  assert.equal(saysNoDevices(golden("a100/550/bad-index.out")), true);
  assert.equal(unknownField(golden("a100/550/query-gpu.out")), null);
});

test("errors of NVML's start by their names", () => {
  const cases: [string, string, string][] = [
    [
      "Driver/library version mismatch\nNVML library version: 550.1",
      "driver_failed",
      "LIB_RM_VERSION_MISMATCH",
    ],
    ["Driver Not Loaded", "driver_failed", "DRIVER_NOT_LOADED"],
    ["ERROR_LIBRARY_NOT_FOUND", "absent", "LIBRARY_NOT_FOUND"],
    ["Insufficient Permissions", "permission_denied", "NO_PERMISSION"],
    ["GPU access blocked by the operating system", "driver_failed", "OPERATING_SYSTEM"],
    ["Unknown Error", "driver_failed", "UNKNOWN"],
  ];
  for (const [words, code, driverCode] of cases) {
    const failure = sayingFailure("list GPUs", `Failed to initialize NVML: ${words}\n`, 255);
    assert.equal(failure.code, code, words);
    assert.equal(failure.driverCode, `NVML_ERROR_${driverCode}`);
  }
  assert.equal(sayingFailure("list GPUs", "", 15).driverCode, "NVML_ERROR_GPU_IS_LOST");
  const strange = sayingFailure("list GPUs", "\x1b[31mhelp\x07", 77);
  assert.equal(strange.driverCode, undefined);
  assert.equal(strange.message, 'Cannot list GPUs: nvidia-smi says "[31mhelp"');
});

test("each marker means what it says", () => {
  const meaning: [string, string | null][] = [
    ["[N/A]", "not_supported"],
    ["N/A", "not_supported"],
    ["[Not Supported]", "not_supported"],
    ["", "not_supported"],
    ["[GPU is lost]", "lost"],
    ["[GPU requires reset]", "reset_required"],
    ["[Insufficient Permissions]", "denied"],
    ["[Not Found]", "not_found"],
    ["[Function Not Found]", "failed"],
    ["[Unknown Error]", "failed"],
    ["ERR!", "failed"],
    ["12", null],
    ["GPU-1", null],
  ];
  for (const [cell, trouble] of meaning) {
    assert.equal(readCell(cell).trouble, trouble, cell);
    assert.equal(readCell(cell).text, trouble === null ? cell : null, cell);
  }
});

test("names that are none have a status", () => {
  assert.deepEqual(readName("?"), { name: null, nameStatus: "protected" });
  assert.deepEqual(readName("[Insufficient Permissions]"), { name: null, nameStatus: "protected" });
  assert.deepEqual(readName("[Not Found]"), { name: null, nameStatus: "exited" });
  for (const none of ["-", "", "[N/A]", "[Unknown Error]", "[Not Supported]"]) {
    assert.deepEqual(readName(none), { name: null, nameStatus: "unknown" }, none);
  }
  for (const name of ["/bin/a, b", "python3", "??", "[kworker/0:1]", "C:\\x.exe", "名前"]) {
    assert.deepEqual(readName(name), { name, nameStatus: "known" });
  }
});

test("a row has a figure only where it can be true", () => {
  const device = parseGpus("0, GPU-a, X, 1000, 500, 500", COLUMNS.slice(0, 6)).devices[0]!;
  const apps = parseApps(
    [
      "5, a, 1000, GPU-a",
      "4, b, 1001, GPU-a",
      "3, c, [N/A], GPU-a",
      "2, d, 17592186044415, GPU-a",
      "1, e, [Insufficient Permissions], GPU-a",
      "6, f, 1001, GPU-a",
      "7, g, x, GPU-a",
    ].join("\n"),
    [device],
  );
  assert.deepEqual(apps.processes.map((p) => [p.pid, p.usedBytes, p.missing]), [
    [1, null, "not_told"],
    [2, null, "sentinel"],
    [3, null, "not_told"],
    [4, null, "exceeds_total"],
    [5, 1000 * MIB, null],
    [6, null, "exceeds_total"],
    [7, null, "not_told"],
  ]);
  assert.deepEqual(
    apps.failures.map((f) => [f.code, f.count, f.deviceIndex]),
    [
      ["bad_value", 2, 0],
      ["not_supported", 1, 0],
      ["bad_value", 1, 0],
      ["permission_denied", 1, 0],
      ["bad_value", 1, 0],
    ],
  );
  assert.deepEqual(apps.listedDevices, []);
});

test("rows without a device, without a PID or without cells are not rows", () => {
  const device = parseGpus("0, GPU-a, X, 1000, 0, 1000", COLUMNS.slice(0, 6)).devices[0]!;
  for (
    const line of [
      "1, a, 2, GPU-b",
      "0, a, 2, GPU-a",
      "4294967296, a, 2, GPU-a",
      "1, 2, GPU-a",
      "x",
    ]
  ) {
    const apps = parseApps(line, [device]);
    assert.deepEqual(apps.processes, [], line);
    assert.deepEqual(apps.otherLines, [line]);
    assert.deepEqual(apps.listedDevices, [], "what could not be read may be a process");
  }
  const refused = parseApps("[Not Supported], [Not Supported], [Not Supported], GPU-a", [device]);
  assert.deepEqual(refused.otherLines, []);
  assert.deepEqual(refused.listedDevices, []);
  assert.equal(refused.failures[0]!.code, "not_supported");
});

test("a list is whole only where it explains the memory in use", () => {
  const listed = (used: number, rows: string) =>
    parseApps(rows, parseGpus(`0, GPU-a, X, 1000, ${used}, 0`, COLUMNS.slice(0, 6)).devices)
      .listedDevices;
  assert.deepEqual(listed(0, ""), [0]);
  assert.deepEqual(listed(9, ""), []);
  assert.deepEqual(listed(9, "1, a, 8, GPU-a"), [0], "both are rounded to whole MiB");
  assert.deepEqual(listed(11, "1, a, 8, GPU-a"), []);
  assert.deepEqual(listed(8, "1, a, 9, GPU-a"), [0]);
});

test("values that can't be true are null with one failure", () => {
  const fields: GpuField[] = [
    "index",
    "uuid",
    "memory.total",
    "memory.used",
    "utilization.gpu",
    "ecc.mode.current",
  ];
  const { devices, failures } = parseGpus("3, GPU-a, 100, 101, 101, Maybe", fields);
  assert.equal(devices[0]!.index, 3);
  assert.equal(devices[0]!.usedBytes, null);
  assert.equal(devices[0]!.utilizationRatio, null);
  assert.equal(devices[0]!.eccEnabled, null);
  assert.equal(failures.length, 1);
  assert.equal(failures[0]!.code, "bad_value");
  assert.equal(failures[0]!.count, 3);
  assert.match(failures[0]!.message, /memory\.used, utilization\.gpu, ecc\.mode\.current of GPU 3/);
});

test("the reserve is part of the used memory where it is not told", () => {
  const without = COLUMNS.filter((field) => field !== "memory.reserved");
  const old = parseGpus("0, GPU-a, X, 100, 40, 60, 0, 30, 12.5, 300, 400, 470.1", without);
  assert.equal(old.devices[0]!.usedIncludesReserved, true);
  assert.equal(old.devices[0]!.reservedBytes, null);
  assert.equal(old.devices[0]!.powerWatts, 12.5);
  assert.deepEqual(old.failures, []);
});

test("numbers and MiB", () => {
  assert.equal(readNumber("72.50 W"), 72.5);
  for (const none of ["", "-1", "1e3", "0x10", "1 2", "1.", "12 GiB", "9".repeat(16)]) {
    assert.equal(readNumber(none), null, none);
  }
  assert.equal(readMebibytes("17592186044415"), "sentinel");
  assert.equal(readMebibytes("8589934591"), 8589934591 * MIB);
  assert.equal(readMebibytes("8589934592"), null, "above 2^53-1 bytes");
});

test("one PCI bus id in every spelling", () => {
  for (const text of ["00000000:3b:00.0", "0000:3B:00.0", "3b:00.0", " 0000:3b:00.0\n"]) {
    assert.equal(normalPciBusId(text), "00000000:3B:00.0");
  }
  assert.equal(normalPciBusId("00010000:01:00.0"), "00010000:01:00.0");
  for (const none of [null, "", "GPU-1", "0000:3b:00", "0000:3b:00.8", "[N/A]"]) {
    assert.equal(normalPciBusId(none), null);
  }
});

test("100,000 random outputs never throw and never give an untrue number", () => {
  const random = randomness(20250101);
  const pieces = [
    ...[
      "0",
      "1",
      "17",
      "4294967296",
      "17592186044415",
      "-1",
      "1.5",
      "GPU-a",
      "GPU-b",
      "MIG-x",
      "[N/A]",
    ],
    ...[
      "[GPU is lost]",
      "ERR!",
      "[",
      "]",
      ",",
      ", ",
      ",,",
      "\n",
      "\r\n",
      " ",
      "é",
      "\ud800",
      "\0",
      "?",
    ],
    ...[
      "Enabled",
      "MiB",
      "00000000:01:00.0",
      "No devices were found",
      'Field "x" is not a valid field',
    ],
  ];
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const all = fieldsToAsk(true, new Set());
  const device = parseGpus("0, GPU-a, X, 1000, 500, 500", COLUMNS.slice(0, 6)).devices[0]!;
  for (let i = 0; i < 100_000; i++) {
    let text = "";
    for (let n = Math.floor(random() * 40); n > 0; n--) text += pick(pieces);
    const { devices } = parseGpus(text, pick([COLUMNS, all, COLUMNS.slice(0, 1)]));
    for (const d of devices) assertSane(d);
    const apps = parseApps(text, [device]);
    for (const p of apps.processes) {
      assert.ok(p.pid > 0 && p.deviceIndex === 0);
      assert.equal(p.usedBytes === null, p.missing !== null);
      assert.ok(p.usedBytes === null || p.usedBytes <= device.totalBytes!);
      assert.equal(p.name === null, p.nameStatus !== "known");
    }
    unknownField(text);
    saysNoDevices(text);
    readName(text);
    normalPciBusId(text);
    const { message } = sayingFailure("list GPUs", text, Math.floor(random() * 256));
    assert.ok(message.startsWith("Cannot list GPUs: ") && message.length < 400);
    // deno-lint-ignore no-control-regex
    assert.ok(!/[\x00-\x1f]/.test(firstSentence(text) ?? ""));
  }
});

function assertSane(device: DeviceInfo): void {
  for (const key of ["totalBytes", "freeBytes", "usedBytes", "reservedBytes"] as const) {
    const bytes = device[key];
    assert.ok(bytes === null || (Number.isSafeInteger(bytes) && bytes >= 0), key);
    assert.ok(bytes === null || device.totalBytes === null || bytes <= device.totalBytes, key);
  }
  const ratio = device.utilizationRatio;
  assert.ok(ratio === null || (ratio >= 0 && ratio <= 1));
  assert.ok(Number.isInteger(device.index) && device.index >= 0);
}

test("10,000 generated outputs come back as the planted values", () => {
  const random = randomness(7);
  const int = (below: number) => Math.floor(random() * below);
  const letters = "abz/._- ,é名\"'";
  const name = () =>
    "n" + Array.from({ length: int(12) }, () => [...letters][int(13)]).join("") + "m";
  for (let i = 0; i < 10_000; i++) {
    const planted = Array.from({ length: 1 + int(4) }, (_, index) => {
      const total = 1 + int(200_000);
      const used = int(total + 1);
      const reserved = int(total - used + 1);
      return { index, uuid: `GPU-${i}-${index}`, name: name(), total, used, reserved };
    });
    const gpus = planted.map((p) =>
      [p.index, p.uuid, p.name, p.total, p.used, p.total - p.used - p.reserved, p.reserved].join(
        ", ",
      )
    ).join("\n");
    const { devices, failures } = parseGpus(gpus, COLUMNS.slice(0, 7));
    assert.deepEqual(failures, []);
    assert.deepEqual(
      devices.map((d) => ({
        index: d.index,
        uuid: d.uuid,
        name: d.name,
        total: d.totalBytes! / MIB,
        used: d.usedBytes! / MIB,
        reserved: d.reservedBytes! / MIB,
      })),
      planted,
    );
    const rows = Array.from({ length: int(5) }, (_, n) => {
      const device = planted[int(planted.length)]!;
      return { pid: 1 + n, name: name(), used: int(device.total + 1), device: device.index };
    }).sort((a, b) => a.device - b.device || a.pid - b.pid);
    const apps = parseApps(
      rows.map((r) => `${r.pid}, ${r.name}, ${r.used}, GPU-${i}-${r.device}`).join("\n"),
      devices,
    );
    assert.deepEqual(
      apps.processes.map((p) => ({
        pid: p.pid,
        name: p.name,
        used: p.usedBytes! / MIB,
        device: p.deviceIndex,
      })),
      rows,
    );
    assert.deepEqual(apps.otherLines, []);
  }
});

test("a line splits around the one cell that may hold commas", () => {
  assert.deepEqual(splitLine("1, a, b , c, 2, GPU", 4, 1), ["1", "a, b , c", "2", "GPU"]);
  assert.deepEqual(splitLine("1,,2,GPU", 4, 1), ["1", "", "2", "GPU"]);
  assert.equal(splitLine("1, a, 2", 4, 1), null);
});
