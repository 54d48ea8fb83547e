import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { Library } from "../workers/ffi/library.ts";
import { loadFfi } from "../workers/ffi/open.ts";
import { denoFiles } from "../workers/host/deno_files.ts";
import type { Files } from "../workers/host/files.ts";
import { HostError, type HostErrorCode } from "../workers/host/host.ts";
import { LIBC_SIGNATURES, libcFiles } from "../workers/host/libc_files.ts";
import { nodeFiles } from "../workers/host/node_files.ts";
import { LIBC, realHost } from "../workers/host/real_host.ts";
import { RUNTIME } from "./support/run_script.ts";

const skip = process.platform === "linux" ? false : "the files of Linux are read";
/** A file of mode 0200 in `/proc/sys`, where the mode binds root as well. */
const writeOnly = {
  path: "/proc/sys/vm/compact_memory",
  get skip() {
    return fs.existsSync(this.path) ? false : "this kernel has no such file";
  },
};
const isRoot = process.getuid?.() === 0;
const libc = skip ? null : (await loadFfi()).openLibrary(LIBC, LIBC_SIGNATURES);

/** Lists nothing: stands where the C library should not need help. */
const none: Files = {
  readText: () => assert.fail("asked for a text"),
  list: () => assert.fail("asked for a folder"),
  readLink: () => assert.fail("asked for a link"),
  writeText: () => assert.fail("asked to write"),
  makeFolder: () => assert.fail("asked to make a folder"),
  removeFolder: () => assert.fail("asked to remove a folder"),
};

const IMPLEMENTATIONS: Readonly<Record<string, Files>> = libc === null ? {} : {
  "node:fs": nodeFiles(),
  libc: libcFiles(libc, none),
  ...RUNTIME === "deno" ? { Deno: denoFiles() } : {},
  "the real host": await realHost(null),
};

