/** Reads arguments by a command's table of options, and says of each mistake what would be right. */
// @ts-types="../../types/std_parse_args.d.ts"
import { parseArgs, type ParsedArgs } from "@std/cli/parse-args";
import { isValued, type OptionTable, type Valued } from "./command.ts";
import { quote } from "./quote.ts";
import { UsageError } from "./usage_error.ts";

/** The arguments understood. */
export interface Parsed {
  /** `--help` or `--version` stands among them; then the rest is not looked at. */
  readonly asks: "help" | "version" | null;
  /** One value for each option of the table. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The arguments that are no option. */
  readonly rest: readonly string[];
}

/** Options of every command, and their short forms. */
const COMMON = { help: "h", version: "V" } as const;

/**
 * Parts the options of a command line from what follows them: from `--`, or from the first argument that is neither
 * an option nor an option's value.
 */
export function splitRest(
  table: OptionTable,
  args: readonly string[],
): { readonly options: readonly string[]; readonly rest: readonly string[] } {
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!;
    if (argument === "--") return { options: args.slice(0, i), rest: args.slice(i + 1) };
    if (!argument.startsWith("-") || argument === "-") {
      return { options: args.slice(0, i), rest: args.slice(i) };
    }
    const option = table[argument.slice(2)];
    if (argument.startsWith("--") && option !== undefined && isValued(option)) i += 1;
  }
  return { options: args, rest: [] };
}

/**
 * Reads `args`. `title` is the command as the errors call it: `hmn ps`.
 *
 * @throws {UsageError} in one line that names the argument and the accepted form
 */
export function parseByTable(
  title: string,
  table: OptionTable,
  args: readonly string[],
  env: (name: string) => string | undefined,
): Parsed {
  const names = Object.keys(table);
  const valued = names.filter((name) => isValued(table[name]!));
  const flags = [...names.filter((name) => !isValued(table[name]!)), ...Object.keys(COMMON)];
  checkFlags(args, flags);
  const parsed = parseArgs(withDashValues(args, valued), {
    alias: COMMON,
    boolean: flags,
    string: [...valued, "_"],
    collect: [...names, ...Object.keys(COMMON)],
    unknown: (argument, key) => {
      if (key === undefined) return true;
      const before = args[args.indexOf(argument) - 1]?.replace(/^--/, "") ?? "";
      // What follows an option with a value is its value, whatever it looks like.
      if (valued.includes(before)) throw badValue(`--${before}`, argument, table[before]);
      const known = [...names, ...Object.keys(COMMON)].map((name) => `--${name}`).join(", ");
      throw new UsageError(`unknown option ${quote(argument)}: ${title} takes ${known}`);
    },
  });
  const rest = parsed._.map(String);
  for (const asks of ["help", "version"] as const) {
    if (given(parsed, asks).length > 0) return { asks, values: {}, rest };
  }
  const values = names.map((name) => [name, valueOf(name, table, given(parsed, name), env)]);
  return { asks: null, values: Object.fromEntries(values), rest };
}

/** The parser takes a `-` behind an option for an argument of its own: `--out -` is standard output. */
function withDashValues(args: readonly string[], valued: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return args.flatMap((argument, i) => {
    const isWithin = end < 0 || i < end;
    const isOption = (text: string | undefined) =>
      text !== undefined && text.startsWith("--") && valued.includes(text.slice(2));
    if (isWithin && argument === "-" && isOption(args[i - 1])) return [];
    return isWithin && isOption(argument) && args[i + 1] === "-" ? [`${argument}=-`] : [argument];
  });
}

/** The values an option was given, one for each time it stands there. */
function given(parsed: ParsedArgs, name: string): readonly unknown[] {
  const values = parsed[name];
  return Array.isArray(values) ? values : [];
}

function valueOf(
  name: string,
  table: OptionTable,
  values: readonly unknown[],
  env: (name: string) => string | undefined,
): unknown {
  const option = table[name]!;
  if (isValued(option) && option.repeats && values.length > 0) {
    return values.flatMap((value) => read(`--${name}`, String(value), option) as unknown[]);
  }
  if (values.length > 1) throw new UsageError(`--${name} is given twice: give it once`);
  if (!isValued(option)) return values.length === 1;
  if (values.length === 1) return read(`--${name}`, String(values[0]), option);
  const fallback = option.env === undefined ? undefined : env(option.env);
  return fallback ? read(option.env!, fallback, option) : undefined;
}

function read(label: string, text: string, option: Valued<unknown>): unknown {
  if (text === "") throw new UsageError(`${label} has no value: give ${option.accepts}`);
  const value = option.parse(text);
  if (value === undefined) throw badValue(label, text, option);
  return value;
}

function badValue(label: string, text: string, option: unknown): UsageError {
  const { accepts, shown } = option as Valued<unknown>;
  const given = shown === undefined ? quote(text) : shown(text);
  return new UsageError(`${label} ${given} is not accepted: give ${accepts}`);
}

/** The parser would take a value for a flag in silence: `--json=no`, `--json false`. */
function checkFlags(args: readonly string[], flags: readonly string[]): void {
  for (const [i, argument] of args.entries()) {
    if (argument === "--") return;
    const [name, value] = argument.replace(/^--/, "").split("=", 2);
    if (!argument.startsWith("--") || !flags.includes(name!)) continue;
    const next = args[i + 1];
    const taken = value ?? (next === "true" || next === "false" ? next : undefined);
    if (taken === undefined) continue;
    throw new UsageError(`--${name} ${quote(taken)} is not accepted: --${name} takes no value`);
  }
}
