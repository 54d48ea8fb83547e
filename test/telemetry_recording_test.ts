/** Reports of allocators in a recording: made to the meter of the same program. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openMeter } from "../lib/meter.ts";
import { openRecorder } from "../lib/session/open_recorder.ts";
import { LogFolder, until } from "./support/record_run.ts";

test("what is reported to the meter while it is recorded stands in the recording", async () => {
  using folder = new LogFolder();
  await using meter = openMeter({ sources: ["proc"] });
  meter.telemetry.report({ allocatedBytes: 1, reservedBytes: 1, step: "too early" });
  let ticks = 0;
  const recorder = await openRecorder({
    out: folder.path,
    intervalMs: 50,
    meter,
    onTick: () => ticks += 1,
  });
  meter.telemetry.report({ allocatedBytes: 1, reservedBytes: 1, step: "not begun" });
  const ended = recorder.run();
  await until("a tick", () => ticks > 0);
  meter.telemetry.report({
    cuda_memory_allocated_gb: 6,
    cuda_memory_reserved_gb: 8,
    cuda_memory_peak_gb: 7,
    cuda_memory_fragmentation: 0.25,
    device: 0,
    step: 3,
  });
  recorder.stop("done");
  await ended;
  meter.telemetry.report({ allocatedBytes: 1, reservedBytes: 1, step: "too late" });

  const rows = folder.rows("allocator-memory");
  assert.equal(rows.length, 1);
  const { gpu, step, allocated_bytes, reserved_bytes, peak_bytes } = rows[0]!;
  assert.deepEqual(
    [gpu, step, allocated_bytes, reserved_bytes, peak_bytes],
    ["0", "3", 6, 8, 7].map((cell) => typeof cell === "number" ? String(cell * 2 ** 30) : cell),
  );
});
