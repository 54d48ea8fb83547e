import assert from "node:assert/strict";
import { test } from "node:test";
import {
  acknowledgementOf,
  ControlReader,
  isPhaseName,
  parseWish,
  type PhaseWish,
  sendWish,
  wishText,
} from "../lib/session/control.ts";
import { FakeStore } from "./support/fake_store.ts";

const PATH = "/logs/control-a-2026-01-31_12-00-00.jsonl";

function aWish(fields: Partial<PhaseWish> = {}): PhaseWish {
  return { phase: "Idle", nested: false, atMs: 1, type: null, step: null, labels: {}, ...fields };
}

test("a wish comes back from its line", () => {
  const wish = aWish({
    phase: "Zwölf \u{1f600}",
    nested: true,
    type: "planning",
    step: "3",
    labels: { model: "champion" },
  });
  assert.deepEqual(parseWish(wishText(wish)), wish);
  assert.deepEqual(parseWish(wishText(aWish({ phase: null }))), aWish({ phase: null }));
});

test("what is no wish is none", () => {
  const lines = ["", "x", "[]", "null", "5", `{"phase":5,"at_ms":1}`, `{"phase":"a"}`];
  for (const line of [...lines, `{"phase":"a/b","at_ms":1}`, `{"phase":"a\\u001b","at_ms":1}`]) {
    assert.equal(parseWish(line), null, line);
  }
  const long = "x".repeat(101);
  const wish = parseWish(
    JSON.stringify({ phase: "a", at_ms: 1, type: long, labels: { [long]: "1", b: 2 } }),
  );
  assert.deepEqual(wish, aWish({ phase: "a" }));
});

test("names of phases", () => {
  for (const name of ["a", "Model-Loading", "two words", "ü"]) assert.ok(isPhaseName(name), name);
  for (const name of ["", "  ", "a/b", "a\nb", "\x1b[31m", "x".repeat(101)]) {
    assert.ok(!isPhaseName(name), JSON.stringify(name));
  }
});

test("a reader gives each wish once, waits for the end of a line, and says how far it has read", async () => {
  const store = new FakeStore();
  const reader = new ControlReader(store, PATH);
  assert.deepEqual(await reader.read(), { wishes: [], refused: 0 });
  const first = wishText(aWish());
  const second = wishText(aWish({ phase: "B" }));
  store.plant(PATH, first + second.slice(0, 10));
  assert.deepEqual(await reader.read(), { wishes: [aWish()], refused: 0 });
  await reader.acknowledge();
  assert.equal(store.text(acknowledgementOf(PATH)), `${first.length}\n`);
  store.plant(PATH, `${first}${second}garbage\n`);
  assert.deepEqual(await reader.read(), { wishes: [aWish({ phase: "B" })], refused: 1 });
  assert.deepEqual(await reader.read(), { wishes: [], refused: 0 });
  await reader.remove();
  assert.deepEqual(store.paths, []);
});

test("who wishes hears that it was taken", async () => {
  const store = new FakeStore();
  store.plant(PATH, "");
  const reader = new ControlReader(store, PATH);
  const taken: PhaseWish[] = [];
  const timer = setInterval(async () => {
    const { wishes } = await reader.read();
    taken.push(...wishes);
    if (wishes.length > 0) await reader.acknowledge();
  }, 10);
  try {
    await Promise.all(
      ["A", "B", "C"].map((phase) => sendWish(store, PATH, aWish({ phase }), 5_000)),
    );
  } finally {
    clearInterval(timer);
  }
  assert.deepEqual(taken.map(({ phase }) => phase).sort(), ["A", "B", "C"]);
});

test("a recorder that does not take it, and one that has gone, are errors", async () => {
  const store = new FakeStore();
  store.plant(PATH, "");
  await assert.rejects(sendWish(store, PATH, aWish(), 100), { code: "slow" });
  await assert.rejects(sendWish(new FakeStore(), PATH, aWish(), 100), { code: "no_such_process" });
});

test("a control file that was removed and made anew is read from its beginning", async () => {
  const store = new FakeStore();
  const reader = new ControlReader(store, PATH);
  store.plant(PATH, wishText(aWish({ phase: "a long name" })).repeat(3));
  assert.equal((await reader.read()).wishes.length, 3);
  store.removeFolder("/logs");
  assert.equal((await reader.read()).wishes.length, 0);
  store.plant(PATH, wishText(aWish({ phase: "B" })));
  assert.deepEqual((await reader.read()).wishes.map(({ phase }) => phase), ["B"]);
});

test("a disk that takes no wish is an error of the disk", async () => {
  const store = new FakeStore();
  store.plant(PATH, "");
  store.room = 0;
  await assert.rejects(sendWish(store, PATH, aWish(), 100), {
    code: "output_failed",
    message: /disk is full/,
  });
});
