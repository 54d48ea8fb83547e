/** Looks for the command before it is started, and says in one way why one can't be. */
import { HypomnesisError } from "../errors.ts";
import { isWindows } from "../system.ts";

/**
 * Looks for the command `name` as execvp(3) does, so that both runtimes say what is wrong in one way, and before a
 * shell stands between.
 *
 * @param path the folders to look in, as `PATH` has them
 * @param cwd where it will run
 * @throws {HypomnesisError} `command_not_found` or `command_not_executable`
 */
export function checkExecutable(name: string, path: string, cwd: string): void {
  const places = name.startsWith("/")
    ? [name]
    : name.includes("/")
    ? [`${cwd}/${name}`]
    : path.split(":").map((folder) => `${folder || cwd}/${name}`);
  if (cwd !== "." && modeOf(cwd) === "nothing") {
    throw new HypomnesisError(
      "command_not_executable",
      `Cannot run ${JSON.stringify(name)}: there is no folder ${JSON.stringify(cwd)} to run it in`,
    );
  }
  const found = name === "" ? [] : places.map(modeOf);
  if (found.some((mode) => mode === "not told" || mode === "executable")) return;
  throw refused(name, { code: found.includes("other") ? "EACCES" : "ENOENT" });
}

/**
 * What stands at a path; `"not told"` where Deno may not look, and starting it will tell. Windows has no bits that say
 * what may be executed: every file is.
 */
export function modeOf(path: string): "executable" | "other" | "nothing" | "not told" {
  try {
    const { isFile, mode } = "Deno" in globalThis ? Deno.statSync(path) : statInBun(path);
    const isAllowed = mode === null || isWindows() || (mode & 0o111) !== 0;
    return isFile && isAllowed ? "executable" : "other";
  } catch (error) {
    if ("Deno" in globalThis && error instanceof Deno.errors.NotCapable) return "not told";
    return "nothing";
  }
}

function statInBun(path: string): { readonly isFile: boolean; readonly mode: number } {
  const found = process.getBuiltinModule("node:fs").statSync(path);
  return { isFile: found.isFile(), mode: found.mode };
}

/** The error for a command that could not be started: `error` is what the system or the runtime said. */
export function refused(name: string, error: unknown): HypomnesisError {
  const { code, name: kind, message } = error as { code?: string; name?: string; message?: string };
  const isMissing = code === "ENOENT" || code === "ENOTDIR" || kind === "NotFound";
  const why = isMissing
    ? "there is no such command"
    : code === "EACCES" || kind === "PermissionDenied"
    ? "it is no file that may be executed"
    : message ?? String(error);
  return new HypomnesisError(
    isMissing ? "command_not_found" : "command_not_executable",
    `Cannot run ${JSON.stringify(name)}: ${why}`,
    { cause: error },
  );
}
