import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { loadFfi } from "../workers/ffi/open.ts";
import { HostError } from "../workers/host/host.ts";
import { LIBC } from "../workers/host/real_host.ts";
import { repositoryFile, runScript, RUNTIME } from "./support/run_script.ts";

const skip = process.platform === "linux" ? false : "these C functions are looked for on Linux";
const { openLibrary } = await loadFfi();

const SIGNATURES = {
  getpid: { args: [], returns: "i32" },
  abs: { args: ["i32"], returns: "i32" },
  htonl: { args: ["u32"], returns: "u32" },
  strlen: { args: ["buffer"], returns: "u64" },
  time: { args: ["buffer"], returns: "u64" },
  memset: { args: ["buffer", "i32", "u64"], returns: "u64" },
  memcpy: { args: ["buffer", "u64", "u64"], returns: "u64" },
  srand: { args: ["u32"], returns: "void" },
  strtoul: { args: ["buffer", "buffer", "i32"], returns: "u64" },
  hypomnesis_has_no_such_function: { args: ["u64"], returns: "u64" },
} as const;

const bytes = (text: string) => new TextEncoder().encode(`${text}\0`);

/** Runs `action` in a new folder and removes it. */
function inFolder(action: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "hypomnesis-ffi-"));
  try {
    action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function refusal(paths: readonly string[]): HostError {
  try {
    openLibrary(paths, { getpid: SIGNATURES.getpid }).close();
  } catch (error) {
    assert.ok(error instanceof HostError, String(error));
    return error;
  }
  return assert.fail(`${paths} loaded`);
}

test("the first library that loads is opened, and what it lacks is null", { skip }, () => {
  const library = openLibrary(["libhypomnesis_is_not_here.so.7", ...LIBC], SIGNATURES);
  const { functions } = library;
  assert.ok(LIBC.includes(library.path), library.path);
  assert.equal(functions.getpid!(), process.pid);
  assert.equal(functions.hypomnesis_has_no_such_function, null);
  assert.equal(functions.strlen!(bytes("four")), 4n);
  assert.equal(functions.strlen, functions.strlen);
  assert.deepEqual(Object.keys(functions).sort(), Object.keys(SIGNATURES).sort());
  library.close();
});

test("every native type crosses unharmed", { skip }, () => {
  const { functions, close } = openLibrary(LIBC, SIGNATURES);
  assert.equal(functions.abs!(-2147483647), 2147483647);
  assert.equal(functions.htonl!(0x01020384), 0x84030201);
  assert.equal(functions.srand!(1), undefined);
  assert.equal(functions.strtoul!(bytes("18446744073709551615"), null, 10), 0xffffffffffffffffn);
  assert.equal(functions.strtoul!(bytes("9007199254740993"), null, 10), 9007199254740993n);
  const seconds = functions.time!(null);
  assert.ok(seconds > 1_600_000_000n, String(seconds));

  // A buffer is written through, from the offset of its view on; an address is a u64.
  const whole = new Uint8Array(32);
  const address = functions.memset!(whole.subarray(8, 16), 0xab, 8n);
  assert.deepEqual([whole[7], whole[8], whole[15], whole[16]], [0, 0xab, 0xab, 0]);
  const copy = new BigUint64Array(1);
  functions.memcpy!(copy, address, 8n);
  assert.equal(copy[0], 0xababababababababn);
  const words = new Uint32Array(2);
  functions.memset!(words, 1, 4n);
  assert.deepEqual([...words], [0x01010101, 0]);
  close();
});

test("a closed library can be opened again", { skip }, () => {
  for (let n = 1; n < 6; n++) {
    const { functions, close } = openLibrary(LIBC, { abs: SIGNATURES.abs });
    assert.equal(functions.abs!(-n), n);
    close();
  }
});

test("what can't be loaded is told in the loader's words, each path once", { skip }, () => {
  const absent = refusal(["libhypomnesis_a.so.7", "libhypomnesis_b.so.7"]);
  assert.equal(absent.code, "ENOENT");
  assert.equal(absent.path, "libhypomnesis_a.so.7");
  const words = ": cannot open shared object file: No such file or directory";
  assert.ok(absent.message.startsWith(`libhypomnesis_a.so.7${words}`), absent.message);
  assert.equal(absent.message.split(words).length, 3, absent.message);
  assert.equal(absent.message.split("libhypomnesis_b.so.7").length, 2, absent.message);
  inFolder((folder) => {
    const path = join(folder, "libtext.so");
    writeFileSync(path, "this is a text and no library, longer than the header of one would be");
    const { code, message } = refusal([path]);
    assert.equal(code, "ENOENT");
    assert.match(message, /libtext\.so: (invalid ELF header|Exec format error)/);
  });
});

test("a library that lies in the working directory is not taken for the system's", { skip }, () => {
  const mapped = readFileSync("/proc/self/maps", "utf8").match(/\/\S*\/libm[.-]\S*/)?.[0];
  assert.ok(mapped !== undefined, "the runtime itself uses the library of mathematics");
  inFolder((folder) => {
    const name = "libhypomnesis_planted.so.1";
    copyFileSync(mapped, join(folder, name));
    const before = process.cwd();
    process.chdir(folder);
    try {
      assert.equal(refusal([name]).code, "ENOENT");
      const planted = openLibrary([join(folder, name)], SIGNATURES);
      assert.equal(planted.functions.hypomnesis_has_no_such_function, null);
      planted.close();
    } finally {
      process.chdir(before);
    }
  });
});

test("where the runtime refuses native code, that is the reason given", { skip }, async (t) => {
  const script = repositoryFile("test/support/open_library.ts");
  const run = async (path: string, env: Record<string, string>, denoFlags: string[]) => {
    const { code, stdout, stderr } = await runScript(script, { args: [path], env, denoFlags });
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as { code?: string; path: string; isOurs?: boolean };
  };
  await t.test("none at all", async () => {
    // Deno's `node:child_process` adds -A to a command line without any right.
    const unrelated = ["--no-prompt", "--allow-env=HYPOMNESIS_NOTHING"];
    const refused = await run(LIBC[0]!, { BUN_JSC_useJIT: "0" }, unrelated);
    assert.deepEqual([refused.code, refused.path], ["ENOTCAPABLE", LIBC[0]]);
  });
  await t.test("all of it", async () => {
    const allowed = await run(LIBC[0]!, {}, ["--no-prompt", "--allow-ffi"]);
    assert.deepEqual(allowed, { path: LIBC[0], isOurs: true });
  });
  const noList = RUNTIME === "deno" ? false : "only Deno gives rights by path";
  await t.test("one library by its path", { skip: noList }, async () => {
    const libc = readFileSync("/proc/self/maps", "utf8").match(/\/\S*\/libc[.-]\S*/)![0];
    const listed = ["--no-prompt", `--allow-ffi=${libc}`];
    assert.deepEqual(await run(libc, {}, listed), { path: libc, isOurs: true });
    assert.equal((await run(LIBC[0]!, {}, listed)).code, "ENOTCAPABLE");
  });
});
