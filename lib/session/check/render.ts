/** The outcome of a check as text, as Markdown for a pull request, and as JUnit for a CI server. Pure. */
import { escapeText } from "../../text.ts";
import { MARKER_COMMENT } from "../report/marker.ts";
import type { CheckReport, CheckResult } from "./rules.ts";

const WORDS = { ok: "ok", failed: "FAIL", unmeasured: "FAIL" } as const;

/** One line a rule, and how many were kept. */
export function checkText({ name, baseline, results }: CheckReport): string {
  const lines = results.map(({ rule, subject, verdict, message }) =>
    `${WORDS[verdict].padEnd(4)}  ${escapeText(rule)}: ${escapeText(subject)}: ${
      escapeText(message)
    }`
  );
  const against = baseline === null ? "" : ` against ${escapeText(baseline)}`;
  return `${lines.join("\n")}\nhmn check: ${escapeText(name)}${against}: ${countText(results)}\n`;
}

function countText(results: readonly CheckResult[]): string {
  const kept = results.filter(({ verdict }) => verdict === "ok").length;
  return `${kept} of ${results.length} kept`;
}

/** A heading and a table. */
export function checkMarkdown({ name, baseline, passed, results }: CheckReport): string {
  const against = baseline === null ? "" : ` against ${inline(baseline)}`;
  const rows = results.map(({ rule, subject, verdict, message }) =>
    `| ${verdict === "ok" ? "✅" : "❌"} | ${[rule, subject, message].map(inline).join(" | ")} |`
  );
  return [
    `## ${passed ? "✅" : "❌"} Memory check: ${countText(results)}`,
    "",
    `Recording ${inline(name)}${against}.`,
    "",
    "|  | rule | measured on | result |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
    MARKER_COMMENT,
    "",
  ].join("\n");
}

/** Text that is nothing but text in Markdown, within a line and within a cell. */
function inline(text: string): string {
  return escapeText(text).replace(
    /[\\`*_{}[\]()#+!|<>~&$-]/g,
    (char) => char === "<" ? "&lt;" : char === ">" ? "&gt;" : char === "&" ? "&amp;" : `\\${char}`,
  )
    // GitHub looks for mentions and addresses behind Markdown: only something in between helps.
    .replace(/@(?=[\p{L}\p{N}])/gu, "@<!-- -->").replace(/:(?=\/\/)/g, "\\:")
    .replace(/\b(www)\./gi, "$1\\.");
}

/** One test case a result; one that could not be measured is an error, not a failure. */
export function checkJunit({ name, results }: CheckReport): string {
  const failures = results.filter(({ verdict }) => verdict === "failed").length;
  const errors = results.filter(({ verdict }) => verdict === "unmeasured").length;
  const counts = `tests="${results.length}" failures="${failures}" errors="${errors}"`;
  const cases = results.map(({ rule, subject, verdict, message }) => {
    const open = `    <testcase classname="${xml(name)}" name="${xml(`${rule}: ${subject}`)}"`;
    if (verdict === "ok") return `${open}/>`;
    const tag = verdict === "failed" ? "failure" : "error";
    return `${open}>\n      <${tag} message="${xml(message)}"/>\n    </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="hmn check" ${counts}>`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    MARKER_COMMENT,
    "",
  ].join("\n");
}

const XML: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Escaped first, so that nothing is left that XML can't hold (controls, lone surrogates, U+FFFE). */
function xml(text: string): string {
  return escapeText(text).replace(/[\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"']/g, (char) => XML[char]!);
}
