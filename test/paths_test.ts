/** Paths and commands as Windows has them, on any system. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { folderLength, hasFolder, isRooted } from "../lib/paths.ts";
import { windowsCandidates } from "../lib/run/find_on_windows.ts";

test("the folder of a path ends at a separator, on Windows at a drive too", () => {
  const cases: readonly [path: string, posix: number, windows: number][] = [
    ["a", 0, 0],
    ["a/b", 2, 2],
    ["a\\b", 0, 2],
    ["C:\\x\\y.exe", 0, 5],
    ["C:y.exe", 0, 2],
    ["c:/x/y", 5, 5],
    ["\\\\server\\share\\y", 0, 15],
    ["/y", 1, 1],
    ["ab:c", 0, 0],
  ];
  for (const [path, posix, windows] of cases) {
    assert.equal(folderLength(path, false), posix, path);
    assert.equal(folderLength(path, true), windows, path);
    assert.equal(hasFolder(path, true), windows > 0, path);
  }
});

test("a path is rooted at a root, a share or a drive", () => {
  for (const path of ["C:\\x", "c:x", "\\x", "\\\\server\\share", "/x"]) {
    assert.ok(isRooted(path, true), path);
  }
  for (const path of ["x", "x\\y", ".\\x", "..", "xy:z"]) assert.ok(!isRooted(path, true), path);
  assert.deepEqual(["/x", "x", "C:\\x"].map((path) => isRooted(path, false)), [true, false, false]);
});

const CWD = "D:\\work";

test("a name alone is looked for on the Path, with the endings that Windows starts", () => {
  const path = '"C:\\Program Files\\x";;C:\\y\\; rel';
  const pathExt = ".COM;.EXE;.VBS; .Cmd";
  assert.deepEqual(windowsCandidates("python", { path, pathExt, cwd: CWD }), [
    "C:\\Program Files\\x\\python.com",
    "C:\\Program Files\\x\\python.exe",
    "C:\\Program Files\\x\\python.cmd",
    "C:\\y\\python.com",
    "C:\\y\\python.exe",
    "C:\\y\\python.cmd",
    "D:\\work\\rel\\python.com",
    "D:\\work\\rel\\python.exe",
    "D:\\work\\rel\\python.cmd",
  ]);
  assert.deepEqual(windowsCandidates("Python.EXE", { path: "C:\\y", pathExt, cwd: CWD }), [
    "C:\\y\\Python.EXE",
  ]);
  assert.deepEqual(windowsCandidates("v1.2", { path: "C:\\y", pathExt: undefined, cwd: CWD }), [
    "C:\\y\\v1.2.com",
    "C:\\y\\v1.2.exe",
    "C:\\y\\v1.2.bat",
    "C:\\y\\v1.2.cmd",
  ]);
});

test("a name with a folder is looked for there alone", () => {
  const places = { path: "C:\\y", pathExt: ".EXE", cwd: CWD };
  assert.deepEqual(windowsCandidates(".\\tool", places), ["D:\\work\\.\\tool.exe"]);
  assert.deepEqual(windowsCandidates("bin/tool.exe", places), ["D:\\work\\bin/tool.exe"]);
  assert.deepEqual(windowsCandidates("E:tool", places), ["E:tool.exe"]);
  assert.deepEqual(windowsCandidates("\\\\s\\d\\tool", places), ["\\\\s\\d\\tool.exe"]);
});

test("nothing is no command, and nothing is found without a Path", () => {
  const places = { path: undefined, pathExt: undefined, cwd: CWD };
  assert.deepEqual(windowsCandidates("", places), []);
  assert.deepEqual(windowsCandidates("tool", places), []);
});