/** Runs `action` in a new folder and removes it. */
function inFolder(action: (folder: string) => void): void {
  const folder = fs.mkdtempSync(join(tmpdir(), "hypomnesis-files-"));
  try {
    action(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function refuses(code: HostErrorCode, path: string, action: (path: string) => unknown): void {
  assert.throws(() => action(path), (error) => {
    assert.ok(error instanceof HostError, `${error}`);
    assert.deepEqual([error.code, error.path], [code, path], error.message);
    assert.ok(error.message.length > 3);
    return true;
  });
}

const openFiles = () => fs.readdirSync("/proc/self/fd").length;

for (const [name, files] of Object.entries(IMPLEMENTATIONS)) {
  test(`${name}: a text is read whole, whatever its length`, { skip }, () => {
    inFolder((folder) => {
      const path = join(folder, "a text with ümlauts");
      for (const length of [0, 1, 4095, 65_535, 65_536, 65_537, 300_000]) {
        const text = "0123456789abcdeé".repeat(Math.ceil(length / 16)).slice(0, length);
        fs.writeFileSync(path, text);
        assert.ok(files.readText(path) === text, `${length} characters`);
      }
      assert.equal(files.readText(path).length, 300_000);
      const large = "five million bytes, é\n".repeat(220_000);
      fs.writeFileSync(path, large);
      assert.ok(files.readText(path) === large);
      fs.writeFileSync(path, "short again");
      assert.equal(files.readText(path), "short again");
    });
  });

  test(`${name}: bytes that are no UTF-8 are replaced, all others kept`, { skip }, () => {
    inFolder((folder) => {
      const path = join(folder, "bytes");
      fs.writeFileSync(
        path,
        Uint8Array.of(0x61, 0xff, 0x62, 0, 0x0d, 0x0a, 0xc3, 0xa9, 0xe2, 0x82),
      );
      assert.equal(files.readText(path), "a\uFFFDb\0\r\né\uFFFD");
      fs.writeFileSync(path, "\uFEFFmark");
      assert.equal(files.readText(path), "\uFEFFmark");
    });
  });

  test(`${name}: the kernel's files, which have no length`, { skip }, () => {
    assert.match(files.readText("/proc/self/status"), /^Name:\t.*\n[^]*\nVmRSS:\s+\d+ kB\n/);
    assert.match(files.readText("/proc/meminfo"), /^MemTotal: +\d+ kB\n/);
    assert.match(files.readText(`/proc/${process.pid}/stat`), new RegExp(`^${process.pid} \\(`));
    assert.ok(files.readText("/proc/self/cmdline").includes("\0"));
    // Longer than a page, so the kernel gives it in several pieces.
    const maps = files.readText("/proc/self/maps");
    assert.ok(maps.endsWith("\n") && maps.length > 5000, `${maps.length}`);
  });

  test(`${name}: a folder is listed whole, without . and ..`, { skip }, () => {
    inFolder((folder) => {
      assert.deepEqual(files.list(folder), []);
      const names = Array.from({ length: 500 }, (_, n) => `${n}-${"x".repeat(n % 250)}`);
      names.push(
        ".hidden",
        "with space",
        "ümlaut",
        "..three",
        "line\nbreak",
        "\x1b[31m",
        "\uFEFFa",
      );
      for (const entry of names) fs.writeFileSync(join(folder, entry), "");
      fs.mkdirSync(join(folder, "folder"));
      fs.symlinkSync("nowhere", join(folder, "link"));
      assert.deepEqual(files.list(folder).sort(), [...names, "folder", "link"].sort());
    });
    const processes = files.list("/proc").filter((entry) => /^\d+$/.test(entry));
    assert.ok(processes.includes(String(process.pid)));
  });

  test(`${name}: a link is read, not followed`, { skip }, () => {
    inFolder((folder) => {
      const path = join(folder, "link");
      const target = `nowhere/${"é".repeat(90)}`;
      fs.symlinkSync(target, path);
      assert.equal(files.readLink(path), target);
      refuses("ENOENT", path, files.readText);
    });
    assert.match(files.readLink("/proc/self/ns/pid"), /^pid:\[\d+\]$/);
    assert.equal(files.readLink(`/proc/${process.pid}/exe`), fs.realpathSync("/proc/self/exe"));
  });

  test(`${name}: what is not there, or is something else`, { skip }, () => {
    inFolder((folder) => {
      const file = join(folder, "file");
      fs.writeFileSync(file, "x");
      for (const action of [files.readText, files.list, files.readLink]) {
        refuses("ENOENT", join(folder, "missing"), action);
        refuses("ENOENT", join(file, "inside"), action);
      }
      refuses("ENOENT", file, files.list);
      refuses("EIO", folder, files.readText);
      refuses("EIO", file, files.readLink);
    });
    refuses("ENOENT", "/proc/0/status", files.readText);
    refuses("ENOENT", "/proc/999999999/status", files.readText);
  });

  test(`${name}: a file the kernel lets nobody read is refused`, { skip: writeOnly.skip }, () => {
    refuses("EACCES", writeOnly.path, files.readText);
  });

  test(`${name}: a process that ended but was not waited for`, { skip }, async () => {
    // The shell becomes a program that does not wait for its child, which ends when stdin does.
    const script = "exec 3<&0; (read line <&3) & echo $!; exec sleep 60 3<&-";
    const parent = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "pipe", "ignore"] });
    const until = async (holds: () => boolean) => {
      const untilMs = Date.now() + 20_000;
      while (!holds()) {
        assert.ok(Date.now() < untilMs, String(holds));
        await new Promise((wake) => setTimeout(wake, 5));
      }
    };
    try {
      const [line] = await once(parent.stdout, "data");
      const path = `/proc/${String(line).trim()}`;
      await until(() => files.readText(`/proc/${parent.pid}/comm`) === "sleep\n");
      parent.stdin.end();
      await until(() => /^State:\tZ/m.test(files.readText(`${path}/status`)));
      assert.equal(files.readText(`${path}/cmdline`), "");
      refuses("ENOENT", `${path}/exe`, files.readLink);
      // Kernels before 4.14 have no such file; then there is nothing here to be refused.
      const code = fs.existsSync(`${path}/smaps_rollup`) ? "ESRCH" : "ENOENT";
      refuses(code, `${path}/smaps_rollup`, files.readText);
    } finally {
      parent.kill("SIGKILL");
      await once(parent, "close");
    }
  });

  const asRoot = isRoot ? "root may read everything" : false;
  test(`${name}: what may not be read is refused`, { skip: skip || asRoot }, () => {
    inFolder((folder) => {
      const path = join(folder, "secret");
      fs.writeFileSync(path, "x");
      fs.chmodSync(path, 0);
      refuses("EACCES", path, files.readText);
      const locked = join(folder, "locked");
      fs.mkdirSync(locked);
      fs.chmodSync(locked, 0);
      refuses("EACCES", locked, files.list);
      fs.chmodSync(locked, 0o700);
    });
  });

  test(`${name}: no descriptor stays open, whatever happens`, { skip }, () => {
    const attempts = [
      () => files.readText("/proc/self/status"),
      () => files.readText("/proc"),
      () => files.readText("/proc/999999999/status"),
      () => files.list("/proc/self/task"),
      () => files.list("/proc/self/status"),
      () => files.readLink("/proc/self/exe"),
      () => files.readLink("/proc/self"),
      () => files.readLink("/proc/self/status"),
    ];
    const all = () => {
      for (const attempt of attempts) {
        try {
          attempt();
        } catch (error) {
          assert.ok(error instanceof HostError, `${error}`);
        }
      }
    };
    all();
    const before = openFiles();
    for (let n = 0; n < 350; n++) all();
    assert.ok(openFiles() <= before + 3, `${openFiles()} open, ${before} before`);
  });
}

