/** Instances, arrays and sums of performance counters: reading them, whatever stands in them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ADAPTER_COUNTERS, PROCESS_COUNTERS } from "../workers/gpu/pdh/counters.ts";
import { isTotal, parseInstance } from "../workers/gpu/pdh/instances.ts";
import { type Item, parseItems } from "../workers/gpu/pdh/items.ts";
import { sumUp } from "../workers/gpu/pdh/sums.ts";
import { put32, put64, utf16 } from "./support/fake_windows.ts";

test("names of instances", () => {
  const luid = "0x00000000_0x0000d3f1";
  assert.deepEqual(parseInstance("luid_0x00000000_0x0000D3F1_phys_0"), { pid: null, luid });
  assert.deepEqual(parseInstance("pid_4242_luid_0x00000000_0x0000D3F1_phys_1"), {
    pid: 4242,
    luid,
  });
  assert.deepEqual(parseInstance("PID_7_LUID_0X0_0XD3F1_PHYS_12#3"), { pid: 7, luid });
  for (const part of ["part_0", "part_17", "PART_1#2"]) {
    assert.deepEqual(parseInstance(`luid_0x00000000_0x0000D3F1_phys_0_${part}`), {
      pid: null,
      luid,
    });
  }
  assert.deepEqual(parseInstance("luid_0xFFFFFFFF_0xFFFFFFFF_phys_0"), {
    pid: null,
    luid: "0xffffffff_0xffffffff",
  });
  for (
    const name of [
      "",
      "_Total",
      "pid_luid_0x0_0x1_phys_0",
      "pid_-1_luid_0x0_0x1_phys_0",
      "pid_4294967296_luid_0x0_0x1_phys_0",
      "pid_1_luid_0x0_0x1",
      "pid_1_luid_0x123456789_0x1_phys_0",
      "pid_1_luid_0_1_phys_0",
      "pid_1_luid_0x0_0x1_phys_0_eng_0_engtype_3D",
      "pid_1_luid_0x0_0x1_phys_0#",
      "luid_0x0_0x1_phys_0_part_",
      "luid_0x0_0x1_phys_0_part_0x1",
      "luid_0x0_0x1_phys_0_part_12345678901",
      "luid_0x0_0x1_part_0",
      "luid_0x0_0x1_phys_0_part_0_part_1",
      "luid_0x0_0x1_phys_0#1_part_0",
      "x_pid_1_luid_0x0_0x1_phys_0",
      "pid_1_luid_0x0_0x1_phys_0\n",
    ]
  ) assert.equal(parseInstance(name), null, name);
  assert.deepEqual(["_Total", "_total#1", "_Total "].map(isTotal), [true, true, false]);
});

const BASE = 0x7fff_1234_0000n;

/** An array as PDH fills it: the items, then their names. */
function array(items: readonly (readonly [name: string, status: number, value: bigint])[]) {
  const bytes = new Uint8Array(4096);
  let at = items.length * 24;
  for (const [i, [name, status, value]] of items.entries()) {
    put64(bytes, i * 24, BASE + BigInt(at));
    put32(bytes, i * 24 + 8, status);
    put64(bytes, i * 24 + 16, value);
    bytes.set(utf16(name), at);
    at += (name.length + 1) * 2;
  }
  return bytes.subarray(0, at);
}

test("an array: values count where their status says so", () => {
  const bytes = array([
    ["a", 0, 5_000_000_000n],
    ["\u00e9\u{1f5a5}", 1, 0n],
    ["bad", 0xc0000bba, 7n],
    ["below", 0, -1n],
    ["above", 0, 1n << 53n],
    ["", 0, (1n << 53n) - 1n],
  ]);
  assert.deepEqual(parseItems(bytes, BASE, 6), [
    { name: "a", status: 0, value: 5_000_000_000 },
    { name: "\u00e9\u{1f5a5}", status: 1, value: 0 },
    { name: "bad", status: 0xc0000bba, value: null },
    { name: "below", status: 0, value: null },
    { name: "above", status: 0, value: null },
    { name: "", status: 0, value: Number.MAX_SAFE_INTEGER },
  ]);
  assert.equal(parseItems(bytes, BASE, 2).length, 2);
  assert.equal(parseItems(bytes.subarray(0, 50), BASE, 6).length, 2, "no more than there is");
  assert.deepEqual(parseItems(new Uint8Array(), BASE, 9), []);
});

test("a name that is not in the buffer, or has no end in it, is not known", () => {
  const bytes = array([["ab", 0, 1n]]);
  assert.equal(parseItems(bytes, BASE + (1n << 20n), 1)[0]!.name, null);
  assert.equal(parseItems(bytes, BASE - (1n << 20n), 1)[0]!.name, null);
  assert.equal(parseItems(bytes, 0n, 1)[0]!.name, null);
  assert.equal(parseItems(bytes.subarray(0, bytes.length - 2), BASE, 1)[0]!.name, null);
  assert.equal(parseItems(array([["x".repeat(600), 0, 1n]]), BASE, 1)[0]!.name, null);
});

