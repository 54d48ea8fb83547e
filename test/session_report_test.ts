/** The Markdown report: what it says, and that it is Markdown. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { marked, type Token, type Tokens } from "marked";
import { compareAnalyses } from "../lib/session/analysis/compare.ts";
import type { Analysis } from "../lib/session/analysis/records.ts";
import { analysisDocument } from "../lib/session/report/analysis_document.ts";
import { comparisonDocument } from "../lib/session/report/comparison_document.ts";
import { escapeMarkdown } from "../lib/session/report/escape_markdown.ts";
import { renderJson } from "../lib/session/report/json.ts";
import { renderMarkdown } from "../lib/session/report/markdown.ts";
import { isOurs } from "../lib/session/report/marker.ts";
import { verdicts } from "../lib/session/report/sections/summary.ts";
import {
  actsOn,
  aFullAnalysis,
  aGrowth,
  anAnalysis,
  anInsight,
  aPhaseReport,
  aSeries,
  aSeriesId,
  GIB,
  HOSTILE,
  MIB,
} from "./support/an_analysis.ts";

const report = (analysis: Analysis) => renderMarkdown(analysisDocument(analysis));

/** The tables of a section, as the rows of texts that a reader sees. */
function tablesOf(markdown: string, heading: string): string[][][] {
  const tokens = marked.lexer(markdown);
  const from = tokens.findIndex((one) => one.type === "heading" && textOf(one) === heading);
  assert.notEqual(from, -1, `no heading ${heading}`);
  const rest = tokens.slice(from + 1);
  const to = rest.findIndex(({ type }) => type === "heading");
  return rest.slice(0, to === -1 ? undefined : to).filter(isTable)
    .map(({ header, rows }) => [header, ...rows].map((row) => row.map(cellText)));
}

const isTable = (token: Token): token is Tokens.Table => token.type === "table";
const cellText = ({ tokens }: Tokens.TableCell) => tokens.map(textOf).join("").trim();

/** What a piece of Markdown reads as; a comment reads as nothing. */
function textOf(token: Token): string {
  if (token.type === "html") return /^<!--.*-->$/s.test(token.raw.trim()) ? "" : token.raw;
  const inner = (token as { tokens?: Token[] }).tokens;
  if (inner !== undefined) return inner.map(textOf).join("");
  return (token as { text?: string }).text ?? token.raw;
}

const HEADINGS = [
  "Memory efficiency",
  "Performance correlation",
  "Optimization insights",
  "Scaling predictions",
  "Stability",
];

test("the five sections stand in their order, in a report on anything", () => {
  for (
    const analysis of [anAnalysis(), aFullAnalysis("x"), anAnalysis({ series: [], zones: [] })]
  ) {
    const headings = marked.lexer(report(analysis)).filter(({ type }) => type === "heading")
      .map(textOf);
    assert.deepEqual(headings.slice(1, 6), HEADINGS);
  }
});

test("the tables hold the numbers", () => {
  const markdown = report(aFullAnalysis("worker"));
  const [memory] = tablesOf(markdown, "Memory efficiency");
  assert.deepEqual(memory![0]!.slice(0, 4), ["Series", "Peak", "at", "Mean"]);
  assert.deepEqual(memory![1]!, [
    "RAM of worker",
    "4.0 GiB",
    "0:01:00",
    "2.0 GiB",
    "2.0 GiB",
    "3.0 GiB",
    "3.5 GiB",
    "1.0 GiB",
    "12.0 GiB",
    "33 %",
    "17 %",
  ]);
  const [whole, within] = tablesOf(markdown, "Stability");
  assert.deepEqual(whole![1]!.slice(0, 2), ["RAM of worker", "leak"]);
  assert.deepEqual(within![1]!.slice(0, 3), ["RAM of worker", "worker at 0:00:00", "stable"]);
  const [scaling] = tablesOf(markdown, "Scaling predictions");
  assert.deepEqual(scaling![1]!, [
    "RAM of worker",
    "12.0 GiB",
    "4.0 GiB",
    "2.0 GiB",
    "4",
    "3",
    "1 h (30 min to maybe never)",
    "worker",
  ]);
  const [, phase] = tablesOf(markdown, "Phases");
  assert.deepEqual(phase![1]!.slice(5), ["3.0 GiB", "+1.0 GiB", "-1 MiB"]);
  const [cycles] = tablesOf(markdown, "Models loaded and unloaded");
  assert.deepEqual(cycles![1]!.slice(3), ["2.0 GiB", "2.0 s", "0:01:00", "50 %", "1.0 GiB"]);
  const [heat] = tablesOf(markdown, "Heat and power");
  assert.deepEqual(heat![1], [
    "GPU 0",
    "71 °C",
    "66 °C",
    "240 W",
    "120 W",
    "20.00 Wh",
    "50 %",
    "2",
  ]);
  const [expected] = tablesOf(markdown, "Expected and measured");
  assert.deepEqual(expected![1]!.slice(2, 6), [
    "peak_bytes",
    "missed",
    "9.0 GiB",
    "at most 8.0 GiB",
  ]);
  const [alerts] = tablesOf(markdown, "Alerts");
  assert.deepEqual(alerts![1]!.slice(0, 3), ["0:00:00", "until the end", "critical"]);
  const [cost] = tablesOf(markdown, "Cost of the recording");
  assert.deepEqual(cost!.slice(1).map((row) => row[1]), [
    "1.00 % of a core",
    "70 MiB",
    "3.0 ms",
    "?",
  ]);
});

