/** The names in quotes are the original's tests, whose every case is kept. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryReport, ramMb, vramMb, vramQualifier } from "../lib/report.ts";
import type { Snapshot } from "../lib/snapshot.ts";
import { aDevice, aProcessGpuInfo, aSnapshot } from "../lib/testing.ts";
import { capturedLog } from "./support/captured_log.ts";

const MB = 1024 ** 2;

/** RAM, and the GPU memory of the process itself. */
function perProcess(ram: number, vram: number, name: string | null = "NVIDIA Test GPU"): Snapshot {
  return aSnapshot({
    ramBytes: ram * MB,
    gpu: aProcessGpuInfo({ usedBytes: vram * MB, deviceUsedBytes: 9000 * MB }),
    gpuDevice: aDevice({ name, totalBytes: 16384 * MB, usedBytes: 9000 * MB }),
  });
}

/** RAM, and the GPU memory of the whole device. */
function deviceWide(ram: number, vram: number): Snapshot {
  return aSnapshot({
    ramBytes: ram * MB,
    gpu: aProcessGpuInfo({ usedBytes: null, deviceUsedBytes: vram * MB, source: "nvidia_smi" }),
    gpuDevice: aDevice({ totalBytes: 16384 * MB, usedBytes: vram * MB }),
  });
}

function withoutGpu(ram: number | null): Snapshot {
  return aSnapshot({ ramBytes: ram === null ? null : ram * MB });
}

test("report_delta_positive_for_allocation", () => {
  const report = new MemoryReport(perProcess(100, 500), perProcess(200, 1000));
  assert.equal(report.ramDeltaMb, 100);
  assert.equal(report.vramDeltaMb, 500);
});

test("report_delta_negative_for_deallocation", () => {
  const report = new MemoryReport(perProcess(500, 2000), perProcess(300, 800));
  assert.equal(report.ramDeltaMb, -200);
  assert.equal(report.vramDeltaMb, -1200);
});

test("report_delta_none_when_no_vram", () => {
  assert.equal(new MemoryReport(withoutGpu(100), withoutGpu(200)).vramDeltaMb, null);
});

test("report_delta_none_when_only_one_side_has_vram", () => {
  assert.equal(new MemoryReport(withoutGpu(100), perProcess(200, 500)).vramDeltaMb, null);
  assert.equal(new MemoryReport(perProcess(200, 500), withoutGpu(100)).vramDeltaMb, null);
});

test("vram_qualifier_per_process", () => {
  assert.equal(vramQualifier(perProcess(1, 1)), " [per-process]");
});

test("vram_qualifier_device_wide", () => {
  assert.equal(vramQualifier(deviceWide(1, 1)), " [device-wide]");
});

test("vram_qualifier_empty_when_no_gpu", () => {
  assert.equal(vramQualifier(withoutGpu(1)), "");
});

test("format_delta_with_vram_per_process", () => {
  const report = new MemoryReport(perProcess(100, 500), perProcess(200, 1000));
  assert.equal(
    report.formatDelta("alloc"),
    "  alloc: RAM +100 MB  |  VRAM +500 MB [per-process]\n",
  );
});

test("format_delta_with_vram_device_wide", () => {
  const report = new MemoryReport(deviceWide(100, 500), deviceWide(150, 750));
  assert.equal(report.formatDelta("step"), "  step: RAM +50 MB  |  VRAM +250 MB [device-wide]\n");
});

test("format_delta_without_vram", () => {
  const report = new MemoryReport(withoutGpu(100), withoutGpu(130));
  assert.equal(report.formatDelta("cpu"), "  cpu: RAM +30 MB\n");
});

test("format_delta_negative_ram", () => {
  const report = new MemoryReport(withoutGpu(130), withoutGpu(100));
  assert.equal(report.formatDelta("free"), "  free: RAM -30 MB\n");
});

test("format_before_after_with_vram_and_name", () => {
  const report = new MemoryReport(perProcess(100, 500), perProcess(200, 1000));
  assert.equal(
    report.formatBeforeAfter("model_load"),
    "  model_load: RAM 100 MB → 200 MB (+100 MB)\n" +
      "  model_load: VRAM 500 MB → 1000 MB (+500 MB / 16384 MB) [per-process] [NVIDIA Test GPU]\n",
  );
});

test("format_before_after_without_vram", () => {
  const report = new MemoryReport(withoutGpu(100), withoutGpu(150));
  assert.equal(report.formatBeforeAfter("cpu_only"), "  cpu_only: RAM 100 MB → 150 MB (+50 MB)\n");
});

test("print_delta_does_not_panic, and prints its string", () => {
  const report = new MemoryReport(perProcess(100, 500), perProcess(200, 1000));
  const printed = capturedLog(() => report.printDelta("alloc"));
  assert.deepEqual(printed, [[report.formatDelta("alloc").slice(0, -1)]]);
  const written: string[] = [];
  report.printDelta("alloc", (text) => written.push(text));
  assert.deepEqual(written, [report.formatDelta("alloc")]);
});

