/** What a reader should know about the files, gathered while they are read. */
import { folderLength } from "../../paths.ts";
import { escapeText } from "../../text.ts";
import type { GunzipOutcome } from "../files/gunzip.ts";

/** What was wrong with one file. */
export interface FileFlaws {
  /** Rows that could not be understood, and were left out. */
  brokenRows: number;
  /** Numbers that can't be true, and are taken as unknown. */
  absurdCells: number;
  /** The last line has no end, and was left out. */
  isCut: boolean;
}

/** A file without a flaw so far. */
export function noFlaws(): FileFlaws {
  return { brokenRows: 0, absurdCells: 0, isCut: false };
}

/** Sentences about a file's flaws; none where it has none. Pure. */
export function flawSentences(path: string, flaws: Readonly<FileFlaws>): string[] {
  const name = baseName(path);
  const { brokenRows, absurdCells, isCut } = flaws;
  const found: string[] = [];
  if (isCut) found.push(`${name}: the last line was cut off and is left out`);
  if (brokenRows > 0) {
    found.push(`${name}: ${counted(brokenRows, "row")} that could not be understood left out`);
  }
  if (absurdCells > 0) {
    found.push(`${name}: ${counted(absurdCells, "number")} that can't be true taken as unknown`);
  }
  return found;
}

/** A sentence about a compressed file that ended early; none where it did not. Pure. */
export function gzipSentences(path: string, { trouble }: Readonly<GunzipOutcome>): string[] {
  if (trouble === null) return [];
  const what = trouble === "cut" ? "is cut off" : "is damaged";
  return [`${baseName(path)}: the compressed file ${what}; what stands before is used`];
}

/** `1 row`, `3 rows`. */
function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}

/** The last part of a path, safe to show. */
export function baseName(path: string): string {
  return escapeText(path.slice(folderLength(path)));
}
