/** Holds a recording to rules. Pure. */
import {
  formatDuration,
  formatPrecise,
  formatSize,
  GIB,
  MIB,
  roundHalfEven,
} from "../../format.ts";
import type { Analysis, SeriesStats } from "../analysis/records.ts";
import type { CheckReport, CheckResult, Limit, Rule } from "./rules.ts";
import { checkLeaks } from "./leaks.ts";
import { subjectsOf } from "./subjects.ts";
import { MOST_UNKNOWN, unmeasured } from "./unmeasured.ts";

/**
 * Checks every rule. `baseline` is what relative limits are compared with.
 *
 * A rule that could not be measured is told as such, and the report has not passed.
 */
export function check(
  rules: readonly Rule[],
  analysis: Analysis,
  baseline: Analysis | null,
): CheckReport {
  const results = rules.flatMap((rule) => checkRule(rule, analysis, baseline));
  return {
    name: analysis.name,
    baseline: baseline?.name ?? null,
    passed: results.length > 0 && results.every(({ verdict }) => verdict === "ok"),
    results,
  };
}

function checkRule(
  rule: Rule,
  analysis: Analysis,
  baseline: Analysis | null,
): readonly CheckResult[] {
  switch (rule.kind) {
    case "memory":
      return checkMemory(rule, analysis, baseline);
    case "no_leak":
      return checkLeaks(analysis);
    case "max_zone":
      return checkZones(rule, analysis);
    case "expect":
      return checkExpectations(analysis);
  }
}

/** The rule as the flag that states it. */
export function ruleText(rule: Rule): string {
  switch (rule.kind) {
    case "memory":
      return `--max-${rule.statistic}-${rule.of} ${limitText(rule.limit)}`;
    case "no_leak":
      return "--no-leak";
    case "max_zone":
      return `--max-zone ${rule.zone}`;
    case "expect":
      return "--expect";
  }
}

/** As it is typed: in whole GiB or MiB where it is one. */
function sizeText(bytes: number): string {
  if (bytes % GIB === 0) return `${bytes / GIB}GiB`;
  return bytes % MIB === 0 ? `${bytes / MIB}MiB` : String(bytes);
}

function limitText(limit: Limit): string {
  if ("bytes" in limit) return sizeText(limit.bytes);
  return `+${roundHalfEven(limit.above * 100, 1).replace(/\.0$/, "")}%`;
}

type MemoryRule = Extract<Rule, { kind: "memory" }>;

function checkMemory(
  rule: MemoryRule,
  analysis: Analysis,
  baseline: Analysis | null,
): readonly CheckResult[] {
  const subjects = subjectsOf(analysis, rule.of);
  if (subjects.length === 0) {
    const what = rule.of === "ram" ? "RAM" : "GPU memory";
    return [unmeasured(ruleText(rule), what, `the recording has no ${what}`)];
  }
  return subjects.map((subject) => checkSubject(rule, subject, baseline));
}

function checkSubject(
  rule: MemoryRule,
  { series, ...stats }: SeriesStats,
  baseline: Analysis | null,
): CheckResult {
  const text = ruleText(rule);
  const measured = stats[rule.statistic];
  if (measured === null) return unmeasured(text, series.label, "no sample of it has a number");
  const limit = limitOf(rule, series.id, baseline);
  if (limit === null) {
    return unmeasured(text, series.label, "the baseline has no number to compare it with");
  }
  const word = rule.statistic === "peak" ? "peak" : "mean";
  const missing = stats.unknown / (stats.samples + stats.unknown);
  if (measured <= limit && missing > MOST_UNKNOWN) {
    const known = `${word} ${formatSize(measured)}, limit ${formatSize(limit)}`;
    return unmeasured(text, series.label, `${known}, but ${percent(missing)} of it is not known`);
  }
  return {
    rule: text,
    subject: series.label,
    verdict: measured <= limit ? "ok" : "failed",
    measured,
    limit,
    unit: "bytes",
    message: `${word} ${apart(measured, limit)}, limit ${apart(limit, measured)}` +
      ("above" in rule.limit ? ` (${limitText(rule.limit)} of the baseline)` : ""),
  };
}

/** A size with as many digits as tell it from the other. */
function apart(bytes: number, other: number): string {
  const forms = [formatSize, formatPrecise, (value: number) => `${Math.round(value)} bytes`];
  const form = forms.find((form) => bytes === other || form(bytes) !== form(other)) ?? forms[2]!;
  return form(bytes);
}

function limitOf({ limit, statistic }: MemoryRule, id: string, baseline: Analysis | null) {
  if ("bytes" in limit) return limit.bytes;
  const before = baseline?.series.find(({ series }) => series.id === id)?.[statistic] ?? null;
  return before === null ? null : before * (1 + limit.above);
}

function percent(ratio: number): string {
  return `${roundHalfEven(ratio * 100, 0)} %`;
}

function checkZones(
  rule: Extract<Rule, { kind: "max_zone" }>,
  { zones }: Analysis,
): readonly CheckResult[] {
  const text = ruleText(rule);
  if (zones.length === 0) return [unmeasured(text, "GPU memory", "the recording has no GPU")];
  return zones.map(({ series, ms }) => {
    const aboveMs = ms.critical + (rule.zone === "safe" ? ms.caution : 0);
    const knownMs = ms.safe + ms.caution + ms.critical;
    if (knownMs === 0) return unmeasured(text, series.label, "no sample of it has a zone");
    const missing = ms.unknown / (knownMs + ms.unknown);
    if (aboveMs === 0 && missing > MOST_UNKNOWN) {
      return unmeasured(text, series.label, `its zone is not known for ${percent(missing)} of it`);
    }
    return {
      rule: text,
      subject: series.label,
      verdict: aboveMs > 0 ? "failed" : "ok",
      measured: aboveMs,
      limit: 0,
      unit: "ms",
      message: aboveMs > 0
        ? `${formatDuration(aboveMs)} above ${rule.zone} in ${formatDuration(knownMs)}`
        : `never above ${rule.zone} in ${formatDuration(knownMs)}`,
    };
  });
}

function checkExpectations({ expectations }: Analysis): readonly CheckResult[] {
  if (expectations.length === 0) {
    return [unmeasured("--expect", "expectations", "the recording's settings have none")];
  }
  return expectations.map(({ name, subject, verdict, measured, least, most, unit, message }) => ({
    rule: `expect ${name}`,
    subject,
    verdict: verdict === "met" ? "ok" : verdict === "missed" ? "failed" : "unmeasured",
    measured,
    limit: most ?? least,
    unit,
    message,
  }));
}