test("any bytes are an array or not, and never throw", () => {
  let seed = 7;
  const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 16 & 0xff;
  for (let round = 0; round < 3000; round++) {
    const bytes = Uint8Array.from({ length: random() * 2 }, random);
    // Half of the pointers into the buffer, so that names are looked for.
    for (let at = 0; at + 24 <= bytes.length; at += 48) put64(bytes, at, BASE + BigInt(random()));
    const items = parseItems(bytes, BASE, random());
    for (const { name, value } of items) {
      assert.ok(value === null || (Number.isSafeInteger(value) && value >= 0));
      if (name !== null) parseInstance(name);
    }
    sumUp([{ counter: PROCESS_COUNTERS[0]!, items }], "process");
  }
});

test("any text is an instance or not, and what is one is read back", () => {
  let seed = 11;
  const random = (below: number) =>
    (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32 * below | 0;
  const pieces = ["pid_", "luid_", "0x", "_", "phys_", "part_", "#", "12", "DeadBeef", "0"]
    .concat("_Total", "é");
  for (let round = 0; round < 5000; round++) {
    const text = Array.from({ length: random(12) }, () => pieces[random(pieces.length)]).join("");
    const read = parseInstance(text);
    if (read !== null) assert.match(text, /luid_0x/i);
    const [pid, high, low] = [random(2 ** 31), random(2 ** 31), random(2 ** 31)];
    const hex = (half: number) => `0x${half.toString(16).padStart(8, "0").toUpperCase()}`;
    assert.deepEqual(
      parseInstance(`pid_${pid}_luid_${hex(high)}_${hex(low)}_phys_${random(4)}`),
      { pid, luid: `${hex(high)}_${hex(low)}`.toLowerCase() },
    );
  }
});

const item = (name: string, value: number | null, status = 0): Item => ({ name, status, value });
const A = "luid_0x00000000_0x0000000a_phys_";
const B = "luid_0x00000000_0x0000000b_phys_";

test("sums over segments; one part that is not known makes the sum unknown", () => {
  const { usages, unusable } = sumUp([
    {
      counter: ADAPTER_COUNTERS[0]!,
      items: [item(`${B}0`, 5), item(`${A}0`, 1), item(`${A}1`, 2), item(`${A}1#1`, 4)],
    },
    { counter: ADAPTER_COUNTERS[1]!, items: [item(`${A}0`, 1), item(`${A}1`, null, 0xc0000bba)] },
    { counter: ADAPTER_COUNTERS[2]!, items: [item(`${A}0`, null), item(`${A}1`, 3)] },
    { counter: ADAPTER_COUNTERS[3]!, items: null },
  ], "adapter");
  const usage = {
    dedicatedUsageBytes: 7,
    sharedUsageBytes: null,
    totalCommittedBytes: null,
    localUsageBytes: null,
    nonLocalUsageBytes: null,
  };
  assert.deepEqual(usages, [
    { pid: null, luid: "0x00000000_0x0000000a", usage },
    { pid: null, luid: "0x00000000_0x0000000b", usage: { ...usage, dedicatedUsageBytes: 5 } },
  ]);
  assert.deepEqual(unusable, { names: 0, statuses: new Map([[0xc0000bba, 1]]), values: 1 });
});

test("sums over the parts of each physical GPU", () => {
  const { usages, unusable } = sumUp([
    { counter: ADAPTER_COUNTERS[0]!, items: [item(`${A}0`, 100), item(`${B}0`, 200)] },
    {
      counter: ADAPTER_COUNTERS[3]!,
      items: [
        item(`${A}0_part_0`, 1),
        item(`${A}0_part_1`, 2),
        item(`${A}1_part_0`, 4),
        item(`${A}1_PART_1`, 8),
        item(`${B}0_part_0`, 16),
        item(`${B}0_part_1`, null, 0xc0000bba),
      ],
    },
  ], "adapter");
  assert.deepEqual(
    usages.map(({ usage }) => [usage.dedicatedUsageBytes, usage.localUsageBytes]),
    [[100, 15], [200, null]],
  );
  assert.equal(unusable.names, 0);
});

test("a sum above 2^53 is not known", () => {
  const most = Number.MAX_SAFE_INTEGER;
  const items = [item(`${A}0`, most), item(`${A}1`, 1), item(`${B}0`, most), item(`${B}1`, 0)];
  const { usages } = sumUp([{ counter: ADAPTER_COUNTERS[0]!, items }], "adapter");
  assert.deepEqual(usages.map(({ usage }) => usage.dedicatedUsageBytes), [null, most]);
});

test("by process and GPU, in order; totals are nobody's, other names are counted", () => {
  const items = [
    item(`pid_20_${A}0`, 1),
    item(`pid_3_${B}0`, 2),
    item(`pid_3_${A}0`, 3),
    item("_Total", 6),
    item(`${A}0`, 7),
    item("garbage", 8),
    { name: null, status: 0, value: 9 },
  ];
  const { usages, unusable } = sumUp([{ counter: PROCESS_COUNTERS[0]!, items }], "process");
  assert.deepEqual(
    usages.map(({ pid, luid, usage }) => [pid, luid.slice(-1), usage.dedicatedUsageBytes]),
    [[3, "a", 3], [20, "a", 1], [3, "b", 2]],
  );
  assert.equal(unusable.names, 3);
});
