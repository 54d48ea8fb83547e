/** Tables for a terminal, aligned by the columns that characters take on the screen. */
import stringWidth from "string-width";
import { escapeText } from "../text.ts";

/** How a table may be narrowed. */
export interface TableOptions {
  /** Columns of the terminal; without it nothing is cut. */
  readonly maxWidth?: number;
  /** Indexes of the columns that may be cut to fit `maxWidth`; all of them by default. */
  readonly cuttable?: readonly number[];
}

const GAP = "  ";
/** No column is cut below this, so that something of each cell can still be read. */
const NARROWEST = 8;

/** Columns `text` takes on a terminal: 2 for wide characters and emoji, 0 for combining marks. */
export function displayWidth(text: string): number {
  return isPlain(text) ? text.length : stringWidth(text);
}

/** Appends spaces until `text` takes `width` columns. */
export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}

/** Cuts `text` to at most `width` columns, with `…` in place of what is missing; whole characters only. */
export function truncateToWidth(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width < 1) return "";
  let kept = "";
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const next = displayWidth(segment);
    if (used + next > width - 1) break;
    kept += segment;
    used += next;
  }
  return `${kept}…`;
}

/**
 * A header line and one line a row: left-aligned cells, two spaces between columns, every column (the
 * last too) padded to its longest cell. Cells are escaped here, so untrusted names are safe; a missing
 * cell is empty. Where the table is wider than `maxWidth`, the widest of the cuttable columns give way,
 * down to their header and at least 8 columns; what still does not fit stands beyond the edge.
 */
export function renderTable(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const lines = [headers, ...rows].map((row) =>
    headers.map((_, column) => escapeText(row[column] ?? ""))
  );
  const widths = headers.map((_, column) =>
    lines.reduce((widest, line) => Math.max(widest, displayWidth(line[column]!)), 0)
  );
  if (options.maxWidth !== undefined) {
    narrow(
      widths,
      headers.map((header) => displayWidth(escapeText(header))),
      options.maxWidth,
      options.cuttable,
    );
  }
  return lines
    .map((line) =>
      line.map((cell, column) => padEnd(truncateToWidth(cell, widths[column]!), widths[column]!))
        .join(GAP) + "\n"
    )
    .join("");
}

/** Takes columns from the widest cuttable one, one by one, until the table fits or nothing can give. */
function narrow(
  widths: number[],
  headerWidths: readonly number[],
  maxWidth: number,
  cuttable: readonly number[] = widths.map((_, column) => column),
): void {
  let excess = widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1)) -
    maxWidth;
  while (excess > 0) {
    let widest = -1;
    for (const column of cuttable) {
      const floor = Math.max(NARROWEST, headerWidths[column] ?? 0);
      const canGive = (widths[column] ?? 0) > floor;
      if (canGive && (widest < 0 || widths[column]! > widths[widest]!)) widest = column;
    }
    if (widest < 0) return;
    widths[widest]! -= 1;
    excess -= 1;
  }
}

/** Text in which each code unit takes one column. */
function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
