/** The file system: the part of a `Host` that every runtime does in its own way. */

/** See {@linkcode Host}. */
export interface Files {
  readText(path: string): string;
  list(path: string): string[];
  readLink(path: string): string;
  writeText(path: string, text: string): void;
  makeFolder(path: string): void;
  removeFolder(path: string): void;
}
