import assert from "node:assert/strict";
import { test } from "node:test";
import { Quarantine } from "../lib/isolation/quarantine.ts";

test("a source is left alone twice as long after each loss, up to the most", () => {
  const quarantine = new Quarantine({ firstMs: 100, maxMs: 350 });
  const waits: number[] = [];
  for (let loss = 0, nowMs = 0; loss < 4; loss++) {
    quarantine.confine("nvml", "hung", "it hung", nowMs);
    const held = quarantine.holding("nvml", nowMs);
    assert.ok(held);
    assert.equal(held.losses, loss + 1);
    waits.push(held.untilMs - nowMs);
    nowMs = held.untilMs;
    assert.equal(quarantine.holding("nvml", nowMs), null, "it may be tried when the time is over");
  }
  assert.deepEqual(waits, [100, 200, 350, 350]);
});

test("an answer makes the next loss count as the first", () => {
  const quarantine = new Quarantine({ firstMs: 100, maxMs: 1000 });
  quarantine.confine("nvml", "hung", "it hung", 0);
  quarantine.confine("nvml", "hung", "it hung", 0);
  quarantine.release("nvml");
  quarantine.confine("nvml", "crashed", "signal SIGSEGV", 0);
  assert.equal(quarantine.holding("nvml", 0)?.untilMs, 100);
  assert.equal(quarantine.holding("nvml", 0)?.code, "crashed");
});

test("one source in quarantine says nothing about another", () => {
  const quarantine = new Quarantine({ firstMs: 100, maxMs: 1000 });
  quarantine.confine("nvml", "hung", "it hung", 0);
  assert.equal(quarantine.holding("nvidia_smi", 0), null);
});

test("a forbidden source stays forbidden", () => {
  const quarantine = new Quarantine({ firstMs: 100, maxMs: 1000 });
  quarantine.forbid("nvml", "hung", "no child may be started");
  assert.ok(quarantine.holding("nvml", 1e15));
});
