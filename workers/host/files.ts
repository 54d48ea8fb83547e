/** Reading the file system: the part of a `Host` that every runtime does in its own way. */

/** See {@linkcode Host}. */
export interface Files {
  readText(path: string): string;
  list(path: string): string[];
  readLink(path: string): string;
}
