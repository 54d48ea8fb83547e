/** The gate's outcome as Markdown, for a pull request. Pure. */
import { type Inline, paragraph, type ReportDocument, table } from "../report/document.ts";
import { renderMarkdown } from "../report/markdown.ts";
import type { CheckReport, RuleResult } from "./records.ts";

const WORDS: Readonly<Record<RuleResult["verdict"], Inline>> = {
  ok: { text: "ok", tone: "good" },
  failed: { text: "FAIL", tone: "critical" },
  unknown: { text: "FAIL (not measured)", tone: "critical" },
};

/** A heading, what counts, and a table with a row for each result. */
export function checkMarkdown(report: CheckReport): string {
  return renderMarkdown(checkDocument(report));
}

function checkDocument({ name, baseline, counted, passed, results }: CheckReport): ReportDocument {
  const failed = results.filter(({ verdict }) => verdict !== "ok").length;
  const outcome = passed
    ? `All ${results.length} rules hold`
    : `${failed} of ${results.length} rules failed`;
  return {
    title: `Memory check: ${passed ? "passed" : "failed"}`,
    lead: [
      paragraph(
        { text: outcome, strong: true },
        ` for ${name}`,
        baseline === null ? "" : `, compared with ${baseline}`,
        `; ${counted}.`,
      ),
      ...table(
        "Rules, those that failed first",
        ["", "Rule", "What was measured"],
        results.toSorted((a, b) => Number(a.verdict === "ok") - Number(b.verdict === "ok"))
          .map(({ verdict, rule, message }) => [WORDS[verdict], rule, message]),
        Infinity,
      ),
    ],
    sections: [],
  };
}
