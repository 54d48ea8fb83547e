/** A report as GitHub-flavoured Markdown that also reads well as plain text. Pure. */
import type { Block, Inline, ReportDocument, Section, Table, Tone, Verdict } from "./document.ts";
import { escapeLineStart, escapeMarkdown } from "./escape_markdown.ts";
import { MARKER_COMMENT } from "./marker.ts";

/** The report, with the marker at its end. */
export function renderMarkdown({ title, lead, sections }: ReportDocument): string {
  return [
    `# ${escapeMarkdown(title)}`,
    ...lead.map(block),
    ...sections.map(sectionText),
    MARKER_COMMENT,
  ].join("\n\n") + "\n";
}

function sectionText({ title, blocks }: Section): string {
  return [`## ${escapeMarkdown(title)}`, ...blocks.map(block)].join("\n\n");
}

function block(block: Block): string {
  switch (block.kind) {
    case "paragraph":
      return line(block.text);
    case "list":
      return block.items.map((item) => `- ${line(item)}`).join("\n");
    case "facts":
      return tableText({
        columns: ["Recording", ""].map((title) => ({ title, isNumber: false })),
        rows: block.facts,
      });
    case "verdicts":
      return verdictTable(block.verdicts);
    case "table":
      return `${line([{ text: block.caption, strong: true }])}\n\n${tableText(block)}`;
  }
}

/** As the tones are called in text. */
export const TONE_WORDS: Readonly<Record<Tone, string>> = {
  critical: "CRITICAL",
  caution: "WARNING",
  unknown: "UNKNOWN",
  good: "OK",
};

function verdictTable(verdicts: readonly Verdict[]): string {
  return tableText({
    columns: [{ title: "Verdict", isNumber: false }, { title: "What was found", isNumber: false }],
    rows: verdicts.map(({ tone, text }) => [{ text: TONE_WORDS[tone], strong: true }, text]),
  });
}

function line(text: readonly Inline[]): string {
  return text.map((piece, i) => inline(piece, i === 0 ? escapeLineStart : escapeMarkdown)).join("");
}

function inline(piece: Inline, escape: (text: string) => string): string {
  if (typeof piece === "string") return escape(piece);
  const isStrong = piece.strong || piece.tone === "critical" || piece.tone === "caution";
  const text = escape(piece.text).trim();
  return isStrong && text !== "" ? `**${text}**` : text;
}

/** Columns are padded, so that the table can be read where nothing renders it. */
function tableText({ columns, rows }: Pick<Table, "columns" | "rows">): string {
  const titles = columns.map(({ title }) => escapeMarkdown(title));
  const cells = rows.map((row) => row.map((cell) => inline(cell, escapeMarkdown).trim()));
  const widths = columns.map((_, column) =>
    Math.min(
      WIDEST,
      Math.max(3, ...[titles, ...cells].map((row) => [...row[column] ?? ""].length)),
    )
  );
  const rule = columns.map(({ isNumber }, column) =>
    isNumber ? `${"-".repeat(widths[column]! - 1)}:` : "-".repeat(widths[column]!)
  );
  const row = (texts: readonly string[]) =>
    `| ${
      texts.map((text, column) => pad(text, widths[column]!, columns[column]!.isNumber)).join(" | ")
    } |`;
  return [row(titles), `| ${rule.join(" | ")} |`, ...cells.map(row)].join("\n");
}

/** A longer cell does not widen the others. */
const WIDEST = 60;

function pad(text: string, width: number, toTheRight: boolean): string {
  const missing = " ".repeat(Math.max(0, width - [...text].length));
  return toTheRight ? missing + text : text + missing;
}
