import assert from "node:assert/strict";
import { test } from "node:test";
import { compareRows, processTable, psSummary, type SortKey } from "../lib/cli/ps_rows.ts";
import type { FailureCode } from "../lib/errors.ts";
import { FAILURES } from "../lib/errors.ts";
import type { GpuProcess } from "../lib/records.ts";
import {
  aDevice,
  aFailure,
  aGpuProcess,
  aMemoryReply,
  aProcessesReply,
  aProcessMemory,
} from "../lib/testing.ts";
import { hmn } from "./support/cli_world.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const MAIN = { ram: true, wide: false };

function table(rows: readonly GpuProcess[], devices = [aDevice({ name: "RTX 5060 Ti" })]): string {
  return processTable(rows, devices, MAIN, null);
}

const PYTHON = aGpuProcess({
  pid: 12345,
  name: "python.exe",
  usedBytes: 8 * GIB,
  sharedUsedBytes: 0,
  rssBytes: 3 * GIB / 2,
  deviceName: "RTX 5060 Ti",
});

test("the table is padded to its last column, and its header is always there", () => {
  assert.equal(table([]), "PID  NAME  VRAM  SHARED  RAM  DEVICE\n");
  assert.equal(
    table([PYTHON]),
    "PID    NAME        VRAM     SHARED  RAM      DEVICE     \n" +
      "12345  python.exe  8.0 GiB  0 MiB   1.5 GiB  RTX 5060 Ti\n",
  );
});

test("what is not known is a dash, a name a question mark", () => {
  const cells = (fields: Partial<GpuProcess>) =>
    table([aGpuProcess({ pid: 1, deviceName: "D", ...fields })]).split("\n")[1]!.trim().split(
      / {2,}/,
    );
  assert.deepEqual(cells({ usedBytes: null }), ["1", "?", "-", "-", "-", "D"]);
  assert.equal(cells({ nameStatus: "protected" })[1], "[protected]");
  assert.equal(cells({ nameStatus: "kernel" })[1], "[kernel]");
  assert.equal(cells({ nameStatus: "unknown" })[1], "?");
  assert.equal(cells({ nameStatus: "foreign_namespace" })[1], "?");
  assert.equal(cells({ nameStatus: "exited" })[1], "[exited]");
  assert.equal(cells({ deviceName: null, deviceIndex: 3 })[5], "GPU 3");
  assert.equal(cells({ gpuInstanceId: 7, computeInstanceId: 0 })[5], "D MIG 7/0");
  assert.deepEqual(cells({ usedBytes: 16 * GIB, sharedUsedBytes: 2 * GIB }).slice(2, 4), [
    "16.0 GiB",
    "2.0 GiB",
  ]);
});

test("devices with equal names carry their index, also where only one of them has a row", () => {
  const same = [aDevice({ name: "RTX 5060 Ti" }), aDevice({ index: 1, name: "RTX 5060 Ti" })];
  assert.match(table([PYTHON], same), / 0: RTX 5060 Ti\n/);
  assert.match(
    table([PYTHON], [same[0]!, aDevice({ index: 1, name: "A100" })]),
    / {2}RTX 5060 Ti\n/,
  );
});

test("names can't act on the terminal or break a row, and wide ones stay aligned", () => {
  const lines = table([
    { ...PYTHON, name: "\x1b[31mred\n9\u202e" },
    { ...PYTHON, name: "日本語プロセス" },
    { ...PYTHON, name: "👩‍🚀\u0301" },
  ]).split("\n");
  assert.equal(lines.length, 5);
  assert.match(lines[1]!, /^12345 {2}\\u\{1b\}\[31mred\\u\{a\}9\\u\{202e\} {2}8\.0 GiB/);
  assert.match(lines[2]!, /^12345 {2}日本語プロセス {15}8\.0 GiB/);
  for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\u202e\u200d]/u);
});

