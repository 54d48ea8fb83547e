/**
 * The control file of a running session: one line of JSON for each wish, appended by `hmn phase` and read by the
 * recorder, which says in the acknowledgement beside it how far it has read.
 */
import { HypomnesisError } from "../errors.ts";
import { diskReason } from "./files/disk_reason.ts";
import type { Store } from "./files/store.ts";
import type { PhaseDetails } from "./phase_span.ts";

/** A wish. */
export interface PhaseWish extends PhaseDetails {
  /** The phase that begins; `null`: the innermost ends. */
  readonly phase: string | null;
  /** Within the current one, instead of after it. */
  readonly nested: boolean;
  /** When it was wished, milliseconds since the epoch. */
  readonly atMs: number;
}

/** The longest name of a phase, type or step, and most labels. */
export const LONGEST_TEXT = 100;
export const MOST_LABELS = 32;

/** The accepted form of a phase's name, for errors. */
export const PHASE_FORM = `1 to ${LONGEST_TEXT} characters without slashes and control characters`;

/** A text can name a phase. */
export function isPhaseName(text: string): boolean {
  return text.trim() !== "" && text.length <= LONGEST_TEXT && !/[/\p{Cc}]/u.test(text);
}

/** Reads one line; `null`: it is no wish. */
export function parseWish(line: string): PhaseWish | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { phase, nested, at_ms: atMs, type, step, labels } = value as Readonly<
    Record<string, unknown>
  >;
  const isName = phase === null || (typeof phase === "string" && isPhaseName(phase));
  if (!isName || typeof atMs !== "number") return null;
  return {
    phase: phase as string | null,
    nested: nested === true,
    atMs,
    type: shortText(type),
    step: shortText(step),
    labels: labelsOf(labels),
  };
}

function shortText(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_TEXT ? value : null;
}

function labelsOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null) return {};
  const entries = Object.entries(value).filter(([key, label]) =>
    shortText(key) !== null && shortText(label) !== null
  );
  return Object.fromEntries(entries.slice(0, MOST_LABELS));
}

/** A wish as a line. */
export function wishText({ phase, nested, atMs, type, step, labels }: PhaseWish): string {
  return `${JSON.stringify({ phase, nested, at_ms: atMs, type, step, labels })}\n`;
}

/** The file in which the recorder says how many bytes it has read. */
export function acknowledgementOf(controlPath: string): string {
  return `${controlPath}.read`;
}

/** The recorder's side. */
export class ControlReader {
  readonly #store: Store;
  readonly #path: string;
  #offset = 0;
  #rest = "";

  constructor(store: Store, path: string) {
    this.#store = store;
    this.#path = path;
  }

  /** New wishes, and lines that are none. Never rejects: a file that is gone has no wishes. */
  async read(): Promise<{ readonly wishes: readonly PhaseWish[]; readonly refused: number }> {
    let found = await this.#store.readFrom(this.#path, this.#offset).catch(() => null);
    // A file that is shorter than what was read is another one, made after the first was removed.
    if (found !== null && found.size < this.#offset) {
      this.#offset = 0;
      this.#rest = "";
      found = await this.#store.readFrom(this.#path, 0).catch(() => null);
    }
    if (found === null || found.bytes === 0) return { wishes: [], refused: 0 };
    this.#offset += found.bytes;
    const lines = (this.#rest + found.text).split("\n");
    this.#rest = lines.pop() ?? "";
    const read = lines.filter((line) => line.trim() !== "").map(parseWish);
    const wishes = read.filter((wish) => wish !== null);
    return { wishes, refused: read.length - wishes.length };
  }

  /** Says that everything read so far was taken. */
  async acknowledge(): Promise<void> {
    const read = this.#offset - new TextEncoder().encode(this.#rest).length;
    await this.#store.put(acknowledgementOf(this.#path), `${read}\n`).catch(() => {});
  }

  /** Removes both files. */
  async remove(): Promise<void> {
    await this.#store.remove(this.#path).catch(() => {});
    await this.#store.remove(acknowledgementOf(this.#path)).catch(() => {});
  }
}

/** How often the asking side looks for the acknowledgement. */
const LOOK_AGAIN_MS = 50;

/**
 * The asking side: hands a wish over and waits until the recorder has taken it.
 *
 * @throws {HypomnesisError} `no_such_process` where the session has ended; `slow` where it does not answer in time
 */
export async function sendWish(
  store: Store,
  path: string,
  wish: PhaseWish,
  waitMs: number,
): Promise<void> {
  const before = await store.readFrom(path, 0);
  if (before === null) {
    throw new HypomnesisError(
      "no_such_process",
      "Cannot set the phase: the session has ended and takes no wishes any more",
    );
  }
  try {
    const file = await store.open(path);
    await file.append(wishText(wish)).finally(() => file.close());
  } catch (error) {
    throw new HypomnesisError(
      "output_failed",
      `Cannot set the phase: the control file can't be written: ${diskReason(error)}`,
      { cause: error },
    );
  }
  const end = (await store.readFrom(path, 0))?.bytes ?? 0;
  for (let waitedMs = 0; waitedMs < waitMs; waitedMs += LOOK_AGAIN_MS) {
    const read = Number((await store.readFrom(acknowledgementOf(path), 0))?.text ?? "0");
    if (read >= end) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  throw new HypomnesisError(
    "slow",
    `Cannot set the phase: the recorder has not taken it within ${waitMs} ms; is it still running?`,
  );
}
