/** Phases told by lines of text: a command's output, or our own stdin. */
import { isPhaseName } from "../session/control.ts";
import type { Recorder } from "../session/recorder.ts";
import type { CommandOutput } from "../run/start_command.ts";
import type { Output } from "./context.ts";
import { UsageError } from "./usage_error.ts";

/** A line longer than this is looked at in pieces. */
const LONGEST_LINE = 64 << 10;

/** Which lines name a phase, and what they name. */
export class PhaseLines {
  readonly #regex: RegExp;
  readonly #recorder: Pick<Recorder, "phase">;
  #last: string | null = null;

  constructor(regex: RegExp, recorder: Pick<Recorder, "phase">) {
    this.#regex = regex;
    this.#recorder = recorder;
  }

  /** A line of the command's output. The same phase twice is one phase. */
  line(text: string): void {
    const match = this.#regex.exec(text);
    if (match === null) return;
    const name = phaseNameOf(match);
    if (name === null || name === this.#last) return;
    this.#last = name;
    // Without names, the first group is what counts on: the 3 of `epoch 3`.
    const named: Readonly<Record<string, string | undefined>> = match.groups ?? { step: match[1] };
    const { type = null, step = null } = named;
    this.#recorder.phase(name, { type, step });
  }
}

/** The group `phase` where there is one, else what was matched as a whole: `epoch 3`. */
function phaseNameOf(match: RegExpExecArray): string | null {
  const text = (match.groups?.phase ?? match[0]).replace(/[/\p{Cc}]+/gu, " ").trim().slice(0, 100);
  return isPhaseName(text) ? text : null;
}

/**
 * Reads the pattern of `--phase-from`.
 *
 * @throws {UsageError} where it is no regular expression
 */
export function phaseRegex(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch (error) {
    throw new UsageError(
      `--phase-from ${JSON.stringify(text)} is no regular expression: ${(error as Error).message}`,
    );
  }
}

/** Passes on what a command writes, byte by byte, and looks at its lines. Resolves at the end of both streams. */
export async function passOutput(
  output: CommandOutput,
  streams: { readonly stdout: Output; readonly stderr: Output },
  lines: PhaseLines,
): Promise<void> {
  const pass = async (from: ReadableStream<Uint8Array>, to: Output) => {
    let rest = "";
    const decoder = new TextDecoder();
    let isOpen = true;
    for await (const bytes of from) {
      // Whoever read it may have gone; the command goes on, and so do the phases.
      if (isOpen) await to.write(bytes).catch(() => isOpen = false);
      const split = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n|\r/);
      rest = split.pop() ?? "";
      split.forEach((line) => lines.line(line));
      if (rest.length <= LONGEST_LINE) continue;
      lines.line(rest);
      rest = "";
    }
    if (rest !== "") lines.line(rest);
  };
  await Promise.all([pass(output.stdout, streams.stdout), pass(output.stderr, streams.stderr)]);
}

/** Reads phases from lines of stdin: a name begins a phase, `> name` one within it, an empty line ends it. */
export async function phasesFromInput(
  input: AsyncIterable<string>,
  recorder: Pick<Recorder, "phase" | "endPhase">,
  onStray: (line: string) => void,
): Promise<void> {
  let rest = "";
  const take = (line: string) => {
    const nested = line.startsWith(">");
    const name = (nested ? line.slice(1) : line).trim();
    if (name === "" && !nested) recorder.endPhase();
    else if (isPhaseName(name)) recorder.phase(name, { nested });
    else onStray(line);
  };
  for await (const text of input) {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? "";
    lines.forEach(take);
  }
  if (rest !== "") take(rest);
}
