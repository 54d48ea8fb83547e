/** Splits a stream of text into lines, for the pipes between host and child. */
export class LineSplitter {
  #rest = "";
  readonly #maxLength: number;

  /** A line longer than `maxLength` characters makes `push` throw a `RangeError`. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** Takes the next piece and returns the lines it completes, without their newlines. */
  push(piece: string): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end; (end = piece.indexOf("\n", start)) >= 0; start = end + 1) {
      lines.push(this.#rest + piece.slice(start, end));
      this.#rest = "";
    }
    this.#rest += piece.slice(start);
    if (this.#rest.length > this.#maxLength) {
      this.#rest = "";
      throw new RangeError(`Cannot take a line of over ${this.#maxLength} characters`);
    }
    return lines;
  }
}
