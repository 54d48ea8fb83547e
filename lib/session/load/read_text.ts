/** Reads small texts. */
import { HypomnesisError } from "../../errors.ts";
import { escapeText } from "../../text.ts";
import { gunzip, type GunzipOutcome } from "../files/gunzip.ts";
import type { ReadFiles } from "../files/read_files.ts";
import { fromUtf16, isUtf16 } from "../files/utf16.ts";

/** A file that is meant to be small is smaller than this. */
const LONGEST_BYTES = 2 ** 24;

/** A whole file as text. */
export async function readText(files: ReadFiles, path: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const piece of files.open(path)) {
    length += piece.length;
    if (length > LONGEST_BYTES) {
      const message = `Cannot read ${
        escapeText(path)
      }: it is larger than 16 MiB and should be small`;
      throw new HypomnesisError("bad_value", message);
    }
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

/** So much of a file's beginning is looked at to tell what it is. */
const BEGINNING_BYTES = 2 ** 16;
const GZIP_MAGIC = [0x1f, 0x8b];

/** The beginning of a file, and how to read the rest. */
export interface Beginning {
  /** Decompressed. What is no UTF-8 is U+FFFD. */
  readonly text: string;
  readonly gzipped: boolean;
  /** Gives the file in UTF-8. */
  readonly files: ReadFiles;
}

/** Reads as much of a file as tells what it is. */
export async function readBeginning(files: ReadFiles, path: string): Promise<Beginning> {
  const raw = await firstBytes(files.open(path), GZIP_MAGIC.length);
  if (isUtf16(raw)) return await readBeginning(fromUtf16(files), path);
  const gzipped = GZIP_MAGIC.every((byte, at) => raw[at] === byte);
  const outcome: GunzipOutcome = { trouble: null };
  const bytes = gzipped ? gunzip(files.open(path), outcome) : files.open(path);
  const text = new TextDecoder().decode(await firstBytes(bytes, BEGINNING_BYTES));
  return { text, gzipped, files };
}

async function firstBytes(stream: AsyncIterable<Uint8Array>, count: number): Promise<Uint8Array> {
  const first = new Uint8Array(count);
  let length = 0;
  for await (const piece of stream) {
    const part = piece.subarray(0, count - length);
    first.set(part, length);
    length += part.length;
    if (length === count) break;
  }
  return first.subarray(0, length);
}
