/** The real disk under a recorder. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { realStore } from "../lib/session/files/store.ts";

class Folder implements Disposable {
  readonly path = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-store-"));
  file(name: string): string {
    return path.join(this.path, name);
  }
  [Symbol.dispose](): void {
    fs.rmSync(this.path, { recursive: true });
  }
}

test("rows are added at the end, cut back, and found missing when the file is removed", async () => {
  using folder = new Folder();
  const at = folder.file("rows.csv");
  const store = realStore();
  const file = await store.create(at);
  await assert.rejects(store.create(at), { code: "EEXIST" });
  await file.append("a,b\r\nwörld");
  await file.truncate(5);
  await file.append("c,d\r\n");
  await file.sync();
  assert.equal(fs.readFileSync(at, "utf8"), "a,b\r\nc,d\r\n");
  assert.equal(await file.isInPlace(), true);
  fs.rmSync(at);
  assert.equal(await file.isInPlace(), false);
  fs.writeFileSync(at, "another");
  assert.equal(await file.isInPlace(), false);
  await file.close();
  const again = await store.open(at);
  assert.equal(again.startBytes, 7);
  await again.close();
});

test("a part is compressed whole, and only then is it gone", async () => {
  using folder = new Folder();
  const at = folder.file("part.001.csv");
  const text = "1,2,3\r\n".repeat(100_000);
  fs.writeFileSync(at, text);
  await realStore().compress(at);
  assert.deepEqual(fs.readdirSync(folder.path), ["part.001.csv.gz"]);
  assert.equal(gunzipSync(fs.readFileSync(`${at}.gz`)).toString(), text);
  await assert.rejects(realStore().compress(folder.file("absent.csv")), { code: "ENOENT" });
  assert.deepEqual(fs.readdirSync(folder.path), ["part.001.csv.gz"]);
});

test("a small file is the old or the new one, and a failure leaves nothing beside it", async () => {
  using folder = new Folder();
  const at = folder.file("session.json");
  const store = realStore();
  await store.put(at, "old");
  await store.put(at, "new");
  assert.deepEqual(await store.readFrom(at, 1), { text: "ew", bytes: 2, size: 3 });
  assert.deepEqual(await store.readFrom(at, 9), { text: "", bytes: 0, size: 3 });
  assert.equal(await store.readFrom(folder.file("absent"), 0), null);
  fs.mkdirSync(folder.file("taken"));
  await assert.rejects(store.put(folder.file("taken"), "x"));
  assert.deepEqual(fs.readdirSync(folder.path).sort(), ["session.json", "taken"]);
});

test("a folder that is there is fine, also where the runtime says so as an error", async () => {
  using folder = new Folder();
  const { makeFolder } = realStore();
  await makeFolder(folder.file("a/b"));
  await makeFolder(folder.file("a/b"));
  fs.writeFileSync(folder.file("file"), "");
  await assert.rejects(makeFolder(folder.file("file")), { code: "EEXIST" });
  const { mkdir } = fs.promises;
  const failing = (code: string) => () =>
    Promise.reject<undefined>(Object.assign(new Error(), { code }));
  // Bun on Windows, where the path has `..` in it.
  fs.promises.mkdir = failing("EEXIST");
  try {
    await makeFolder(folder.file("a/b"));
    await assert.rejects(makeFolder(folder.file("file")), { code: "EEXIST" });
    await assert.rejects(makeFolder(folder.file("absent")), { code: "EEXIST" });
    fs.promises.mkdir = failing("EACCES");
    await assert.rejects(makeFolder(folder.file("a/b")), { code: "EACCES" });
  } finally {
    fs.promises.mkdir = mkdir;
  }
});

test("a full disk is told by its code", {
  skip: process.platform === "linux" ? false : "this writes to /dev/full",
}, async () => {
  const file = await realStore().open("/dev/full");
  await assert.rejects(file.append("x"), { code: "ENOSPC" });
  await file.close();
});
