/** Where a program may lie. Pure: it looks at names only, not at the disk. */

/** Folders that are searched after those of the PATH. The last is WSL2's, on Windows the one of older drivers. */
export function usualFolders(
  windows: boolean,
  variable: (name: string) => string | undefined,
): string[] {
  if (!windows) return ["/usr/bin", "/usr/local/bin", "/usr/lib/wsl/lib"];
  return [
    `${variable("SystemRoot") ?? "C:\\Windows"}\\System32`,
    `${variable("ProgramFiles") ?? "C:\\Program Files"}\\NVIDIA Corporation\\NVSMI`,
  ];
}

/**
 * The paths to try for `program`, in order. An absolute path stands for itself; a bare name is looked for in the
 * absolute folders of the PATH only, since a relative entry would run whatever lies in the working directory, perhaps as
 * root, and then in the `usual` ones. A relative path with a folder in it has no candidate.
 */
export function programCandidates(
  program: string,
  pathVariable: string,
  windows: boolean,
  usual: readonly string[],
): string[] {
  if (isAbsolute(program, windows)) return [program];
  if (program === "" || /[/\\]/.test(program)) return [];
  const file = windows && !program.toLowerCase().endsWith(".exe") ? `${program}.exe` : program;
  return searchFolders(pathVariable, windows, usual).map((folder) =>
    windows ? `${folder}\\${file}` : `${folder === "/" ? "" : folder}/${file}`
  );
}

/** The folders of the PATH that are absolute, and the usual ones, each once. */
export function searchFolders(
  pathVariable: string,
  windows: boolean,
  usual: readonly string[],
): string[] {
  const named = pathVariable.split(windows ? ";" : ":").filter((f) => isAbsolute(f, windows));
  const trimmed = named.map((f) => f.length > 1 ? f.replace(windows ? /[/\\]+$/ : /\/+$/, "") : f)
    .map((f) => f === "" ? "/" : f);
  return [...new Set([...trimmed, ...usual])];
}

function isAbsolute(path: string, windows: boolean): boolean {
  return windows ? /^[A-Za-z]:[\\/]/.test(path) : path.startsWith("/");
}
