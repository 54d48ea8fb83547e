/** What is watched: names, PIDs and patterns, alone or as the groups of a configuration. Pure. */
import { fitsName } from "../../name_match.ts";
import type { ProcessMemory } from "../../records.ts";
import type { GroupSettings } from "../config/settings.ts";
import { Pattern } from "./pattern.ts";

/** One thing that processes may fit. */
export type Matcher =
  | { readonly kind: "pid"; readonly pid: number }
  /** A part of the name, or a pattern with `*` and `?`. */
  | { readonly kind: "name"; readonly name: string }
  /** Over the name and the command line. */
  | { readonly kind: "regex"; readonly regex: Pattern };

/** Something that is watched as a whole. */
export interface Target {
  /** What the files call it. */
  readonly name: string;
  /** A single PID is a process, anything else a group. */
  readonly kind: "group" | "process";
  readonly matchers: readonly Matcher[];
}

/** What the recorded command and all it started is called. */
export const COMMAND_TARGET = "command";

/** The accepted forms, for errors. */
export const MATCHER_FORMS = "a name or a part of one, a pattern such as 'python*', a PID, or " +
  "/regex/ over name and command line (RE2: without backreferences and lookarounds)";

const MAX_PID = 0x7fffffff;

/** Reads one; `undefined`: it has none of the accepted forms. */
export function parseMatcher(text: string): Matcher | undefined {
  if (text.trim() === "" || /\p{Cc}/u.test(text)) return undefined;
  if (/^\d+$/.test(text)) {
    const pid = Number(text);
    return pid >= 1 && pid <= MAX_PID ? { kind: "pid", pid } : undefined;
  }
  const regex = /^\/(.+)\/([imsu]*)$/.exec(text);
  if (regex === null) return { kind: "name", name: text };
  try {
    return { kind: "regex", regex: new Pattern(regex[1]!, regex[2]) };
  } catch {
    return undefined;
  }
}

/**
 * The targets of a session: the groups of its configuration, then what was asked for beside them, each once.
 *
 * @throws {RangeError} naming what has none of the accepted forms
 */
export function targetsOf(
  groups: readonly Pick<GroupSettings, "name" | "match">[],
  watch: readonly string[],
): readonly Target[] {
  const targets = new Map<string, Target>();
  for (const { name, match } of groups) {
    targets.set(name, { name, kind: "group", matchers: match.map(matcherOf) });
  }
  for (const text of watch) {
    if (text === COMMAND_TARGET) {
      throw new RangeError(
        `Cannot watch ${JSON.stringify(text)}: the recorded command is called that; ` +
          "give a pattern such as 'comman?'",
      );
    }
    const matcher = matcherOf(text);
    const kind = matcher.kind === "pid" ? "process" : "group";
    if (!targets.has(text)) targets.set(text, { name: text, kind, matchers: [matcher] });
  }
  return [...targets.values()];
}

function matcherOf(text: string): Matcher {
  const matcher = parseMatcher(text);
  if (matcher === undefined) {
    throw new RangeError(`Cannot watch ${JSON.stringify(text)}: give ${MATCHER_FORMS}`);
  }
  return matcher;
}

/** A process fits a target. Its command line may be missing. */
export function fits(
  { matchers }: Target,
  { pid, name, command }: Pick<ProcessMemory, "pid" | "name" | "command">,
): boolean {
  return matchers.some((matcher) => {
    switch (matcher.kind) {
      case "pid":
        return matcher.pid === pid;
      case "name":
        return name !== null && fitsName(name, matcher.name);
      case "regex":
        return (name !== null && matcher.regex.test(name)) ||
          (command !== null && matcher.regex.test(command.join(" ")));
    }
  });
}
