/** Finds the sessions that are being recorded: those whose control file is there and whose recorder lives. */
import { HypomnesisError } from "../../errors.ts";
import { fileName, parseFileName, type SessionId } from "../file_names.ts";

/** A session that is being recorded. */
export interface RunningSession extends SessionId {
  readonly controlPath: string;
}

/**
 * The running sessions of a folder, the newest first.
 *
 * @throws {HypomnesisError} `absent` where there is no such folder; `permission_denied` where it may not be read
 */
export async function findRunning(folder: string): Promise<readonly RunningSession[]> {
  const fs = process.getBuiltinModule("node:fs").promises;
  let names: readonly string[];
  try {
    names = await fs.readdir(folder);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === "ENOENT") {
      throw new HypomnesisError(
        "absent",
        `Cannot look for sessions in ${JSON.stringify(folder)}: there is no such folder; ` +
          "name the one that hmn record writes to with --out",
      );
    }
    throw new HypomnesisError(
      code === "EACCES" ? "permission_denied" : "absent",
      `Cannot look for sessions in ${JSON.stringify(folder)}: ${(error as Error).message}`,
    );
  }
  const running: RunningSession[] = [];
  for (const parsed of names.map(parseFileName)) {
    if (parsed?.file !== "control") continue;
    const { name, stamp } = parsed;
    const meta = await fs.readFile(`${folder}/${fileName("session", parsed)}`, "utf8").catch(() =>
      ""
    );
    if (isAlive(pidOf(meta))) {
      running.push({ name, stamp, controlPath: `${folder}/${fileName("control", parsed)}` });
    }
  }
  return running.sort((a, b) => a.stamp < b.stamp ? 1 : -1);
}

function pidOf(meta: string): number | null {
  try {
    const { pid } = JSON.parse(meta) as { pid?: unknown };
    return typeof pid === "number" && Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

/** A recorder of another user can't be sent a signal, and lives all the same. */
function isAlive(pid: number | null): boolean {
  if (pid === null) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === "EPERM";
  }
}
