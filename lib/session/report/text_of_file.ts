/** Reads a file that belongs to the sources. The built program never does: there the text stands in the module. */
import { fileError } from "../files/read_files.ts";

/**
 * The text of a file, by its path from a module.
 *
 * @throws {HypomnesisError} where it can't be read
 */
export function textOfFile(path: string, from: string): string {
  const { href } = new URL(path, from);
  const file = process.getBuiltinModule("node:url").fileURLToPath(href);
  try {
    return process.getBuiltinModule("node:fs").readFileSync(file, "utf8");
  } catch (error) {
    throw fileError("", file, error);
  }
}
