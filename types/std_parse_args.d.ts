/** The part of `@std/cli/parse-args` that is used: the npm mirror brings no types. */

/** How arguments are read. */
export interface ParseOptions {
  /** Other names of an option, by its name. */
  readonly alias?: Readonly<Record<string, string | readonly string[]>>;
  /** Options without a value. */
  readonly boolean?: readonly string[];
  /** Options with a value, which stays text. `_` stands for the arguments that are no option. */
  readonly string?: readonly string[];
  /** Options whose values are collected into a list. */
  readonly collect?: readonly string[];
  /** Called with each argument that is none of the above; `false` leaves it out. */
  readonly unknown?: (argument: string, key?: string, value?: unknown) => unknown;
}

/** The options found, by name, and the other arguments in `_`. */
export interface ParsedArgs {
  readonly _: readonly (string | number)[];
  readonly [name: string]: unknown;
}

/** Reads arguments in the GNU manner: `--name value`, `--name=value`, `-n value`. */
export function parseArgs(args: readonly string[], options?: ParseOptions): ParsedArgs;
