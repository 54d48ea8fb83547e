/** What was expected against what was measured. Pure. */
import type { Analysis, ExpectationResult } from "../../analysis/records.ts";
import { amount } from "../amount_text.ts";
import { type Block, paragraph, type Styled, table } from "../document.ts";

const WORDS: Readonly<Record<ExpectationResult["verdict"], Styled>> = {
  met: { text: "met", tone: "good" },
  missed: { text: "missed", tone: "critical" },
  unknown: { text: "not measured", tone: "unknown" },
};

/** The section. */
export function expected({ expectations }: Analysis): readonly Block[] {
  if (expectations.length === 0) {
    return [paragraph("The configuration of this recording states no expectations.")];
  }
  return table(
    "Expected and measured",
    ["Expectation", "Of", "Rule", "Verdict", "Measured #", "Expected #", "Remark"],
    expectations.map((one) => [
      one.name,
      one.subject,
      one.rule,
      WORDS[one.verdict],
      amount(one.measured, one.unit),
      rangeText(one),
      one.message,
    ]),
  );
}

/** `2.0 GiB to 3.0 GiB`, `at most 8.0 GiB`, `at least 80 %`. */
export function rangeText(
  { least, most, unit }: Pick<ExpectationResult, "least" | "most" | "unit">,
): string {
  if (least !== null && most !== null) return `${amount(least, unit)} to ${amount(most, unit)}`;
  if (most !== null) return `at most ${amount(most, unit)}`;
  return least === null ? "-" : `at least ${amount(least, unit)}`;
}
