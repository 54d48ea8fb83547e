/** How a report is refused. */
import { HypomnesisError } from "../errors.ts";
import { escapeText } from "../text.ts";

/** Fields by name; a field that was left out is not in it. */
export type Values = ReadonlyMap<string, unknown>;

/** The error for a report that can't be taken. */
export function refuse(why: string): HypomnesisError {
  return new HypomnesisError("invalid_request", `Cannot take the report: ${why}`);
}

/** Names that somebody sent are shown up to so many, each up to so long: a sender chooses them freely. */
const MOST_NAMES = 5;
const LONGEST_NAME = 40;

/** Names from outside, in quotes, made safe to show: `"gpu_mem", "used"`. */
export function quotedNames(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => {
    const cut = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
    return escapeText(JSON.stringify(cut));
  });
  const more = names.length - shown.length;
  return shown.join(", ") + (more === 0 ? "" : ` and ${more} more`);
}
