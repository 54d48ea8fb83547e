/** Finds the cells of one row of CSV (RFC 4180) in bytes. Pure but for the row it fills. */
import { type CsvRow, MOST_CELLS } from "./csv_row.ts";

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;

/** The row's end is not among these bytes. */
export const INCOMPLETE = -1;
/** These bytes are no row: a quote where none may stand, or a NUL. */
export const BROKEN = -2;

/**
 * Fills `row` with the cells of the row at `from`, and returns where the next one begins; {@linkcode INCOMPLETE} or
 * {@linkcode BROKEN} where it can't. All bytes that mean something here are ASCII, which no other character of UTF-8
 * contains, so characters need not be looked at.
 */
export function scanRow(bytes: Uint8Array, from: number, end: number, row: CsvRow): number {
  const { starts, ends, doubled } = row;
  row.bytes = bytes;
  let cell = 0;
  let at = from;
  for (;;) {
    let start = at;
    let cellEnd: number;
    let isDoubled = 0;
    if (at < end && bytes[at] === QUOTE) {
      start = at + 1;
      const found = closingQuote(bytes, start, end);
      if (found < 0) return INCOMPLETE;
      cellEnd = found;
      isDoubled = hasQuote(bytes, start, cellEnd) ? 1 : 0;
      at = found + 1;
      if (at < end && bytes[at] === CR) at += 1;
      if (at >= end) return INCOMPLETE;
      // A carriage return belongs to the end of the line or is out of place.
      if (bytes[at] !== LF && (bytes[at] !== COMMA || at !== found + 1)) return BROKEN;
    } else {
      // One comparison passes most bytes: letters, digits, point, minus and colon are above the comma.
      let byte = 0;
      for (; at < end; at++) {
        byte = bytes[at]!;
        if (byte > COMMA) continue;
        if (byte === COMMA || byte === LF) break;
        if (byte === QUOTE || byte === 0) return BROKEN;
      }
      if (at >= end) return INCOMPLETE;
      cellEnd = byte === LF && at > start && bytes[at - 1] === CR ? at - 1 : at;
    }
    if (cell < MOST_CELLS) {
      starts[cell] = start;
      ends[cell] = cellEnd;
      doubled[cell] = isDoubled;
    }
    cell += 1;
    if (bytes[at] === LF) {
      row.count = cell;
      return at + 1;
    }
    at += 1;
  }
}

/** The quote that closes a cell; -1: it is not there yet. */
function closingQuote(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      if (at + 1 >= end) return -1;
      if (bytes[at + 1] !== QUOTE) return at;
      at += 1;
    }
  }
  return -1;
}

function hasQuote(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end; at++) {
    if (bytes[at] === QUOTE) return true;
  }
  return false;
}
