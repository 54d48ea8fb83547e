/** The board of allocators: what is kept of their reports, for how long, and what is told of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HypomnesisError } from "../lib/errors.ts";
import { FRESH_MS, fullest, MOST_ALLOCATORS, TelemetryBoard } from "../lib/telemetry/board.ts";

const MIB = 2 ** 20;
const START_MS = 1_700_000_000_000;

/** A board with a clock that stands still until it is moved. */
function aBoard(freshMs?: number) {
  const clock = { ms: START_MS };
  const board = new TelemetryBoard({
    now: () => clock.ms,
    ...(freshMs === undefined ? {} : { freshMs }),
  });
  return { board, clock };
}

const HALF = { allocatedBytes: 4 * MIB, reservedBytes: 8 * MIB };

test("an empty board tells nothing", () => {
  const { board } = aBoard();
  assert.deepEqual(board.allocators(), []);
  assert.equal(fullest(board.allocators()), null);
});

test("a report is kept with its time, and with what it means", () => {
  const { board, clock } = aBoard();
  const told = { ...HALF, peakBytes: 6 * MIB, device: 1, pid: 12, step: "3" };
  assert.deepEqual(board.report({ ...told, step: 3 }), told);
  clock.ms += 1_500;
  assert.deepEqual(board.allocators(), [{
    ...told,
    atMs: START_MS,
    ageMs: 1_500,
    isStale: false,
    memoryUsagePercent: 50,
    fragmentation: 0.5,
    health: "healthy",
    advice: "50.0% of the reserve is held and not used: use checkpointing of activations, or a " +
      "smaller batch",
  }]);
});

test("the dictionary of a training loop is taken as it is", () => {
  const { board } = aBoard();
  board.report({
    cuda_memory_allocated_gb: 7.5,
    cuda_memory_reserved_gb: 8,
    cuda_memory_peak_gb: 7.75,
    cuda_memory_fragmentation: 0.0625,
  });
  const [state] = board.allocators();
  assert.deepEqual(
    [state?.memoryUsagePercent, state?.fragmentation, state?.health, state?.advice],
    [93.75, 0.0625, "critical", null],
  );
});

test("after 60 seconds a report says nothing about now, and stays", () => {
  const { board, clock } = aBoard();
  board.report(HALF);
  clock.ms += FRESH_MS;
  assert.equal(FRESH_MS, 60_000);
  assert.deepEqual(
    [board.allocators()[0]?.isStale, board.allocators()[0]?.memoryUsagePercent],
    [false, 50],
  );
  clock.ms += 1;
  const [stale] = board.allocators();
  assert.deepEqual(
    { ...stale },
    {
      ...HALF,
      peakBytes: null,
      device: null,
      pid: null,
      step: null,
      atMs: START_MS,
      ageMs: FRESH_MS + 1,
      isStale: true,
      memoryUsagePercent: null,
      fragmentation: null,
      health: null,
      advice: null,
    },
  );
  assert.equal(fullest(board.allocators()), null);
  board.report(HALF);
  assert.deepEqual(board.allocators().map(({ isStale, ageMs }) => [isStale, ageMs]), [[false, 0]]);
});

test("how long a report is fresh can be chosen", () => {
  const { board, clock } = aBoard(100);
  board.report(HALF);
  clock.ms += 100;
  assert.equal(board.allocators()[0]?.isStale, false);
  clock.ms += 1;
  assert.equal(board.allocators()[0]?.isStale, true);
});

test("a clock that was set back makes nothing younger than new", () => {
  const { board, clock } = aBoard();
  board.report(HALF);
  clock.ms -= 3_600_000;
  assert.deepEqual(board.allocators().map(({ ageMs, isStale }) => [ageMs, isStale]), [[0, false]]);
});

