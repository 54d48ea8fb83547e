import assert from "node:assert/strict";
import { test } from "node:test";
import { Appender } from "../lib/session/files/appender.ts";
import { FakeStore } from "./support/fake_store.ts";

const PATH = "/logs/a.csv";
const HEADER = "a,b\r\n";

function appenderOn(store: FakeStore) {
  const troubles: (string | null)[] = [];
  const clock = { ms: 0 };
  const appender = new Appender({
    store,
    path: PATH,
    header: HEADER,
    onTrouble: (reason) => troubles.push(reason),
    now: () => clock.ms,
  });
  return { appender, troubles, clock };
}

test("rows stand behind the header, in their order, and are counted", async () => {
  const store = new FakeStore();
  const { appender, troubles } = appenderOn(store);
  appender.add("1,2\r\n");
  appender.add("3,4\r\n5,6\r\n", 2);
  assert.equal(appender.waiting, 3);
  await appender.flush();
  assert.equal(store.text(PATH), `${HEADER}1,2\r\n3,4\r\n5,6\r\n`);
  assert.deepEqual([appender.rows, appender.waiting, appender.lost], [3, 0, 0]);
  assert.equal(appender.size, store.text(PATH)!.length);
  assert.deepEqual(troubles, []);
});

test("adding does not wait for a disk that hangs, and nothing is lost when it wakes up", async () => {
  const store = new FakeStore();
  const { appender } = appenderOn(store);
  const wake = store.hang();
  for (let i = 0; i < 100; i++) appender.add(`${i},x\r\n`);
  assert.equal(appender.waiting, 100);
  wake();
  await appender.flush();
  assert.equal(appender.rows, 100);
  assert.equal(store.text(PATH)!.split("\r\n").length, 102);
});

test("a full disk: said once, a row that was written in part is cut off, all is written when there is room", async () => {
  const store = new FakeStore();
  const { appender, troubles, clock } = appenderOn(store);
  appender.add("1,first\r\n");
  await appender.flush();
  store.room = 4;
  appender.add("2,second\r\n");
  await appender.flush();
  assert.equal(store.text(PATH), `${HEADER}1,first\r\n`);
  assert.deepEqual(troubles, ["the disk is full"]);
  assert.equal(appender.reason, "the disk is full");
  appender.add("3,third\r\n");
  clock.ms += 60_000;
  await appender.flush();
  assert.deepEqual(troubles, ["the disk is full"], "the same reason is not said again");
  store.room = Infinity;
  await appender.flush();
  assert.equal(appender.rows, 1, "it is not tried again at once");
  clock.ms += 60_000;
  await appender.flush();
  assert.equal(store.text(PATH), `${HEADER}1,first\r\n2,second\r\n3,third\r\n`);
  assert.deepEqual(troubles, ["the disk is full", null]);
  assert.deepEqual([appender.rows, appender.waiting, appender.lost], [3, 0, 0]);
});

test("a header that did not fit is written again as a whole", async () => {
  const store = new FakeStore();
  const { appender, clock } = appenderOn(store);
  store.room = 2;
  appender.add("1,2\r\n");
  await appender.flush();
  store.room = Infinity;
  clock.ms += 60_000;
  await appender.flush();
  assert.equal(store.text(PATH), `${HEADER}1,2\r\n`);
});

test("a disk that stays full: the newest rows are kept, and what was dropped is counted", async () => {
  const store = new FakeStore();
  const { appender, clock } = appenderOn(store);
  store.room = 0;
  const row = `${"x".repeat(1 << 20)}\r\n`;
  for (let i = 0; i < 20; i++) {
    appender.add(`${i}${row}`);
    await appender.flush();
  }
  assert.ok(appender.lost >= 4 && appender.lost <= 6, `${appender.lost} rows lost`);
  store.room = Infinity;
  clock.ms += 3_600_000;
  await appender.flush();
  assert.equal(appender.rows + appender.lost, 20);
  assert.ok(store.text(PATH)!.includes(`\r\n19xxx`), "the newest row is there");
  assert.ok(!store.text(PATH)!.includes(`\r\n0xxx`), "the oldest is not");
});

test("a folder that is removed: made anew, with what was not yet safe in the old file", async () => {
  const store = new FakeStore();
  const { appender, troubles } = appenderOn(store);
  appender.add("1,safe\r\n");
  await appender.sync();
  appender.add("2,unsafe\r\n");
  await appender.flush();
  store.removeFolder("/logs");
  appender.add("3,new\r\n");
  await appender.sync();
  assert.equal(store.text(PATH), `${HEADER}2,unsafe\r\n3,new\r\n`);
  assert.deepEqual(troubles, ["the file was removed", null]);
  assert.equal(appender.rows, 3);
});

test("sync asks the disk once for what is new, and not for nothing", async () => {
  const store = new FakeStore();
  const { appender } = appenderOn(store);
  appender.add("1,2\r\n");
  await appender.flush();
  assert.deepEqual(store.synced, []);
  await appender.sync();
  await appender.sync();
  assert.deepEqual(store.synced, [PATH]);
  appender.add("3,4\r\n");
  await appender.sync();
  assert.deepEqual(store.synced, [PATH, PATH]);
});

test("a disk that fails to sync is told", async () => {
  const store = new FakeStore();
  const { appender, troubles } = appenderOn(store);
  appender.add("1,2\r\n");
  await appender.flush();
  store.failSync = true;
  await appender.sync();
  assert.deepEqual(troubles, ["the disk failed (I/O error)"]);
});

test("rotation: the part has the rows so far, a new file goes on with its own header", async () => {
  const store = new FakeStore();
  const { appender } = appenderOn(store);
  appender.add("1,2\r\n");
  assert.equal(await appender.rotate("/logs/a.001.csv"), true);
  appender.add("3,4\r\n");
  await appender.flush();
  assert.equal(store.text("/logs/a.001.csv"), `${HEADER}1,2\r\n`);
  assert.equal(store.text(PATH), `${HEADER}3,4\r\n`);
  assert.equal(appender.rows, 2);
});

test("rotation on a full disk does not happen, and costs no row", async () => {
  const store = new FakeStore();
  const { appender, clock } = appenderOn(store);
  appender.add("1,2\r\n");
  await appender.flush();
  store.room = 0;
  appender.add("3,4\r\n");
  assert.equal(await appender.rotate("/logs/a.001.csv"), false);
  store.room = Infinity;
  clock.ms += 60_000;
  await appender.flush();
  assert.equal(store.text(PATH), `${HEADER}1,2\r\n3,4\r\n`);
});

test("closing tries once more, and counts what could not be written as lost", async () => {
  const store = new FakeStore();
  const { appender } = appenderOn(store);
  store.room = 0;
  appender.add("1,2\r\n");
  await appender.flush();
  store.room = Infinity;
  await appender.close();
  assert.equal(store.text(PATH), `${HEADER}1,2\r\n`);
  const never = appenderOn(new FakeStore({ room: 0 }));
  never.appender.add("1,2\r\n");
  await never.appender.close();
  assert.deepEqual([never.appender.rows, never.appender.lost], [0, 1]);
});
