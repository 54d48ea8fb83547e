/** The token of a server, out of an option, the environment or a file. */
import { TOKEN_ACCEPTS, TOKEN_FORM } from "../http/token.ts";
import { fileError } from "../session/files/read_files.ts";
import { UsageError } from "./usage_error.ts";

/**
 * The token; `undefined`: none was given. A file may end with a line break.
 *
 * @throws {UsageError} where both are given, or the file holds none
 * @throws where the file can't be read
 */
export function readToken(
  given: string | undefined,
  path: string | undefined,
): string | undefined {
  if (path === undefined) return given;
  if (given !== undefined) {
    throw new UsageError("--token-file and --token (or HMN_TOKEN) exclude each other: give one");
  }
  const token = textOf(path).trim();
  // What is in the file is a secret, also where it is a wrong one.
  if (!TOKEN_FORM.test(token)) {
    throw new UsageError(`--token-file holds no token: it has to have ${TOKEN_ACCEPTS}`);
  }
  return token;
}

function textOf(path: string): string {
  try {
    return beginningOf(path);
  } catch (error) {
    throw fileError("the token file", path, error);
  }
}

/** More than any token: what else is in a file is of no interest, and a device has no end. */
const MOST_BYTES = 4_096;

function beginningOf(path: string): string {
  const fs = process.getBuiltinModule("node:fs");
  const file = fs.openSync(path, "r");
  try {
    const bytes = new Uint8Array(MOST_BYTES);
    let length = 0;
    for (let read = -1; read !== 0 && length < MOST_BYTES; length += read) {
      read = fs.readSync(file, bytes, length, MOST_BYTES - length, null);
    }
    return new TextDecoder().decode(bytes.subarray(0, length));
  } finally {
    fs.closeSync(file);
  }
}
