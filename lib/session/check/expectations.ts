/** The expectations of a recording's configuration, as rules of the gate. Pure. */
import type { Analysis, ExpectationResult } from "../analysis/records.ts";
import type { RuleResult } from "./records.ts";

const VERDICTS = { met: "ok", missed: "failed", unknown: "unknown" } as const;

/** One result for each rule of each expectation. */
export function checkExpectations({ expectations }: Analysis): readonly RuleResult[] {
  return expectations.map(resultOf);
}

function resultOf(one: ExpectationResult): RuleResult {
  const { name, rule, verdict, measured, least, most, unit, message } = one;
  const isBelow = least !== null && measured !== null && measured < least;
  return {
    rule: "expect",
    subject: `${name}: ${rule}`,
    verdict: VERDICTS[verdict],
    measured,
    limit: isBelow ? least : most ?? least,
    unit,
    message: `${name}: ${message}`,
  };
}

/** What is said where they are asked for and there are none. */
export function noExpectations(): RuleResult {
  return {
    rule: "expect",
    subject: "the recording",
    verdict: "unknown",
    measured: null,
    limit: null,
    unit: null,
    message: "The recording has no expectations: state them in its configuration ([[expect]])",
  };
}
