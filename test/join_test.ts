/** Windows' sources joined: by LUID and PCI address, never by position. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { aDevice, aGpuProcess } from "../lib/testing.ts";
import type { DeviceInfo, GpuProcess, WddmDevice, WddmUsage } from "../lib/records.ts";
import type { SourceName } from "../lib/sources.ts";
import { readGpus } from "../workers/gpu/combine.ts";
import { joinReadings } from "../workers/gpu/join.ts";
import type { GpuReading, GpuSource } from "../workers/gpu/source.ts";

const GIB = 2 ** 30;
const RTX = "10de:2684";
const INTEL = "8086:a780";

const NO_USAGE: WddmUsage = {
  dedicatedUsageBytes: null,
  sharedUsageBytes: null,
  totalCommittedBytes: null,
  localUsageBytes: null,
  nonLocalUsageBytes: null,
};

function wddm(some: Partial<WddmDevice>): WddmDevice {
  return { ...NO_USAGE, dedicatedTotalBytes: null, sharedTotalBytes: null, ...some };
}

function luid(number: number): string {
  return `0x00000000_0x${number.toString(16).padStart(8, "0")}`;
}

function place(bus: number, domain = 0): string {
  const hex = (value: number, digits: number) =>
    value.toString(16).padStart(digits, "0").toUpperCase();
  return `${hex(domain, 8)}:${hex(bus, 2)}:00.0`;
}

function reading(some: Partial<GpuReading>): GpuReading {
  return { devices: [], processes: [], listedDevices: [], failures: [], ...some };
}

/** As NVML tells of a card. */
function card(index: number, bus: number, more: Partial<DeviceInfo> = {}): DeviceInfo {
  return aDevice({
    index,
    name: "NVIDIA GeForce RTX 4090",
    totalBytes: 24 * GIB,
    usedBytes: 8 * GIB,
    freeBytes: 16 * GIB,
    uuid: `GPU-${bus}`,
    pciBusId: place(bus),
    pciId: RTX,
    ...more,
  });
}

/** As DXGI tells of an adapter. */
function adapter(index: number, number: number, more: Partial<DeviceInfo> = {}): DeviceInfo {
  return aDevice({
    index,
    name: "NVIDIA GeForce RTX 4090",
    totalBytes: 23 * GIB,
    usedBytes: null,
    freeBytes: null,
    luid: luid(number),
    pciId: RTX,
    memoryKind: "dedicated",
    wddm: wddm({ dedicatedTotalBytes: 23 * GIB, sharedTotalBytes: 32 * GIB }),
    source: "dxgi",
    ...more,
  });
}

/** As PDH tells of one. */
function counted(index: number, number: number, more: Partial<DeviceInfo> = {}): DeviceInfo {
  return aDevice({
    index,
    totalBytes: null,
    usedBytes: 1000 + number,
    freeBytes: null,
    sharedUsedBytes: 10 + number,
    usedIncludesReserved: false,
    luid: luid(number),
    wddm: wddm({ dedicatedUsageBytes: 1000 + number, sharedUsageBytes: 10 + number }),
    source: "pdh",
    ...more,
  });
}

function row(pid: number, deviceIndex: number, usedBytes: number): GpuProcess {
  return aGpuProcess({
    pid,
    name: `p${pid}.exe`,
    usedBytes,
    sharedUsedBytes: 5,
    deviceIndex,
    wddm: { ...NO_USAGE, dedicatedUsageBytes: usedBytes, sharedUsageBytes: 5 },
    source: "pdh",
  });
}

function joined(nvml: GpuReading, dxgi: GpuReading, pdh: GpuReading): GpuReading {
  return joinReadings(joinReadings(nvml, dxgi, "dxgi"), pdh, "pdh");
}

/** What tells who is who: NVML's UUID, Windows' number, its counter. */
function identities({ devices }: GpuReading) {
  return devices.map((device) => [
    device.index,
    device.uuid,
    device.luid,
    device.wddm?.dedicatedUsageBytes ?? null,
  ]);
}

