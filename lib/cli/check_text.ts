/** The gate's outcome on a terminal. Pure. */
import type { CheckReport, RuleResult } from "../session/check/records.ts";
import { escapeText } from "../text.ts";
import { type Look, toned } from "./verdict_lines.ts";

/** One line a rule, then what came of all. */
export function checkText(report: CheckReport, look: Look): string {
  const { name, baseline, counted, passed, results } = report;
  const failed = results.filter(({ verdict }) => verdict !== "ok").length;
  const width = Math.max(...results.map(({ rule }) => rule.length));
  const lines = results.map((result) => line(result, width, look));
  const against = baseline === null ? "" : `, baseline ${escapeText(baseline)}`;
  const outcome = passed
    ? toned(`${results.length} of ${results.length} rules hold`, "good", look)
    : toned(`${failed} of ${results.length} rules failed`, "critical", look);
  return `${escapeText(name)}${against}: ${escapeText(counted)}\n${
    lines.join("")
  }hmn check: ${outcome}\n`;
}

function line({ verdict, rule, message }: RuleResult, width: number, look: Look): string {
  const word = verdict === "ok"
    ? toned("ok", "good", look) + "  "
    : toned("FAIL", "critical", look);
  const reason = verdict === "unknown" ? " (not measured)" : "";
  return `${word}  ${rule.padEnd(width)}  ${escapeText(message)}${reason}\n`;
}
