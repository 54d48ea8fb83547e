/** The runner against real little programs: whatever they do, the answer comes in time and nothing stays. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { programCandidates, searchFolders, usualFolders } from "../workers/host/find_program.ts";
import { HostError } from "../workers/host/host.ts";
import { runProgram } from "../workers/host/run_program.ts";
import type { ExitStatus, RunningProgram } from "../workers/host/running_program.ts";
import { superviseRun } from "../workers/host/supervise_run.ts";

const windows = process.platform === "win32";
const onlyUnix = { skip: windows ? "the programs are shell scripts" : false };
const linux = fs.existsSync("/proc/self/fd");
const onlyLinux = { skip: linux ? false : "descriptors are counted in /proc" };
const limits = { timeoutMs: 5000, maxBytes: 65536 };
let folder = "";

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "hmn-run-"));
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Writes a shell script and gives its path. */
function script(name: string, text: string, mode = 0o755): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode });
  return file;
}

/** Waits until no process of `pids` is left, and gives those that are. */
async function stillThere(pids: readonly number[]): Promise<number[]> {
  const alive = (pid: number) => {
    try {
      process.kill(pid, 0);
      // A zombie of a foreign parent is dead; only its parent may bury it.
      return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  };
  for (let tries = 0; tries < 100 && pids.some(alive); tries++) {
    await new Promise((ring) => setTimeout(ring, 20));
  }
  return pids.filter(alive);
}

function numbers(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}

test("a program's output, arguments and exit code come back", onlyUnix, async () => {
  const file = script("ok", 'printf "%s|" "$@"; echo err >&2; exit 3');
  const run = await runProgram(file, ["a b", "c"], limits);
  assert.equal(run.ended, "exited");
  assert.equal(run.exitCode, 3);
  assert.equal(run.signal, null);
  assert.equal(run.stdout, "a b|c|");
  assert.equal(run.stderr, "err\n");
  assert.ok(run.durationMs >= 0 && run.durationMs < 5000);
});

test("the environment is small, stdin is empty, the folder is the root", onlyUnix, async () => {
  process.env.HMN_TEST_SECRET = "1";
  try {
    const file = script("env", "echo $LC_ALL; pwd; cat; env");
    const { stdout } = await runProgram(file, [], limits);
    const [lcAll, cwd, ...environment] = stdout.trimEnd().split("\n");
    assert.equal(lcAll, "C");
    assert.equal(cwd, "/");
    // The shell adds PWD and the like of its own accord; what we did not hand over must not be there.
    assert.ok(environment.some((line) => line.startsWith("PATH=")), stdout);
    assert.ok(!environment.some((line) => /^(HMN_|HOME=|USER=)/.test(line)), stdout);
  } finally {
    delete process.env.HMN_TEST_SECRET;
  }
});

test(
  "bytes that are not UTF-8 are replaced, and a letter cut by a pipe is whole",
  onlyUnix,
  async () => {
    const file = script("bytes", "printf 'a\\377b'; printf '\\303'; sleep 0.05; printf '\\244'");
    assert.equal((await runProgram(file, [], limits)).stdout, "a\ufffdbä");
  },
);

test("a hung program is killed at the limit, with what it printed", onlyUnix, async () => {
  const file = script("hang", "echo $$; exec sleep 60");
  const run = await runProgram(file, [], { ...limits, timeoutMs: 300 });
  assert.equal(run.ended, "timeout");
  assert.equal(run.exitCode, null);
  assert.equal(run.signal, "SIGKILL");
  assert.ok(run.durationMs >= 290 && run.durationMs < 3000, String(run.durationMs));
  assert.deepEqual(await stillThere(numbers(run.stdout)), []);
});

test("ignoring SIGTERM and a grandchild that holds the pipe delay nothing", onlyUnix, async () => {
  const file = script(
    "stubborn",
    "trap '' TERM\nsleep 60 &\necho $$ $!\nwhile :; do sleep 60; done",
  );
  const run = await runProgram(file, [], { ...limits, timeoutMs: 300 });
  assert.equal(run.ended, "timeout");
  assert.ok(run.durationMs < 3000, String(run.durationMs));
  const pids = numbers(run.stdout);
  assert.equal(pids.length, 2);
  assert.deepEqual(await stillThere(pids), []);
});

test("a program that ended while its grandchild holds the pipe has ended", onlyUnix, async () => {
  const file = script("orphan", "sleep 60 &\necho $!; exit 4");
  const run = await runProgram(file, [], limits);
  assert.equal(run.ended, "exited");
  assert.equal(run.exitCode, 4);
  assert.ok(run.durationMs < 3000, String(run.durationMs));
  const pids = numbers(run.stdout);
  assert.equal(pids.length, 1);
  assert.deepEqual(await stillThere(pids), []);
});

test(
  "a grandchild that left the group keeps the pipe, and we let go of it",
  onlyLinux,
  async () => {
    const file = script("escaped", "setsid sleep 60 &\necho $!");
    const pipes = () =>
      fs.readdirSync("/proc/self/fd").filter((fd) => {
        try {
          return /^(pipe|socket):/.test(fs.readlinkSync(`/proc/self/fd/${fd}`));
        } catch {
          return false;
        }
      }).length;
    await runProgram("true", [], limits);
    const before = pipes();
    const run = await runProgram(file, [], limits);
    const [pid] = numbers(run.stdout);
    try {
      assert.equal(run.ended, "exited");
      assert.ok(run.durationMs < 3000, String(run.durationMs));
      for (let tries = 0; tries < 50 && pipes() > before; tries++) {
        await new Promise((ring) => setTimeout(ring, 20));
      }
      assert.ok(pipes() <= before, `${pipes()} pipes, ${before} before`);
    } finally {
      process.kill(pid!, "SIGKILL");
    }
    assert.deepEqual(await stillThere([pid!]), []);
  },
);

test("a flood is cut at the limit and ended", onlyUnix, async () => {
  const file = script("flood", "echo $$ >&2; exec yes 0123456");
  const run = await runProgram(file, [], limits);
  assert.equal(run.ended, "too_much_output");
  assert.equal(run.exitCode, null);
  assert.equal(run.stdout.length + run.stderr.length, limits.maxBytes);
  assert.ok(run.durationMs < 4000, String(run.durationMs));
  assert.deepEqual(await stillThere(numbers(run.stderr)), []);
});

test("output of exactly the limit is not too much", onlyUnix, async () => {
  const file = script("exact", "printf 12345678");
  const exact = await runProgram(file, [], { ...limits, maxBytes: 8 });
  assert.equal(exact.ended, "exited");
  assert.equal(exact.stdout, "12345678");
  const short = await runProgram(file, [], { ...limits, maxBytes: 7 });
  assert.equal(short.ended, "too_much_output");
  assert.equal(short.stdout, "1234567");
});

test("a signal is told by name", onlyUnix, async () => {
  const run = await runProgram(script("segfault", "kill -SEGV $$"), [], limits);
  assert.equal(run.ended, "exited");
  assert.equal(run.exitCode, null);
  assert.equal(run.signal, "SIGSEGV");
});

test("what can't be started is refused with the system's reason", onlyUnix, async () => {
  const refused = (program: string, code: string) =>
    assert.rejects(runProgram(program, [], limits), (error: unknown) => {
      assert.ok(error instanceof HostError, String(error));
      assert.equal(error.code, code);
      return true;
    });
  await refused(path.join(folder, "absent"), "ENOENT");
  await refused("hmn-no-such-program", "ENOENT");
  await refused("./ok", "ENOENT");
  await refused("", "ENOENT");
  await refused(script("plain", "echo no", 0o644), "EACCES");
  await refused(folder, "EACCES");
});

test(
  "a bare name is found on the PATH, but not through a relative entry of it",
  onlyUnix,
  async () => {
    script("hmn-planted", "echo planted");
    const path0 = process.env.PATH;
    const cwd = process.cwd();
    try {
      process.chdir(folder);
      process.env.PATH = `.::${path0}`;
      await assert.rejects(runProgram("hmn-planted", [], limits), { code: "ENOENT" });
      process.env.PATH = `.:${folder}/`;
      assert.equal((await runProgram("hmn-planted", [], limits)).stdout, "planted\n");
      process.env.PATH = "";
      assert.equal((await runProgram("true", [], limits)).exitCode, 0);
    } finally {
      process.chdir(cwd);
      process.env.PATH = path0;
    }
  },
);

test("candidates of a name, a path and a Windows name", () => {
  const unix = usualFolders(false, () => "/elsewhere");
  assert.deepEqual(programCandidates("/opt/x", "/bin", false, unix), ["/opt/x"]);
  assert.deepEqual(programCandidates("x", "/a:b:/a/:/", false, unix), [
    "/a/x",
    "/x",
    "/usr/bin/x",
    "/usr/local/bin/x",
    "/usr/lib/wsl/lib/x",
  ]);
  assert.deepEqual(programCandidates("../x", "/a", false, unix), []);
  const usual = usualFolders(true, () => undefined);
  assert.deepEqual(programCandidates("x", "C:\\a\\;.;\\b", true, usual), [
    "C:\\a\\x.exe",
    "C:\\Windows\\System32\\x.exe",
    "C:\\Program Files\\NVIDIA Corporation\\NVSMI\\x.exe",
  ]);
  assert.deepEqual(programCandidates("C:\\p\\x.exe", "", true, usual), ["C:\\p\\x.exe"]);
  assert.deepEqual(searchFolders("", false, unix), [
    "/usr/bin",
    "/usr/local/bin",
    "/usr/lib/wsl/lib",
  ]);
  const moved: Record<string, string> = { SystemRoot: "D:\\W", ProgramFiles: "E:\\P" };
  assert.deepEqual(usualFolders(true, (name) => moved[name]), [
    "D:\\W\\System32",
    "E:\\P\\NVIDIA Corporation\\NVSMI",
  ]);
});

test("runs one after another and at once leave no descriptor and no child", onlyLinux, async () => {
  const open = () => fs.readdirSync("/proc/self/fd").length;
  const quick = script("quick", "echo 1");
  const slow = script("slow", "exec sleep 60");
  const noisy = script("noisy", "exec yes");
  const round = () =>
    Promise.allSettled([
      runProgram(quick, [], limits),
      runProgram(slow, [], { ...limits, timeoutMs: 20 }),
      runProgram(noisy, [], limits),
      runProgram(path.join(folder, "absent"), [], limits),
    ]);
  await round();
  const before = open();
  for (let i = 0; i < 10; i++) await round();
  for (let tries = 0; tries < 50 && open() > before; tries++) {
    await new Promise((ring) => setTimeout(ring, 20));
  }
  assert.ok(open() <= before + 2, `${before} descriptors became ${open()}`);
  const children = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
      return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] === String(process.pid);
    } catch {
      return false;
    }
  });
  const ours = children.filter((pid) =>
    /^(slow|noisy|quick|sleep|yes)$/m.test(fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim())
  );
  assert.deepEqual(ours, []);
});

