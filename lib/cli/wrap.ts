/** Text in paragraphs that fit a terminal. */
import { displayWidth } from "./table.ts";

/** Columns where there is no terminal to ask. */
export const DEFAULT_COLUMNS = 80;

/**
 * Breaks `text` at spaces into lines of at most `columns`. The first line begins with `first`, the others
 * with as many spaces as it is wide. A word that is wider than a line stands on one of its own.
 */
export function wrap(text: string, columns: number, first = ""): string {
  const indent = " ".repeat(displayWidth(first));
  let lines = "";
  let line = first;
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && displayWidth(line) + 1 + displayWidth(word) > columns) {
      lines += `${line}\n`;
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return `${lines}${line}\n`;
}
