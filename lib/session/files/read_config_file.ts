/** Reads the configuration file of a recording. */
import { HypomnesisError } from "../../errors.ts";
import { parseConfig } from "../config/read_config.ts";

/**
 * Reads and checks it.
 *
 * @throws {HypomnesisError} `absent`, `permission_denied`, or `invalid_request` naming the line or the key
 */
export async function readConfigFile(path: string): Promise<ReturnType<typeof parseConfig>> {
  const { readFile } = process.getBuiltinModule("node:fs").promises;
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const why = code === "ENOENT" ? "there is no such file" : String(message);
    throw new HypomnesisError(
      code === "EACCES" ? "permission_denied" : "absent",
      `Cannot read the configuration ${JSON.stringify(path)}: ${why}`,
      { cause: error },
    );
  }
  return parseConfig(text, path);
}
