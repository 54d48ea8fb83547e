/** The parts of `@std/csv` that are used; its npm mirror ships no types. */
export interface StringifyOptions {
  readonly headers?: boolean;
  readonly separator?: string;
}

/** Rows as CSV text, lines ended with CRLF (RFC 4180). */
export function stringify(
  rows: readonly (readonly string[])[],
  options?: StringifyOptions,
): string;

/** Text of a CSV file in, rows out. */
export class CsvParseStream extends TransformStream<string, string[]> {
  constructor(options?: { readonly separator?: string; readonly skipFirstRow?: boolean });
}
