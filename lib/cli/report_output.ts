/** Puts a report where it is wanted, and never over a file that is somebody else's. */
import { HypomnesisError } from "../errors.ts";
import { isOurs, MARKER_REACH } from "../session/report/marker.ts";
import { escapeText } from "../text.ts";
import type { CliContext } from "./context.ts";

/** Stands for standard output. */
export const STDOUT = "-";

/**
 * Writes a report to a file, or to standard output. Of a file there is the old or the new one at any time, and nothing
 * between.
 *
 * @throws {HypomnesisError} where the file is not ours, or can't be written
 */
export async function writeTo(context: CliContext, path: string, text: string): Promise<void> {
  if (path === STDOUT) return await context.stdout.write(text);
  const fs = disk();
  const found = await fs.stat(path).catch(() => null);
  if (found?.isDirectory()) {
    throw new HypomnesisError(
      "invalid_request",
      `Cannot write the report to ${
        escapeText(path)
      }: it is a folder; name a file in it with --out`,
    );
  }
  try {
    // A device or a pipe is written to, and not put aside for a file.
    if (found !== null && !found.isFile()) return await fs.writeFile(path, text);
    if (found !== null && !await isOwnFile(path, found.size)) throw notOurs(path);
    await putInPlace(path, text, found === null);
  } catch (error) {
    throw error instanceof HypomnesisError ? error : writeError(path, error);
  }
}

/** Asked for as the builds allow it: an import would lose its `node:` in the bundle. */
export function disk() {
  return process.getBuiltinModule("node:fs").promises;
}

async function isOwnFile(path: string, size: number): Promise<boolean> {
  const fs = disk();
  const file = await fs.open(path, "r");
  try {
    const read = async (from: number) => {
      const bytes = new Uint8Array(MARKER_REACH);
      const { bytesRead } = await file.read(bytes, 0, MARKER_REACH, from);
      return new TextDecoder().decode(bytes.subarray(0, bytesRead));
    };
    return isOurs(await read(0), await read(Math.max(0, size - MARKER_REACH)));
  } finally {
    await file.close();
  }
}

/** A new file comes by a link, which fails where meanwhile somebody else made one of that name. */
async function putInPlace(path: string, text: string, isNew: boolean): Promise<void> {
  const fs = disk();
  const fresh = `${path}.${crypto.randomUUID().slice(0, 8)}.new`;
  try {
    const file = await fs.open(fresh, "wx");
    try {
      await file.writeFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
    if (isNew && await linked(fresh, path)) return;
    await fs.rename(fresh, path);
  } finally {
    await fs.rm(fresh, { force: true }).catch(() => {});
  }
}

/** `false`: this file system has no links. */
async function linked(fresh: string, path: string): Promise<boolean> {
  const fs = disk();
  try {
    await fs.link(fresh, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw notOurs(path);
    return false;
  }
}

function notOurs(path: string): HypomnesisError {
  return new HypomnesisError(
    "output_failed",
    `Cannot write ${escapeText(path)}: there is a file that hypomnesis did not write; ` +
      "name another one, or remove it",
  );
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | null)?.code;
}

const MEANINGS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; name a file on another one",
  EDQUOT: "the quota is used up; name a file elsewhere",
  EROFS: "the file system is read-only; name a file elsewhere",
  ENOENT: "its folder is not there",
  ENOTDIR: "a part of the path is no folder",
  ENAMETOOLONG: "the name is too long; name another one",
};

function writeError(path: string, error: unknown): HypomnesisError {
  const code = codeOf(error) ?? "";
  const isRuntime = error instanceof Error && error.name === "NotCapable";
  if (isRuntime || code === "EACCES" || code === "EPERM") {
    const advice = isRuntime ? "give deno --allow-write" : "name a file elsewhere with --out";
    return new HypomnesisError(
      "permission_denied",
      `Cannot write the report to ${escapeText(path)}: access is denied; ${advice}`,
      { cause: error },
    );
  }
  const why = MEANINGS[code] ?? (error instanceof Error ? error.message : String(error));
  const message = `Cannot write the report to ${escapeText(path)}: ${why}`;
  return new HypomnesisError("output_failed", message, { cause: error });
}
