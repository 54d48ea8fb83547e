import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cgroupFolders,
  isCgroupText,
  parseCgroupBytes,
  parseCgroupField,
  parseCgroupLimit,
  parseCgroupMounts,
  parseCgroupPath,
} from "../workers/proc/cgroup_text.ts";
import { parseCmdline, parseContainer, parsePasswd, parsePss } from "../workers/proc/details.ts";
import { kibField, wholeNumber } from "../workers/proc/fields.ts";
import { garbledMeminfo, parseMeminfo } from "../workers/proc/meminfo.ts";
import { parsePressure } from "../workers/proc/pressure.ts";
import { parseBootTime, parseCpuTimes, parseProcessTimes } from "../workers/proc/stat.ts";
import { parseStatus } from "../workers/proc/status.ts";

/** Random whole numbers below `below`, the same in every run (xorshift32). */
function seeded(seed: number): (below: number) => number {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const rss = (text: string) => parseStatus(`Pid:\t1\n${text}`);

test("VmRSS: KiB become bytes, 0 is a measurement, the unit may be missing", () => {
  assert.equal(rss("Name:\tx\nVmRSS:\t   12345 kB\nThreads:\t1\n").rssBytes, 12_641_280);
  assert.equal(rss("VmRSS:\t       0 kB\n").rssBytes, 0);
  assert.equal(rss("VmRSS:\t   42").rssBytes, 42 * 1024);
  assert.deepEqual(rss("VmRSS:\t   42\n").garbled, []);
});

test("VmRSS: missing beside other memory, or no number, is told by name", () => {
  for (
    const text of ["VmSize:\t9 kB\n", "VmRSS:\tnot_a_number kB\n", "VmRSS:\t-1 kB\n", "VmRSS:"]
  ) {
    const { rssBytes, garbled } = rss(text);
    assert.equal(rssBytes, null, text);
    assert.deepEqual(garbled, ["VmRSS"], text);
  }
  assert.deepEqual(parseStatus("").garbled, ["Pid"]);
});

test("a kernel thread and an ended process have no memory, and nothing is wrong with that", () => {
  const status = parseStatus("Name:\tkthreadd\nTgid:\t2\nPid:\t2\nPPid:\t0\nUid:\t0\t0\t0\t0\n");
  assert.deepEqual(status, {
    name: "kthreadd",
    processId: 2,
    pid: 2,
    parentPid: 0,
    zombie: null,
    uid: 0,
    threads: null,
    rssBytes: null,
    peakRssBytes: null,
    anonBytes: null,
    fileBytes: null,
    shmemBytes: null,
    swapBytes: null,
    garbled: [],
  });
});

test("a realistic status: each number from its own line, the effective user id", () => {
  const status = parseStatus(
    "Name:\tVmRSS:\t7 kB\nUmask:\t0022\nState:\tR (running)\nTgid:\t31\nPid:\t31\nPPid:\t30\n" +
      "TracerPid:\t99\nUid:\t1001\t1000\t1002\t1003\nVmPeak:\t9000 kB\nVmSize:\t8000 kB\n" +
      "VmHWM:\t    5000 kB\nVmRSS:\t    4096 kB\nRssAnon:\t    1000 kB\nRssFile:\t    3000 kB\n" +
      "RssShmem:\t      96 kB\nVmSwap:\t       8 kB\n",
  );
  assert.deepEqual(status, {
    name: "VmRSS:\t7 kB",
    processId: 31,
    pid: 31,
    parentPid: 30,
    zombie: false,
    uid: 1000,
    threads: null,
    rssBytes: 4096 * 1024,
    peakRssBytes: 5000 * 1024,
    anonBytes: 1000 * 1024,
    fileBytes: 3000 * 1024,
    shmemBytes: 96 * 1024,
    swapBytes: 8 * 1024,
    garbled: [],
  });
});

test("the name in status: spaces stay, the kernel's two escapes are undone", () => {
  const names = [["bash", "bash"], [" a ) ", " a ) "], ["\\n\\\\n", "\n\\n"], ["\\t", "\\t"], [
    "",
    "",
  ]];
  for (const [written, name] of names) {
    assert.equal(parseStatus(`Name:\t${written}\nPid:\t1\n`).name, name);
  }
  assert.equal(parseStatus("Pid:\t1\n").name, null);
});

test("numbers that JavaScript can't hold are unknown, never wrong", () => {
  assert.equal(wholeNumber("9007199254740991"), Number.MAX_SAFE_INTEGER);
  for (const text of ["9007199254740992", "18446744073709551615", "1.5", "-1", "", " 1", "0x10"]) {
    assert.equal(wholeNumber(text), null, text);
  }
  assert.equal(kibField("VmRSS: 8796093022208 kB\n", "VmRSS"), null);
  assert.equal(kibField("VmRSS: 8796093022207 kB\n", "VmRSS"), 8796093022207 * 1024);
});

test("a key is found only at the start of a line, and only whole", () => {
  assert.equal(kibField("XMemFree: 1 kB\nMemFreeX: 2 kB\nMemFree: 3 kB\n", "MemFree"), 3072);
  assert.equal(kibField("XMemFree: 1 kB\n", "MemFree"), null);
  assert.equal(kibField("MemFree: 4 kB", "MemFree"), 4096);
});

test("the name in stat ends at the last parenthesis, whatever it holds", () => {
  const after = `S 7 1 1 0 -1 4194560 0 0 0 0 71 29 ${"0 ".repeat(6)}4242 800 51200\n`;
  const names = ["bash", "a) S 1 (b", ")", "((", "two words", "line\nbreak", "tab\t)", ""];
  for (const name of names) {
    const times = parseProcessTimes(`66 (${name}) ${after}`);
    assert.deepEqual(times, { startTicks: 4242, cpuTicks: 100 });
  }
  const untold = { startTicks: null, cpuTicks: null };
  assert.deepEqual(parseProcessTimes("66 bash S 7"), untold);
  assert.deepEqual(parseProcessTimes("66 (bash) S 7 1\n"), untold);
});

test("CPU times: guest time is not counted twice, waiting for I/O is idle", () => {
  const text = "cpu  1000 10 500 8000 400 5 90 7 300 2\ncpu0 1 1 1 1\nbtime 1700000000\n";
  assert.deepEqual(parseCpuTimes(text), { totalTicks: 10_012, busyTicks: 1612 });
  assert.equal(parseBootTime(text), 1_700_000_000_000);
  for (const bad of ["", "cpu\n", "cpu  one two\n", "cpu  1 2 3\n", "intr 5\ncpu  1 2 3 4\n"]) {
    assert.equal(parseCpuTimes(bad), null, JSON.stringify(bad));
  }
  for (const bad of ["", "btime\n", "btime -5\n", "btime x\n", "nobtime 5\n"]) {
    assert.equal(parseBootTime(bad), null, JSON.stringify(bad));
  }
  assert.equal(parseBootTime("btime 9007199254740\n"), 9_007_199_254_740_000);
  assert.equal(parseBootTime("btime 9007199254741\n"), null);
  assert.equal(parseCpuTimes("cpu  9007199254740991 1 0 0\n"), null);
});

test("meminfo: used is total less available, and what can't be true is named", () => {
  const memory = parseMeminfo(
    "MemTotal: 100 kB\nMemFree: 10 kB\nMemAvailable: 40 kB\nSwapTotal: 8 kB\nSwapFree: 3 kB\n" +
      "CommitLimit: 50 kB\nCommitted_AS: 60 kB\n",
  );
  assert.deepEqual(memory, {
    totalBytes: 102_400,
    availableBytes: 40_960,
    usedBytes: 61_440,
    freeBytes: 10_240,
    swapTotalBytes: 8192,
    swapUsedBytes: 5120,
    commitBytes: 61_440,
    commitLimitBytes: 51_200,
  });
  assert.deepEqual(garbledMeminfo(memory), []);
  const none = ["MemTotal", "MemAvailable", "MemFree", "SwapTotal"];
  assert.deepEqual(garbledMeminfo(parseMeminfo("")), none);
  const larger = parseMeminfo(
    "MemTotal: 5 kB\nMemFree: 1 kB\nMemAvailable: 6 kB\nSwapTotal: 1 kB\nSwapFree: 2 kB\n",
  );
  assert.equal(larger.usedBytes, null);
  assert.equal(larger.swapUsedBytes, null);
  assert.deepEqual(garbledMeminfo(larger), ["MemAvailable", "SwapFree"]);
  assert.equal(parseMeminfo("MemTotal: 0 kB\n").totalBytes, null);
  assert.equal(parseMeminfo("SwapTotal: 0 kB\nSwapFree: 0 kB\n").swapUsedBytes, 0);
});

test("pressure: percents become ratios, microseconds milliseconds; full may be missing", () => {
  const some = "some avg10=1.50 avg60=0.25 avg300=100.00 total=1234567\n";
  const line = { avg10Ratio: 0.015, avg60Ratio: 0.0025, avg300Ratio: 1, totalMs: 1234.567 };
  assert.deepEqual(parsePressure(some), { some: line, full: null });
  const full = "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
  assert.deepEqual(parsePressure(some + full)?.full, {
    avg10Ratio: 0,
    avg60Ratio: 0,
    avg300Ratio: 0,
    totalMs: 0,
  });
  for (const bad of ["", full, "some avg10=x\n", some.replace("total=", "totally=")]) {
    assert.equal(parsePressure(bad), null, bad);
  }
  assert.equal(parsePressure(some.replace("1.50", "250.00"))?.some.avg10Ratio, 1);
  assert.equal(parsePressure(some.replace("1234567", "9007199254740992")), null);
});

test("arguments: empty ones and line breaks stay; a kernel thread has none", () => {
  assert.deepEqual(parseCmdline("node\0a b\0\0x=\ny\0"), ["node", "a b", "", "x=\ny"]);
  assert.deepEqual(parseCmdline(""), []);
  assert.deepEqual(parseCmdline("rewritten: title"), ["rewritten: title"]);
});

test("the first name of a user id counts; lines that are none are skipped", () => {
  const users = parsePasswd(
    "#c\n\nroot:x:0:0::/:\nbad:x:-1:0\n:x:5:5\na:x:7:7\nb:x:7:7\nshort:x\n",
  );
  assert.deepEqual([...users], [[0, "root"], [7, "a"]]);
});

test("PSS is its own line, not one of its parts", () => {
  assert.equal(parsePss("0-1 [rollup]\nPss_Anon:  9 kB\nRss: 8 kB\nPss:  7 kB\n"), 7168);
  assert.equal(parsePss("Rss: 8 kB\n"), null);
});

test("a container is known by the 64 hex digits in its cgroup's path", () => {
  const id = "0123456789abcdef".repeat(4);
  const inner = "f".repeat(64);
  for (
    const path of [
      `0::/system.slice/docker-${id}.scope`,
      `5:memory:/docker/${id}`,
      `0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`,
      `0::/kubepods/besteffort/pod1/crio-${id}`,
      `0::/machine.slice/libpod-${id}.scope/container`,
      `0::/docker/${inner}/docker/${id}`,
    ]
  ) assert.equal(parseContainer(`${path}\n`), id, path);
  for (const path of ["0::/", `0::/x/${id}0`, `0::/x/${id.slice(1)}`, "", "0::/user.slice"]) {
    assert.equal(parseContainer(path), null, path);
  }
});

test("the memory hierarchy: v1 where it has the controller, else the v2 line", () => {
  assert.deepEqual(parseCgroupPath("5:cpu,memory:/a:b\n0::/c\n"), { version: 1, path: "/a:b" });
  assert.deepEqual(parseCgroupPath("3:cpu:/x\n0::/c d\n"), { version: 2, path: "/c d" });
  assert.equal(parseCgroupPath("1:name=memory:/x\n"), null);
  assert.equal(parseCgroupPath("garbage\n"), null);
  for (const text of ["garbage\n", "", "x::/\n", "0::relative\n", "0:/\n"]) {
    assert.equal(isCgroupText(text), false, text);
  }
  for (const text of ["0::/\n", "1:name=systemd:/x\n", "?\n2:cpu:/"]) {
    assert.equal(isCgroupText(text), true, text);
  }
});

test("mounts: by type and controller, with escaped folders", () => {
  const text = "1 2 0:1 / /proc rw - proc proc rw\n" +
    "3 2 0:2 /docker/x /my\\040cg rw shared:9 master:1 - cgroup cgroup rw,cpu,memory\n" +
    "4 2 0:3 / /v1/cpu rw - cgroup cgroup rw,cpu\n5 2 0:4 / /v2 rw - cgroup2 none rw\n";
  assert.deepEqual(parseCgroupMounts(text), [
    { version: 1, root: "/docker/x", folder: "/my cg" },
    { version: 2, root: "/", folder: "/v2" },
  ]);
});

test("folders from a cgroup up to the visible root", () => {
  const v2 = { version: 2, root: "/", folder: "/cg" } as const;
  assert.deepEqual(cgroupFolders({ version: 2, path: "/a/b" }, [v2]), [
    { path: "/a/b", folder: "/cg/a/b" },
    { path: "/a", folder: "/cg/a" },
    { path: "/", folder: "/cg" },
  ]);
  assert.deepEqual(cgroupFolders({ version: 2, path: "/" }, [v2]), [{ path: "/", folder: "/cg" }]);
  // Docker on v1 without a cgroup namespace: the host's path, of which only the end is mounted.
  const part = { version: 1, root: "/docker/x", folder: "/m" } as const;
  assert.deepEqual(cgroupFolders({ version: 1, path: "/docker/x/y" }, [v2, part]), [
    { path: "/y", folder: "/m/y" },
    { path: "/", folder: "/m" },
  ]);
  for (const path of ["/docker/x", "/docker/xy", "/elsewhere"]) {
    assert.deepEqual(cgroupFolders({ version: 1, path }, [part]), [{ path: "/", folder: "/m" }]);
  }
  assert.deepEqual(cgroupFolders({ version: 1, path: "/a" }, [v2]), []);
  assert.deepEqual(cgroupFolders({ version: 2, path: "/../b" }, [v2]), []);
});

test("limits: max and the v1 number for none are no limit; anything else is not a limit", () => {
  assert.equal(parseCgroupLimit("1073741824\n"), 1073741824);
  assert.equal(parseCgroupLimit("0\n"), 0);
  for (
    const none of ["max\n", "9223372036854771712\n", "9223372036854775807", "9007199254740992"]
  ) {
    assert.equal(parseCgroupLimit(none), null);
    assert.equal(parseCgroupBytes(none), null);
  }
  for (const bad of ["", "maximum\n", "-1\n", "1 2\n"]) {
    assert.equal(parseCgroupLimit(bad), undefined);
  }
  assert.equal(parseCgroupBytes(" 5\n"), 5);
  assert.equal(parseCgroupField("oom 1\nlocal oom_kill 2\noom_kill 3\n", "oom_kill"), 3);
  assert.equal(parseCgroupField("total_inactive_file 1\ninactive_file 2", "inactive_file"), 2);
  assert.equal(parseCgroupField("inactive_filex 2\n", "inactive_file"), null);
});

const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  status: parseStatus,
  stat: (text) => parseProcessTimes(text).startTicks,
  cpu: parseCpuTimes,
  btime: parseBootTime,
  meminfo: (text) => garbledMeminfo(parseMeminfo(text)),
  pressure: parsePressure,
  cmdline: parseCmdline,
  passwd: parsePasswd,
  pss: parsePss,
  container: parseContainer,
  cgroup: (text) => {
    const mounts = parseCgroupMounts(text);
    const place = parseCgroupPath(text);
    return place === null ? mounts : cgroupFolders(place, mounts);
  },
  limit: (text) => [parseCgroupLimit(text), parseCgroupField(text, "max")],
};