/** A process that no signal ends, until `end` is called. */
function immortal() {
  let end = (_: ExitStatus) => {};
  let killed = 0;
  let letGo = 0;
  const running: RunningProgram = {
    pid: 1,
    exited: new Promise<ExitStatus>((ended) => end = ended),
    outputEnded: new Promise(() => {}),
    killGroup: () => void killed++,
    letGo: () => void letGo++,
  };
  return {
    running,
    end: () => end({ exitCode: null, signal: "SIGKILL" }),
    count: () => ({ killed, letGo }),
  };
}

test("a process that SIGKILL does not end is not waited for; a third run is refused", async () => {
  const short = { timeoutMs: 20, maxBytes: 100 };
  const [one, two] = [immortal(), immortal()];
  const first = await superviseRun("x", short, (sink) => {
    sink("stdout", new TextEncoder().encode("so far"));
    return Promise.resolve(one.running);
  });
  assert.equal(first.ended, "unkillable");
  assert.equal(first.exitCode, null);
  assert.equal(first.stdout, "so far");
  assert.deepEqual(one.count(), { killed: 1, letGo: 1 });
  const second = await superviseRun("x", short, () => Promise.resolve(two.running));
  assert.equal(second.ended, "unkillable");
  let started = false;
  await assert.rejects(
    superviseRun("x", short, () => {
      started = true;
      return Promise.resolve(immortal().running);
    }),
    (error: unknown) => error instanceof HostError && /do not end/.test(error.message),
  );
  assert.equal(started, false);
  one.end();
  two.end();
  await one.running.exited;
  await two.running.exited;
  const mortal = immortal();
  mortal.end();
  const after = await superviseRun("x", short, () => Promise.resolve(mortal.running));
  assert.equal(after.ended, "exited");
  assert.equal(after.signal, "SIGKILL");
});

test("a program that had ended by itself before SIGKILL counts as ended", async () => {
  let end = (_: ExitStatus) => {};
  const late: RunningProgram = {
    pid: 1,
    exited: new Promise<ExitStatus>((ended) => end = ended),
    outputEnded: Promise.resolve(),
    killGroup: () => end({ exitCode: 0, signal: null }),
    letGo: () => {},
  };
  const run = await superviseRun("x", { timeoutMs: 10, maxBytes: 9 }, () => Promise.resolve(late));
  assert.equal(run.ended, "exited");
  assert.equal(run.exitCode, 0);
});