test("two equal cards in the display's order: each finds its own by the PCI address", () => {
  const all = joined(
    reading({ devices: [card(0, 1), card(1, 2)] }),
    reading({
      devices: [adapter(0, 7, { pciBusId: place(2) }), adapter(1, 9, { pciBusId: place(1) })],
    }),
    reading({ devices: [counted(0, 7), counted(1, 9)] }),
  );
  assert.deepEqual(identities(all), [
    [0, "GPU-1", luid(9), 1009],
    [1, "GPU-2", luid(7), 1007],
  ]);
  assert.deepEqual(all.failures, []);
  const [first] = all.devices;
  // NVML's own numbers stay, and Windows' stand beside them.
  assert.equal(first?.usedBytes, 8 * GIB);
  assert.equal(first?.sharedUsedBytes, 19);
  assert.equal(first?.wddm?.dedicatedTotalBytes, 23 * GIB);
  assert.equal(first?.source, "nvml");
});

test("equal cards of which Windows tells no address are not guessed, nor listed twice", () => {
  const all = joined(
    reading({ devices: [card(0, 1), card(1, 2)] }),
    reading({ devices: [adapter(0, 7), adapter(1, 9)] }),
    reading({ devices: [counted(0, 7)], processes: [row(5, 0, 1)] }),
  );
  assert.deepEqual(identities(all), [[0, "GPU-1", null, null], [1, "GPU-2", null, null]]);
  assert.deepEqual(all.processes, []);
  assert.deepEqual(all.failures.map(({ source, code }) => [source, code]), [
    ["dxgi", "not_supported"],
    ["dxgi", "not_supported"],
    ["pdh", "not_supported"],
  ]);
});

test("the only card of its model needs no address", () => {
  const all = joined(
    reading({ devices: [card(0, 1)] }),
    reading({ devices: [adapter(0, 3, { pciId: INTEL, name: "Intel" }), adapter(1, 7)] }),
    reading({ devices: [counted(0, 3), counted(1, 7)] }),
  );
  assert.deepEqual(identities(all), [
    [0, "GPU-1", luid(7), 1007],
    [1, null, luid(3), 1003],
  ]);
});

test("a card in TCC mode is NVML's alone, with what its processes hold", () => {
  const held = aGpuProcess({ pid: 4, name: "train.exe", usedBytes: 6 * GIB, deviceIndex: 0 });
  const untold = aGpuProcess({ pid: 5, usedBytes: null, deviceIndex: 1, contexts: ["graphics"] });
  const all = joined(
    reading({
      devices: [card(0, 1), card(1, 2)],
      processes: [held, untold],
      listedDevices: [0, 1],
    }),
    reading({ devices: [adapter(0, 7, { pciBusId: place(2) })] }),
    reading({
      devices: [counted(0, 7)],
      processes: [row(5, 0, 300), row(6, 0, 7)],
      listedDevices: [0],
    }),
  );
  assert.deepEqual(identities(all), [[0, "GPU-1", null, null], [1, "GPU-2", luid(7), 1007]]);
  assert.deepEqual(
    all.processes.map((p) => [p.deviceIndex, p.pid, p.usedBytes, p.missing, p.source, p.contexts]),
    [
      [0, 4, 6 * GIB, null, "nvml", []],
      [1, 5, 300, null, "pdh", ["graphics"]],
      [1, 6, 7, null, "pdh", []],
    ],
  );
  assert.equal(all.processes[1]?.name, "p5.exe");
  assert.deepEqual(all.processes[1]?.deviceUuid, "GPU-2");
  assert.deepEqual(all.listedDevices, [0, 1]);
});

