/**
 * A report as a value: sections of paragraphs, lists and tables. What it says is decided here, once; Markdown, the page
 * and the terminal each render it in their own way, and each escapes every text by itself.
 */

/** How a piece of text is to stand out. */
export type Tone = "good" | "caution" | "critical" | "unknown";

/** A piece of text. May be untrusted: whoever renders it escapes it. */
export interface Styled {
  readonly text: string;
  readonly tone?: Tone;
  readonly strong?: boolean;
}

/** Text in a paragraph, an item of a list, or a cell. */
export type Inline = string | Styled;

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly isNumber: boolean;
}

/** A table. Every row has as many cells as there are columns. */
export interface Table {
  readonly kind: "table";
  /** What it shows; for those who hear the page, and in the text where several tables follow each other. */
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Inline[])[];
}

/** A conclusion, for the box at the top. */
export interface Verdict {
  readonly tone: Tone;
  readonly text: string;
}

/** A part of a section. */
export type Block =
  | { readonly kind: "paragraph"; readonly text: readonly Inline[] }
  | { readonly kind: "list"; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: "facts"; readonly facts: readonly (readonly [name: string, value: Inline])[] }
  | { readonly kind: "verdicts"; readonly verdicts: readonly Verdict[] }
  | Table;

/** A part of the report with a heading. */
export interface Section {
  /** Letters and hyphens: the target of links. */
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** The report. */
export interface ReportDocument {
  readonly title: string;
  /** Before the first section. */
  readonly lead: readonly Block[];
  readonly sections: readonly Section[];
}

/** A paragraph. */
export function paragraph(...text: readonly Inline[]): Block {
  return { kind: "paragraph", text };
}

/** A list of items of one piece each. */
export function list(items: readonly Inline[]): Block {
  return { kind: "list", items: items.map((item) => [item]) };
}

/** A section. */
export function section(id: string, title: string, blocks: readonly Block[]): Section {
  return { id, title, blocks };
}

/** So many rows are read; the rest is in the JSON. */
export const MOST_ROWS = 60;

/**
 * A table, and a sentence where rows were left out. A title that ends with `#` is that of a column of numbers, and
 * loses the sign.
 */
export function table(
  caption: string,
  titles: readonly string[],
  rows: readonly (readonly Inline[])[],
  most = MOST_ROWS,
): readonly Block[] {
  const columns = titles.map((title) => ({
    title: title.replace(/ ?#$/, ""),
    isNumber: title.endsWith("#"),
  }));
  const shown: Table = { kind: "table", caption, columns, rows: rows.slice(0, most) };
  return rows.length <= most ? [shown] : [
    shown,
    paragraph(`${rows.length - most} more rows are left out here; --format json has all of them.`),
  ];
}

/** The text of a piece, without how it stands out. */
export function plainText(inline: Inline): string {
  return typeof inline === "string" ? inline : inline.text;
}
