/** Finds processes of the machine by name and size. */
import { fitsName } from "../../lib/name_match.ts";
import type { FindRequest } from "../../lib/protocol.ts";
import type { ProcessMemory } from "../../lib/records.ts";

/** The processes of `list` whose name fits, the largest first. Equal ones stand in the order of their PIDs. */
export function findProcesses(
  { name }: Pick<FindRequest, "name">,
  list: Iterable<ProcessMemory>,
): ProcessMemory[] {
  return [...list].filter((process) => {
    if (process.rssBytes === null) return false;
    return name === null || (process.name !== null && fitsProgram(process.name, name));
  }).sort((a, b) => b.rssBytes! - a.rssBytes! || a.pid - b.pid);
}

/** A program is known by its file name as well as by that without the ending. */
function fitsProgram(file: string, pattern: string): boolean {
  return [file, file.replace(/\.exe$/i, "")].some((name) => fitsName(name, pattern));
}
