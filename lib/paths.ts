/** Paths as text. Pure. */
import { isWindows } from "./system.ts";

/** The part of a path behind its last separator; on Windows the drive and `\` end too. */
export function baseName(path: string): string {
  return path.slice(folderLength(path));
}

/** How long what stands before the file's own name is, its separator included; 0: there is none. */
export function folderLength(path: string, windows = isWindows()): number {
  if (!windows) return path.lastIndexOf("/") + 1;
  const drive = /^[a-z]:/i.test(path) ? 2 : 0;
  return Math.max(path.lastIndexOf("/") + 1, path.lastIndexOf("\\") + 1, drive);
}

/** It begins at a root, a share or a drive: no other folder belongs before it. */
export function isRooted(path: string, windows = isWindows()): boolean {
  return windows ? /^(?:[a-z]:|[\\/])/i.test(path) : path.startsWith("/");
}

/** It names a folder, and is not left to somebody's search. */
export function hasFolder(path: string, windows = isWindows()): boolean {
  return folderLength(path, windows) > 0;
}
