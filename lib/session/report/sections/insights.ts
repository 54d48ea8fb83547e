/** Optimization insights: what was seen, what to do about it. Pure. */
import type { Analysis } from "../../analysis/records.ts";
import type { Severity } from "../../rows.ts";
import { type Block, paragraph, type Styled, table } from "../document.ts";

const ORDER: readonly Severity[] = ["critical", "warning", "info"];
const WORDS: Readonly<Record<Severity, Styled>> = {
  critical: { text: "critical", tone: "critical" },
  warning: { text: "warning", tone: "caution" },
  info: { text: "hint" },
};

/** The section. */
export function insights({ insights }: Analysis): readonly Block[] {
  if (insights.length === 0) {
    return [paragraph("Nothing stands out that could be made better.")];
  }
  const sorted = insights.toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  return table(
    "What to change, the most urgent first",
    ["", "What was seen", "What to do"],
    sorted.map(({ severity, finding, advice }) => [WORDS[severity], finding, advice]),
  );
}
