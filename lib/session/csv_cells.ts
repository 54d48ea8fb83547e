/**
 * Cells of a CSV file and the values they stand for. Pure.
 *
 * A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and names of processes come from
 * anybody: such a text gets an apostrophe before it, which the reader takes away again.
 */
import { escapeText } from "../text.ts";
import type { Column } from "./columns.ts";

const FORMULA = /^'*[=+\-@\t\r＝＋－＠]/;

/** The cell of a value. `null` and `undefined` are empty; characters that act on a terminal are shown as `\u{1b}`. */
export function toCell(value: string | number | null | undefined, { decimals }: Column): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") {
    const scale = 10 ** decimals;
    return Number.isFinite(value) ? String(Math.round(value * scale) / scale) : "";
  }
  const shown = escapeText(value);
  return FORMULA.test(shown) ? `'${shown}` : shown;
}

/** The text of a cell; `null`: it is empty. */
export function textOf(cell: string | undefined): string | null {
  if (cell === undefined || cell === "") return null;
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}

/** The number of a cell; `null`: it is empty or none. */
export function numberOf(cell: string | undefined): number | null {
  if (cell === undefined || cell.trim() === "") return null;
  const value = Number(cell);
  return Number.isFinite(value) ? value : null;
}
