/**
 * A real command that takes and gives back memory in known steps, recorded, analysed and checked. The truth is what the
 * kernel told the command itself.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { analyzeSession } from "../lib/session/analysis/analyze.ts";
import { loadRecording } from "../lib/session/load/load.ts";
import { skipNative } from "./support/native.ts";
import { compileProgram } from "./support/programs.ts";
import { LogFolder, runHmn, startRecording } from "./support/record_run.ts";

const MIB = 2 ** 20;
/** What the program itself takes may differ by a little between two looks. */
const CLOSE = 3 * MIB;
/** 4 MiB every 200 ms. */
const LEAK_PER_HOUR = 20 * MIB * 3600;

/** Changes in one direction within 5 s are one, so what is to be told apart lies further apart. */
const SCRIPT = [
  ...["phase", "base", "wait", "1500"],
  ...begin("load"),
  ...["take", "300", "wait", "6000"],
  ...begin("work"),
  ...["take", "100", "wait", "1500", "give", "wait", "1500"],
  ...begin("leaking"),
  ...["leak", "4", "200", "30"],
  ...begin("after"),
  ...["wait", "5500"],
  ...begin("unload"),
  ...["give", "wait", "6000"],
];

/** The line that names a phase takes a moment to reach the recorder; nothing happens meanwhile. */
function begin(phase: string): string[] {
  return ["pause", "300", "phase", phase, "pause", "500"];
}

/** What the kernel told after each wait, and after the leak. */
type Steps = [number, number, number, number, number, number, number];

function close(actual: number | null | undefined, expected: number, what: string): void {
  assert.ok(
    actual !== null && actual !== undefined && Math.abs(actual - expected) <= CLOSE,
    `${what}: ${actual} is not ${expected}`,
  );
}

test(
  "known steps, a planted leak: found by record, analyze and check",
  { skip: skipNative() },
  async () => {
    using folder = new LogFolder();
    const truth = `${folder.path}.truth`;
    const program = compileProgram("steps");
    const run = startRecording(folder, [
      "--name",
      "steps",
      "--interval",
      "50ms",
      "--phase-from",
      "^phase (?<phase>.+)",
      "--",
      "sh",
      "-c",
      `exec "$0" "$@" 3>'${truth}'`,
      program,
      ...SCRIPT,
    ]);
    assert.equal((await run.ended).code, 0, run.stderr());
    const [base, loaded, worked, given, leaked, , unloaded] = fs.readFileSync(truth, "utf8").trim()
      .split("\n").map((kib) => Number(kib) * 1024) as Steps;
    fs.rmSync(truth);

    const analysis = analyzeSession(await loadRecording([folder.path]));
    const rss = (phase: string) =>
      analysis.phases.find(({ span }) => span.path === phase)!.series
        .find(({ series }) => series.id === "rss:command")!;
    close(rss("base").peak, base, "peak of the base");
    close(rss("load").peak, loaded, "peak of the load");
    close(rss("work").peak, worked, "peak of the work");
    close(rss("work").last, given, "end of the work");
    close(rss("leaking").last, leaked, "end of the leak");
    close(rss("unload").p50, unloaded, "what is left");
    const whole = analysis.series.find(({ series }) => series.id === "rss:command")!;
    close(whole.peak, leaked, "peak of all");

    const loads = analysis.loads.filter(({ series }) => series.id === "rss:command");
    assert.deepEqual(loads.map(({ kind }) => kind), ["load", "unload"]);
    close(loads[0]!.bytes, 300 * MIB, "the load");
    close(loads[1]!.bytes, 300 * MIB, "the unload");

    // What never changes has no verdict.
    const growthIn = (phase: string) =>
      analysis.growth.find((report) => report.phase === phase && report.series.id === "rss:command")
        ?.growth;
    const leak = growthIn("leaking");
    assert.equal(leak?.verdict, "leak", String(leak?.reason));
    const slope = leak!.slopeBytesPerHour!;
    assert.ok(Math.abs(slope / LEAK_PER_HOUR - 1) < 0.15, `${slope / MIB} MiB an hour`);
    for (const phase of ["base", "load", "after"]) {
      assert.notEqual(growthIn(phase)?.verdict, "leak", String(growthIn(phase)?.reason));
    }

    const gate = async (...rules: string[]) => {
      const { code, stdout } = await runHmn(["check", folder.path, ...rules]);
      return [code, stdout] as const;
    };
    const fits = await gate("--max-peak-ram", "600MiB");
    assert.equal(fits[0], 0, fits[1]);
    const tooMuch = await gate("--max-peak-ram", "300MiB", "--no-leak");
    assert.equal(tooMuch[0], 1, tooMuch[1]);
    assert.match(
      tooMuch[1],
      /FAIL {2}--max-peak-ram 300MiB: .*command.*: peak 4\d\d MiB, limit 300 MiB/,
    );
    assert.match(tooMuch[1], /FAIL {2}--no-leak: .* in leaking: /);

    const { code, stdout, stderr } = await runHmn(["analyze", folder.path]);
    assert.equal(code, 0, stderr);
    const report = folder.text("memory-analysis-report");
    for (
      const heading of [
        "Memory efficiency",
        "Optimization insights",
        "Scaling predictions",
        "Stability",
      ]
    ) {
      assert.match(report, new RegExp(`^#+ ${heading}`, "m"));
    }
    assert.match(report, /leaking/);
    assert.match(stdout + stderr, /memory-analysis-report\.md/);
  },
);
