import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { camelKey, snakeKey, toCamelCase, toJsonLine, toSnakeCase } from "../lib/json_case.ts";
import {
  aCgroupMemory,
  aDevice,
  aGpuProcess,
  aMigSlice,
  aPressure,
  aPressureLine,
  aProcessMemory,
  aSnapshotReply,
  aSystemMemory,
} from "../lib/testing.ts";

/** The files whose types cross the border. */
const CONTRACTS = ["records.ts", "protocol.ts", "failures.ts", "snapshot.ts"];

/** Every field of every record and message, read from the types' own source text. */
function fieldNames(): string[] {
  const names = new Set<string>();
  for (const file of CONTRACTS) {
    const path = fileURLToPath(new URL(`../lib/${file}`, import.meta.url).href);
    const source = readFileSync(path, "utf8");
    for (const [, name] of source.matchAll(/readonly (\w+)\??:/g)) names.add(name!);
  }
  return [...names];
}

test("keys follow one rule", () => {
  const pairs = {
    pid: "pid",
    totalBytes: "total_bytes",
    sharedUsedBytes: "shared_used_bytes",
    pciBusId: "pci_bus_id",
    avg10Ratio: "avg10_ratio",
    smClockMhz: "sm_clock_mhz",
    atMs: "at_ms",
  };
  for (const [camel, snake] of Object.entries(pairs)) {
    assert.equal(snakeKey(camel), snake);
    assert.equal(camelKey(snake), camel);
  }
});

test("every field of every record and message round-trips to a name of its own", () => {
  const names = fieldNames();
  assert.ok(names.length > 100, `only ${names.length} fields were found`);
  for (const wanted of ["pciBusId", "avg300Ratio", "retryInMs", "listedDevices", "ramBytes"]) {
    assert.ok(names.includes(wanted), `${wanted} was not found`);
  }
  const snakes = new Set<string>();
  for (const name of names) {
    const snake = snakeKey(name);
    assert.match(snake, /^[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*$/);
    assert.equal(camelKey(snake), name);
    snakes.add(snake);
  }
  assert.equal(snakes.size, names.length);
});

test("a whole answer round-trips", () => {
  const reply = aSnapshotReply({
    process: aProcessMemory({ name: "totalBytes", command: ["--camelCase", "snake_case"] }),
    system: aSystemMemory({
      pressure: aPressure({ full: aPressureLine({ avg10Ratio: 0.5 }) }),
      cgroup: aCgroupMemory({ path: "/user.slice/aB_c" }),
    }),
    devices: [aDevice({ migSlices: [aMigSlice({ uuid: "MIG-aB" })] })],
    processes: [aGpuProcess({ contexts: ["compute"] })],
  });
  assert.deepEqual(toCamelCase(toSnakeCase(reply)), reply);
});

test("keys change at every depth, values nowhere", () => {
  assert.deepEqual(
    toSnakeCase({ aB: [{ cD: "eF" }, 1, null, true], gH: { iJ: { kL: [] } } }),
    { a_b: [{ c_d: "eF" }, 1, null, true], g_h: { i_j: { k_l: [] } } },
  );
  assert.deepEqual(toCamelCase({ a_b: ["c_d", { e_f: "g_h" }] }), { aB: ["c_d", { eF: "g_h" }] });
  assert.equal(toSnakeCase("aB"), "aB");
  assert.equal(toSnakeCase(null), null);
});

test("a key named __proto__ stays a mere key", () => {
  const hostile = JSON.parse('{"__proto__":{"polluted":1},"_Proto__":{"polluted":1}}');
  for (const renamed of [toCamelCase(hostile), toSnakeCase(hostile)]) {
    assert.equal(Object.getPrototypeOf(renamed), Object.prototype);
    assert.equal((renamed as Record<string, unknown>).polluted, undefined);
  }
});

test("toJsonLine gives the original's keys, in its order, on one line", () => {
  const device = aDevice({
    name: "NVIDIA GeForce RTX 5060 Ti",
    totalBytes: 17_103_323_136,
    freeBytes: 14_967_820_288,
    usedBytes: 2_135_502_848,
    reservedBytes: 271_581_184,
    driverVersion: "610.88",
  });
  const line = toJsonLine([device]);
  assert.ok(line.startsWith(
    '[{"index":0,"name":"NVIDIA GeForce RTX 5060 Ti","total_bytes":17103323136,' +
      '"free_bytes":14967820288,"used_bytes":2135502848,"reserved_bytes":271581184,' +
      '"driver_version":"610.88",',
  ));
  assert.ok(line.endsWith("}]\n"));
  assert.equal(line.indexOf("\n"), line.length - 1);
  assert.equal(toJsonLine([]), "[]\n");
});

test("toJsonLine can't act on a terminal and loses nothing", () => {
  const value = { name: 'a"\\\x1b[2J\x9b2J\u202e\u200b\n\t\u{e0041}日本\ud800' };
  const line = toJsonLine(value);
  assert.deepEqual(JSON.parse(line), value);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(line.slice(0, -1), /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]/);
  assert.ok(line.includes("日本"));
});

test("what stands under labels is somebody's own, names included", () => {
  const outside = toSnakeCase({ beganAtMs: 1, labels: { runId: "a", "x-y_z": "b" } });
  assert.deepEqual(outside, { began_at_ms: 1, labels: { runId: "a", "x-y_z": "b" } });
  assert.deepEqual(toCamelCase(outside), { beganAtMs: 1, labels: { runId: "a", "x-y_z": "b" } });
});
