/** Reads all parts of one table of a session, oldest first. */
import { HypomnesisError } from "../../errors.ts";
import { escapeText } from "../../text.ts";
import { COLUMNS, type Table, TABLES } from "../columns.ts";
import { gunzip, type GunzipOutcome } from "../files/gunzip.ts";
import type { ReadFiles } from "../files/read_files.ts";
import type { CsvRow } from "./csv_row.ts";
import type { SessionPart } from "./find_sessions.ts";
import { baseName, type FileFlaws, flawSentences, gzipSentences, noFlaws } from "./notices.ts";
import type { Progress } from "./progress.ts";
import { readCsv } from "./read_csv.ts";

/** What the tables of a session are read with. */
export interface Reading {
  readonly files: ReadFiles;
  readonly progress: Progress;
  /** Sentences for the reader are added to it. */
  readonly notices: string[];
  /** Paths of the files that were read are added to it. */
  readonly read: string[];
}

/** Where the columns of a table are in a file; a column that is not there has no entry. */
export type Places = ReadonlyMap<string, number>;

/** Takes a row. `false`: it can't be understood. */
export type TakeRow = (row: CsvRow) => boolean;

/** Makes a taker for one file. */
export type MakeTaker = (places: Places, flaws: FileFlaws) => TakeRow;

/** Columns of which a file needs one, to be one of that table. */
const MARKS: Readonly<Record<Table, readonly string[]>> = {
  gpu: ["gpu"],
  system: ["used_bytes", "available_bytes"],
  process: ["target"],
  allocator: ["allocated_bytes"],
  events: ["event"],
};
/** One of these says when a row is from. */
const TIMES = ["elapsed_ms", "time"];

/**
 * Reads the parts. One that is gone or damaged costs itself, with a notice.
 *
 * @throws {HypomnesisError} where a file has the header of something else, or may not be read
 */
export async function readTable(
  table: Table,
  parts: readonly SessionPart[],
  reading: Reading,
  makeTaker: MakeTaker,
): Promise<void> {
  reading.progress.beginGroup(parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  for (const part of parts) {
    try {
      await readPart(table, part, reading, makeTaker);
    } catch (error) {
      if (!(error instanceof HypomnesisError) || error.code !== "absent") throw error;
      // Compressed since the folder was listed.
      const zipped = { ...part, path: `${part.path}.gz`, gzipped: true };
      if (!part.gzipped && await reading.files.stat(zipped.path) !== null) {
        await readPart(table, zipped, reading, makeTaker);
      } else reading.notices.push(`${baseName(part.path)}: vanished before it was read`);
    }
  }
}

async function readPart(
  table: Table,
  { path, gzipped }: SessionPart,
  { files, progress, notices, read }: Reading,
  makeTaker: MakeTaker,
): Promise<void> {
  const flaws = noFlaws();
  const gzip: GunzipOutcome = { trouble: null };
  const bytes = progress.counted(files.open(path));
  let take: TakeRow = () => false;
  const outcome = await readCsv(gzipped ? gunzip(bytes, gzip) : bytes, {
    header: (cells) => take = makeTaker(placesOf(table, cells, path), flaws),
    row: (row) => {
      if (!take(row)) flaws.brokenRows += 1;
    },
  });
  read.push(path);
  flaws.brokenRows += outcome.brokenRows;
  notices.push(...gzipSentences(path, gzip));
  if (gzip.trouble === null) {
    flaws.isCut = outcome.isCut;
    if (!outcome.hasHeader && !outcome.isCut) notices.push(`${baseName(path)}: is empty`);
  }
  notices.push(...flawSentences(path, flaws));
}

/** Where our columns are. Columns we do not know are passed over, and ours may be missing. */
function placesOf(table: Table, header: readonly string[], path: string): Places {
  const cells = header.map((cell) => cell.trim());
  const hasOne = (names: readonly string[]) => names.some((name) => cells.includes(name));
  if (!hasOne(MARKS[table]) || !hasOne(TIMES)) throw wrongHeader(table, header, path);
  const places = new Map<string, number>();
  for (const { key, header } of COLUMNS[table]) {
    const at = cells.indexOf(header);
    if (at >= 0) places.set(key, at);
  }
  return places;
}

/** So much of a foreign header is shown. */
const SHOWN_LENGTH = 60;

function wrongHeader(table: Table, header: readonly string[], path: string): HypomnesisError {
  const begins = escapeText(header.join(",").slice(0, SHOWN_LENGTH));
  const expected = COLUMNS[table].slice(0, 7).map((column) => column.header).join(",");
  return new HypomnesisError(
    "bad_value",
    `Cannot read ${escapeText(path)}: its first line ${JSON.stringify(begins)} is not that of a ` +
      `${TABLES[table]} file, which is "${expected},…"; take the file away or restore it`,
  );
}

/** The table a header belongs to; `null`: it is none of ours. Pure. */
export function tableOf(header: readonly string[]): Table | null {
  const cells = header.map((cell) => cell.trim());
  if (!TIMES.some((name) => cells.includes(name)) || !cells.includes("tick")) return null;
  const tables: readonly Table[] = ["events", "allocator", "process", "gpu", "system"];
  return tables.find((table) => MARKS[table].some((name) => cells.includes(name))) ?? null;
}
