/** The memory gate: rules against a recording. Pure. */
import type { Analysis } from "../analysis/records.ts";
import { checkExpectations, noExpectations } from "./expectations.ts";
import { checkLeaks } from "./leaks.ts";
import { checkLimit } from "./limits.ts";
import type { CheckReport, Rule, RuleResult } from "./records.ts";
import { type Counted, countedText, subjectsOf } from "./subjects.ts";
import { checkZone } from "./zone.ts";

/** What is checked, and against what. */
export interface Gate {
  readonly rules: readonly Rule[];
  readonly counted: Counted;
  readonly baseline: Analysis | null;
}

/** Checks a recording. Its expectations count, whatever the rules are. */
export function checkSession(analysis: Analysis, gate: Gate): CheckReport {
  const results = [
    ...gate.rules.flatMap((rule) => check(rule, analysis, gate)),
    ...checkExpectations(analysis),
  ];
  return {
    name: analysis.name,
    baseline: gate.baseline?.name ?? null,
    counted: countedText(gate.counted),
    // Without an answer nothing is passed.
    passed: results.length > 0 && results.every(({ verdict }) => verdict === "ok"),
    results,
  };
}

function check(rule: Rule, analysis: Analysis, gate: Gate): readonly RuleResult[] {
  switch (rule.kind) {
    case "peak":
    case "mean":
      return checkLimit(rule, analysis, gate.baseline, gate.counted);
    case "no_leak":
      return checkLeaks(analysis, gate.counted);
    case "max_zone":
      return checkZone(analysis, rule.zone);
    case "expect":
      return analysis.expectations.length === 0 ? [noExpectations()] : [];
  }
}

/** What the peak may be above the baseline's where nobody says. */
export const DEFAULT_RATIO = 0.05;

/**
 * The rules where a baseline is given and nobody states any: no leak, and peaks of RAM and GPU memory at most 5 % above
 * the baseline's. GPU memory that neither recording knows is left out.
 */
export function defaultRules(
  analysis: Analysis,
  baseline: Analysis,
  counted: Counted,
): readonly Rule[] {
  const limit = { kind: "relative", ratio: DEFAULT_RATIO } as const;
  const hasVram = [analysis, baseline].some((one) =>
    subjectsOf(one, counted, "vram").some(({ stats }) => stats !== null && stats.peak !== null)
  );
  return [
    { kind: "peak", of: "ram", limit },
    ...(hasVram ? [{ kind: "peak", of: "vram", limit } as const] : []),
    { kind: "no_leak" },
  ];
}
