/** Windows' structs out of any bytes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMemory } from "../workers/win32/counters.ts";
import { cpuRatio } from "../workers/win32/cpu.ts";
import { parseJobMemory } from "../workers/win32/job.ts";
import { parsePerformance, parseRam } from "../workers/win32/machine.ts";
import { parsePageFiles } from "../workers/win32/page_files.ts";
import { parseProcessList } from "../workers/win32/process_list.ts";
import { parseEntry } from "../workers/win32/snapshot.ts";
import { readMoment, readText, timesCount, viewOf } from "../workers/win32/values.ts";
import { fakeProcess, processList } from "./support/fake_kernel32.ts";

/** Numbers below `limit`, the same each time. */
function randomness(seed: number): (limit: number) => number {
  return (limit) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (seed >>> 8) % limit;
  };
}

/** All numbers of a value are whole or a fraction of a millisecond, exact and not negative. */
function requireNumbers(value: unknown): void {
  if (typeof value === "number") {
    assert.ok(value >= 0 && value <= Number.MAX_SAFE_INTEGER, String(value));
  } else if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(requireNumbers);
  }
}

const PARSERS: readonly (readonly [size: number, parse: (bytes: Uint8Array) => unknown])[] = [
  [80, parseMemory],
  [64, parseRam],
  [104, parsePerformance],
  [144, parseJobMemory],
  [568, parseEntry],
];

test("any bytes give numbers or null, and never throw", () => {
  const random = randomness(7);
  for (const [size, parse] of PARSERS) {
    requireNumbers(parse(new Uint8Array(size)));
    requireNumbers(parse(new Uint8Array(size).fill(0xff)));
    for (let round = 0; round < 300; round++) {
      requireNumbers(parse(Uint8Array.from({ length: size }, () => random(256))));
    }
  }
});

test("any list of processes or page files ends, whatever its steps and addresses are", () => {
  const random = randomness(11);
  const processes = [8, 12, 16, 20].map((pid) => fakeProcess(pid, { name: `name${pid}.exe` }));
  const whole = processList(processes, 0x7000n);
  assert.deepEqual(
    [...parseProcessList({ bytes: whole, address: 0x7000n }).values()].map(({ name }) => name),
    processes.map(({ name }) => name),
  );
  for (let round = 0; round < 3000; round++) {
    const bytes = whole.slice(0, random(5) === 0 ? random(whole.length + 1) : whole.length);
    for (let n = random(12); n > 0 && bytes.length > 0; n--) {
      bytes[random(bytes.length)] = random(3) === 0 ? 0xff : random(256);
    }
    const address = random(4) === 0 ? 0xffff_ffff_ffff_ff00n : 0x7000n;
    const found = parseProcessList({ bytes, address });
    assert.ok(found.size <= bytes.length / 208);
    for (const process of found.values()) requireNumbers(process);
    requireNumbers(parsePageFiles(bytes, random(2) === 0 ? 4096 : null));
  }
});

test("a name whose address lies outside the list is not told", () => {
  const bytes = processList([fakeProcess(8)], 0x7000n);
  for (const address of [0n, 0x6fffn + BigInt(bytes.length), 0x7000n + 2n ** 40n, 2n ** 63n]) {
    assert.equal(parseProcessList({ bytes, address }).get(8)?.name, null);
  }
});

test("a moment is in microseconds since the epoch", () => {
  const bytes = new Uint8Array(8);
  const moment = (value: bigint) => {
    viewOf(bytes).setBigUint64(0, value, true);
    return readMoment(viewOf(bytes), 0);
  };
  // FILETIME of 2020-01-01T00:00:00Z, and 1.2 µs after it.
  assert.equal(moment(132_223_104_000_000_000n), 1_577_836_800_000_000);
  assert.equal(moment(132_223_104_000_000_012n), 1_577_836_800_000_001);
  assert.equal(moment(0n), null);
  assert.equal(moment(116_444_736_000_000_000n), null);
  assert.equal(moment(2n ** 64n - 1n), null);
});

test("a text ends at its NUL, and half a character is replaced", () => {
  assert.equal(readText(Uint8Array.of(0x61, 0, 0xe9, 0, 0, 0, 0x62, 0)), "aé");
  assert.equal(readText(Uint8Array.of(0x61, 0, 0x00, 0xd8)), "a\ufffd");
  assert.equal(readText(Uint8Array.of()), "");
});

test("products above 2^53 and of the unknown are null", () => {
  assert.equal(timesCount(2 ** 40, 4096), 2 ** 52);
  assert.equal(timesCount(2 ** 41, 4096), null);
  assert.equal(timesCount(null, 4096), null);
  assert.equal(timesCount(1, null), null);
});

test("RAM that can't be true is not told", () => {
  const ram = (total: bigint, available: bigint) => {
    const bytes = new Uint8Array(64);
    viewOf(bytes).setBigUint64(8, total, true);
    viewOf(bytes).setBigUint64(16, available, true);
    return parseRam(bytes);
  };
  assert.deepEqual(ram(10n, 4n), { totalBytes: 10, availableBytes: 4, usedBytes: 6 });
  assert.equal(ram(10n, 11n), null);
  assert.equal(ram(0n, 0n), null);
  assert.equal(ram(2n ** 60n, 4n), null);
});

test("the share of busy time stays between 0 and 1", () => {
  const zero = { total: 0n, idle: 0n };
  assert.equal(cpuRatio(zero, { total: 100n, idle: 25n }), 0.75);
  assert.equal(cpuRatio(zero, { total: 100n, idle: 200n }), 0);
  assert.equal(cpuRatio({ total: 0n, idle: 50n }, { total: 100n, idle: 0n }), 1);
  assert.equal(cpuRatio(zero, zero), null);
});