test("a terminal's width is kept by cutting names, never numbers", async () => {
  const row = { ...PYTHON, name: "a".repeat(60), deviceName: "NVIDIA ".repeat(9) };
  const processes = aProcessesReply({ processes: [row], devices: [aDevice()] });
  const narrow = await hmn(["ps"], { processes }, { tty: true, columns: 70 });
  for (const line of narrow.stdout.trimEnd().split("\n")) {
    assert.ok(Array.from(line).length <= 70, line);
  }
  assert.match(narrow.stdout, /^12345 .*… {2}8\.0 GiB {2}0 MiB {3}1\.5 GiB {2}NVIDIA .*…/m);
  const piped = await hmn(["ps"], { processes });
  assert.ok(piped.stdout.includes(row.name) && piped.stdout.includes(row.deviceName));
});

/** The PIDs of rows with these numbers, sorted. */
function sorted(key: SortKey, rows: readonly Partial<GpuProcess>[]): number[] {
  return rows.map((fields, i) => aGpuProcess({ pid: i + 1, ...fields }))
    .sort(compareRows(key)).map(({ pid }) => pid);
}

test("rows are sorted by each key, most first", () => {
  const rows = [
    { usedBytes: 100, sharedUsedBytes: 5, rssBytes: 1 },
    { usedBytes: 90, sharedUsedBytes: 90, rssBytes: 2 },
    { usedBytes: 10, sharedUsedBytes: 95, rssBytes: 9 },
  ];
  assert.deepEqual(sorted("dedicated", rows), [1, 2, 3]);
  assert.deepEqual(sorted("shared", rows), [3, 2, 1]);
  assert.deepEqual(sorted("total", rows), [2, 1, 3]);
  assert.deepEqual(sorted("rss", rows), [3, 2, 1]);
});

test("what is not known is sorted last, behind zero", () => {
  assert.deepEqual(sorted("dedicated", [{ usedBytes: null }, { usedBytes: 0 }, { usedBytes: 7 }]), [
    3,
    2,
    1,
  ]);
  assert.deepEqual(sorted("total", [{ usedBytes: null, sharedUsedBytes: 99 }, { usedBytes: 1 }]), [
    2,
    1,
  ]);
  assert.deepEqual(sorted("rss", [{}, { rssBytes: 0 }]), [2, 1]);
});

test("ties go by name, none first, byte by byte, then by PID and device, whatever the key", () => {
  const order = [
    { pid: 8, name: null },
    { pid: 9, name: "Z" },
    { pid: 11, name: null, nameStatus: "exited" as const },
    { pid: 2, name: "a" },
    { pid: 2, name: "a", deviceIndex: 1 },
    { pid: 10, name: "a" },
    { pid: 1, name: "ab" },
    // Below the next in bytes of UTF-8, and above it in units of UTF-16.
    { pid: 4, name: "\uff21" },
    { pid: 3, name: "\u{1f600}" },
  ];
  const pids = order.map(({ pid }) => pid);
  for (const key of ["dedicated", "shared", "total", "rss"] as const) {
    assert.deepEqual(sorted(key, order.toReversed()), pids, key);
    assert.deepEqual(sorted(key, order), pids, key);
  }
});

test("a total of large numbers does not overflow", () => {
  const most = Number.MAX_SAFE_INTEGER;
  assert.deepEqual(
    sorted("total", [{ usedBytes: 1 }, { usedBytes: most, sharedUsedBytes: most }]),
    [2, 1],
  );
});

const rowsOf = (count: number, fields: Partial<GpuProcess>) =>
  Array.from({ length: count }, (_, i) => aGpuProcess({ pid: i + 1, name: "a", ...fields }));

