/**
 * Columns of numbers that grow row by row. As soon as enough of a file is read to tell how many rows there will be,
 * they get room for all of them: memory that is never written to is never taken, and no large array is copied.
 */
import type { Track } from "./data.ts";

const FIRST_ROOM = 1_024;
/** From so many rows on, the share of the file that they took says how many there will be. */
const TELLING_ROWS = 4_096;
/** Room beyond the estimate. */
const RESERVE = 1.1;
/** An estimate may be wrong by much where rows come late in a file; more room than this many times is not taken. */
const MOST_GROWTH = 1_024;

/** Takes rows, gives a track. */
export class ColumnsSink<Quantity extends string> {
  readonly #quantities: readonly Quantity[];
  readonly #shareRead: () => number;
  readonly #firstShare: number;
  #room = FIRST_ROOM;
  #length = 0;
  #times = new Float64Array(FIRST_ROOM);
  /** `null`: no number has come yet. */
  readonly #columns: (Float64Array | null)[];

  /** `shareRead`: the share of the file that has been read, 0…1. 0: not known. */
  constructor(quantities: readonly Quantity[], shareRead: () => number = () => 0) {
    this.#quantities = quantities;
    this.#shareRead = shareRead;
    this.#firstShare = shareRead();
    this.#columns = quantities.map(() => null);
  }

  /** Rows so far. */
  get length(): number {
    return this.#length;
  }

  /** Time of the last row; -Infinity: there is none. */
  get lastMs(): number {
    return this.#length === 0 ? -Infinity : this.#times[this.#length - 1]!;
  }

  /**
   * Makes room for a row that is earlier than the last one, where it is later than the one before: then the last one
   * has a time that can't be true, and is taken away. `false`: the new row is the one that does not fit.
   */
  dropLastFor(timeMs: number): boolean {
    if (this.#length === 0 || (this.#length > 1 && timeMs < this.#times[this.#length - 2]!)) {
      return false;
    }
    this.#length -= 1;
    return true;
  }

  /** Takes a row: its time, and its numbers in the order of the quantities. NaN: not known. */
  push(timeMs: number, values: ArrayLike<number>): void {
    const at = this.#length;
    if (at === this.#room) this.#grow();
    this.#times[at] = timeMs;
    const columns = this.#columns;
    for (let column = 0; column < columns.length; column++) {
      const value = values[column]!;
      const numbers = columns[column]!;
      if (numbers !== null) numbers[at] = value;
      else if (value === value) {
        (columns[column] = new Float64Array(this.#room).fill(NaN, 0, at))[at] = value;
      }
    }
    this.#length = at + 1;
  }

  #grow(): void {
    this.#room = Math.min(
      Math.max(2 * this.#length, this.#expected()),
      MOST_GROWTH * this.#length,
    );
    const larger = (numbers: Float64Array) => {
      const grown = new Float64Array(this.#room);
      grown.set(numbers);
      return grown;
    };
    this.#times = larger(this.#times);
    this.#columns.forEach((numbers, column) => {
      if (numbers !== null) this.#columns[column] = larger(numbers);
    });
  }

  /** Rows there will be, if they go on as they came; 0: that can't be told yet. */
  #expected(): number {
    const share = this.#shareRead();
    const taken = share - this.#firstShare;
    if (this.#length < TELLING_ROWS || !(taken > 0)) return 0;
    return Math.ceil(this.#length * (1 + RESERVE * Math.max(0, 1 - share) / taken));
  }

  /**
   * The columns. Those without a number are parts of `unknown`, which is at least as long as this and all NaN. Nothing
   * can be pushed afterwards.
   */
  finish(unknown: () => Float64Array): Track<Quantity> {
    const columns = this.#quantities.map((quantity, column) => {
      const numbers = this.#columns[column] ?? unknown();
      return [quantity, numbers.subarray(0, this.#length)];
    });
    return {
      timesMs: this.#times.subarray(0, this.#length),
      columns: Object.fromEntries(columns) as Record<Quantity, Float64Array>,
    };
  }
}