test("a card in MCDM mode is in the counters and not in DXGI, and keeps NVML's figures", () => {
  const held = aGpuProcess({ pid: 4, usedBytes: 6 * GIB, deviceIndex: 0 });
  const all = joined(
    reading({ devices: [card(0, 1)], processes: [held], listedDevices: [0] }),
    reading({ devices: [adapter(0, 3, { pciId: INTEL, pciBusId: place(0) })] }),
    reading({
      devices: [counted(0, 7, { pciBusId: place(1) }), counted(1, 3, { pciBusId: place(0) })],
      processes: [row(4, 0, 5 * GIB)],
      listedDevices: [0, 1],
    }),
  );
  assert.deepEqual(identities(all), [[0, "GPU-1", luid(7), 1007], [1, null, luid(3), 1003]]);
  const [first] = all.processes;
  assert.equal(first?.usedBytes, 6 * GIB);
  assert.equal(first?.source, "nvml");
  assert.equal(first?.wddm?.dedicatedUsageBytes, 5 * GIB);
});

test("a PCI domain that Windows does not tell is no other place", () => {
  const all = joined(
    reading({ devices: [card(0, 1, { pciBusId: place(1, 3) })] }),
    reading({ devices: [adapter(0, 7, { pciBusId: place(1), pciId: null })] }),
    reading({}),
  );
  assert.deepEqual(identities(all), [[0, "GPU-1", luid(7), null]]);
  const two = joined(
    reading({
      devices: [card(0, 1, { pciBusId: place(1, 3) }), card(1, 2, { pciBusId: place(1, 4) })],
    }),
    reading({ devices: [adapter(0, 7, { pciBusId: place(1), pciId: null })] }),
    reading({}),
  );
  assert.deepEqual(identities(two).map(([, , number]) => number), [null, null]);
});

test("without NVIDIA's library DXGI and PDH together tell a whole device", () => {
  const all = joined(
    reading({}),
    reading({ devices: [adapter(0, 7, { name: "AMD", pciId: "1002:744c" })] }),
    reading({
      devices: [counted(0, 7, { usedBytes: 3 * GIB })],
      processes: [row(5, 0, 300)],
      listedDevices: [0],
    }),
  );
  const [device] = all.devices;
  assert.deepEqual(
    [device?.name, device?.totalBytes, device?.usedBytes, device?.freeBytes, device?.source],
    ["AMD", 23 * GIB, 3 * GIB, 20 * GIB, "dxgi"],
  );
  assert.equal(all.processes[0]?.deviceName, "AMD");
  assert.deepEqual(all.listedDevices, [0]);
});

test("a GPU without memory of its own uses the system's", () => {
  const all = joined(
    reading({}),
    reading({
      devices: [adapter(0, 3, { pciId: INTEL, totalBytes: 16 * GIB, memoryKind: "unified" })],
    }),
    reading({
      devices: [
        counted(0, 3, {
          usedBytes: 0,
          sharedUsedBytes: 2 * GIB,
          wddm: wddm({ dedicatedUsageBytes: 0, sharedUsageBytes: 2 * GIB }),
        }),
      ],
    }),
  );
  assert.equal(all.devices[0]?.usedBytes, 2 * GIB);
  assert.equal(all.devices[0]?.freeBytes, 14 * GIB);
});

test("more used than there is leaves no free memory to tell", () => {
  const all = joined(
    reading({}),
    reading({ devices: [adapter(0, 7, { totalBytes: 500 })] }),
    reading({ devices: [counted(0, 7)] }),
  );
  assert.equal(all.devices[0]?.usedBytes, 1007);
  assert.equal(all.devices[0]?.freeBytes, null);
});

test("a software renderer is no GPU, whoever lists it", () => {
  const all = joined(
    reading({}),
    reading({ devices: [adapter(0, 7)], leftOut: [luid(66)] }),
    reading({
      devices: [counted(0, 66), counted(1, 7)],
      processes: [row(5, 0, 1), row(6, 1, 2)],
      listedDevices: [0, 1],
      failures: [{ code: "bad_value", source: "pdh", message: "", deviceIndex: 0 }],
    }),
  );
  assert.deepEqual(identities(all), [[0, null, luid(7), 1007]]);
  assert.deepEqual(all.processes.map(({ pid, deviceIndex }) => [pid, deviceIndex]), [[6, 0]]);
  assert.deepEqual(all.listedDevices, [0]);
  assert.deepEqual(all.failures, []);
});

