/**
 * One row of a CSV file, as places in the file's bytes: a cell becomes a number or a text only where it is asked for.
 */
import { TextMemo } from "./text_memo.ts";

/** More columns than any table has. */
export const MOST_CELLS = 4_096;
/** So many characters hold a whole number that a double has exactly. */
const EXACT_DIGITS = 15;
const POWERS = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, power) => 10 ** power);
const ZERO = 0x30;
const POINT = 0x2e;
const MINUS = 0x2d;

/** A row. It is the same object for every row: what is needed later has to be taken out of it. */
export class CsvRow {
  /** Cells, of which the first {@linkcode MOST_CELLS} can be asked for. */
  count = 0;
  /** Where the row's bytes are. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Beginning and end of each cell, without its quotes. */
  readonly starts = new Int32Array(MOST_CELLS);
  readonly ends = new Int32Array(MOST_CELLS);
  /** 1: the cell contains quotes, each written twice. */
  readonly doubled = new Uint8Array(MOST_CELLS);
  readonly #memo = new TextMemo();
  readonly #oneCell = new Int32Array(1);
  readonly #oneNumber = new Float64Array(1);

  /** Nothing stands in the cell. */
  isEmpty(cell: number): boolean {
    return this.starts[cell] === this.ends[cell];
  }

  /** The text of a cell, `""` where it is empty. */
  text(cell: number): string {
    const text = this.#memo.textOf(this.bytes, this.starts[cell]!, this.ends[cell]!);
    return this.doubled[cell] === 0 ? text : text.replaceAll('""', '"');
  }

  /** The texts of all cells. */
  texts(): string[] {
    const count = Math.min(this.count, MOST_CELLS);
    return Array.from({ length: count }, (_, cell) => this.text(cell));
  }

  /** The number of a cell, exactly as `Number` reads it; NaN: it is empty, none, or not finite. */
  number(cell: number): number {
    this.#oneCell[0] = cell;
    this.numbers(this.#oneCell, this.#oneNumber);
    return this.#oneNumber[0]!;
  }

  /**
   * The numbers of several cells. They go from array to array within one function: engines put a double that is
   * returned from a function into memory of its own.
   */
  numbers(cells: Int32Array, into: Float64Array): void {
    const { bytes, starts, ends } = this;
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]!;
      const end = ends[cell]!;
      let at = starts[cell]!;
      const isNegative = at < end && bytes[at] === MINUS;
      if (isNegative) at += 1;
      const length = end - at;
      let whole = 0;
      let point = -1;
      if (length <= EXACT_DIGITS) {
        for (; at < end; at++) {
          const digit = bytes[at]! - ZERO;
          if (digit >= 0 && digit <= 9) whole = whole * 10 + digit;
          else if (digit === POINT - ZERO && point < 0) point = at;
          else break;
        }
      }
      // Neither a lone sign or point nor anything but digits and one point.
      if (at < end || length === 0 || (length === 1 && point >= 0)) {
        into[i] = this.#anyNumber(cell);
      } else {
        // A whole number below 10^15, divided by a power of ten, is rounded once: that is the nearest double.
        const value = point < 0 ? whole : whole / POWERS[end - point - 1]!;
        into[i] = isNegative ? -value : value;
      }
    }
  }

  #anyNumber(cell: number): number {
    if (this.isEmpty(cell)) return NaN;
    const text = this.text(cell).trim();
    const value = text === "" ? NaN : Number(text);
    return Number.isFinite(value) ? value : NaN;
  }
}