test("each way to list a folder finds all of 3,000 files", { skip }, () => {
  inFolder((folder) => {
    const names = Array.from({ length: 3000 }, (_, n) => `f${n}`).sort();
    fs.writeFileSync(join(folder, "f0"), "");
    // A further name of a file is made faster than a file.
    for (const entry of names) {
      if (entry !== "f0") fs.linkSync(join(folder, "f0"), join(folder, entry));
    }
    for (const files of Object.values(IMPLEMENTATIONS)) {
      assert.deepEqual(files.list(folder).sort(), names);
    }
  });
});

test("libc: a descriptor is not handed to programs that are started meanwhile", { skip }, () => {
  inFolder((folder) => {
    const path = join(folder, "file");
    fs.writeFileSync(path, "x");
    const seen: string[] = [];
    const watching = watched({
      read: (original) => (fd, buffer, length) => {
        seen.push(fs.readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"));
        return original(fd, buffer, length);
      },
    });
    assert.equal(libcFiles(watching, none).readText(path), "x");
    assert.ok(seen.length > 0);
    // O_CLOEXEC, in octal.
    for (const info of seen) assert.match(info, /^flags:\t0[0-7]*2[0-7]{6}$/m);
  });
});

type Functions = {
  -readonly [K in keyof typeof LIBC_SIGNATURES]: NonNullable<
    Library<typeof LIBC_SIGNATURES>["functions"][K]
  >;
};

/** The C library with some functions replaced; `null` takes one away. */
function watched(
  change: { [K in keyof Functions]?: ((original: Functions[K]) => Functions[K]) | null },
): Library<typeof LIBC_SIGNATURES> {
  const functions: Record<string, unknown> = {};
  for (const name of Object.keys(LIBC_SIGNATURES) as (keyof Functions)[]) {
    const wrap = change[name] as ((original: unknown) => unknown) | null | undefined;
    const original = libc!.functions[name];
    functions[name] = wrap === null ? null : wrap === undefined ? original : wrap(original);
  }
  return {
    path: libc!.path,
    functions: functions as Library<typeof LIBC_SIGNATURES>["functions"],
    close: () => {},
  };
}

test("libc: short reads and interrupted calls are gone on with", { skip }, () => {
  const text = fs.readFileSync("/proc/self/maps", "utf8").slice(0, 2000);
  inFolder((folder) => {
    const path = join(folder, "file");
    fs.writeFileSync(path, text);
    let calls = 0;
    let errno = 0;
    const interrupted = () => {
      errno = 4;
      return true;
    };
    const library = watched({
      open: (original) => (name, flags) =>
        ++calls === 1 && interrupted() ? -1 : original(name, flags),
      read: (original) => (fd, buffer, length) => {
        if (++calls % 3 === 0 && interrupted()) return 0xffffffffffffffffn;
        return original(fd, buffer, length < 7n ? length : 7n);
      },
      memcpy: (original) => (target, address, length) => {
        if (errno === 0 || !(target instanceof Uint32Array)) {
          return original(target, address, length);
        }
        target[0] = errno;
        errno = 0;
        return 0n;
      },
    });
    assert.equal(libcFiles(library, none).readText(path), text);
    assert.ok(calls > 300);
  });
});

test("libc: each error number has its meaning", { skip }, () => {
  const numbers: [number, HostErrorCode][] = [
    [1, "EACCES"],
    [2, "ENOENT"],
    [3, "ESRCH"],
    [5, "EIO"],
    [13, "EACCES"],
    [20, "ENOENT"],
    [95, "EIO"],
  ];
  for (const [errno, code] of numbers) {
    const files = libcFiles(
      watched({
        read: () => () => 0xffffffffffffffffn,
        readlink: () => () => 0xffffffffffffffffn,
        getdents64: () => () => 0xffffffffffffffffn,
        memcpy: () => (target) => {
          (target as Uint32Array)[0] = errno;
          return 0n;
        },
      }),
      none,
    );
    for (const action of [files.readText, files.list, files.readLink]) {
      refuses(code, "/proc", action);
    }
    if (code !== "EIO") continue;
    assert.throws(() => files.readText("/proc"), { message: `read /proc: errno ${errno}` });
  }
});

test("libc: where it can't list a folder, another way is taken", { skip }, () => {
  const other: Files = { ...none, list: (path) => [`from ${path}`] };
  const without = libcFiles(watched({ getdents64: null, getdents: null }), other);
  assert.deepEqual(without.list("/proc"), ["from /proc"]);
  assert.match(without.readText("/proc/self/stat"), /^\d+ \(/);
  const named = watched({ getdents64: null, getdents: () => libc!.functions.getdents64! });
  assert.ok(libcFiles(named, none).list("/proc").includes("self"));
  assert.throws(() => libcFiles(watched({ read: null }), none), HostError);
});

test("a process that ends while its file is open is gone, not garbage", { skip }, () => {
  // The shell prints its PID and ends; execFileSync returns once it is reaped.
  const pid = execFileSync("/bin/sh", ["-c", "echo $$"], { encoding: "utf8" }).trim();
  for (const files of Object.values(IMPLEMENTATIONS)) {
    refuses("ENOENT", `/proc/${pid}/status`, files.readText);
  }
});

test("the real host: clocks, platform, programs and libraries", { skip }, async () => {
  const lines: string[] = [];
  const host = await realHost((line) => lines.push(line));
  assert.equal(host.platform, "linux");
  const [first, wall] = [host.now(), host.wallClock()];
  assert.ok(host.now() >= first);
  assert.ok(Math.abs(wall - Date.now()) < 60_000);
  host.debug(() => "raw");
  assert.deepEqual(lines, ["raw"]);
  (await realHost(null)).debug(() => assert.fail("nobody reads it"));
  const { stdout, exitCode } = await host.run("echo", ["a"], { timeoutMs: 20_000, maxBytes: 100 });
  assert.deepEqual([stdout, exitCode], ["a\n", 0]);
  const library = host.openLibrary(LIBC, { getpid: { args: [], returns: "i32" } });
  assert.equal(library.functions.getpid!(), process.pid);
  library.close();
});
