/** The gate's outcome as JUnit XML, as CI systems read it. Pure. */
import { escapeHtml } from "../report/escape_html.ts";
import { MARKER_COMMENT } from "../report/marker.ts";
import type { CheckReport, RuleResult } from "./records.ts";

/** One test case for each result; what could not be measured is a failure. */
export function checkJunit({ name, results }: CheckReport): string {
  const failures = results.filter(({ verdict }) => verdict !== "ok").length;
  const counts = `tests="${results.length}" failures="${failures}" errors="0"`;
  return `<?xml version="1.0" encoding="UTF-8"?>
${MARKER_COMMENT}
<testsuites name="hmn check" ${counts}>
<testsuite name="${xml(name)}" ${counts} skipped="0">
${results.map(testCase).join("\n")}
</testsuite>
</testsuites>
`;
}

function testCase({ rule, subject, verdict, message }: RuleResult): string {
  const open = `<testcase classname="hmn.check.${xml(rule)}" name="${xml(`${rule}: ${subject}`)}"`;
  if (verdict === "ok") return `${open}><system-out>${xml(message)}</system-out></testcase>`;
  const type = verdict === "failed" ? "limit" : "not-measured";
  return `${open}><failure type="${type}" message="${xml(message)}">${
    xml(message)
  }</failure></testcase>`;
}

/**
 * For text and attributes. Controls and lone surrogates, which XML forbids, are escaped with all other characters that
 * hide; U+FFFE and U+FFFF are forbidden too.
 */
function xml(text: string): string {
  return escapeHtml(text).replace(
    /[\ufffe\uffff]/g,
    (char) => `\\u{${char.charCodeAt(0).toString(16)}}`,
  );
}
