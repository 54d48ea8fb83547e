import assert from "node:assert/strict";
import { test } from "node:test";
import { doctorText, summarize } from "../lib/cli/doctor_text.ts";
import { wrap } from "../lib/cli/wrap.ts";
import { aDoctorCall, aDoctorReply, aFailure, aFinding } from "../lib/testing.ts";
import { hmn } from "./support/cli_world.ts";

const PROC = aFinding({
  source: "proc",
  present: true,
  path: "/proc",
  version: "Linux 6.1",
  calls: [aDoctorCall({ name: "/proc/meminfo", outcome: "ok", durationMs: 0.12 })],
  measures: ["RSS", "RAM of the machine"],
});
const NVML = aFinding({
  source: "nvml",
  present: false,
  calls: [
    aDoctorCall({ name: "nvmlInit_v2", outcome: "NVML_ERROR_DRIVER_NOT_LOADED", durationMs: 1200 }),
  ],
  failures: [
    aFailure({
      code: "driver_failed",
      source: "nvml",
      message: "Cannot open NVML: \x1b]0;evil\x07 no driver",
    }),
  ],
  advice: ["Load the driver"],
});
const SMI = aFinding({
  source: "nvidia_smi",
  present: null,
  failures: [
    aFailure({ code: "hung", source: "nvidia_smi", message: "Cannot wait for nvidia-smi" }),
  ],
});
const PLAIN = { columns: 80, color: false };

test("each source stands with what was tried, and the machine's measures at the end", () => {
  assert.equal(
    doctorText([PROC, NVML, SMI], PLAIN),
    `proc: present
  /proc and /sys/fs/cgroup: memory of processes and of the machine
  path      /proc
  version   Linux 6.1
  calls     /proc/meminfo: ok, 0.1 ms
  measures  RSS, RAM of the machine

nvml: not here
  libnvidia-ml (nvml.dll), NVIDIA's management library
  calls     nvmlInit_v2: NVML_ERROR_DRIVER_NOT_LOADED, 1.2 s
  problem   Cannot open NVML: \\u{1b}]0;evil\\u{7} no driver
  advice    Load the driver

nvidia_smi: not known
  the nvidia-smi program
  problem   Cannot wait for nvidia-smi

This machine can measure: RSS, RAM of the machine
cannot measure: proportional memory and command lines of processes (not asked)
cannot measure: GPUs, their memory and their processes (nvml: driver_failed,
nvidia_smi: hung)
`,
  );
});

test("a source that answers with problems says so", () => {
  const failing = { ...PROC, failures: [aFailure({ message: "Cannot read PSI" })] };
  assert.match(doctorText([failing], PLAIN), /^proc: present, with problems\n/);
});

test("calls that come again for each GPU share a line", () => {
  const once = [
    aDoctorCall({ name: "nvmlDeviceGetName", durationMs: 1 }),
    aDoctorCall({ name: "nvmlDeviceGetUUID", durationMs: 2 }),
  ];
  const odd = aDoctorCall({ name: "nvmlDeviceGetName", outcome: "NVML_ERROR_GPU_IS_LOST" });
  const text = doctorText([aFinding({ calls: [...once, ...once, odd, ...once] })], PLAIN);
  assert.match(
    text,
    / {2}calls {5}nvmlDeviceGetName × 3: NVML_SUCCESS, 3\.0 ms\n {12}nvmlDeviceGetUUID × 3: NVML_SUCCESS, 6\.0 ms\n {12}nvmlDeviceGetName: NVML_ERROR_GPU_IS_LOST, 0 ms\n/,
  );
});

test("nothing is wider than the terminal, but for a word that is", () => {
  const long = aFinding({
    path: "/a/long/path".repeat(9),
    measures: Array.from({ length: 60 }, (_, i) => `日本 number ${i}`),
    failures: [aFailure({ message: "Cannot " + "do this and that ".repeat(40).trimEnd() })],
  });
  for (const columns of [40, 80]) {
    for (const line of doctorText([long], { columns, color: false }).split("\n")) {
      const width = Array.from(line).reduce((sum, c) => sum + (c > "\u2e80" ? 2 : 1), 0);
      assert.ok(width <= columns || line.includes("/a/long"), line);
    }
  }
});

test("text is broken at spaces, and nothing is lost", () => {
  assert.equal(wrap("a bb ccc", 6, "> "), "> a bb\n  ccc\n");
  assert.equal(wrap("a bb ccc", 5, "> "), "> a\n  bb\n  ccc\n");
  assert.equal(wrap("toolongword b", 4), "toolongword\nb\n");
  assert.equal(wrap("", 4, "> "), "> \n");
});

test("colours come on terminals that want them, and only in the titles", async () => {
  const doctor = aDoctorReply({ findings: [PROC, NVML, SMI] });
  const escape = String.fromCharCode(27);
  const plain = await hmn(["doctor"], { doctor });
  assert.ok(!plain.stdout.includes(escape));
  const color = await hmn(["doctor"], { doctor }, { tty: true, color: true, columns: 80 });
  assert.ok(
    color.stdout.includes(`${escape}[1mproc${escape}[0m: ${escape}[32mpresent${escape}[0m\n`),
  );
  assert.equal(color.stdout.replaceAll(new RegExp(`${escape}\\[\\d+m`, "g"), ""), plain.stdout);
  assert.equal(color.code, 0);
});

test("the runtime's own count stands in for proc, and is not told beside it", () => {
  const runtime = aFinding({ source: "runtime", present: true, measures: ["own RSS"] });
  assert.deepEqual(summarize([PROC, runtime]).canMeasure, PROC.measures);
  assert.deepEqual(summarize([runtime]).canMeasure, ["own RSS"]);
});

test("--json has the findings and the summary; --sources leaves the others out", async () => {
  const doctor = aDoctorReply({ findings: [PROC, NVML, SMI] });
  const end = await hmn(["doctor", "--json"], { doctor });
  const { findings, summary } = JSON.parse(end.stdout);
  assert.deepEqual(findings.map(({ source }: { source: string }) => source), [
    "proc",
    "nvml",
    "nvidia_smi",
  ]);
  assert.equal(findings[1].calls[0].duration_ms, 1200);
  assert.deepEqual(summary.can_measure, PROC.measures);
  assert.equal(summary.cannot_measure[1].failures[1].code, "hung");
  const one = await hmn(["doctor", "--json", "--sources", "nvml"], { doctor });
  assert.equal(JSON.parse(one.stdout).findings.length, 1);
  assert.deepEqual(one.opened?.sources, ["nvml"]);
  const text = await hmn(["doctor", "--sources", "proc"], { doctor });
  assert.ok(!text.stdout.includes("nvml:"));
});
