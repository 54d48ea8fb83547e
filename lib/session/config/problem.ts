/** Something wrong in a configuration file. */
import { COMMAND_TARGET } from "../look/targets.ts";

/** Something wrong at a key. */
export interface Problem {
  /** `groups[1].ram_limit`; empty: the file as a whole. */
  readonly path: string;
  /** What is wrong there, and what to do. */
  readonly what: string;
}

/** A group that is named at `path` and is none. The recorded command is watched like a group. */
export function unknownGroup(
  name: string,
  path: string,
  groups: ReadonlySet<string>,
): readonly Problem[] {
  if (groups.has(name) || name === COMMAND_TARGET) return [];
  const known = groups.size === 0
    ? "there are no groups"
    : `the groups are ${[...groups].map(quoted).join(", ")}`;
  return [{ path, what: `${quoted(name)} is no group: ${known}` }];
}

/** A name as the file has it. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
