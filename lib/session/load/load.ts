/** Loads a recording, whatever wrote it. */
import { HypomnesisError } from "../../errors.ts";
import { escapeText } from "../../text.ts";
import { type ReadFiles, SYSTEM_FILES } from "../files/read_files.ts";
import type { SessionData } from "./data.ts";
import { findRecordings, type FoundFile, type FoundRecording, splitPath } from "./find_sessions.ts";
import { loadNvidiaSmi } from "./foreign_nvidia_smi.ts";
import { loadWatch } from "./foreign_watch.ts";
import { loadSession } from "./load_session.ts";
import { parseTimestamp } from "./nvidia_smi_cells.ts";
import { headerlessLog, smiFields } from "./nvidia_smi_header.ts";
import type { OnProgress } from "./progress.ts";
import { tableOf } from "./read_table.ts";
import { readBeginning } from "./read_text.ts";

/** How a recording is loaded. */
export interface LoadOptions {
  /** Told how far reading has come, in bytes on the disk. */
  readonly onProgress?: OnProgress;
  /** @default the system's */
  readonly files?: ReadFiles;
}

/**
 * Loads the recording in these folders and files: of several sessions the latest. Without paths: that in
 * `memory-logs`.
 *
 * @throws {HypomnesisError} where there is none, or what is there can't be read
 */
export async function loadRecording(
  paths: readonly string[],
  options: LoadOptions = {},
): Promise<SessionData> {
  const found = await findRecordings(paths, options.files ?? SYSTEM_FILES);
  const sessions = found.filter(({ kind }) => kind === "session");
  if (found.length > 1 && sessions.length !== found.length) {
    const names = paths.map((path) => JSON.stringify(escapeText(path))).join(", ");
    throw new HypomnesisError(
      "invalid_request",
      `Cannot tell which recording of ${names} is meant: name one`,
    );
  }
  return await loadFound(found.at(-1)!, options);
}

/** Loads every recording in these folders and files, one after the other: sessions first, the newest last. */
export async function* loadRecordings(
  paths: readonly string[],
  options: LoadOptions = {},
): AsyncGenerator<SessionData, void, void> {
  for (const recording of await findRecordings(paths, options.files ?? SYSTEM_FILES)) {
    yield await loadFound(recording, options);
  }
}

/** Loads one that was found. */
export async function loadFound(
  recording: FoundRecording,
  { files = SYSTEM_FILES, onProgress }: LoadOptions = {},
): Promise<SessionData> {
  return recording.kind === "session"
    ? await loadSession(recording, files, onProgress)
    : await loadFile(recording, files, onProgress);
}

/** What a file's beginning says it is. */
type Format =
  | { readonly kind: "hmn_watch" }
  | { readonly kind: "nvidia_smi" }
  | { readonly kind: "nvidia_smi_headerless" }
  | { readonly kind: "table"; readonly table: NonNullable<ReturnType<typeof tableOf>> }
  | null;

/** Tells the format from a file's first line. Pure. */
export function formatOf(beginning: string): Format {
  const line = beginning.replace(/^\ufeff/, "").trimStart().split(/\r?\n/, 1)[0]!;
  if (/^\{.*"kind"\s*:/.test(line)) return { kind: "hmn_watch" };
  const cells = line.split(",");
  const table = tableOf(cells);
  if (table !== null) return { kind: "table", table };
  if (smiFields(cells) !== null) return { kind: "nvidia_smi" };
  const isSmiRow = cells.some((cell) =>
    parseTimestamp(cell) !== null || /^ ?\d+ MiB$/.test(cell) || cell.trim().startsWith("GPU-")
  );
  return isSmiRow ? { kind: "nvidia_smi_headerless" } : null;
}

async function loadFile(
  file: FoundFile,
  system: ReadFiles,
  onProgress: OnProgress | undefined,
): Promise<SessionData> {
  const { path, sizeBytes } = file;
  const { text, gzipped, files } = await readBeginning(system, path);
  const format = formatOf(text);
  switch (format?.kind) {
    case "hmn_watch":
      return await loadWatch(file, gzipped, files, onProgress);
    case "nvidia_smi":
      return await loadNvidiaSmi(file, gzipped, files, onProgress);
    case "nvidia_smi_headerless":
      throw headerlessLog(path);
    case "table": {
      const { folder, name } = splitPath(path);
      const tables = { [format.table]: [{ path, sizeBytes, gzipped, part: null }] };
      const session = { kind: "session", folder, name, stamp: "", tables, json: null } as const;
      return await loadSession(session, files, onProgress);
    }
    default:
      throw noRecording(path, text);
  }
}

/** So much of a foreign file is shown. */
const SHOWN_LENGTH = 60;

function noRecording(path: string, beginning: string): HypomnesisError {
  const line = escapeText(beginning.trimStart().split("\n", 1)[0]!.trim().slice(0, SHOWN_LENGTH));
  const what = beginning.trim() === "" ? "it is empty" : `it begins with ${JSON.stringify(line)}`;
  return new HypomnesisError(
    "bad_value",
    `Cannot read ${escapeText(path)}: ${what}, which is no recording; accepted are the files of ` +
      "hmn record, logs of nvidia-smi --query-gpu=timestamp,… --format=csv, and the lines of " +
      "hmn watch --json, each also compressed with gzip",
  );
}
