import assert from "node:assert/strict";
import { test } from "node:test";
import type { Analysis, GrowthReport, SeriesStats } from "../lib/session/analysis/records.ts";
import { check } from "../lib/session/check/check.ts";
import { checkJunit, checkMarkdown, checkText } from "../lib/session/check/render.ts";
import type { Rule } from "../lib/session/check/rules.ts";
import { subjectsOf } from "../lib/session/check/subjects.ts";
import { judgeGrowth } from "../lib/session/stats/growth.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

function stats(id: string, peak: number | null, mean: number | null = peak): SeriesStats {
  const samples = peak === null ? 0 : 10;
  return {
    series: { id, label: `label of ${id}`, unit: "bytes" },
    samples,
    peak,
    mean,
  } as SeriesStats;
}

function growth(id: string, verdict: "leak" | "stable" | "too-short", phase: string | null = null) {
  const times = Float64Array.from({ length: 3 }, (_, i) => i);
  return {
    series: { id, label: `label of ${id}`, unit: "bytes" },
    phase,
    growth: {
      ...judgeGrowth({ timesMs: times, values: times }),
      verdict,
      reason: `it is ${verdict}`,
      slopeBytesPerHour: 5 * MIB,
      minimumDetectableBytesPerHour: 2 * MIB,
    },
  } as GrowthReport;
}

function analysis(fields: Partial<Analysis>): Analysis {
  return {
    name: "job",
    series: [],
    zones: [],
    growth: [],
    expectations: [],
    ...fields,
  } as unknown as Analysis;
}

const peak = (of: "ram" | "vram", bytes: number): Rule => ({
  kind: "memory",
  statistic: "peak",
  of,
  limit: { bytes },
});
const verdicts = (rules: readonly Rule[], of: Analysis, baseline: Analysis | null = null) =>
  check(rules, of, baseline).results.map(({ subject, verdict }) => `${verdict} ${subject}`);

test("memory is the command's, else the watched groups', else the machine's", () => {
  const machine = [
    stats("ram", 9),
    stats("vram:gpu0", 8),
    stats("vram:gpu1", 7),
    stats("vram:all", 15),
  ];
  const ids = (of: "ram" | "vram", ...more: SeriesStats[]) =>
    subjectsOf(analysis({ series: [...machine, ...more] }), of).map(({ series }) => series.id);
  assert.deepEqual(ids("ram"), ["ram"]);
  assert.deepEqual(ids("vram"), ["vram:gpu0", "vram:gpu1"]);
  const groups = [
    stats("rss:a", 1),
    stats("rss:b", 2),
    stats("vram:a", 1),
    stats("vram:gpu-burn", 3),
  ];
  assert.deepEqual(ids("ram", ...groups), ["rss:a", "rss:b"]);
  assert.deepEqual(ids("vram", ...groups), ["vram:a", "vram:gpu-burn"]);
  const command = [stats("rss:command", 1), stats("vram:command", null)];
  assert.deepEqual(ids("ram", ...groups, ...command), ["rss:command"]);
  assert.deepEqual(ids("vram", ...command), ["vram:gpu0", "vram:gpu1"]);
});

test("a limit is kept up to itself", () => {
  const of = analysis({ series: [stats("ram", GIB)] });
  assert.deepEqual(verdicts([peak("ram", GIB)], of), ["ok label of ram"]);
  assert.deepEqual(verdicts([peak("ram", GIB - 1)], of), ["failed label of ram"]);
});

test("a rule reads as it was typed, and numbers that differ look different", () => {
  const one = check(
    [peak("ram", 3583 * MIB)],
    analysis({ series: [stats("ram", 3584 * MIB)] }),
    null,
  );
  const { rule, message } = one.results[0]!;
  assert.equal(rule, "--max-peak-ram 3583MiB");
  assert.equal(message, "peak 3758096384 bytes, limit 3757047808 bytes");
  const small = check([peak("ram", 5)], analysis({ series: [stats("ram", GIB)] }), null);
  assert.equal(small.results[0]!.rule, "--max-peak-ram 5");
});

test("a limit above the baseline, by series; what the baseline has not is not kept", () => {
  const rule: Rule = { kind: "memory", statistic: "mean", of: "ram", limit: { above: 0.05 } };
  const of = (mean: number, id = "rss:a") => analysis({ series: [stats(id, 2 * mean, mean)] });
  assert.deepEqual(verdicts([rule], of(105), of(100)), ["ok label of rss:a"]);
  assert.deepEqual(verdicts([rule], of(106), of(100)), ["failed label of rss:a"]);
  assert.deepEqual(verdicts([rule], of(1), of(100, "rss:b")), ["unmeasured label of rss:a"]);
  assert.deepEqual(verdicts([rule], of(1), null), ["unmeasured label of rss:a"]);
});