test("adapters that PDH alone knows come behind, and failures keep pointing at their devices", () => {
  const all = joined(
    reading({
      devices: [card(0, 1)],
      failures: [{ code: "driver_failed", source: "nvml", message: "", deviceIndex: 0 }],
    }),
    reading({ devices: [adapter(0, 7)] }),
    reading({
      devices: [counted(0, 8, { pciBusId: place(5) })],
      failures: [{ code: "bad_value", source: "pdh", message: "", deviceIndex: 0 }],
    }),
  );
  assert.deepEqual(identities(all), [[0, "GPU-1", luid(7), null], [1, null, luid(8), 1008]]);
  assert.deepEqual(all.failures.map(({ deviceIndex }) => deviceIndex), [0, 1]);
});

function source(name: SourceName, told: GpuReading, joins: boolean): GpuSource & { asked: number } {
  return {
    name,
    ...(joins ? { joins: true as const } : {}),
    asked: 0,
    read() {
      this.asked++;
      return told;
    },
    diagnose: () => assert.fail(),
    close: () => {},
  };
}

const ALL = { processes: true, telemetry: true };

function absent(name: SourceName): GpuReading {
  return reading({ failures: [{ code: "absent", source: name, message: `no ${name}` }] });
}

type Parts = Readonly<Partial<Record<"nvml" | "dxgi" | "pdh" | "nvidia_smi", GpuReading>>>;

/** Those that are left out of `parts` are left alone this time. */
async function ask(parts: Parts) {
  const begun: string[] = [];
  const sources = (Object.keys(parts) as (keyof typeof parts)[]).map((name) =>
    source(name, parts[name]!, name === "dxgi" || name === "pdh")
  );
  const configured = ["nvml", "dxgi", "pdh", "nvidia_smi"] as const;
  const told = await readGpus(sources, ALL, (name) => begun.push(name), undefined, configured);
  return { told, begun };
}

test("on a machine of other makers NVIDIA's absence is no failure, and its program is not run", async () => {
  const { told, begun } = await ask({
    nvml: absent("nvml"),
    dxgi: reading({ devices: [adapter(0, 3, { pciId: INTEL })] }),
    pdh: reading({ devices: [counted(0, 3)], listedDevices: [0] }),
    nvidia_smi: absent("nvidia_smi"),
  });
  assert.deepEqual(told.failures, []);
  assert.deepEqual(begun, ["dxgi", "pdh"]);
});

test("an NVIDIA GPU of which NVML told nothing is asked for by nvidia-smi", async () => {
  const { told, begun } = await ask({
    nvml: reading({ failures: [{ code: "driver_failed", source: "nvml", message: "NVML" }] }),
    dxgi: reading({ devices: [adapter(0, 7, { pciBusId: place(1) })] }),
    pdh: reading({ devices: [counted(0, 7)] }),
    nvidia_smi: reading({
      devices: [card(0, 1, { pciId: null, source: "nvidia_smi", driverVersion: "610.88" })],
    }),
  });
  assert.deepEqual(begun, ["dxgi", "pdh", "nvidia_smi"]);
  assert.deepEqual(identities(told), [[0, "GPU-1", luid(7), 1007]]);
  assert.equal(told.devices[0]?.driverVersion, "610.88");
});

test("without Windows' counters nvidia-smi is asked for what NVML does not tell", async () => {
  const untold = aGpuProcess({ pid: 5, usedBytes: null, missing: "not_told", deviceIndex: 0 });
  const nvml = reading({ devices: [card(0, 1)], processes: [untold], listedDevices: [0] });
  const smi = reading({
    devices: [card(0, 1, { source: "nvidia_smi" })],
    processes: [aGpuProcess({ pid: 5, usedBytes: 77, source: "nvidia_smi" })],
    listedDevices: [0],
  });
  const dxgi = reading({ devices: [adapter(0, 7)] });
  const without = await ask({ nvml, dxgi, pdh: absent("pdh"), nvidia_smi: smi });
  assert.equal(without.told.processes[0]?.usedBytes, 77);
  assert.equal(without.told.processes[0]?.source, "nvidia_smi");
  const counters = reading({ devices: [counted(0, 7)], processes: [row(5, 0, 88)] });
  const withThem = await ask({ nvml, dxgi, pdh: counters, nvidia_smi: smi });
  assert.equal(withThem.told.processes[0]?.usedBytes, 88);
  assert.deepEqual(withThem.begun, ["dxgi", "pdh"]);
});

