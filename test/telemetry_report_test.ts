/** Reports of allocators: what is taken, what is refused and how, and what follows from the numbers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HypomnesisError } from "../lib/errors.ts";
import { allocatorHealth, fragmentation, memoryUsagePercent } from "../lib/telemetry/pressure.ts";
import { parseReport } from "../lib/telemetry/report.ts";

const GIB = 2 ** 30;
/** The dictionary as a training loop makes it. */
const DICTIONARY = {
  cuda_memory_allocated_gb: 4.5,
  cuda_memory_reserved_gb: 6,
  cuda_memory_peak_gb: 5.25,
  cuda_memory_fragmentation: 0.25,
};

function refusal(value: unknown): string {
  try {
    parseReport(value);
  } catch (error) {
    assert.ok(error instanceof HypomnesisError, String(error));
    assert.equal(error.code, "invalid_request");
    assert.match(error.message, /^Cannot take the report: /);
    return error.message.slice("Cannot take the report: ".length);
  }
  throw new Error(`${JSON.stringify(value)} was taken`);
}

test("our own fields, in either spelling", () => {
  const report = {
    allocatedBytes: 3,
    reservedBytes: 5,
    peakBytes: 4,
    device: 1,
    pid: 4711,
    step: "7",
  };
  assert.deepEqual(parseReport(report), report);
  assert.deepEqual(
    parseReport({
      allocated_bytes: 3,
      reserved_bytes: 5,
      peak_bytes: 4,
      device: 1,
      pid: 4711,
      step: 7,
    }),
    report,
  );
  const least = {
    allocatedBytes: 0,
    reservedBytes: 0,
    peakBytes: null,
    device: null,
    pid: null,
    step: null,
  };
  assert.deepEqual(parseReport({ allocatedBytes: 0, reservedBytes: 0 }), least);
  assert.deepEqual(parseReport(least), least);
  const most = Number.MAX_SAFE_INTEGER;
  assert.equal(parseReport({ allocatedBytes: most, reservedBytes: most }).allocatedBytes, most);
});

test("the dictionary of a training loop, as it is", () => {
  assert.deepEqual(parseReport(DICTIONARY), {
    allocatedBytes: 4.5 * GIB,
    reservedBytes: 6 * GIB,
    peakBytes: 5.25 * GIB,
    device: null,
    pid: null,
    step: null,
  });
  const beside = parseReport({ ...DICTIONARY, device: 0, pid: 12, step: "batch 3" });
  assert.deepEqual([beside.device, beside.pid, beside.step], [0, 12, "batch 3"]);
});

test("GiB as a training loop computes them are whole bytes again", () => {
  for (const bytes of [1, 512, 123_456_789, 8_589_934_593]) {
    const gb = bytes / 1024 ** 3;
    const { allocatedBytes } = parseReport({
      cuda_memory_allocated_gb: gb,
      cuda_memory_reserved_gb: gb,
    });
    assert.equal(allocatedBytes, bytes);
  }
});

test("a fragmentation that was sent does not count", () => {
  for (const sent of [0.99, -5, "a lot", {}]) {
    const report = parseReport({ ...DICTIONARY, cuda_memory_fragmentation: sent });
    assert.equal(fragmentation(report), 0.25);
  }
});

test("more allocated than reserved is refused with both numbers", () => {
  assert.match(
    refusal({ allocatedBytes: 7, reservedBytes: 5 }),
    /^7 bytes allocated are more than 5 bytes reserved: /,
  );
  assert.match(
    refusal({ ...DICTIONARY, cuda_memory_allocated_gb: 7 }),
    /^7516192768 bytes allocated are more than 6442450944 bytes reserved: /,
  );
});

