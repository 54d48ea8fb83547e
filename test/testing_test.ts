/** The names in quotes are the original's tests, whose every case is kept. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as builders from "../lib/testing.ts";

const { aDevice, aFailure, aGpuProcess, aProcessGpuInfo, aSnapshotReply } = builders;

test("builder_defaults_produce_zeroed_device", () => {
  const { index, name, totalBytes, freeBytes, usedBytes, reservedBytes, driverVersion } = aDevice();
  assert.deepEqual([index, totalBytes, freeBytes, usedBytes], [0, 0, 0, 0]);
  assert.deepEqual([name, reservedBytes, driverVersion], [null, null, null]);
});

test("builder_index_setter", () => {
  assert.equal(aDevice({ index: 7 }).index, 7);
});

test("builder_name_setter_some", () => {
  assert.equal(aDevice({ name: "NVIDIA Test GPU" }).name, "NVIDIA Test GPU");
});

test("builder_name_setter_none_is_default", () => {
  assert.deepEqual(aDevice({ name: null }), aDevice());
});

test("builder_byte_setters", () => {
  const { totalBytes, freeBytes, usedBytes } = aDevice({
    totalBytes: 16,
    freeBytes: 12,
    usedBytes: 4,
  });
  assert.deepEqual([totalBytes, freeBytes, usedBytes], [16, 12, 4]);
});

test("builder_driver_version_setter_some", () => {
  assert.equal(aDevice({ driverVersion: "591.86" }).driverVersion, "591.86");
});

test("builder_driver_version_setter_none_is_default", () => {
  assert.deepEqual(aDevice({ driverVersion: null }), aDevice());
});

test("builder_full_round_trip", () => {
  const fields = {
    index: 2,
    name: "NVIDIA Test GPU",
    totalBytes: 16_000,
    freeBytes: 12_000,
    usedBytes: 3_700,
    reservedBytes: 300,
    driverVersion: "591.86",
  };
  const device = aDevice(fields);
  assert.deepEqual({ ...device, ...fields }, device);
  assert.ok(device.reservedBytes! < device.totalBytes!);
});

test("every builder makes JSON, and a fresh record each time", () => {
  for (const [name, build] of Object.entries(builders)) {
    const record = build();
    assert.deepEqual(JSON.parse(JSON.stringify(record)), record, name);
    assert.notEqual(build(), record, name);
    const again: unknown = build();
    for (const [field, value] of Object.entries(record)) {
      if (!Array.isArray(value)) continue;
      assert.notEqual((again as Record<string, unknown>)[field], value, `${name} shares ${field}`);
    }
  }
});

test("every builder keeps what it is given", () => {
  for (const [name, build] of Object.entries(builders)) {
    const given: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(build())) {
      given[field] = Array.isArray(value) ? [] : `given ${field}`;
    }
    assert.deepEqual((build as (fields: object) => object)(given), given, name);
  }
});

test("fields that follow from others follow, unless given", () => {
  assert.equal(aGpuProcess().nameStatus, "unknown");
  assert.equal(aGpuProcess({ name: "python" }).nameStatus, "known");
  assert.equal(aGpuProcess({ nameStatus: "exited" }).nameStatus, "exited");
  assert.equal(aGpuProcess().missing, null);
  assert.equal(aGpuProcess({ usedBytes: null }).missing, "not_told");
  assert.equal(aGpuProcess({ usedBytes: null, missing: "sentinel" }).missing, "sentinel");
  assert.equal(aDevice().usedIncludesReserved, false);
  assert.equal(aDevice({ usedBytes: null }).usedIncludesReserved, null);
  assert.equal(aProcessGpuInfo().isPerProcess, true);
  const deviceWide = aProcessGpuInfo({ usedBytes: null, deviceUsedBytes: 5 });
  assert.deepEqual([deviceWide.isPerProcess, deviceWide.source], [false, "nvml"]);
  assert.equal(aProcessGpuInfo({ usedBytes: null }).source, null);
  const devices = [aDevice({ index: 1 }), aDevice({ index: 4 })];
  assert.deepEqual(aSnapshotReply({ devices }).listedDevices, [1, 4]);
  assert.deepEqual(aSnapshotReply({ devices, listedDevices: [] }).listedDevices, []);
});

test("a failure's optional fields are absent, not undefined", () => {
  assert.deepEqual(Object.keys(aFailure()), ["code", "message", "source"]);
  assert.equal(aFailure({ pid: 3 }).pid, 3);
});
