/** The names in quotes are the original's tests, whose every case is kept. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatFree,
  formatTotal,
  formatUsed,
  nameOrUnknown,
  printFree,
  printTotal,
  printUsed,
  summaryLine,
} from "../lib/device_text.ts";
import type { DeviceInfo } from "../lib/records.ts";
import { aDevice } from "../lib/testing.ts";
import { capturedLog } from "./support/captured_log.ts";

const MB = 1024 ** 2;

/** A device described in MB. */
function device(index: number, name: string | null, free: number, total: number): DeviceInfo {
  return aDevice({
    index,
    name,
    freeBytes: free * MB,
    totalBytes: total * MB,
    usedBytes: (total - free) * MB,
  });
}

test("format_free_with_name", () => {
  assert.equal(
    formatFree(device(0, "NVIDIA Test GPU", 13284, 16384)),
    "  GPU 0: free 13284 MB / 16384 MB [NVIDIA Test GPU]\n",
  );
});

test("format_free_without_name", () => {
  assert.equal(formatFree(device(1, null, 4096, 8192)), "  GPU 1: free 4096 MB / 8192 MB\n");
});

test("format_free_full_device", () => {
  assert.equal(
    formatFree(device(2, "Saturated GPU", 0, 4096)),
    "  GPU 2: free 0 MB / 4096 MB [Saturated GPU]\n",
  );
});

test("format_total_with_name", () => {
  assert.equal(
    formatTotal(device(0, "NVIDIA Test GPU", 13284, 16384)),
    "  GPU 0: total 16384 MB [NVIDIA Test GPU]\n",
  );
});

test("format_total_without_name", () => {
  assert.equal(formatTotal(device(1, null, 4096, 8192)), "  GPU 1: total 8192 MB\n");
});

test("format_total_full_device", () => {
  assert.equal(
    formatTotal(device(2, "Saturated GPU", 0, 4096)),
    "  GPU 2: total 4096 MB [Saturated GPU]\n",
  );
});

test("format_used_with_name", () => {
  assert.equal(
    formatUsed(device(0, "NVIDIA Test GPU", 13284, 16384)),
    "  GPU 0: used 3100 MB [NVIDIA Test GPU]\n",
  );
});

test("format_used_without_name", () => {
  assert.equal(formatUsed(device(1, null, 4096, 8192)), "  GPU 1: used 4096 MB\n");
});

test("format_used_idle_device", () => {
  assert.equal(
    formatUsed(device(2, "Idle GPU", 8192, 8192)),
    "  GPU 2: used 0 MB [Idle GPU]\n",
  );
});

test("MB round ties to even", () => {
  assert.equal(formatFree(device(0, null, 0.5, 1.5)), "  GPU 0: free 0 MB / 2 MB\n");
  assert.equal(formatTotal(device(0, null, 0, 2.5)), "  GPU 0: total 2 MB\n");
});

test("unknown figures are ? and keep their unit", () => {
  const unknown = aDevice({ freeBytes: null, totalBytes: null, usedBytes: null });
  assert.equal(formatFree(unknown), "  GPU 0: free ? MB / ? MB\n");
  assert.equal(formatTotal(unknown), "  GPU 0: total ? MB\n");
  assert.equal(formatUsed(unknown), "  GPU 0: used ? MB\n");
  assert.equal(summaryLine(unknown), "GPU 0: free ? MiB / ? MiB");
});

test("print_free_does_not_panic, and each print variant prints its string", () => {
  const gpu = device(0, "NVIDIA Test GPU", 13284, 16384);
  const variants = [
    [printFree, formatFree],
    [printTotal, formatTotal],
    [printUsed, formatUsed],
  ] as const;
  for (const [print, format] of variants) {
    assert.deepEqual(capturedLog(() => print(gpu)), [[format(gpu).slice(0, -1)]]);
    const written: string[] = [];
    print(gpu, (text) => written.push(text));
    assert.deepEqual(written, [format(gpu)]);
  }
});

test("name_or_unknown_returns_inner_when_some", () => {
  assert.equal(nameOrUnknown(aDevice({ name: "NVIDIA Test GPU" })), "NVIDIA Test GPU");
});

test("name_or_unknown_returns_fallback_when_none", () => {
  assert.equal(nameOrUnknown(aDevice()), "unknown GPU");
});

test("summaryLine has the original's form, without what is not known", () => {
  const full = aDevice({
    name: "NVIDIA GeForce RTX 5060 Ti",
    totalBytes: 17_103_323_136,
    freeBytes: 14_967_820_288,
    usedBytes: 1_863_921_664,
    reservedBytes: 271_581_184,
    driverVersion: "610.88",
  });
  assert.equal(
    summaryLine(full),
    "GPU 0 [NVIDIA GeForce RTX 5060 Ti]: free 14274 MiB / 16311 MiB (259 MiB reserved), driver 610.88",
  );
  const mac = aDevice({ name: "Apple M3 Pro", freeBytes: 28753 * MB, totalBytes: 36864 * MB });
  assert.equal(summaryLine(mac), "GPU 0 [Apple M3 Pro]: free 28753 MiB / 36864 MiB");
  assert.equal(
    summaryLine({ ...full, name: null, driverVersion: null }),
    "GPU 0: free 14274 MiB / 16311 MiB (259 MiB reserved)",
  );
});

test("summaryLine cuts MiB off", () => {
  const gpu = aDevice({ index: 3, freeBytes: 2 * MB - 1, totalBytes: 3 * MB - 1 });
  assert.equal(summaryLine(gpu), "GPU 3: free 1 MiB / 2 MiB");
});

test("summaryLine names the state of a device that does not answer", () => {
  const lost = aDevice({ state: "lost", freeBytes: null, totalBytes: null, usedBytes: null });
  assert.equal(summaryLine(lost), "GPU 0: free ? MiB / ? MiB, state lost");
});

test("names can't act on the terminal", () => {
  const gpu = aDevice({ name: "a\x1bb", driverVersion: "1\n2" });
  assert.match(formatFree(gpu), / \[a\\u\{1b\}b\]\n$/);
  assert.match(summaryLine(gpu), /^GPU 0 \[a\\u\{1b\}b\]: .*, driver 1\\u\{a\}2$/);
});