test("numbers that are none, or can't be true, are refused by the name of their field", () => {
  const own = { allocatedBytes: 1, reservedBytes: 2, peakBytes: 1 };
  for (const field of ["allocatedBytes", "reservedBytes", "peakBytes"]) {
    for (const wrong of [-1, NaN, Infinity, 2 ** 53, 0.5]) {
      assert.match(
        refusal({ ...own, [field]: wrong }),
        new RegExp(`^${field} is ${wrong}: give a whole`),
      );
    }
    for (const wrong of ["1", true, [1], { bytes: 1 }]) {
      assert.match(
        refusal({ ...own, [field]: wrong }),
        new RegExp(`^${field} is no number: give `),
      );
    }
  }
  for (const field of Object.keys(DICTIONARY).slice(0, 3)) {
    for (const wrong of [-0.5, NaN, Infinity, 2 ** 23]) {
      assert.match(
        refusal({ ...DICTIONARY, [field]: wrong }),
        new RegExp(`^${field} is ${wrong}: give GiB`),
      );
    }
    assert.match(refusal({ ...DICTIONARY, [field]: "6" }), new RegExp(`^${field} is no number: `));
  }
  assert.match(refusal({ ...own, device: -1 }), /^device is -1: give a whole number from 0 to /);
  assert.match(refusal({ ...own, device: "cuda:0" }), /^device is no number: /);
  assert.match(refusal({ ...own, pid: 0 }), /^pid is 0: give a whole number from 1 to /);
  assert.match(refusal({ ...own, pid: 1.5 }), /^pid is 1.5: /);
  for (const step of [{}, true, NaN, "a\nb", "x".repeat(101)]) {
    assert.match(refusal({ ...own, step }), /^step is not accepted: give /);
  }
});

test("what is missing is named", () => {
  assert.match(refusal({ reservedBytes: 1 }), /^allocatedBytes is missing: give /);
  assert.match(refusal({ allocatedBytes: 1, reservedBytes: null }), /^reservedBytes is missing: /);
  assert.match(refusal({ cuda_memory_peak_gb: 1 }), /^cuda_memory_allocated_gb is missing: /);
  assert.match(refusal({}), /^allocatedBytes is missing: /);
  for (const value of [null, 5, "x", [1, 2], undefined]) {
    assert.match(refusal(value), /^it is no object: /);
  }
});

test("both forms at once, and one field twice, are refused", () => {
  assert.match(
    refusal({ ...DICTIONARY, allocatedBytes: 1 }),
    /^it has both allocatedBytes and cuda_memory_allocated_gb: /,
  );
  assert.match(
    refusal({ allocatedBytes: 1, allocated_bytes: 1, reservedBytes: 2 }),
    /^allocatedBytes is there twice: /,
  );
  assert.match(
    refusal({ reserved_bytes: 2, cuda_memory_fragmentation: 0 }),
    /^it has both reservedBytes and cuda_memory_fragmentation: /,
  );
});

test("unknown fields are named, and can't act on a terminal or flood it", () => {
  const own = { allocatedBytes: 1, reservedBytes: 2 };
  assert.match(
    refusal({ ...own, gpu: 0 }),
    /^unknown field "gpu": the fields are allocatedBytes, /,
  );
  assert.match(
    refusal({ ...own, gpu: 0, utilization: 1 }),
    /^unknown fields "gpu", "utilization": /,
  );
  assert.match(
    refusal({ ...own, "\u202e\u001b[2J": 0 }),
    /^unknown field "\\u\{202e\}\\u001b\[2J": /,
  );
  assert.match(refusal(JSON.parse('{"__proto__": 1}')), /^unknown field "__proto__": /);
  const many = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, i) => [`${"x".repeat(99)}${i}`, 0]),
  );
  const message = refusal({ ...own, ...many });
  assert.ok(message.length < 700, `${message.length} characters`);
  assert.match(message, / and 4995 more: /);
});

test("pressure: a share of the reserve; 0 where nothing is reserved, unknown where nothing was told", () => {
  const report = parseReport(DICTIONARY);
  assert.equal(memoryUsagePercent(report), 75);
  assert.equal(fragmentation(report), 0.25);
  const empty = { allocatedBytes: 0, reservedBytes: 0 };
  assert.deepEqual([memoryUsagePercent(empty), fragmentation(empty)], [0, 0]);
  assert.deepEqual([memoryUsagePercent(null), fragmentation(null)], [null, null]);
  const full = { allocatedBytes: 8, reservedBytes: 8 };
  assert.deepEqual([memoryUsagePercent(full), fragmentation(full)], [100, 0]);
});

test("health: 75 and 90 themselves are a warning", () => {
  const cases: readonly (readonly [number | null, string | null])[] = [
    [null, null],
    [0, "healthy"],
    [74.999, "healthy"],
    [75, "warning"],
    [90, "warning"],
    [90.001, "critical"],
    [100, "critical"],
  ];
  for (const [percent, health] of cases) {
    assert.equal(allocatorHealth(percent), health, `${percent}`);
  }
});
