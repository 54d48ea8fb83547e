/** The formats of reports, and the files they go to. Pure, but for the page's texts. */
import { compareAnalyses } from "../session/analysis/compare.ts";
import type { Analysis } from "../session/analysis/records.ts";
import type { SessionData } from "../session/load/data.ts";
import { type FoundRecording, splitPath } from "../session/load/find_sessions.ts";
import { analysisDocument } from "../session/report/analysis_document.ts";
import { comparisonDocument } from "../session/report/comparison_document.ts";
import { curvesOf } from "../session/report/curves.ts";
import { renderPage } from "../session/report/html_page.ts";
import { renderJson } from "../session/report/json.ts";
import { renderMarkdown } from "../session/report/markdown.ts";

/** What a report is written in; also the ending of its file. */
export type ReportFormat = "md" | "html" | "json";

/** The report on one session. */
export async function sessionReport(
  data: SessionData,
  analysis: Analysis,
  format: ReportFormat,
): Promise<string> {
  if (format === "json") return renderJson(analysis);
  const document = analysisDocument(analysis);
  return format === "md" ? renderMarkdown(document) : await renderPage(document, curvesOf(data));
}

/** The report on two sessions. */
export async function comparisonReport(
  a: Analysis,
  b: Analysis,
  format: ReportFormat,
): Promise<string> {
  const comparison = compareAnalyses(a, b);
  if (format === "json") return renderJson(comparison);
  const document = comparisonDocument(comparison);
  return format === "md" ? renderMarkdown(document) : await renderPage(document, null);
}

/** The file of a report on the one session that was asked for. */
export const REPORT = "memory-analysis-report";
/** The file of a report on two sessions. */
export const COMPARISON = "memory-comparison-report";

/** The name of a report where there is one for each recording: `memory-analysis-report-NAME-STAMP.md`. */
export function reportNameOf(recording: FoundRecording, format: ReportFormat): string {
  const which = recording.kind === "session"
    ? `${recording.name}-${recording.stamp}`
    : splitPath(recording.path).name;
  return `${REPORT}-${which}.${format}`;
}

/** A file in a folder. */
export function inFolder(folder: string, name: string): string {
  if (folder === ".") return name;
  return /[/\\]$/.test(folder) ? `${folder}${name}` : `${folder}/${name}`;
}

/** The folder that a recording lies in. */
export function folderOf(recording: FoundRecording): string {
  return recording.kind === "session" ? recording.folder : splitPath(recording.path).folder;
}