test("what could not be measured has not passed", () => {
  const empty = analysis({});
  const rules: Rule[] = [
    peak("vram", GIB),
    { kind: "no_leak" },
    { kind: "max_zone", zone: "caution" },
    { kind: "expect" },
  ];
  const report = check(rules, empty, null);
  assert.equal(report.passed, false);
  assert.deepEqual(report.results.map(({ verdict }) => verdict), Array(4).fill("unmeasured"));
  assert.equal(check([], empty, null).passed, false);
  const short = analysis({ series: [stats("ram", 1)], growth: [growth("ram", "too-short")] });
  assert.deepEqual(verdicts([{ kind: "no_leak" }], short), ["unmeasured growth"]);
  const unknown = analysis({ series: [stats("ram", null)] });
  assert.deepEqual(verdicts([peak("ram", 1)], unknown), ["unmeasured label of ram"]);
});

test("a leak anywhere in the workload fails; one beside it does not", () => {
  const series = [stats("ram", GIB), stats("rss:command", GIB)];
  const of = (...growth: GrowthReport[]) => analysis({ series, growth });
  const rule: Rule[] = [{ kind: "no_leak" }];
  assert.deepEqual(verdicts(rule, of(growth("rss:command", "stable"), growth("ram", "leak"))), [
    "ok label of rss:command",
  ]);
  assert.deepEqual(
    verdicts(rule, of(growth("rss:command", "stable"), growth("rss:command", "leak", "train"))),
    ["failed label of rss:command in train"],
  );
  const kept = check(rule, of(growth("rss:command", "stable")), null).results[0]!;
  assert.match(kept.message, /2\.00 MiB an hour or more would have shown/);
});

test("what never changed does not leak, but a few samples of it prove nothing", () => {
  const constant = (samples: number) =>
    analysis({ series: [{ ...stats("ram", 5), samples, minimum: 5 }] });
  assert.deepEqual(verdicts([{ kind: "no_leak" }], constant(30)), ["ok label of ram"]);
  assert.deepEqual(verdicts([{ kind: "no_leak" }], constant(29)), ["unmeasured growth"]);
});

test("a verdict on what is too unsteady to show a leak that matters is none", () => {
  const unsteady = growth("rss:command", "stable");
  const hour = { spanMs: 3_600_000, judgedFromMs: 0, judgedToMs: 3_600_000 };
  const of = (least: number) =>
    analysis({
      series: [stats("rss:command", GIB)],
      growth: [{
        ...unsteady,
        growth: { ...unsteady.growth, ...hour, minimumDetectableBytesPerHour: least },
      }],
    });
  assert.deepEqual(verdicts([{ kind: "no_leak" }], of(GIB / 11)), ["ok label of rss:command"]);
  assert.equal(check([{ kind: "no_leak" }], of(GIB / 9), null).passed, false);
});

test("zones: the gravest that is allowed, for each GPU", () => {
  const zone = (gpu: number, caution: number, critical: number) => ({
    series: { id: `vram:gpu${gpu}`, label: `GPU ${gpu}`, unit: "bytes" as const },
    ms: { safe: 1000, caution, critical, unknown: 0 },
  });
  const of = analysis({ zones: [zone(0, 500, 0), zone(1, 0, 20)] });
  assert.deepEqual(verdicts([{ kind: "max_zone", zone: "caution" }], of), [
    "ok GPU 0",
    "failed GPU 1",
  ]);
  assert.deepEqual(verdicts([{ kind: "max_zone", zone: "safe" }], of), [
    "failed GPU 0",
    "failed GPU 1",
  ]);
});

test("expectations gate: missed and unknown ones both", () => {
  const result = (verdict: "met" | "missed" | "unknown") => ({
    name: "load",
    subject: "Model-Loading",
    rule: "spike_bytes",
    verdict,
    measured: 1,
    least: 0,
    most: 2,
    unit: "bytes" as const,
    message: "m",
  });
  const of = analysis({ expectations: [result("met"), result("missed"), result("unknown")] });
  assert.deepEqual(verdicts([{ kind: "expect" }], of), [
    "ok Model-Loading",
    "failed Model-Loading",
    "unmeasured Model-Loading",
  ]);
});

const HOSTILE = "a|b<script>\x1b[31m\n# h \u202e\"'&]]>\ufffe`x`";

test("rendered: one line a rule, nothing acts on a terminal, on Markdown or on XML", () => {
  const series = [stats("rss:command", GIB)];
  series[0] = { ...series[0]!, series: { id: "rss:command", label: HOSTILE, unit: "bytes" } };
  const report = check([peak("ram", GIB / 2)], analysis({ name: HOSTILE, series }), null);
  const text = checkText(report);
  assert.match(
    text,
    /^FAIL {2}--max-peak-ram 512MiB: .*: peak 1\.0 GiB, limit 512 MiB\nhmn check: .*: 0 of 1 kept\n$/,
  );
  assert.ok(!text.includes("\x1b") && !text.includes("\u202e"));
  const markdown = checkMarkdown(report);
  assert.equal(markdown.split("\n").filter((line) => line.startsWith("|")).length, 3);
  assert.doesNotMatch(markdown, /<script|[^\\]`/);
  const junit = checkJunit(report);
  assert.ok(["<script", "\x1b", "\ufffe"].every((text) => !junit.includes(text)));
  assert.match(
    junit,
    /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites tests="1" failures="1" errors="0">/,
  );
  assert.match(junit, /<failure message="peak 1\.0 GiB, limit 512 MiB"\/>/);
});