const SENTENCES: readonly [
  rows: readonly GpuProcess[],
  filter: Parameters<typeof psSummary>[1],
  text: string,
][] = [
  [[], {}, "0 GPU processes found."],
  [[], { pid: 12345 }, "0 GPU processes found matching pid=12345."],
  [[], { pid: 99, device: 0 }, "0 GPU processes found matching pid=99 device=0."],
  [rowsOf(1, {}), {}, "1 GPU process found (0 MiB committed total)."],
  [rowsOf(7, {}), {}, "7 GPU processes found (0 MiB committed total)."],
  [
    rowsOf(2, {}),
    { device: 0 },
    "2 GPU processes found matching device=0 (0 MiB committed total).",
  ],
  [rowsOf(3, { usedBytes: 4 * GIB }), {}, "3 GPU processes found (12.0 GiB committed total)."],
  [rowsOf(2, { usedBytes: 256 * MIB }), {}, "2 GPU processes found (512 MiB committed total)."],
  [
    [...rowsOf(2, {}), ...rowsOf(1, { name: null, nameStatus: "protected" })],
    { pid: 42, device: 0 },
    "3 GPU processes found matching pid=42 device=0 (0 MiB committed total; 1 protected — re-run elevated for names).",
  ],
  [
    [...rowsOf(28, {}), ...rowsOf(4, { name: null, nameStatus: "unknown" })],
    {},
    "32 GPU processes found (0 MiB committed total; 4 protected — re-run elevated for names).",
  ],
  [
    rowsOf(1, { name: null, nameStatus: "exited" }),
    {},
    "1 GPU process found (0 MiB committed total).",
  ],
  [rowsOf(1, { name: "[kernel]" }), {}, "1 GPU process found (0 MiB committed total)."],
  [
    rowsOf(1, { name: null, nameStatus: "foreign_namespace" }),
    {},
    "1 GPU process found (0 MiB committed total; 1 of another PID namespace, without names).",
  ],
  [
    [...rowsOf(1, { usedBytes: GIB }), ...rowsOf(2, { usedBytes: null })],
    {},
    "3 GPU processes found (1.0 GiB committed total; 2 with unknown VRAM).",
  ],
];

for (const [rows, filter, text] of SENTENCES) {
  test(`the sentence: ${text}`, () => assert.equal(psSummary(rows, filter), `hmn: ${text}\n`));
}

test("hmn ps prints the table on stdout and the sentence on stderr", async () => {
  const rows = [PYTHON, {
    ...PYTHON,
    pid: 7,
    deviceIndex: 1,
    usedBytes: 9 * GIB,
    deviceName: "A100",
  }];
  const devices = [
    aDevice({ name: "RTX 5060 Ti" }),
    aDevice({ index: 1, name: "A100", uuid: "GPU-abcdef01" }),
  ];
  const processes = aProcessesReply({ processes: rows, devices });
  const end = await hmn(["ps"], { processes });
  assert.equal(
    end.stdout,
    "PID    NAME        VRAM     SHARED  RAM      DEVICE     \n" +
      "7      python.exe  9.0 GiB  0 MiB   1.5 GiB  A100       \n" +
      "12345  python.exe  8.0 GiB  0 MiB   1.5 GiB  RTX 5060 Ti\n",
  );
  assert.equal(end.stderr, "hmn: 2 GPU processes found (17.0 GiB committed total).\n");
  assert.equal(end.code, 0);
  const one = await hmn(["ps", "--device", "GPU-abcdef", "--pid", "7"], { processes });
  assert.match(one.stdout, /^PID .*\n7 .*\n$/);
  assert.equal(
    one.stderr,
    "hmn: 1 GPU process found matching pid=7 device=1 (9.0 GiB committed total).\n",
  );
});