test("NVML's list is not the whole one where the counters were not read, but of a card in TCC mode", async () => {
  const nvml = reading({
    devices: [card(0, 1), card(1, 2)],
    processes: [aGpuProcess({ pid: 5, usedBytes: null, missing: "not_told", deviceIndex: 1 })],
    listedDevices: [0, 1],
  });
  // The first is in TCC mode: Windows does not know it.
  const dxgi = reading({ devices: [adapter(0, 7, { pciBusId: place(2) })] });
  const counters = reading({ devices: [counted(0, 7)], listedDevices: [0] });
  const failed = reading({ failures: [{ code: "driver_failed", source: "pdh", message: "" }] });
  const unread = reading({ devices: [counted(0, 7)] });
  const smi = absent("nvidia_smi");
  const listed = async (parts: Parts) => (await ask(parts)).told.listedDevices;
  assert.deepEqual(await listed({ nvml, dxgi, pdh: counters, nvidia_smi: smi }), [0, 1]);
  assert.deepEqual(await listed({ nvml, dxgi, pdh: failed, nvidia_smi: smi }), [0]);
  assert.deepEqual(await listed({ nvml, dxgi, pdh: unread, nvidia_smi: smi }), [0]);
  assert.deepEqual(await listed({ nvml, dxgi, nvidia_smi: smi }), [0], "left alone");
  assert.deepEqual(await listed({ nvml, nvidia_smi: smi }), [], "nobody knows the displays");
  assert.deepEqual(
    await listed({ nvml, dxgi, pdh: absent("pdh"), nvidia_smi: smi }),
    [0, 1],
    "there are no counters",
  );
});

test("what PDH alone counts is no GPU where DXGI listed those, and may be one where it did not", async () => {
  const pdh = reading({
    devices: [counted(0, 7), counted(1, 99)],
    processes: [row(5, 1, 300)],
    listedDevices: [0, 1],
  });
  const amd = { pciId: "1002:744c" };
  const known = await ask({
    nvml: absent("nvml"),
    dxgi: reading({ devices: [adapter(0, 7, amd)] }),
    pdh,
  });
  assert.deepEqual(identities(known.told), [[0, null, luid(7), 1007]]);
  assert.deepEqual(known.told.processes, []);
  assert.deepEqual(known.told.failures, []);
  const hung = await ask({ nvml: reading({}), pdh });
  assert.deepEqual(identities(hung.told).map(([, , number]) => number), [luid(7), luid(99)]);
});

test("an Intel GPU is never NVML's, also where NVML tells no model and no place", () => {
  const all = joined(
    reading({ devices: [card(0, 1, { pciId: null, pciBusId: null })] }),
    reading({ devices: [adapter(0, 3, { pciId: INTEL })] }),
    reading({}),
  );
  assert.deepEqual(identities(all), [[0, "GPU-1", null, null], [1, null, luid(3), null]]);
  assert.deepEqual(all.failures, []);
});

test("processes on a GPU without memory of its own hold what they share and what is carved out", () => {
  const all = joined(
    reading({}),
    reading({
      devices: [adapter(0, 3, { pciId: INTEL, totalBytes: 16 * GIB, memoryKind: "unified" })],
    }),
    reading({ devices: [counted(0, 3)], processes: [row(5, 0, 300)], listedDevices: [0] }),
  );
  assert.equal(all.processes[0]?.usedBytes, 305);
  // It is in that sum, and stands by itself only among Windows' own counters.
  assert.equal(all.processes[0]?.sharedUsedBytes, null);
  assert.equal(all.devices[0]?.sharedUsedBytes, null);
  assert.equal(all.processes[0]?.wddm?.sharedUsageBytes, 5);
  assert.equal(all.devices[0]?.usedBytes, 1003 + 13);
});
