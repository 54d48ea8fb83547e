/** Phases that follow each other and nest, and the order in which they begin and end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type PhaseChange, PhaseStack } from "../lib/session/phases/phase_stack.ts";

const text = (changes: readonly PhaseChange[]) =>
  changes.map(({ change, path, atMs }) => `${atMs} ${change} ${path}`);
const nested = { nested: true };

test("a phase that is not nested ends the innermost and follows it at its level", () => {
  const phases = new PhaseStack();
  assert.equal(phases.path, null);
  assert.deepEqual(text(phases.begin("a", {}, 1)), ["1 begin a"]);
  assert.deepEqual(text(phases.begin("b", {}, 2)), ["2 end a", "2 begin b"]);
  assert.deepEqual(text(phases.begin("c", {}, 3, nested)), ["3 begin b/c"]);
  assert.deepEqual(text(phases.begin("d", {}, 4)), ["4 end b/c", "4 begin b/d"]);
  assert.deepEqual(text(phases.begin("e", {}, 5, nested)), ["5 begin b/d/e"]);
  assert.deepEqual([phases.path, phases.outermost, phases.depth], ["b/d/e", "b", 3]);
  assert.deepEqual(text(phases.end(6)), ["6 end b/d/e"]);
  assert.deepEqual(text(phases.end(7)), ["7 end b/d"]);
  assert.deepEqual([phases.path, phases.outermost], ["b", "b"]);
  assert.deepEqual(text(phases.endAll(8)), ["8 end b"]);
  assert.deepEqual([phases.path, phases.outermost, phases.end(9), phases.endAll(9)], [
    null,
    null,
    [],
    [],
  ]);
});

test("a phase found by rules ends everything that is nested in the one before", () => {
  const phases = new PhaseStack();
  phases.begin("Idle", {}, 0);
  phases.begin("a", {}, 1, nested);
  phases.begin("b", {}, 2, nested);
  assert.deepEqual(text(phases.beginOutermost("Model-Active", {}, 3)), [
    "3 end Idle/a/b",
    "3 end Idle/a",
    "3 end Idle",
    "3 begin Model-Active",
  ]);
});

test("the end of a phase carries the whole of it", () => {
  const phases = new PhaseStack();
  const labels = { model: "champion" };
  const [begin] = phases.begin("mission", { type: "planning", step: "3", labels }, 10);
  assert.deepEqual(begin, {
    change: "begin",
    path: "mission",
    atMs: 10,
    details: { type: "planning", step: "3", labels },
    span: null,
  });
  phases.begin("inner", {}, 20, nested);
  const [inner, mission] = phases.endAll(50);
  assert.deepEqual(inner!.span, {
    type: null,
    step: null,
    labels: {},
    name: "inner",
    path: "mission/inner",
    depth: 1,
    startMs: 20,
    endMs: 50,
  });
  assert.deepEqual(mission!.details, begin!.details);
  assert.deepEqual([mission!.span!.startMs, mission!.span!.endMs, mission!.span!.depth], [
    10,
    50,
    0,
  ]);
});

test("open phases are told as if they ended now, from the outermost inwards", () => {
  const phases = new PhaseStack();
  phases.begin("a", {}, 1);
  phases.begin("b", { type: "x" }, 2, nested);
  const told = phases.spans(5).map(({ path, depth, startMs, endMs, type }) => [
    path,
    depth,
    startMs,
    endMs,
    type,
  ]);
  assert.deepEqual(told, [["a", 0, 1, 5, null], ["a/b", 1, 2, 5, "x"]]);
  assert.deepEqual(new PhaseStack().spans(5), []);
});

test("no phase ends before it began", () => {
  const phases = new PhaseStack();
  phases.begin("a", {}, 10);
  const [change] = phases.end(5);
  assert.deepEqual([change!.atMs, change!.span!.endMs], [10, 10]);
});

test("who nests and never ends does not nest for ever", () => {
  const phases = new PhaseStack();
  for (let i = 0; i < 1000; i++) phases.begin(`p${i}`, {}, i, nested);
  assert.equal(phases.depth, 32);
  assert.ok(phases.path!.endsWith("/p30/p999"));
});