/** Pieces the kernel writes, so that random texts come close to real ones. */
const PIECES =
  "VmRSS:|VmHWM:|Pid:|MemTotal:|MemAvailable:|SwapFree:|Pss:|cpu |btime |some |avg10=|" +
  "total=| kB|\n|\t| |:|::|0|7|42|18446744073709551616|-1|1e9|(|)|/|/..|max|\0|\uFFFD|\u202E| - |" +
  "cgroup2|cgroup|memory|rw,|root:x:0:0|\\040|\\";

for (const [name, parse] of Object.entries(PARSERS)) {
  test(`${name}: 100,000 random texts never throw, and no number is made up`, () => {
    const random = seeded(name.length * 7919 + 1);
    const pieces = PIECES.split("|");
    for (let n = 0; n < 100_000; n++) {
      let text = "";
      for (let left = random(14); left > 0; left--) {
        text += random(8) ? pieces[random(pieces.length)] : String.fromCharCode(random(300));
      }
      const found = JSON.stringify(parse(text), (key, value) => {
        if (typeof value !== "number") return value;
        const isRight = key.endsWith("Ratio")
          ? value >= 0 && value <= 1
          : value >= 0 && (key === "totalMs" || Number.isSafeInteger(value));
        if (!isRight) assert.fail(`${key} ${value} from ${JSON.stringify(text)}`);
        return value;
      });
      // A text without any digit holds no number.
      if (!/\d/.test(text) && name !== "cmdline" && name !== "passwd") {
        assert.doesNotMatch(found ?? "", /[:[]\d/, text);
      }
    }
  });
}

test("planted values come back from shuffled lines with noise between them", () => {
  const random = seeded(99);
  const shuffled = (lines: string[]) => {
    for (let i = lines.length - 1; i > 0; i--) {
      const j = random(i + 1);
      [lines[i], lines[j]] = [lines[j]!, lines[i]!];
    }
    return lines.join("\n") + "\n";
  };
  const kib = () => random(2) ? random(1 << 30) : random(4096) * 2 ** 30;
  for (let n = 0; n < 20_000; n++) {
    const [hwm, rssKib, anon, swap, pid] = [kib(), kib(), kib(), kib(), random(4_194_304)];
    const status = parseStatus(shuffled([
      `Name:\tn${n}`,
      `Tgid:\t${pid}`,
      `Pid:\t${pid}`,
      `Uid:\t1\t${n}\t3\t4`,
      `VmHWM:\t${hwm} kB`,
      `VmRSS:\t${String(rssKib).padStart(8)} kB`,
      `RssAnon:\t${anon} kB`,
      `VmSwap:\t${swap} kB`,
      `VmPTE:\t${kib()} kB`,
      `HugetlbPages:\t${kib()} kB`,
    ]));
    assert.deepEqual(
      [status.pid, status.uid, status.peakRssBytes, status.rssBytes],
      [pid, n, hwm * 1024, rssKib * 1024],
    );
    assert.deepEqual([status.anonBytes, status.swapBytes], [anon * 1024, swap * 1024]);
    assert.deepEqual(status.garbled, []);

    const [total, free] = [kib() + 1, kib()];
    const available = random(total);
    const memory = parseMeminfo(shuffled([
      `MemTotal: ${total} kB`,
      `MemFree: ${free} kB`,
      `MemAvailable: ${available} kB`,
      `SwapTotal: ${total} kB`,
      `SwapFree: ${available} kB`,
      `SwapCached: ${kib()} kB`,
    ]));
    assert.equal(memory.usedBytes, (total - available) * 1024);
    assert.equal(memory.swapUsedBytes, (total - available) * 1024);
    assert.equal(memory.freeBytes, free * 1024);

    const ticks = random(1 << 30);
    const name = Array.from({ length: random(15) }, () => "a) (\n\t"[random(6)]).join("");
    const stat = `${pid} (${name}) S 1 ${"9 ".repeat(17)}${ticks} 5 ${"8 ".repeat(29)}0\n`;
    assert.deepEqual(parseProcessTimes(stat), { startTicks: ticks, cpuTicks: 18 });
  }
});