test("every table is one: as many cells in each row as in its head", () => {
  const markdown = report(aFullAnalysis(HOSTILE));
  const lines = markdown.split("\n").filter((line) => line.startsWith("| "));
  const tables = marked.lexer(markdown).filter(isTable);
  // The line of dashes is no row.
  const rows = tables.reduce((sum, { rows }) => sum + rows.length + 2, 0);
  assert.equal(lines.length, rows);
  assert.ok(tables.length > 15, `${tables.length} tables`);
});

test("text from outside is text: no markup of it, and all of it can be read", () => {
  for (
    const markdown of [
      report(aFullAnalysis(HOSTILE)),
      renderMarkdown(
        comparisonDocument(compareAnalyses(aFullAnalysis(HOSTILE), aFullAnalysis(HOSTILE))),
      ),
    ]
  ) {
    const whole = marked.parse(markdown) as string;
    const html = whole.replace(/<!--.*?-->/gs, "");
    const tags = new Set([...html.matchAll(/<\/?([a-z0-9]+)[^>]*>/gi)].map(([, tag]) => tag));
    assert.deepEqual([...tags].filter((tag) => !EXPECTED_TAGS.has(tag!)), []);
    assert.equal((html.match(/<h1>/g) ?? []).length, 1);
    assert.doesNotMatch(html, /<h[12]>heading/);
    assert.ok(!actsOn(markdown));
    // GitHub looks for mentions in each piece of text by itself, and a comment parts it.
    const pieces = whole.split(/<!--.*?-->|<[^>]*>/s);
    assert.deepEqual(pieces.filter((piece) => /@someone|#1\b/.test(piece)), []);
  }
  const [memory] = tablesOf(report(aFullAnalysis(HOSTILE)), "Memory efficiency");
  const label = memory![1]![0]!;
  assert.ok(label.startsWith("RAM of a|b `c` **d** <img src=x"), label);
});

const EXPECTED_TAGS = new Set(
  "h1 h2 p strong ul li table thead tbody tr th td".split(" "),
);

test("escaping leaves plain names as they are", () => {
  for (const name of ["python3", "/opt/models/llama-3_8b.gguf", "GPU 0 (a100)", "a:b", "100%"]) {
    assert.equal(escapeMarkdown(name), name);
  }
  assert.equal(escapeMarkdown("a|b"), "a\\|b");
  assert.equal(escapeMarkdown("_x_"), "\\_x\\_");
});

test("lines that would be headings or lists are none", () => {
  const markdown = report(anAnalysis({ notices: ["# a", "- b", "1. c", "    d", "> e"] }));
  const lists = marked.lexer(markdown).filter(({ type }) => type === "list") as Tokens.List[];
  assert.deepEqual(lists[0]!.items.map(({ tokens }) => tokens.map(textOf).join("")), [
    "# a",
    "- b",
    "1. c",
    "d",
    "> e",
  ]);
});

test("what is not known is a question mark, not a zero", () => {
  const nothing = {
    peak: null,
    peakAtMs: null,
    minimum: null,
    mean: null,
    p50: null,
    p95: null,
    p99: null,
    limit: null,
    peakRatio: null,
    meanRatio: null,
  };
  const analysis = anAnalysis({ series: [aSeries("ram", nothing)], endedBy: null, host: null });
  const [memory] = tablesOf(report(analysis), "Memory efficiency");
  assert.deepEqual(memory![1]!.slice(1), Array(10).fill("?"));
  assert.match(report(analysis), /not by itself: the recorder was killed/);
});

test("the gravest conclusion comes first, and good news is told", () => {
  const tones = (some: Partial<Analysis>) => verdicts(anAnalysis(some)).map(({ tone }) => tone);
  assert.deepEqual(tones({}), ["good", "good"]);
  assert.deepEqual(
    tones({
      insights: [anInsight({ severity: "warning" }), anInsight({ severity: "critical" })],
      growth: [aGrowth("ram"), aGrowth("x", { verdict: "too-short" })],
      endedBy: null,
    }),
    ["critical", "caution", "caution", "unknown", "good", "good", "good"],
  );
  const texts = (some: Partial<Analysis>) => verdicts(anAnalysis(some)).map(({ text }) => text);
  assert.ok(
    texts({ growth: [aGrowth("ram")] }).includes(
      "No leak in ram; a growth of 12.0 MiB/h or more would have shown",
    ),
  );
  const leak = { verdict: "leak", slopeBytesPerHour: 30 * MIB } as const;
  assert.ok(texts({ growth: [aGrowth("ram", leak)] }).includes("ram leaks: +30.0 MiB/h"));
  // A leak that an insight tells is told once.
  const told = texts({
    growth: [aGrowth("ram", leak)],
    insights: [
      anInsight({ kind: "leak", subject: "ram", severity: "warning", finding: "it grows" }),
    ],
  });
  assert.deepEqual(told.filter((text) => /leaks|grows/.test(text)), ["it grows"]);
});

test("zones and levels of RAM: each is told as it was", () => {
  const zone = (ms: Partial<Analysis["zones"][number]["ms"]>) =>
    verdicts(anAnalysis({
      zones: [{
        series: aSeriesId("vram:gpu0", "GPU 0 memory"),
        ms: { safe: 0, caution: 0, critical: 0, unknown: 0, ...ms },
      }],
    })).find(({ text }) => text.includes("zone"))!;
  assert.equal(zone({ safe: 1, critical: 2_000 }).tone, "critical");
  assert.match(
    zone({ safe: 1, caution: 2_000 }).text,
    /caution zone for 2\.0 s: peak 4\.0 GiB of 12/,
  );
  assert.equal(zone({ unknown: 5 }).tone, "unknown");
  const ram = { ms: { normal: 0, elevated: 1, warning: 2_000, critical: 0, unknown: 0 } };
  assert.match(
    verdicts(anAnalysis({ ram }))[0]!.text,
    /^RAM was above its warning level for 2\.0 s/,
  );
});

test("long tables are cut, and say so", () => {
  const phases = Array.from({ length: 100 }, (_, i) => aPhaseReport(`epoch ${i}`, i, i + 1));
  const markdown = report(anAnalysis({ phases }));
  const [table] = tablesOf(markdown, "Phases");
  assert.equal(table!.length, 61);
  assert.match(markdown, /40 more rows are left out here/);
});

test("the report knows itself again, and nothing else", () => {
  const markdown = report(aFullAnalysis(HOSTILE));
  assert.ok(isOurs(markdown.slice(0, 1024), markdown.slice(-1024)));
  const json = renderJson(anAnalysis());
  assert.ok(isOurs(json.slice(0, 1024), json.slice(-1024)));
  for (const foreign of ["# Notes\n", "{}", "<!doctype html><p>", "Written by hypomnesis\n"]) {
    assert.ok(!isOurs(foreign, foreign), foreign);
  }
  assert.ok(!isOurs(`${markdown.slice(-200)}\nmy own notes\n`, "my own notes\n"));
  assert.ok(isOurs("", ""));
});

test("JSON: snake_case, in one line, and the same numbers", () => {
  const text = renderJson(aFullAnalysis(HOSTILE));
  assert.equal(text.indexOf("\n"), text.length - 1);
  assert.ok(!actsOn(text));
  const json = JSON.parse(text);
  assert.equal(json.name, HOSTILE);
  assert.equal(json.cycles[0].left_bytes, GIB);
  assert.equal(json.growth[0].growth.minimum_detectable_bytes_per_hour, 12 * MIB);
});

test("two sessions side by side: what rose is told first", () => {
  const a = anAnalysis({ name: "before" });
  const b = anAnalysis({
    name: "after",
    series: [
      aSeries("vram:gpu0", { series: aSeriesId("vram:gpu0", "GPU 0 memory"), peak: 6 * GIB }),
      aSeries("ram", { series: aSeriesId("ram", "RAM"), peak: 2 * GIB }),
    ],
  });
  const markdown = renderMarkdown(comparisonDocument(compareAnalyses(a, b)));
  const [table] = tablesOf(markdown, "Whole session");
  assert.deepEqual(table![1], ["GPU 0 memory", "peak", "4.0 GiB", "6.0 GiB", "+2.0 GiB", "+50 %"]);
  assert.deepEqual(table![2]!.slice(4), ["0 B", "0 %"]);
  const [box] = marked.lexer(markdown).filter(isTable).slice(1);
  assert.deepEqual(box!.rows.map((row) => cellText(row[0]!)), ["WARNING", "OK"]);
  const equal = renderMarkdown(comparisonDocument(compareAnalyses(a, a)));
  assert.match(equal, /No peak changed by 5 %/);
});