test("hmn ps --json is one line with the original's keys first and in its order, names unescaped", async () => {
  const row = { ...aGpuProcess(), ...PYTHON, name: 'a"\\\n日', usedBytes: 8388608 };
  const { pid: _, ...rest } = row;
  const processes = aProcessesReply({
    processes: [{ ...rest, pid: 12345 }, aGpuProcess({ pid: 1 })],
    devices: [aDevice()],
    memory: [aProcessMemory({ pid: 12345, user: "root", command: ["a"] })],
  });
  const end = await hmn(["ps", "--json"], { processes });
  assert.match(
    end.stdout,
    /^\[\{"pid":12345,"name":"a\\"\\\\\\n日","used_bytes":8388608,"shared_used_bytes":0,"device_index":0,"device_name":"RTX 5060 Ti",[^\n]*\},\{"pid":1,"name":null,"used_bytes":0,"shared_used_bytes":null,"device_index":0,"device_name":null,[^\n]*\}\]\n$/,
  );
  const [first] = JSON.parse(end.stdout);
  assert.equal(first.name, row.name);
  assert.equal(first.name_status, "known");
  assert.equal("command" in first, false);
  assert.equal(
    end.stderr,
    "hmn: 2 GPU processes found (8 MiB committed total; 1 protected — re-run elevated for names).\n",
  );
  const [wide] = JSON.parse((await hmn(["ps", "--json", "--wide"], { processes })).stdout);
  assert.deepEqual([wide.user, wide.container, wide.command], ["root", null, ["a"]]);
});

test("hmn ps --wide adds user, container and command, escaped", async () => {
  const processes = aProcessesReply({
    processes: [PYTHON, { ...PYTHON, pid: 2, usedBytes: 1 }],
    devices: [aDevice({ name: "RTX 5060 Ti" })],
    memory: [
      aProcessMemory({
        pid: 12345,
        user: "ann",
        container: "0123456789abcdef",
        command: ["python", "-c", "a\nb"],
      }),
    ],
  });
  const end = await hmn(["ps", "--wide"], { processes });
  const [header, first, second] = end.stdout.split("\n");
  assert.match(header!, /DEVICE {7}USER {2}CONTAINER {5}COMMAND +$/);
  assert.match(first!, /RTX 5060 Ti {2}ann {3}0123456789ab {2}python -c a\\u\{a\}b$/);
  assert.match(second!, /RTX 5060 Ti {2}- +- +- +$/);
  assert.deepEqual(end.asked, [{ kind: "processes", details: true }]);
});

test("in a container, a row without a name gets nothing of our process with its PID", async () => {
  const processes = aProcessesReply({
    processes: [aGpuProcess({ pid: 7, nameStatus: "foreign_namespace" })],
    devices: [aDevice()],
    memory: [aProcessMemory({ pid: 7, user: "ann", command: ["ours"] })],
    foreignPids: true,
  });
  const end = await hmn(["ps", "--wide"], { processes });
  assert.doesNotMatch(end.stdout, /ann|ours/);
  assert.match(end.stderr, /1 of another PID namespace/);
});

test("idle is an answer", async () => {
  const end = await hmn(["ps", "--json"], { processes: aProcessesReply({ devices: [aDevice()] }) });
  assert.deepEqual([end.code, end.stdout, end.stderr], [
    0,
    "[]\n",
    "hmn: 0 GPU processes found.\n",
  ]);
});

test("a list that could not be read is no answer, whatever failed", async () => {
  for (const [code, { exit }] of Object.entries(FAILURES)) {
    const failures = [
      aFailure({ code: code as FailureCode, source: "nvml", message: "Cannot look" }),
    ];
    const none = await hmn(["ps"], { processes: aProcessesReply({ failures }) });
    assert.deepEqual([none.code, none.stdout], [exit, ""], code);
    assert.equal(
      none.stderr,
      "hmn: nvml: Cannot look\nhmn: error: Cannot list the processes that use a GPU: no source could tell\n",
    );
    if (code === "absent") continue;
    const blind = aProcessesReply({ devices: [aDevice()], listedDevices: [], failures });
    for (const args of [["ps"], ["ps", "--json"], ["ps", "--device", "0"]]) {
      const end = await hmn(args, { processes: blind });
      assert.deepEqual([end.code, end.stdout], [exit, ""], code);
      assert.match(
        end.stderr,
        /^hmn: nvml: Cannot look\nhmn: error: Cannot list the processes of GPU 0: /,
      );
    }
  }
});

test("rows that could be read are an answer beside a GPU that could not, and it is told", async () => {
  const processes = aProcessesReply({
    processes: [PYTHON],
    devices: [aDevice({ name: "RTX 5060 Ti" }), aDevice({ index: 1 })],
    listedDevices: [0],
    failures: [aFailure({ source: "nvml", deviceIndex: 1, message: "Cannot list GPU 1" })],
  });
  const end = await hmn(["ps"], { processes });
  assert.equal(end.code, 0);
  assert.equal(
    end.stderr,
    "hmn: nvml: Cannot list GPU 1\nhmn: 1 GPU process found (8.0 GiB committed total).\n",
  );
  assert.equal((await hmn(["ps", "--pid", "8"], { processes })).code, 6);
  const other = await hmn(["ps", "--pid", "8", "--device", "0"], { processes });
  assert.deepEqual([other.code, other.stderr], [
    0,
    "hmn: 0 GPU processes found matching pid=8 device=0.\n",
  ]);
});

test("rows without one figure, of a list that could not be read, are no answer", async () => {
  const untold = aGpuProcess({ pid: 5, usedBytes: null, deviceIndex: 0 });
  const failures = [aFailure({ code: "hung", source: "pdh", message: "Cannot count" })];
  const some = { devices: [aDevice()], failures };
  const processes = aProcessesReply({ ...some, processes: [untold], listedDevices: [] });
  const end = await hmn(["ps"], { processes });
  assert.equal(end.code, 7);
  assert.match(end.stdout, /^PID.*\n5 /s);
  assert.match(end.stderr, /pdh: Cannot count/);
  const absent = [aFailure({ code: "absent", source: "nvml" })];
  const elsewhere = { devices: [aDevice()], processes: [untold], listedDevices: [] };
  const without = aProcessesReply({ ...elsewhere, failures: absent });
  assert.equal((await hmn(["ps"], { processes: without })).code, 0, "nothing broke");
  const told = aProcessesReply({
    ...some,
    processes: [untold, aGpuProcess({ pid: 6, usedBytes: 1, deviceIndex: 0 })],
    listedDevices: [],
  });
  assert.equal((await hmn(["ps"], { processes: told })).code, 0);
});

test("a list that may lack processes says so", async () => {
  const processes = aProcessesReply({
    devices: [aDevice(), aDevice({ index: 1 })],
    listedDevices: [1],
  });
  const end = await hmn(["ps"], { processes });
  assert.equal(end.code, 0);
  assert.equal(
    end.stderr,
    "hmn: the list of GPU 0 may lack processes: its source tells compute ones only\nhmn: 0 GPU processes found.\n",
  );
});

test("a PID that is no process differs from one that uses no GPU", async () => {
  const gone = aFailure({
    code: "no_such_process",
    source: "proc",
    pid: 8,
    message: "Cannot read process 8",
  });
  const processes = aProcessesReply({ processes: [PYTHON], devices: [aDevice()] });
  const missing = await hmn(["ps", "--pid", "8"], {
    processes,
    memory: aMemoryReply({ failures: [gone] }),
  });
  assert.deepEqual([missing.code, missing.stdout], [4, ""]);
  assert.equal(missing.stderr, "hmn: error: Cannot read process 8\n");
  const idle = await hmn(["ps", "--pid", "8"], { processes });
  assert.deepEqual([idle.code, idle.stderr], [0, "hmn: 0 GPU processes found matching pid=8.\n"]);
  assert.deepEqual(idle.asked.map(({ kind }) => kind), ["processes", "memory"]);
  // The PIDs of another namespace can't be looked up here.
  const foreign = await hmn(["ps", "--pid", "8"], {
    processes: { ...processes, foreignPids: true },
    memory: aMemoryReply({ failures: [gone] }),
  });
  assert.equal(foreign.code, 0);
});
