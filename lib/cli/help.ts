/** The help, made from the same tables that the arguments are read by. Pure. */
import { FAILURES } from "../errors.ts";
import { type Command, type CommandEntry, isValued, type OptionTable } from "./command.ts";
import { DEFAULT_COLUMNS, wrap } from "./wrap.ts";

const COMMON_OPTIONS: readonly (readonly string[])[] = [
  ["-h, --help", "this help"],
  ["-V, --version", "the version"],
];

/** Environment variables that no option stands for. */
const ENVIRONMENT: readonly (readonly string[])[] = [
  ["HMN_NVML_PATH", "the NVML library to use instead of the usual ones"],
  ["HMN_NVIDIA_SMI_PATH", "the nvidia-smi to use instead of the one on the PATH"],
  ["HMN_DEBUG", "1 prints each raw native value to stderr"],
  ["NO_COLOR", "anything: no colours"],
];

/** Exit codes that stand for no failure of a question. */
const OTHER_CODES: readonly (readonly [number, string])[] = [
  [0, "answered; or whoever read the output left; run and spill: the command's own code"],
  [1, "watch: a GPU spilled into the system's memory"],
  [1, "check: a rule is not kept, or could not be measured"],
  [130, "ended by Ctrl+C"],
  [143, "ended by SIGTERM"],
];

/** `hmn --help`: the commands, then what `hmn` alone does. */
export function overviewHelp(entries: readonly CommandEntry[], summary: Command): string {
  const commands = entries.flatMap(({ name, about }) => name === null ? [] : [[name, about]]);
  return [
    wrap(
      "hmn: external memory, measured: RAM and GPU memory of a process, a machine and each GPU.",
      80,
    ),
    "Usage: hmn [options]\n       hmn COMMAND [options]\n",
    section("Commands", [
      ...commands,
      ["help COMMAND", "what a command does, its options, and examples"],
      ["help exit-codes", "what the exit codes mean"],
    ]),
    wrap(`hmn alone: ${summary.about}`, DEFAULT_COLUMNS),
    ...body(summary),
    section("Environment", ENVIRONMENT),
    exitCodesHelp(),
  ].join("\n");
}

/** `hmn ps --help` */
export function commandHelp(name: string, command: Command): string {
  return [
    wrap(`hmn ${name}: ${command.about}`, DEFAULT_COLUMNS),
    `Usage: ${["hmn", name, "[options]", command.operands?.usage ?? ""].join(" ").trimEnd()}\n`,
    ...body(command),
  ].join("\n");
}

/** `hmn help exit-codes` */
export function exitCodesHelp(): string {
  const means = new Map<number, string[]>();
  const add = (code: number, text: string) => means.set(code, [...means.get(code) ?? [], text]);
  for (const [code, text] of OTHER_CODES) add(code, text);
  for (const [name, failure] of Object.entries(FAILURES)) {
    add(failure.exit, `${name}: ${failure.means}`);
  }
  const codes = [...means].toSorted(([a], [b]) => a - b);
  return section("Exit codes", codes.map(([code, texts]) => [String(code), texts.join("; ")]));
}

function body({ options, notes, examples }: Command): string[] {
  return [
    section("Options", [...optionLines(options), ...COMMON_OPTIONS]),
    ...notes.map((note) => wrap(note, DEFAULT_COLUMNS)),
    `Examples:\n${examples.map(([line, does]) => `  ${line}\n      ${does}\n`).join("")}`,
  ];
}

function optionLines(table: OptionTable): string[][] {
  return Object.entries(table).map(([name, option]) => {
    if (!isValued(option)) return [`--${name}`, option.about];
    const env = option.env === undefined ? "" : ` [environment: ${option.env}]`;
    return [`--${name} ${option.value}`, `${option.about}: ${option.accepts}${env}`];
  });
}

/** A title and two columns, the second wrapped. */
function section(title: string, rows: readonly (readonly string[])[]): string {
  const width = Math.max(...rows.map(([left]) => left!.length));
  const lines = rows.map(([left, right]) =>
    wrap(right!, DEFAULT_COLUMNS, `  ${left!.padEnd(width)}  `)
  );
  return `${title}:\n${lines.join("")}`;
}
