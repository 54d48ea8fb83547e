/** Buffers of process rows, random and planted, against the parser and the merge. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type FigureRules,
  isPlausible,
  mergeRows,
  parseRows,
  type ProcessRow,
} from "../workers/gpu/nvml/process_rows.ts";

/** As on Linux. */
const rules = (totalBytes: number | null): FigureRules => ({
  totalBytes,
  notAvailable: "sentinel",
});
const CASES = 100_000;
const SIZES = [16, 24, 32] as const;
const SENTINEL = 0xffff_ffff_ffff_ffffn;

/** A seeded generator of whole numbers below `limit`. */
function randomness(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 2 ** 32 * limit);
  };
}

test("100,000 random buffers give rows that hold together", () => {
  const below = randomness(535);
  const buffer = new Uint8Array(32 * 5 + 7);
  for (let round = 0; round < CASES; round++) {
    // Few different bytes, so that sentinels, zeros and small numbers come up.
    const palette = [0, 0, 0xff, 0xff, 1, below(256)];
    const length = below(buffer.length + 1);
    for (let i = 0; i < length; i++) buffer[i] = palette[below(palette.length)]!;
    const size = SIZES[below(3)]!;
    const count = below(8);
    const total = below(2) === 0 ? null : below(2 ** 31) * 2 ** below(20);
    const bytes = buffer.subarray(0, length);
    const rows = parseRows(bytes, count, size, "compute", rules(total));
    assert.equal(rows.length, Math.min(count, Math.floor(length / size)));
    for (const row of rows) checkRow(row, total);
    for (const row of mergeRows(rows)) checkRow(row, total);
  }
});

function checkRow(row: ProcessRow, total: number | null): void {
  const { usedBytes, missing, pid } = row;
  assert.ok(Number.isInteger(pid) && pid >= 0 && pid < 2 ** 32);
  assert.equal(usedBytes === null, missing !== null);
  if (usedBytes !== null) {
    assert.ok(Number.isSafeInteger(usedBytes) && usedBytes >= 0);
    assert.ok(total === null || usedBytes <= total);
  }
  for (const id of [row.gpuInstanceId, row.computeInstanceId]) {
    assert.ok(id === null || (id >= 0 && id < 0xffff_ffff));
  }
}

test("planted rows come back, whatever their size", () => {
  const below = randomness(24);
  for (let round = 0; round < 20_000; round++) {
    const size = SIZES[below(3)]!;
    const total = 1 + below(2 ** 31) * 64;
    const planted = Array.from({ length: below(6) }, (_, i): ProcessRow => {
      const missing = ([null, null, "sentinel", "exceeds_total"] as const)[below(4)]!;
      const gpuInstanceId = size === 16 || below(2) === 0 ? null : below(14);
      return {
        pid: 1 + i * 1000 + below(1000),
        usedBytes: missing === null ? (below(9) === 0 ? total : below(total)) : null,
        missing,
        gpuInstanceId,
        computeInstanceId: gpuInstanceId === null ? null : below(7),
        contexts: ["graphics"],
      };
    });
    // Rubbish behind the rows and in the padding must not matter.
    const bytes = Uint8Array.from({ length: size * planted.length + 16 }, () => below(256));
    const view = new DataView(bytes.buffer);
    planted.forEach((row, i) => {
      const at = i * size;
      const used = row.missing === "sentinel"
        ? SENTINEL
        : row.missing === "exceeds_total"
        ? BigInt(total) + 1n + BigInt(below(2 ** 31))
        : BigInt(row.usedBytes!);
      view.setUint32(at, row.pid, true);
      view.setBigUint64(at + 8, used, true);
      if (size === 16) return;
      view.setUint32(at + 16, row.gpuInstanceId ?? 0xffff_ffff, true);
      view.setUint32(at + 20, row.computeInstanceId ?? 0xffff_ffff, true);
    });
    assert.deepEqual(parseRows(bytes, planted.length, size, "graphics", rules(total)), planted);
    assert.ok(isPlausible(planted));
  }
});

test("a figure above 2^53-1 is never a wrong number", () => {
  for (const used of [2n ** 53n, 2n ** 63n, SENTINEL - 1n]) {
    const bytes = new Uint8Array(24);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 7, true);
    view.setBigUint64(8, used, true);
    const [row] = parseRows(bytes, 1, 24, "compute", rules(null));
    assert.equal(row?.usedBytes, null);
    assert.equal(row?.missing, "exceeds_total");
  }
});

test("rows of 24 bytes read as 32, or of 32 as 24, are not plausible", () => {
  for (const [written, read] of [[24, 32], [32, 24]] as const) {
    const bytes = new Uint8Array(32 * 8);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < 4; i++) {
      view.setUint32(i * written, 100 + i, true);
      view.setBigUint64(i * written + 8, BigInt(i + 1) << 32n, true);
      view.setBigUint64(i * written + 16, SENTINEL, true);
    }
    assert.ok(isPlausible(parseRows(bytes, 4, written, "compute", rules(null))));
    assert.ok(
      !isPlausible(parseRows(bytes, 4, read, "compute", rules(null))),
      `${written} as ${read}`,
    );
  }
});

test("merging keeps the larger figure of a process, and slices apart", () => {
  const row = (more: Partial<ProcessRow>): ProcessRow => ({
    pid: 5,
    usedBytes: 100,
    missing: null,
    gpuInstanceId: null,
    computeInstanceId: null,
    contexts: ["compute"],
    ...more,
  });
  const merged = mergeRows([
    row({ pid: 9 }),
    row({}),
    row({ usedBytes: 300, contexts: ["graphics"] }),
    row({ usedBytes: null, missing: "sentinel", contexts: ["mps"] }),
    row({ gpuInstanceId: 1, computeInstanceId: 0 }),
    row({ gpuInstanceId: 2, computeInstanceId: 0, usedBytes: 7 }),
  ]);
  assert.deepEqual(merged, [
    row({ usedBytes: 300, contexts: ["compute", "graphics", "mps"] }),
    row({ gpuInstanceId: 1, computeInstanceId: 0 }),
    row({ gpuInstanceId: 2, computeInstanceId: 0, usedBytes: 7 }),
    row({ pid: 9 }),
  ]);
});

test("merging is the same in any order, but for the order of the contexts", () => {
  const below = randomness(8);
  for (let round = 0; round < 2000; round++) {
    const rows = Array.from({ length: below(12) }, (): ProcessRow => {
      const usedBytes = below(3) === 0 ? null : below(50);
      return {
        pid: 1 + below(4),
        usedBytes,
        missing: usedBytes === null ? "sentinel" : null,
        gpuInstanceId: below(3) === 0 ? below(2) : null,
        computeInstanceId: null,
        contexts: [(["compute", "graphics", "mps"] as const)[below(3)]!],
      };
    });
    const norm = (merged: ProcessRow[]) =>
      merged.map((row) => JSON.stringify({ ...row, contexts: [...row.contexts].sort() })).sort();
    const one = mergeRows(rows);
    assert.deepEqual(norm(one), norm(mergeRows([...rows].reverse())));
    assert.ok(one.every((row, i) => i === 0 || one[i - 1]!.pid <= row.pid));
  }
});
