/** One run of the command line: finds the command, reads its arguments, runs it, gives the exit code. */
import { FAILURES, HypomnesisError } from "../errors.ts";
import { escapeText } from "../text.ts";
import { VERSION } from "../version.ts";
import type { CommandEntry } from "./command.ts";
import { type CliContext, OutputClosed } from "./context.ts";
import { failureLines } from "./failures.ts";
import { parseByTable, splitRest } from "./parse.ts";
import { quote } from "./quote.ts";
import { UsageError } from "./usage_error.ts";

/** Runs `hmn` with the context's arguments; resolves to the exit code, everything written. Never rejects. */
export async function runCli(
  commands: readonly CommandEntry[],
  context: CliContext,
): Promise<number> {
  try {
    return await dispatch(commands, context);
  } catch (error) {
    if (error instanceof OutputClosed) return 0;
    const { text, code } = describe(error);
    await context.stderr.write(text).catch(() => {});
    return code;
  }
}

async function dispatch(commands: readonly CommandEntry[], context: CliContext): Promise<number> {
  const { server, rest: given } = splitServer(context.args);
  const [first, ...behind] = given;
  const others = [...server, ...behind];
  if (first === "help") return await help(commands, behind, context);
  const named = first !== undefined && !first.startsWith("-");
  const entry = named ? find(commands, first) : find(commands, null);
  const { command } = await entry.load();
  const title = titleOf(entry);
  const args = named ? others : [...server, ...given];
  const { operands } = command;
  const split = operands?.takeRest ? splitRest(command.options, args) : { options: args, rest: [] };
  const parsed = parseByTable(title, command.options, split.options, context.env);
  const { asks, values } = parsed;
  const rest = [...parsed.rest, ...split.rest];
  if (asks === "version") {
    await context.stdout.write(`hmn ${VERSION}\n`);
    return 0;
  }
  if (asks === "help") return await help(commands, named ? [first] : [], context);
  const stray = rest[0];
  if (stray !== undefined && operands === undefined) {
    const isCommand = !named && commands.some(({ name }) => name === stray);
    throw isCommand ? misplaced(stray, first ?? stray) : new UsageError(
      `unexpected argument ${quote(stray)}: ${title} takes options only; see ${title} --help`,
    );
  }
  return await command.run(values, context, rest);
}

/** The options that say which server is asked may stand before the command: `hmn --url … ps`. */
function splitServer(
  args: readonly string[],
): { readonly server: readonly string[]; readonly rest: readonly string[] } {
  let end = 0;
  for (;;) {
    const [option = "", value] = args.slice(end, end + 2);
    if (/^--(?:url|token)=/.test(option)) end += 1;
    else if (/^--(?:url|token)$/.test(option) && value !== undefined) end += 2;
    else return { server: args.slice(0, end), rest: args.slice(end) };
  }
}

async function help(
  commands: readonly CommandEntry[],
  topics: readonly string[],
  context: CliContext,
): Promise<number> {
  const { commandHelp, exitCodesHelp, overviewHelp } = await import("./help.ts");
  const asked = topics.find((topic) => !topic.startsWith("-")) ?? null;
  let text: string;
  if (asked === "exit-codes") text = exitCodesHelp();
  else {
    const { name, load } = find(commands, asked);
    const { command } = await load();
    text = name === null ? overviewHelp(commands, command) : commandHelp(name, command);
  }
  await context.stdout.write(text);
  return 0;
}

function find(commands: readonly CommandEntry[], wanted: string | null): CommandEntry {
  const entry = commands.find(({ name }) => name === wanted);
  if (entry !== undefined) return entry;
  const names = commands.flatMap(({ name }) => name === null ? [] : [name]);
  throw new UsageError(
    `unknown command ${quote(wanted ?? "")}: the commands are ${[...names, "help"].join(", ")}`,
  );
}

function titleOf({ name }: CommandEntry): string {
  return name === null ? "hmn" : `hmn ${name}`;
}

/** `hmn --json ps`: the option would be lost. The words are the original's. */
function misplaced(name: string, option: string): UsageError {
  const shown = escapeText(option);
  return new UsageError(
    `${shown} before a subcommand is ignored, not applied — each subcommand has its own ${shown} ` +
      `(e.g. \`hmn ${name} ${shown}\`, not \`hmn ${shown} ${name}\`)`,
    "hmn: ",
  );
}

/** What is said of an error, and the exit code it means. */
function describe(error: unknown): { readonly text: string; readonly code: number } {
  // The library refuses an argument with a RangeError: a beginning that fits several devices.
  if (error instanceof UsageError || error instanceof RangeError) {
    const code = FAILURES.invalid_request.exit;
    const lead = error instanceof UsageError ? error.lead : "hmn: error: ";
    return { text: `${lead}${escapeText(error.message)}\n`, code };
  }
  if (error instanceof HypomnesisError) {
    const { code, message, failures } = error;
    const untold = failures.filter((failure) => !message.includes(failure.message));
    return {
      text: `${failureLines(untold)}hmn: error: ${escapeText(message)}\n`,
      code: FAILURES[code].exit,
    };
  }
  const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    text: `hmn: error: Unexpected error: ${escapeText(words)}\n`,
    code: FAILURES.internal.exit,
  };
}
