/**
 * The names of a session's files: `gpu-memory-NAME-2026-01-31_12-00-00.csv`, as in the first recorder's logs. Pure.
 *
 * What belongs together has the same name and stamp. A part that was rotated away has its number before the suffix:
 * `….001.csv.gz`.
 */
import { baseName } from "../paths.ts";
import { type Table, TABLES } from "./columns.ts";

/** The other files of a session. */
const OTHERS = { log: "test-execution", session: "session", control: "control" } as const;

/** A file of a session. */
export type SessionFile = Table | keyof typeof OTHERS;

const SUFFIX: Readonly<Record<keyof typeof OTHERS, string>> = {
  log: ".log",
  session: ".json",
  control: ".jsonl",
};

/** Names a session. */
export interface SessionId {
  /** Letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** `YYYY-MM-DD_HH-mm-ss`, local time of its beginning. */
  readonly stamp: string;
}

/** The accepted form of a session's name, for errors. */
export const NAME_FORM =
  "1 to 64 letters, digits, dots, underscores and hyphens, a letter or digit first";

/** The name of a session can be part of a file's name. */
export function isSessionName(text: string): boolean {
  return /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u.test(text);
}

/** A name made from any text, as `train.py` from `./train.py`; `fallback` where nothing is left of it. */
export function toSessionName(text: string, fallback: string): string {
  const name = baseName(text).replace(/[^\p{L}\p{N}._-]+/gu, "_")
    .replace(/^[^\p{L}\p{N}]+/u, "").slice(0, 64);
  return isSessionName(name) ? name : fallback;
}

/** The stamp of a time: local, to the second. */
export function stampOf(at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}_` +
    `${two(at.getHours())}-${two(at.getMinutes())}-${two(at.getSeconds())}`;
}

/** The name of a file of a session. */
export function fileName(file: SessionFile, { name, stamp }: SessionId): string {
  return isTable(file)
    ? `${TABLES[file]}-${name}-${stamp}.csv`
    : `${OTHERS[file]}-${name}-${stamp}${SUFFIX[file]}`;
}

/** The name of a part that was rotated away, not compressed yet; compressed, `.gz` follows. */
export function partName(current: string, part: number): string {
  return current.replace(/(\.[a-z]+)$/, `.${String(part).padStart(3, "0")}$1`);
}

function isTable(file: SessionFile): file is Table {
  return Object.hasOwn(TABLES, file);
}

/** What a file's name says. */
export interface ParsedName extends SessionId {
  readonly file: SessionFile;
  /** Number of the part that was rotated away; `null`: the current file. */
  readonly part: number | null;
  readonly gzipped: boolean;
}

const PREFIXES = new Map<string, SessionFile>(
  Object.entries({ ...TABLES, ...OTHERS }).map(([file, prefix]) => [prefix, file as SessionFile]),
);
const FORM = new RegExp(
  `^(${[...PREFIXES.keys()].join("|")})-(.+)-(\\d{4}-\\d\\d-\\d\\d_\\d\\d-\\d\\d-\\d\\d)` +
    "(?:\\.(\\d{3,}))?\\.(?:csv|log|json|jsonl)(\\.gz)?$",
  "u",
);

/** Reads a file's name, without its folder; `null`: it is no file of a session. */
export function parseFileName(text: string): ParsedName | null {
  const match = FORM.exec(text);
  if (match === null) return null;
  const [, prefix, name, stamp, part, gz] = match;
  return {
    file: PREFIXES.get(prefix!)!,
    name: name!,
    stamp: stamp!,
    part: part === undefined ? null : Number(part),
    gzipped: gz !== undefined,
  };
}
