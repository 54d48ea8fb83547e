/** Phases told by lines of text: a command's output, or our own stdin. */
import { isPhaseName } from "../session/control.ts";
import { type Found, Pattern } from "../session/look/pattern.ts";
import type { Recorder } from "../session/recorder.ts";
import type { CommandOutput } from "../run/start_command.ts";
import type { Output } from "./context.ts";
import { quote } from "./quote.ts";
import { UsageError } from "./usage_error.ts";

/** A line longer than this is looked at in pieces. */
const LONGEST_LINE = 64 << 10;

/** So many phases may begin at once, and then so many a second: each is a row, and nobody reads more. */
const MOST_AT_ONCE = 100;
const MOST_A_SECOND = 50;

/** Keeps a flood of phases away from the files. */
export class PhaseGate {
  readonly #onFlood: () => void;
  #room = MOST_AT_ONCE;
  #lastMs = performance.now();
  #isTold = false;

  /** `onFlood` is called once, with the first phase that is left out. */
  constructor(onFlood: () => void) {
    this.#onFlood = onFlood;
  }

  /** One more may begin. */
  get isOpen(): boolean {
    const nowMs = performance.now();
    const refill = (nowMs - this.#lastMs) / 1000 * MOST_A_SECOND;
    this.#room = Math.min(MOST_AT_ONCE, this.#room + refill);
    this.#lastMs = nowMs;
    if (this.#room >= 1) {
      this.#room -= 1;
      return true;
    }
    if (!this.#isTold) this.#onFlood();
    this.#isTold = true;
    return false;
  }
}

/** Which lines name a phase, and what they name. */
export class PhaseLines {
  readonly #pattern: Pattern;
  readonly #recorder: Pick<Recorder, "phase">;
  readonly #gate: PhaseGate;
  #last: string | null = null;

  constructor(pattern: Pattern, recorder: Pick<Recorder, "phase">, gate: PhaseGate) {
    this.#pattern = pattern;
    this.#recorder = recorder;
    this.#gate = gate;
  }

  /** A line of the command's output. The same phase twice is one phase. */
  line(text: string): void {
    const found = this.#pattern.find(text);
    if (found === null) return;
    const name = phaseNameOf(found);
    if (name === null || name === this.#last || !this.#gate.isOpen) return;
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
  gate: PhaseGate,
): Promise<void> {
  let rest = "";
  const take = (line: string) => {
    const nested = line.startsWith(">");
    const name = (nested ? line.slice(1) : line).trim();
    if (name === "" && !nested) recorder.endPhase();
    else if (!isPhaseName(name)) onStray(line);
    else if (gate.isOpen) recorder.phase(name, { nested });
  };
  for await (const text of input) {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? "";
    lines.forEach(take);
  }
  if (rest !== "") take(rest);
}