test("print_before_after_does_not_panic, and prints its string", () => {
  const report = new MemoryReport(perProcess(100, 500), perProcess(200, 1000));
  const printed = capturedLog(() => report.printBeforeAfter("load"));
  assert.deepEqual(printed, [[report.formatBeforeAfter("load").slice(0, -1)]]);
  const written: string[] = [];
  report.printBeforeAfter("load", (text) => written.push(text));
  assert.deepEqual(written, [report.formatBeforeAfter("load")]);
});

test("the second line appears only when both sides have a GPU", () => {
  for (const [a, b] of [[withoutGpu(1), perProcess(1, 1)], [perProcess(1, 1), withoutGpu(1)]]) {
    assert.equal(new MemoryReport(a!, b!).formatBeforeAfter("x").split("\n").length, 2);
    assert.doesNotMatch(new MemoryReport(a!, b!).formatDelta("x"), /VRAM/);
  }
});

test("the total needs the device, the name needs a name", () => {
  const before = perProcess(100, 500);
  const bare = { ...perProcess(100, 500), gpuDevice: null };
  assert.match(
    new MemoryReport(before, bare).formatBeforeAfter("x"),
    /VRAM 500 MB → 500 MB \(\+0 MB\) \[per-process\]\n$/,
  );
  assert.match(
    new MemoryReport(before, perProcess(100, 500, null)).formatBeforeAfter("x"),
    /\(\+0 MB \/ 16384 MB\) \[per-process\]\n$/,
  );
});

test("figures round ties to even and never show -0", () => {
  const report = new MemoryReport(withoutGpu(2.5), withoutGpu(2));
  assert.equal(report.formatBeforeAfter("x"), "  x: RAM 2 MB → 2 MB (+0 MB)\n");
  assert.equal(report.formatDelta("x"), "  x: RAM +0 MB\n");
});

test("unknown RAM is ?, and no difference is made up", () => {
  const report = new MemoryReport(withoutGpu(null), withoutGpu(200));
  assert.equal(report.ramDeltaMb, null);
  assert.equal(report.formatDelta("x"), "  x: RAM ?\n");
  assert.equal(report.formatBeforeAfter("x"), "  x: RAM ? → 200 MB (?)\n");
});

test("unknown GPU memory is ? and has no qualifier", () => {
  const unknown = {
    ...deviceWide(100, 0),
    gpu: aProcessGpuInfo({ usedBytes: null, deviceUsedBytes: null }),
  };
  const report = new MemoryReport(deviceWide(100, 500), unknown);
  assert.equal(report.vramDeltaMb, null);
  assert.equal(vramQualifier(unknown), "");
  assert.equal(report.formatDelta("x"), "  x: RAM +0 MB  |  VRAM ?\n");
  assert.equal(
    report.formatBeforeAfter("x"),
    "  x: RAM 100 MB → 100 MB (+0 MB)\n  x: VRAM 500 MB → ? (? / 16384 MB)\n",
  );
});

test("a process figure is never compared with a device figure", () => {
  const toDevice = new MemoryReport(perProcess(1, 500), deviceWide(1, 9500));
  assert.equal(toDevice.formatDelta("x"), "  x: RAM +0 MB  |  VRAM +500 MB [device-wide]\n");
  const toProcess = new MemoryReport(deviceWide(1, 9500), perProcess(1, 500));
  assert.equal(toProcess.vramDeltaMb, null);
  assert.equal(toProcess.formatDelta("x"), "  x: RAM +0 MB  |  VRAM ? [per-process]\n");
});

test("a device's name can't act on the terminal", () => {
  const report = new MemoryReport(perProcess(1, 1), perProcess(1, 1, "GPU\x1b[2J\n"));
  assert.match(report.formatBeforeAfter("x"), / \[GPU\\u\{1b\}\[2J\\u\{a\}\]\n$/);
});

test("ram_mb_conversion, ram_mb_zero", () => {
  assert.equal(ramMb(aSnapshot({ ramBytes: 1_048_576 })), 1);
  assert.equal(ramMb(aSnapshot({ ramBytes: 0 })), 0);
  assert.equal(ramMb(aSnapshot({ ramBytes: null })), null);
});

test("vram_mb_none_when_no_gpu, vram_mb_some_when_gpu_present", () => {
  assert.equal(vramMb(withoutGpu(1)), null);
  assert.equal(vramMb(perProcess(1, 2)), 2);
  assert.equal(vramMb(deviceWide(1, 3)), 3);
  assert.equal(vramMb(aSnapshot({ gpu: aProcessGpuInfo({ usedBytes: null }) })), null);
});
