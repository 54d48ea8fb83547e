/** The schedule. Times are checked with wide margins, and only where the schedule itself is the point. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Beat, beats, checkSchedule, type Schedule } from "../lib/schedule.ts";

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function all<T>(
  measure: (cutoff: Promise<void>, elapsedMs: number) => Promise<T>,
  schedule: Schedule,
  isOver?: () => boolean,
): Promise<Beat<T>[]> {
  const found = [];
  for await (const beat of beats(measure, schedule, isOver)) found.push(beat);
  return found;
}

test("a duration shorter than the interval has a first and a last sample", async () => {
  const startMs = performance.now();
  const found = await all(() => Promise.resolve(), { intervalMs: 60_000, durationMs: 200 });
  const tookMs = performance.now() - startMs;
  assert.deepEqual(found.map(({ tick, skipped }) => [tick, skipped]), [[0, 0], [1, 0]]);
  assert.ok(found[1]!.elapsedMs >= 195, `${found[1]!.elapsedMs}`);
  assert.ok(tookMs < 10_000, `${tookMs}`);
});

test("a duration that is a multiple of the interval has its last sample once", async () => {
  const found = await all(() => Promise.resolve(), { intervalMs: 50, durationMs: 100 });
  assert.deepEqual(found.map(({ tick }) => tick), [0, 1, 2]);
});

test("each measurement is told its time and when it is over", async () => {
  const times: number[] = [];
  const found = await all(async (cutoff, elapsedMs) => {
    times.push(elapsedMs);
    await cutoff;
    return "cut off";
  }, { intervalMs: 60, durationMs: 120 });
  assert.deepEqual(found.map(({ result }) => result), ["cut off", "cut off", "cut off"]);
  assert.deepEqual(found.map(({ elapsedMs }) => elapsedMs), times);
});

test("a slow reader skips ticks and stays on the schedule", async () => {
  let isFirst = true;
  const found = [];
  for await (const beat of beats(() => Promise.resolve(), { intervalMs: 100, durationMs: 700 })) {
    found.push(beat);
    if (isFirst) await sleep(350);
    isFirst = false;
  }
  const second = found[1]!;
  assert.ok(second.skipped >= 2, `${second.skipped}`);
  assert.equal(second.tick, second.skipped + 1);
  for (const { tick, elapsedMs } of found.slice(1)) assert.ok(elapsedMs >= tick * 100 - 5);
});

test("a reader that is late for the end gets the last sample, late", async () => {
  const found = [];
  for await (const beat of beats(() => Promise.resolve(), { intervalMs: 50, durationMs: 100 })) {
    found.push(beat);
    if (beat.tick === 0) await sleep(300);
  }
  assert.deepEqual(found.map(({ tick, skipped }) => [tick, skipped]), [[0, 0], [2, 1]]);
});

test("a schedule may begin with more frequent ticks, which nobody need take", async () => {
  const slow = { intervalMs: 400, firstMs: 50, durationMs: 800 };
  const found = await all(() => Promise.resolve(), slow);
  assert.deepEqual(
    found.map(({ tick, skipped }) => [tick, skipped]),
    [0, 1, 2, 3, 4, 5].map((tick) => [tick, 0]),
  );
  const due = [0, 50, 100, 200, 400, 800];
  for (const [i, { elapsedMs }] of found.entries()) {
    assert.ok(elapsedMs >= due[i]! - 5, `${i}: ${elapsedMs}`);
  }
  let isFirst = true;
  const late = [];
  for await (const beat of beats(() => Promise.resolve(), slow)) {
    late.push(beat);
    if (isFirst) await sleep(220);
    isFirst = false;
  }
  assert.deepEqual(late.map(({ skipped }) => skipped), late.map(() => 0));
  assert.equal(late.at(-1)!.tick, 5);
});

test("a signal ends the wait and the measurement, with its reason", async () => {
  const over = new AbortController();
  setTimeout(() => over.abort(new Error("enough")), 50);
  const waiting = all(() => Promise.resolve(), { intervalMs: 60_000, signal: over.signal });
  await assert.rejects(waiting, /enough/);
  const hanging = new AbortController();
  setTimeout(() => hanging.abort(new Error("enough")), 50);
  await assert.rejects(
    all((cutoff) => cutoff, { intervalMs: 60_000, signal: hanging.signal }),
    /enough/,
  );
});

test("it ends when it is over", async () => {
  let left = 2;
  const found = await all(() => Promise.resolve(), { intervalMs: 1 }, () => left-- === 0);
  assert.equal(found.length, 2);
});

test("what can't be a schedule is refused with its number", () => {
  for (const intervalMs of [0, 0.5, -1, NaN, Infinity, 86_400_001, "5" as unknown as number]) {
    assert.throws(() => checkSchedule({ intervalMs }), /^RangeError: Cannot watch every .* ms: /);
  }
  for (const durationMs of [0, -1, NaN, "5" as unknown as number]) {
    assert.throws(
      () => checkSchedule({ intervalMs: 1, durationMs }),
      /^RangeError: Cannot watch for /,
    );
  }
  checkSchedule({ intervalMs: 86_400_000, durationMs: Infinity });
});
