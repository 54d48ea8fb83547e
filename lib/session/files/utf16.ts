/** Files in UTF-16, which Windows PowerShell makes of whatever is redirected into a file. */
import type { ReadFiles } from "./read_files.ts";

const MARK = [0xff, 0xfe];

/** The file begins with the byte order mark of UTF-16, the lower byte first. */
export function isUtf16(beginning: Uint8Array): boolean {
  return MARK.every((byte, at) => beginning[at] === byte);
}

/** The same files, their text turned from UTF-16 into UTF-8. */
export function fromUtf16(files: ReadFiles): ReadFiles {
  return {
    list: (folder) => files.list(folder),
    stat: (path) => files.stat(path),
    async *open(path) {
      const decoder = new TextDecoder("utf-16le");
      const encoder = new TextEncoder();
      for await (const piece of files.open(path)) {
        yield encoder.encode(decoder.decode(piece, { stream: true }));
      }
      yield encoder.encode(decoder.decode());
    },
  };
}
