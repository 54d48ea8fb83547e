/** Conclusions and documents on a terminal. Pure. */
import type { Block, ReportDocument, Tone, Verdict } from "../session/report/document.ts";
import { plainText } from "../session/report/document.ts";
import { TONE_WORDS } from "../session/report/markdown.ts";
import { escapeText } from "../text.ts";
import { renderTable } from "./table.ts";
import { DEFAULT_COLUMNS, wrap } from "./wrap.ts";

const RESET = "\x1b[0m";
/** As in the first recorder: yellow, and white on red. */
const STYLES: Readonly<Record<Tone, string>> = {
  critical: "\x1b[1;97;41m",
  caution: "\x1b[33m",
  unknown: "\x1b[36m",
  good: "\x1b[32m",
};

/** How an output shows text. */
export interface Look {
  readonly color: boolean;
  readonly columns: number | null;
}

/** A word in the colour of a tone. */
export function toned(word: string, tone: Tone, { color }: Pick<Look, "color">): string {
  return color ? `${STYLES[tone]}${word}${RESET}` : word;
}

/** One line or a few for each conclusion; of more than `most`, how many there are. */
export function verdictLines(verdicts: readonly Verdict[], look: Look, most = Infinity): string {
  const shown = verdicts.slice(0, most);
  const lines = shown.map(({ tone, text }) => {
    const word = TONE_WORDS[tone];
    const lead = `  ${word.padEnd(8)}  `;
    const wrapped = wrap(escapeText(text), look.columns ?? DEFAULT_COLUMNS, lead);
    return `  ${toned(word, tone, look)}${wrapped.slice(2 + word.length)}`;
  });
  const rest = verdicts.length - shown.length;
  return lines.join("") + (rest > 0 ? `  … and ${rest} more in the report\n` : "");
}

/** A document as text. */
export function documentText({ title, lead, sections }: ReportDocument, look: Look): string {
  const parts = [
    `${escapeText(title)}\n`,
    ...lead.map((block) => blockText(block, look)),
    ...sections.flatMap(({ title, blocks }) => [
      `${escapeText(title)}\n`,
      ...blocks.map((block) => blockText(block, look)),
    ]),
  ];
  return parts.join("\n");
}

function blockText(block: Block, look: Look): string {
  const columns = look.columns ?? DEFAULT_COLUMNS;
  switch (block.kind) {
    case "paragraph":
      return wrap(escapeText(block.text.map(plainText).join("")), columns);
    case "list":
      return block.items.map((item) =>
        wrap(escapeText(item.map(plainText).join("")), columns, "  - ")
      ).join("");
    case "facts":
      return renderTable(["", ""], block.facts.map(([name, value]) => [name, plainText(value)]))
        .split("\n").slice(1).join("\n");
    case "verdicts":
      return verdictLines(block.verdicts, look);
    case "table":
      return renderTable(
        block.columns.map(({ title }) => title),
        block.rows.map((row) => row.map(plainText)),
        look.columns === null ? {} : { maxWidth: look.columns },
      );
  }
}