test("there is one for each process and device, the latest first", () => {
  const { board, clock } = aBoard();
  const tell = (pid: number | null, device: number | null, allocatedBytes: number) => {
    clock.ms += 1;
    board.report({ allocatedBytes, reservedBytes: 100, pid, device });
  };
  tell(1, 0, 10);
  tell(1, 1, 20);
  tell(2, 0, 30);
  tell(null, 0, 40);
  tell(null, null, 50);
  tell(1, null, 60);
  // The same again: it is the latest now, and there is still one of it.
  tell(1, 0, 70);
  assert.deepEqual(
    board.allocators().map(({ pid, device, allocatedBytes }) => [pid, device, allocatedBytes]),
    [[1, 0, 70], [1, null, 60], [null, null, 50], [null, 0, 40], [2, 0, 30], [1, 1, 20]],
  );
});

test("the one heard from longest ago makes room", () => {
  const { board } = aBoard();
  assert.equal(MOST_ALLOCATORS, 256);
  for (let pid = 1; pid <= MOST_ALLOCATORS; pid++) board.report({ ...HALF, pid });
  // The first is heard from again, so the second is the oldest.
  board.report({ ...HALF, pid: 1 });
  assert.equal(board.allocators().length, MOST_ALLOCATORS);
  board.report({ ...HALF, pid: 1_000 });
  const pids = board.allocators().map(({ pid }) => pid);
  assert.equal(pids.length, MOST_ALLOCATORS);
  assert.deepEqual([pids[0], pids[1], pids.at(-1)], [1_000, 1, 3]);
});

test("a report that is refused leaves the board as it was, and nobody hears of it", () => {
  const { board, clock } = aBoard();
  board.report({ ...HALF, pid: 1 });
  let heard = 0;
  board.onReport(() => heard++);
  const before = board.allocators();
  const wrong = [
    null,
    {},
    { ...HALF, pid: 1, allocatedBytes: 9 * MIB },
    { ...HALF, pid: 1, colour: "red" },
    { ...HALF, pid: -1 },
    { ...HALF, pid: 1, reservedBytes: NaN },
  ];
  for (const report of wrong) {
    assert.throws(
      () => board.report(report),
      (error) => error instanceof HypomnesisError && error.code === "invalid_request",
    );
  }
  assert.deepEqual(board.allocators(), before);
  assert.equal(heard, 0);
  clock.ms += 5;
  assert.deepEqual(board.allocators().map(({ ageMs }) => ageMs), [5]);
});

test("listeners hear each report that was taken, until they leave", () => {
  const { board } = aBoard();
  const heard: string[] = [];
  const leave = board.onReport(({ pid }) => heard.push(`a${pid}`));
  board.onReport(({ pid }) => heard.push(`b${pid}`));
  board.report({ ...HALF, pid: 1 });
  leave();
  leave();
  board.report({ ...HALF, pid: 2 });
  assert.deepEqual(heard, ["a1", "b1", "b2"]);
});

test("a listener finds the report on the board", () => {
  const { board } = aBoard();
  const seen: number[] = [];
  board.onReport(() => seen.push(board.allocators().length));
  board.report({ ...HALF, pid: 1 });
  board.report({ ...HALF, pid: 2 });
  assert.deepEqual(seen, [1, 2]);
});

test("the fullest is the one nearest to the end of its reserve, the fresh ones alone", () => {
  const { board, clock } = aBoard();
  const tell = (pid: number, allocatedBytes: number) =>
    board.report({ allocatedBytes, reservedBytes: 100, pid });
  tell(1, 99);
  clock.ms += FRESH_MS + 1;
  tell(2, 80);
  tell(3, 80);
  tell(4, 20);
  // Of equals the latest.
  assert.equal(fullest(board.allocators())?.pid, 3);
});

test("an allocator that has reserved nothing is at 0, and found where it is alone", () => {
  const { board } = aBoard();
  board.report({ allocatedBytes: 0, reservedBytes: 0, pid: 1 });
  const state = fullest(board.allocators());
  assert.deepEqual([state?.pid, state?.memoryUsagePercent, state?.health], [1, 0, "healthy"]);
});

test("what was told of earlier does not change with later reports", () => {
  const { board, clock } = aBoard();
  board.report(HALF);
  const before = board.allocators();
  clock.ms += FRESH_MS * 2;
  board.report({ ...HALF, allocatedBytes: MIB });
  assert.deepEqual(before.map(({ ageMs, allocatedBytes }) => [ageMs, allocatedBytes]), [[
    0,
    4 * MIB,
  ]]);
});
