/** What is said of a rule that could not be measured. Pure. */
import type { CheckResult } from "./rules.ts";

/** Where a larger share is not known, the highest may be in it: a limit that seems kept is not known to be. */
export const MOST_UNKNOWN = 0.1;

/** A result without an answer. */
export function unmeasured(rule: string, subject: string, why: string): CheckResult {
  return {
    rule,
    subject,
    verdict: "unmeasured",
    measured: null,
    limit: null,
    unit: null,
    message: `could not be measured: ${why}`,
  };
}
