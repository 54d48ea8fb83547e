/**
 * The disk as a recorder needs it. Every call runs off the caller's thread, so sampling never waits for a disk; tests
 * put a disk of their own in its place.
 */

import { isWindows } from "../../system.ts";
import { makeFolder } from "./make_folder.ts";

/** A file that rows are added to. Every method rejects with the system's error, whose `code` is such as `ENOSPC`. */
export interface RowFile {
  /** Bytes it held when it was opened. */
  readonly startBytes: number;
  /** Adds text at its end. After a failure a part of the text may be there. */
  append(text: string): Promise<void>;
  /** Cuts it to so many bytes. */
  truncate(bytes: number): Promise<void>;
  /** Returns when what was added is on the disk (fdatasync(2)). */
  sync(): Promise<void>;
  /** It still is what stands at its path. */
  isInPlace(): Promise<boolean>;
  close(): Promise<void>;
}

/** A part of a text file. */
export interface ReadText {
  readonly text: string;
  /** Bytes that were read. */
  readonly bytes: number;
  /** Bytes of the whole file. */
  readonly size: number;
}

/** The disk. */
export interface Store {
  /** Makes a folder and those above it; one that is there is fine. */
  makeFolder(path: string): Promise<void>;
  /** Makes a new file; rejects with `EEXIST` where there is one. */
  create(path: string): Promise<RowFile>;
  /** Opens a file to add to it, and makes it where it is not there. */
  open(path: string): Promise<RowFile>;
  /** Writes a small file so that there is the old or the new one at any time, and nothing between. */
  put(path: string, text: string): Promise<void>;
  /** The text from a position to the end; empty where there is none, `null` where there is no such file. */
  readFrom(path: string, offset: number): Promise<ReadText | null>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is not there is fine. */
  remove(path: string): Promise<void>;
  /** Puts `path.gz` in the place of `path`. */
  compress(path: string): Promise<void>;
}

/** The real disk. */
export function realStore(): Store {
  const fs = process.getBuiltinModule("node:fs").promises;

  const rowFile = async (path: string, flags: "ax" | "a"): Promise<RowFile> => {
    const handle = await fs.open(path, flags);
    const { ino, size } = await handle.stat();
    return {
      startBytes: size,
      append: async (text) => {
        const bytes = new TextEncoder().encode(text);
        for (let written = 0; written < bytes.length;) {
          written += (await handle.write(bytes.subarray(written))).bytesWritten;
        }
      },
      // What is open for adding only can't be cut on Windows.
      truncate: (bytes) => isWindows() ? fs.truncate(path, bytes) : handle.truncate(bytes),
      sync: () => handle.datasync(),
      isInPlace: () => fs.stat(path).then((found) => found.ino === ino, isMissing(false)),
      close: () => handle.close(),
    };
  };
  return {
    makeFolder,
    create: (path) => rowFile(path, "ax"),
    open: (path) => rowFile(path, "a"),
    put: async (path, text) => {
      const fresh = `${path}.new`;
      try {
        const handle = await fs.open(fresh, "w");
        try {
          await handle.writeFile(text);
          await handle.datasync();
        } finally {
          await handle.close();
        }
        await fs.rename(fresh, path);
      } catch (error) {
        await fs.rm(fresh, { force: true }).catch(() => {});
        throw error;
      }
    },
    readFrom: async (path, offset) => {
      // Asked often, and seldom with something new: one call is enough then.
      const found = await fs.stat(path).catch(isMissing(null));
      if (found === null) return null;
      if (found.size <= offset) return { text: "", bytes: 0, size: found.size };
      const handle = await fs.open(path, "r").catch(isMissing(null));
      if (handle === null) return null;
      try {
        const bytes = new Uint8Array(found.size - offset);
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
        const text = new TextDecoder().decode(bytes.subarray(0, bytesRead));
        return { text, bytes: bytesRead, size: found.size };
      } finally {
        await handle.close();
      }
    },
    rename: (from, to) => fs.rename(from, to),
    remove: (path) => fs.rm(path, { force: true }),
    compress: (path) => compress(path),
  };
}

async function compress(path: string): Promise<void> {
  const { createReadStream, createWriteStream, promises: fs } = process.getBuiltinModule("node:fs");
  const { createGzip } = process.getBuiltinModule("node:zlib");
  const { pipeline } = process.getBuiltinModule("node:stream/promises");
  const fresh = `${path}.gz.new`;
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(fresh));
    await fs.rename(fresh, `${path}.gz`);
    await fs.rm(path, { force: true });
  } catch (error) {
    await fs.rm(fresh, { force: true }).catch(() => {});
    throw error;
  }
}

/** What stands for something that is not there; other errors stay errors. */
function isMissing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if ((error as { code?: unknown }).code === "ENOENT") return instead;
    throw error;
  };
}
