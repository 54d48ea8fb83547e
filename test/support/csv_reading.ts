/** Reading CSV in tests: pieces of bytes, rows as texts, and `@std/csv` as the judge. */
// @ts-types="../../types/std_csv.d.ts"
import { CsvParseStream } from "@std/csv/parse-stream";
import { type CsvOutcome, readCsv } from "../../lib/session/load/read_csv.ts";

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Bytes as a file gives them: in pieces of `size()` bytes, each overwritten when the next is asked for. */
export async function* inPieces(bytes: Uint8Array, size: () => number): AsyncGenerator<Uint8Array> {
  const shared = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length;) {
    const part = bytes.subarray(at, at + Math.max(1, size()));
    shared.fill(0x22);
    shared.set(part);
    yield await Promise.resolve(shared.subarray(0, part.length));
    at += part.length;
  }
}

/** What {@linkcode readCsv} makes of a file. */
export interface Read extends CsvOutcome {
  readonly header: readonly string[];
  readonly texts: readonly (readonly string[])[];
  readonly numbers: readonly (readonly number[])[];
}

/** Reads a file in pieces of `size` bytes. */
export async function read(
  file: string | Uint8Array,
  size: () => number = () => 2 ** 16,
): Promise<Read> {
  const bytes = typeof file === "string" ? new TextEncoder().encode(file) : file;
  const texts: string[][] = [];
  const numbers: number[][] = [];
  let header: readonly string[] = [];
  const outcome = await readCsv(inPieces(bytes, size), {
    header: (cells) => header = cells,
    row: (row) => {
      texts.push(row.texts());
      numbers.push(texts.at(-1)!.map((_, cell) => row.number(cell)));
    },
  });
  return { ...outcome, header, texts, numbers };
}

/** All rows as `@std/csv` reads them, the first one too. */
export async function readWithStd(bytes: Uint8Array): Promise<string[][]> {
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  const rows: string[][] = [];
  const text = source.pipeThrough(
    new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>,
  );
  for await (const row of text.pipeThrough(new CsvParseStream())) rows.push(row);
  return rows;
}
