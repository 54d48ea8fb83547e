/** What a command is: one table of options that parsing, checking and help all read. */
import type { CliContext } from "./context.ts";

/** An option without a value. */
export interface Flag {
  /** What it does, in half a sentence. */
  readonly about: string;
}

/** An option with a value. */
export interface Valued<T> extends Flag {
  /** What stands for the value in the help: `PID`. */
  readonly value: string;
  /** The accepted form, for the help and for errors: "a whole number from 1 to 65535". */
  readonly accepts: string;
  /** Reads the value; `undefined` where it does not have the accepted form. */
  readonly parse: (text: string) => T | undefined;
  /** How an error shows a value that was refused; left out: as it was given. */
  readonly shown?: (text: string) => string;
  /** It may be given several times: `parse` gives a list with one item, and the lists are joined. */
  readonly repeats?: true;
  /** Environment variable that holds the value where the option is not given. */
  readonly env?: string;
}

/** The options of a command by their names. */
export type OptionTable = Readonly<Record<string, Flag | Valued<unknown>>>;

/** The values of the options: `undefined` or `false` where they were not given. */
export type Values<O extends OptionTable> = {
  readonly [K in keyof O]: O[K] extends Valued<infer T> ? T | undefined : boolean;
};

/** Arguments that are no options. */
export interface Operands {
  /** How the usage line shows them: `[PID…]`. */
  readonly usage: string;
  /** The first of them ends the options: what follows is theirs, whatever it looks like. */
  readonly takeRest: boolean;
}

/** A command. Its texts are its help. */
export interface CommandSpec<O extends OptionTable> {
  /** What it tells, in sentences without line breaks. */
  readonly about: string;
  readonly options: O;
  /** What it takes beside options; left out where that is nothing. */
  readonly operands?: Operands;
  /** How to read the output, one paragraph each. */
  readonly notes: readonly string[];
  /** A command line and what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** Runs it; resolves to the exit code. */
  run(values: Values<O>, context: CliContext, operands: readonly string[]): Promise<number>;
}

/** A command of whatever options. */
export interface Command extends Omit<CommandSpec<OptionTable>, "run"> {
  run(
    values: Readonly<Record<string, unknown>>,
    context: CliContext,
    operands: readonly string[],
  ): Promise<number>;
}

/** One line of the list of commands. Its module is loaded when it is run. */
export interface CommandEntry {
  /** Its name; `null`: what `hmn` alone does. */
  readonly name: string | null;
  /** What it tells, in one line. */
  readonly about: string;
  load(): Promise<{ readonly command: Command }>;
}

/** Makes a command; `run` gets the values in the types of its options. */
export function defineCommand<O extends OptionTable>(spec: CommandSpec<O>): Command {
  return spec as unknown as Command;
}

/** Tells the two kinds of options apart. */
export function isValued(option: Flag | Valued<unknown>): option is Valued<unknown> {
  return "parse" in option;
}
