/** Phases told by lines of text: a command's output, or our own stdin. */
import { isPhaseName } from "../session/control.ts";
import { type Found, Pattern } from "../session/look/pattern.ts";
import type { Recorder } from "../session/recorder.ts";
import type { CommandOutput } from "../run/start_command.ts";
import type { Output } from "./context.ts";
import { quote } from "./parse.ts";
import { UsageError } from "./usage_error.ts";

/** A line longer than this is looked at in pieces. */
const LONGEST_LINE = 64 << 10;

/** Which lines name a phase, and what they name. */
export class PhaseLines {
  readonly #pattern: Pattern;
  readonly #recorder: Pick<Recorder, "phase">;
  #last: string | null = null;

  constructor(pattern: Pattern, recorder: Pick<Recorder, "phase">) {
    this.#pattern = pattern;
    this.#recorder = recorder;
  }

  /** A line of the command's output. The same phase twice is one phase. */
  line(text: string): void {
    const found = this.#pattern.find(text);
    if (found === null) return;
    const name = phaseNameOf(found);
    if (name === null || name === this.#last) return;
    this.#last = name;
    // Without names, the first group is what counts on: the 3 of `epoch 3`.
    const { type = null, step = found.hasNames ? null : found.first } = found.named;
    this.#recorder.phase(name, { type, step });
  }
}

/** The group `phase` where there is one, else what was matched as a whole: `epoch 3`. */
function phaseNameOf({ named, text }: Found): string | null {
  const name = (named.phase ?? text).replace(/[/\p{Cc}]+/gu, " ").trim().slice(0, 100);
  return isPhaseName(name) ? name : null;
}

/**
 * Reads the pattern of `--phase-from`.
 *
 * @throws {UsageError} where it is no regular expression
 */
export function phasePattern(text: string): Pattern {
  try {
    return new Pattern(text);
  } catch (error) {
    throw new UsageError(
      `--phase-from ${quote(text)} is not accepted: ${(error as Error).message}; ` +
        "give a regular expression as RE2 has it, without backreferences and lookarounds",
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
