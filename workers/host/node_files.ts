/** Files through `node:fs`, which on Bun is there without an import. */
import type { Files } from "./files.ts";
import { HostError, type HostErrorCode } from "./host.ts";

const CODES: Readonly<Record<string, HostErrorCode>> = {
  ENOENT: "ENOENT",
  ENOTDIR: "ENOENT",
  ESRCH: "ESRCH",
  EACCES: "EACCES",
  EPERM: "EACCES",
};

/** Files of this machine. */
export function nodeFiles(): Files {
  const fs = process.getBuiltinModule("node:fs");
  return {
    readText: (path) => attempt(path, () => fs.readFileSync(path, "utf8")),
    list: (path) => attempt(path, () => fs.readdirSync(path)),
    readLink: (path) => attempt(path, () => fs.readlinkSync(path)),
    writeText: (path, text) => attempt(path, () => fs.writeFileSync(path, text, { flag: "r+" })),
    makeFolder: (path) => attempt(path, () => fs.mkdirSync(path)),
    removeFolder: (path) => attempt(path, () => fs.rmdirSync(path)),
  };
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code = "", message } = error as { code?: string; message: string };
    throw new HostError(CODES[code] ?? "EIO", path, message);
  }
}
