/** Which recordings there are in folders and among files. */
import { HypomnesisError } from "../../errors.ts";
import { folderLength } from "../../paths.ts";
import { isWindows } from "../../system.ts";
import { escapeText } from "../../text.ts";
import { COLUMNS, type Table } from "../columns.ts";
import { parseFileName } from "../file_names.ts";
import type { ReadFiles } from "../files/read_files.ts";

/** Where recordings are looked for when nobody says where. */
export const DEFAULT_FOLDER = "memory-logs";

/** A file of a session. */
export interface SessionPart {
  readonly path: string;
  readonly sizeBytes: number;
  readonly gzipped: boolean;
  /** Number of the part that was rotated away; `null`: the current file. */
  readonly part: number | null;
}

/** The files of one session. */
export interface FoundSession {
  readonly kind: "session";
  readonly folder: string;
  readonly name: string;
  readonly stamp: string;
  /** The parts of each table, oldest first, the current file last. */
  readonly tables: { readonly [T in Table]?: readonly SessionPart[] };
  /** Path of the session file; `null`: there is none. */
  readonly json: string | null;
}

/** A file of another kind, which is looked into when it is loaded. */
export interface FoundFile {
  readonly kind: "file";
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

/** Something that can be loaded. */
export type FoundRecording = FoundSession | FoundFile;

/**
 * The recordings in these folders and files: sessions, the newest last, then other files as they were given. A file of
 * a session stands for the whole session. Without paths: those in {@linkcode DEFAULT_FOLDER}.
 *
 * @throws {HypomnesisError} where a path is not there, may not be read, or a folder holds no recording
 */
export async function findRecordings(
  paths: readonly string[],
  files: ReadFiles,
): Promise<readonly FoundRecording[]> {
  const sessions = new Map<string, FoundSession>();
  const others = new Map<string, FoundFile>();
  for (const path of paths.length === 0 ? [DEFAULT_FOLDER] : paths) {
    const facts = await files.stat(path);
    if (facts === null) throw missing(path);
    const { folder, name } = splitPath(path);
    const id = facts.isFolder ? null : parseFileName(name);
    if (!facts.isFolder && id === null) {
      others.set(path, { kind: "file", path, ...facts });
      continue;
    }
    const inFolder = await sessionsIn(facts.isFolder ? path : folder, files);
    const wanted = id === null
      ? inFolder
      : inFolder.filter((session) => session.name === id.name && session.stamp === id.stamp);
    if (wanted.length === 0) throw nothingIn(path, facts.isFolder);
    for (const session of wanted) {
      sessions.set(`${session.folder}\n${session.stamp}\n${session.name}`, session);
    }
  }
  return [...[...sessions.values()].sort(byStamp), ...others.values()];
}

function byStamp(a: FoundSession, b: FoundSession): number {
  return compare(a.stamp, b.stamp) || compare(a.name, b.name) || compare(a.folder, b.folder);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function sessionsIn(folder: string, files: ReadFiles): Promise<FoundSession[]> {
  const found: { readonly path: string; readonly sizeBytes: number }[] = [];
  for (const name of await files.list(folder)) {
    if (parseFileName(name) === null) continue;
    const path = joinPath(folder, name);
    const facts = await files.stat(path);
    // One that vanished since was rotated or removed.
    if (facts !== null && !facts.isFolder) found.push({ path, sizeBytes: facts.sizeBytes });
  }
  return groupSessions(folder, found);
}

/** Files of one folder as sessions. One without a table is none. Pure. */
export function groupSessions(
  folder: string,
  files: readonly { readonly path: string; readonly sizeBytes: number }[],
): FoundSession[] {
  type Growing = FoundSession & { tables: { [T in Table]?: SessionPart[] }; json: string | null };
  const sessions = new Map<string, Growing>();
  for (const { path, sizeBytes } of files) {
    const id = parseFileName(splitPath(path).name);
    if (id === null) continue;
    const { file, name, stamp, part, gzipped } = id;
    const key = `${stamp}\n${name}`;
    const session = sessions.get(key) ??
      { kind: "session", folder, name, stamp, tables: {}, json: null };
    sessions.set(key, session);
    if (file === "session") session.json = path;
    else if (isTable(file)) {
      (session.tables[file] ??= []).push({ path, sizeBytes, gzipped, part });
    }
  }
  const whole = [...sessions.values()].filter(({ tables }) => Object.keys(tables).length > 0);
  for (const session of whole) {
    for (const table of Object.keys(session.tables) as Table[]) {
      session.tables[table] = inOrder(session.tables[table]!);
    }
  }
  return whole;
}

/** Where a part is there twice, it is being compressed, and only the uncompressed one is whole. */
function inOrder(parts: readonly SessionPart[]): SessionPart[] {
  const number = ({ part }: SessionPart) => part ?? Infinity;
  return parts.filter((one) =>
    !one.gzipped || !parts.some((other) => !other.gzipped && other.part === one.part)
  ).sort((a, b) => number(a) === number(b) ? 0 : number(a) - number(b));
}

function isTable(file: string): file is Table {
  return Object.hasOwn(COLUMNS, file);
}

/** The folder of a path and what is behind it. */
export function splitPath(path: string): { readonly folder: string; readonly name: string } {
  const at = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  const name = path.slice(Math.max(at + 1, folderLength(path)));
  if (name === path) return { folder: ".", name };
  // `C:x` is in the folder where drive C: is at the time.
  const folder = at < 0 ? path.slice(0, path.length - name.length) : path.slice(0, at);
  return { folder: folder || path.slice(0, 1), name };
}

function joinPath(folder: string, name: string): string {
  if (folder === ".") return name;
  const isOpen = /[/\\]$/.test(folder) || (isWindows() && /^[a-z]:$/i.test(folder));
  return isOpen ? `${folder}${name}` : `${folder}/${name}`;
}

function missing(path: string): HypomnesisError {
  const shown = escapeText(path);
  const message = path === DEFAULT_FOLDER
    ? `Cannot find a recording in ${shown}: the folder is not there; record one with hmn record, ` +
      "or name the folder or files to read"
    : `Cannot find a recording at ${shown}: there is no such folder or file`;
  return new HypomnesisError("absent", message);
}

function nothingIn(path: string, isFolder: boolean): HypomnesisError {
  const shown = escapeText(path);
  const message = isFolder
    ? `Cannot find a recording in ${shown}: record one with hmn record --out ${shown}, ` +
      "or name the files to read"
    : `Cannot find a recording at ${shown}: this file of a session stands alone; its tables, ` +
      "such as gpu-memory-NAME-STAMP.csv, have to be beside it";
  return new HypomnesisError("absent", message);
}
