/**
 * Reads a CSV file (RFC 4180, also with LF alone, with a byte order mark, in UTF-8) from a stream of bytes.
 *
 * A row that is none (a quote out of place, a NUL, a cell without end) costs itself and no other: reading goes on
 * behind the end of its first line. A last line without an end is not given on, because nobody can tell where its
 * last number was cut off.
 */
import { CsvRow } from "./csv_row.ts";
import { BROKEN, INCOMPLETE, scanRow } from "./scan_row.ts";

/** Takes what is read. */
export interface CsvTaker {
  /** The first row. */
  header(cells: readonly string[]): void;
  /** Every other row with as many cells as the header. Valid during the call only. */
  row(row: CsvRow): void;
}

/** What a file was like. */
export interface CsvOutcome {
  /** The file has a first row. */
  readonly hasHeader: boolean;
  /** Rows given on. */
  readonly rows: number;
  /** Lines that are no row, or one with another number of cells than the header. */
  readonly brokenRows: number;
  /** The last line has no end. */
  readonly isCut: boolean;
}

/** A row longer than this is none. */
export const LONGEST_ROW_BYTES = 2 ** 20;
const FIRST_BUFFER_BYTES = 2 ** 19;
const LF = 0x0a;

/** Reads all of `stream`. */
export async function readCsv(
  stream: AsyncIterable<Uint8Array>,
  taker: CsvTaker,
): Promise<CsvOutcome> {
  const reader = new Reader(taker);
  for await (const piece of stream) reader.push(piece);
  return reader.end();
}

class Reader {
  readonly #taker: CsvTaker;
  readonly #row = new CsvRow();
  /** Cells of the header; 0: it has not come. */
  #width = 0;
  #rows = 0;
  #brokenRows = 0;
  /** What has not been read yet stands at its beginning. */
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  #length = 0;
  #isAtFileStart = true;
  /** Within a line that is no row, whose beginning was thrown away. */
  #skipsLine = false;

  constructor(taker: CsvTaker) {
    this.#taker = taker;
  }

  push(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(piece, this.#length);
    this.#length = length;
    let at = this.#behindMark(false);
    if (at < 0) return;
    at = this.#readRows(at);
    while (length - at > LONGEST_ROW_BYTES) at = this.#readRows(this.#behindBrokenLine(at));
    this.#keepFrom(at);
  }

  end(): CsvOutcome {
    let at = this.#readRows(Math.max(this.#behindMark(true), 0));
    // A cell without end reaches to here; the lines behind its first one are rows of their own.
    while (this.#lineEnd(at) >= 0) at = this.#readRows(this.#behindBrokenLine(at));
    return {
      hasHeader: this.#width > 0,
      rows: this.#rows,
      // A last line without an end is cut off, whatever else it is.
      brokenRows: this.#brokenRows - (this.#skipsLine ? 1 : 0),
      isCut: at < this.#length || this.#skipsLine,
    };
  }

  /** Where the text begins; -1: too little of the file is there to tell. */
  #behindMark(isWhole: boolean): number {
    if (!this.#isAtFileStart) return 0;
    if (this.#length < 3 && !isWhole) return -1;
    this.#isAtFileStart = false;
    const [a, b, c] = this.#buffer;
    return this.#length >= 3 && a === 0xef && b === 0xbb && c === 0xbf ? 3 : 0;
  }

  /** Reads all whole rows from `from` on; returns where the first that is not whole begins. */
  #readRows(from: number): number {
    const buffer = this.#buffer, length = this.#length, row = this.#row;
    let at = from;
    if (this.#skipsLine) {
      const lineEnd = this.#lineEnd(at);
      if (lineEnd < 0) return length;
      this.#skipsLine = false;
      at = lineEnd + 1;
    }
    while (at < length) {
      const next = scanRow(buffer, at, length, row);
      if (next === INCOMPLETE) return at;
      if (next === BROKEN) {
        at = this.#behindBrokenLine(at);
      } else {
        at = next;
        this.#take(row);
      }
    }
    return at;
  }

  #take(row: CsvRow): void {
    // A line with nothing in it is no row.
    if (row.count === 1 && row.isEmpty(0)) return;
    if (this.#width === 0) {
      this.#width = row.count;
      this.#taker.header(row.texts());
    } else if (row.count !== this.#width) this.#brokenRows += 1;
    else {
      this.#rows += 1;
      this.#taker.row(row);
    }
  }

  /** Counts the line at `at` as broken, and returns where the next one begins. */
  #behindBrokenLine(at: number): number {
    this.#brokenRows += 1;
    const lineEnd = this.#lineEnd(at);
    if (lineEnd >= 0) return lineEnd + 1;
    this.#skipsLine = true;
    return this.#length;
  }

  /** The end of the line at `at`; -1: it is not there yet. */
  #lineEnd(at: number): number {
    const found = this.#buffer.indexOf(LF, at);
    return found < this.#length ? found : -1;
  }

  #keepFrom(at: number): void {
    if (at > 0) this.#buffer.copyWithin(0, at, this.#length);
    this.#length -= at;
  }
}
