/** Where Windows has a command: which files may be meant by a name. Pure. */
import { hasFolder, isRooted } from "../paths.ts";

/** What Windows starts by itself. Other endings of PATHEXT name documents, which take a program to open them. */
const STARTED = [".com", ".exe", ".bat", ".cmd"];

/** Where to look. */
export interface WindowsPlaces {
  /** The folders, as `Path` has them; `undefined`: none. */
  readonly path: string | undefined;
  /** The endings that a name may leave out, as `PATHEXT` has them; `undefined`: those that Windows starts. */
  readonly pathExt: string | undefined;
  /** Where the command will run. */
  readonly cwd: string;
}

/**
 * The files that the command `name` may be, in the order in which they are looked for. The current folder is not
 * among the places, unlike in `cmd.exe`: a program that somebody put there is not run by its name alone.
 */
export function windowsCandidates(name: string, { path, pathExt, cwd }: WindowsPlaces): string[] {
  if (name === "") return [];
  const endings = endingsOf(pathExt);
  const lower = name.toLowerCase();
  const names = endings.some((ending) => lower.endsWith(ending))
    ? [name]
    : endings.map((ending) => name + ending);
  if (hasFolder(name, true)) return names.map((each) => inFolder(cwd, each));
  const folders = (path ?? "").split(";").map((folder) => folder.replaceAll('"', "").trim());
  return folders.filter((folder) => folder !== "")
    .flatMap((folder) => names.map((each) => inFolder(inFolder(cwd, folder), each)));
}

function endingsOf(pathExt: string | undefined): readonly string[] {
  const endings = (pathExt ?? "").toLowerCase().split(";").map((ending) => ending.trim())
    .filter((ending) => STARTED.includes(ending));
  return endings.length > 0 ? endings : STARTED;
}

function inFolder(folder: string, path: string): string {
  if (isRooted(path, true)) return path;
  return /[\\/]$/.test(folder) ? folder + path : `${folder}\\${path}`;
}
