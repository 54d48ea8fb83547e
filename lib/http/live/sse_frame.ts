/** Events as server-sent events have them (WHATWG HTML, section 9.2). Pure. */
import { toSnakeCase } from "../../json_case.ts";

/** One event; its data are one line of JSON, keys in snake_case. */
export function frameOf(event: string, id: string, data: unknown): Uint8Array {
  return new TextEncoder().encode(
    `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(toSnakeCase(data))}\n\n`,
  );
}

/** The id of the nth event of a series. */
export function idOf(series: string, number: number): string {
  return `${series}-${number}`;
}

/** Which event of the series an id names; `null`: none of it. */
export function numberOf(id: string | null, series: string): number | null {
  const match = /^([0-9a-f]{8})-(\d{1,15})$/.exec(id ?? "");
  return match?.[1] === series ? Number(match[2]) : null;
}
