/** Files through Deno's own calls, where native code may not be called. Deno shows `/proc` only to `-A`. */
import type { Files } from "./files.ts";
import { HostError, type HostErrorCode } from "./host.ts";

const CODES: Readonly<Record<string, HostErrorCode>> = {
  NotFound: "ENOENT",
  NotADirectory: "ENOENT",
  PermissionDenied: "EACCES",
  NotCapable: "ENOTCAPABLE",
};

/** Files of this machine, as far as Deno's permissions go. */
export function denoFiles(): Files {
  return {
    readText: (path) => attempt(path, () => Deno.readTextFileSync(path)),
    list: (path) => attempt(path, () => [...Deno.readDirSync(path)].map(({ name }) => name)),
    readLink: (path) => attempt(path, () => Deno.readLinkSync(path)),
    writeText: (path, text) =>
      attempt(path, () => Deno.writeTextFileSync(path, text, { create: false }), "write"),
    makeFolder: (path) => attempt(path, () => Deno.mkdirSync(path), "write"),
    // It would remove a file as well, which no caller has in that place.
    removeFolder: (path) => attempt(path, () => Deno.removeSync(path), "write"),
  };
}

function attempt<T>(path: string, action: () => T, name: "read" | "write" = "read"): T {
  // Without the right Deno would ask the person at the terminal; a prober does not.
  if (Deno.permissions.querySync({ name, path }).state !== "granted") {
    throw new HostError("ENOTCAPABLE", path, `Deno runs without the right to ${name} ${path}`);
  }
  try {
    return action();
  } catch (error) {
    const { name, message } = error as Error;
    const code = /No such process/.test(message) ? "ESRCH" : CODES[name] ?? "EIO";
    throw new HostError(code, path, message);
  }
}
