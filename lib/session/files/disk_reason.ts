/** Why a disk refused, in words. Pure. */

/** The system's errors. */
const WHY: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENOENT: "the folder is gone",
  ENOTDIR: "a part of its path is no folder",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EROFS: "the file system is read-only",
  EIO: "the disk failed (I/O error)",
};

/** The reason of an error of the system, whatever else its message says. */
export function diskReason(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return WHY[String(code)] ?? String(message ?? error);
}
