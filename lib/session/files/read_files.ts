/** The one place where the analysis reads files. Tests give files of their own in its stead. */
import { HypomnesisError } from "../../errors.ts";
import { escapeText } from "../../text.ts";

/** What is known about a path without reading it. */
export interface FileFacts {
  readonly isFolder: boolean;
  readonly sizeBytes: number;
  /** When it was last written to, milliseconds since the epoch. */
  readonly modifiedAtMs: number;
}

/** Reading. Each failure is a {@linkcode HypomnesisError} that names the path. */
export interface ReadFiles {
  /** Names in a folder, sorted. */
  list(folder: string): Promise<readonly string[]>;
  /** `null`: there is nothing. */
  stat(path: string): Promise<FileFacts | null>;
  /** The bytes of a file, piece by piece. A piece is overwritten when the next one is asked for. */
  open(path: string): AsyncIterable<Uint8Array>;
}

/** Large enough that asking costs nothing, small enough to stay in the processor's cache. */
const PIECE_BYTES = 2 ** 18;

/** The system's files. */
export const SYSTEM_FILES: ReadFiles = {
  async list(folder) {
    try {
      return (await promises().readdir(folder)).sort();
    } catch (error) {
      throw fileError("the folder", folder, error);
    }
  },
  async stat(path) {
    try {
      const facts = await promises().stat(path);
      return {
        isFolder: facts.isDirectory(),
        sizeBytes: facts.size,
        modifiedAtMs: facts.mtimeMs,
      };
    } catch (error) {
      if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return null;
      throw fileError("", path, error);
    }
  },
  async *open(path) {
    try {
      await using file = await promises().open(path, "r");
      const piece = new Uint8Array(PIECE_BYTES);
      for (;;) {
        const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, null);
        if (bytesRead === 0) return;
        yield piece.subarray(0, bytesRead);
      }
    } catch (error) {
      throw fileError("", path, error);
    }
  },
};

function promises() {
  return process.getBuiltinModule("node:fs").promises;
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | null)?.code;
}

const MEANINGS: Readonly<Record<string, string>> = {
  ENOENT: "it is not there",
  ENOTDIR: "a part of the path is no folder",
  EISDIR: "it is a folder",
  EIO: "the disk does not give it (EIO)",
};

/** Why a path could not be read, as an error that names it. */
export function fileError(what: string, path: string, error: unknown): HypomnesisError {
  const code = codeOf(error) ?? "";
  const named = `${what} ${escapeText(path)}`.trimStart();
  const isRuntime = error instanceof Error && error.name === "NotCapable";
  if (isRuntime || code === "EACCES" || code === "EPERM") {
    const advice = isRuntime ? "give deno --allow-read" : "run as a user who may read it";
    const message = `Cannot read ${named}: access is denied; ${advice}`;
    return new HypomnesisError("permission_denied", message, { cause: error });
  }
  const why = MEANINGS[code] ?? (error instanceof Error ? error.message : String(error));
  const kind = code === "ENOENT" || code === "ENOTDIR" ? "absent" : "bad_value";
  return new HypomnesisError(kind, `Cannot read ${named}: ${why}`, { cause: error });
}
