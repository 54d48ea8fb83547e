/** Rows as CSV: RFC 4180, one line each, by the table of columns. */
// @ts-types="../../../types/std_csv.d.ts"
import { stringify } from "@std/csv/stringify";
import { COLUMNS, type RowOf, type Table } from "../columns.ts";
import { toCell } from "../csv_cells.ts";

/** The line of headers, line break included. */
export function headerText(table: Table): string {
  return stringify([COLUMNS[table].map(({ header }) => header)], { headers: false });
}

/** Rows as lines. */
export function rowText<T extends Table>(table: T, rows: readonly RowOf[T][]): string {
  if (rows.length === 0) return "";
  const columns = COLUMNS[table];
  const lines = rows.map((row) => {
    const values = row as unknown as Readonly<Record<string, string | number | null>>;
    return columns.map((column) => toCell(values[column.key], column));
  });
  return stringify(lines, { headers: false });
}
