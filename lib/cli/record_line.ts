/** The line that tells how a recording is going, and the lines of alerts, on a terminal or in a log. */
import type { AlertChange } from "../session/alerts/alert.ts";
import type { GroupColor, SessionSettings } from "../session/config/settings.ts";
import type { HealthChange } from "../session/health.ts";
import type { RecorderStatus } from "../session/recorder_status.ts";
import { type Emphasis, statusParts, statusText } from "../session/status_text.ts";
import { escapeText } from "../text.ts";
import type { Output } from "./context.ts";
import { displayWidth, truncateToWidth } from "./table.ts";

/** To the line's start, and everything behind it away. */
const CLEAR = "\r\x1b[K";
const RESET = "\x1b[0m";
/** As in the first recorder: yellow, and white on red. */
const STYLES: Readonly<Record<Emphasis, string>> = {
  none: "",
  good: "\x1b[32m",
  caution: "\x1b[33m",
  critical: "\x1b[1;97;41m",
};
const COLORS: Readonly<Record<GroupColor, string>> = {
  yellow: "\x1b[33m",
  blue: "\x1b[34m",
  magenta: "\x1b[35m",
  cyan: "\x1b[36m",
  green: "\x1b[32m",
  white: "\x1b[97m",
};
/** Spikes of a group without a colour of its own. */
const SPIKE_COLORS: readonly GroupColor[] = ["cyan", "magenta"];
const SEPARATOR = " | ";
const DEFAULT_COLUMNS = 80;
/** With less room than this a part says nothing. */
const LEAST_PART = 4;
/** Where nobody watches, a line so often is enough. */
const LOG_EVERY_MS = 30_000;

/** Writes the status. */
export class RecordLine {
  readonly #output: Output;
  readonly #settings: SessionSettings;
  #isShown = false;
  #dueMs = 0;
  #written: Promise<void> = Promise.resolve();

  constructor(output: Output, settings: SessionSettings) {
    this.#output = output;
    this.#settings = settings;
  }

  /** After each tick. On a terminal the line is drawn anew; elsewhere one comes every 30 s. */
  show(status: RecorderStatus): void {
    if (this.#output.isTty) return this.#draw(status);
    const { elapsedMs } = status.tick;
    if (elapsedMs < this.#dueMs) return;
    this.#dueMs = elapsedMs + LOG_EVERY_MS;
    this.#write(`hmn record: ${statusText(status, this.#settings)}\n`);
  }

  #draw(status: RecorderStatus): void {
    const shown: string[] = [];
    let room = (this.#output.columns ?? DEFAULT_COLUMNS) - 1;
    for (const { text, emphasis } of statusParts(status, this.#settings)) {
      if (room < LEAST_PART) break;
      // Cut off before it is coloured: an escape sequence takes no room.
      const fitting = truncateToWidth(text, room);
      shown.push(this.#styled(fitting, STYLES[emphasis]));
      room -= displayWidth(fitting) + SEPARATOR.length;
    }
    this.#isShown = true;
    this.#write(`${CLEAR}${shown.join(SEPARATOR)}`);
  }

  #styled(text: string, style: string): string {
    return this.#output.color && style !== "" ? `${style}${text}${RESET}` : text;
  }

  /** An alert: a line of its own, above the status. */
  alert({ change, alert }: AlertChange): void {
    const word = change === "end" ? "over" : alert.severity;
    const text = `${word}${CHANGES[change]}: ${escapeText(alert.message)}`;
    this.say(`hmn record: ${this.#colored(text, change, alert)}`);
  }

  #colored(text: string, change: AlertChange["change"], alert: AlertChange["alert"]): string {
    if (change === "end") return text;
    const style = alert.kind === "spike"
      ? COLORS[this.#colorOf(alert.subject)]
      : STYLES[alert.severity === "critical" ? "critical" : "caution"];
    return this.#styled(text, style);
  }

  #colorOf(subject: string): GroupColor {
    const index = this.#settings.groups.findIndex(({ name }) => subject.endsWith(name));
    return this.#settings.groups[index]?.color ?? SPIKE_COLORS[Math.max(0, index) % 2]!;
  }

  /** A source ceases to answer, or answers again. */
  health({ source, state, message }: HealthChange): void {
    const text = escapeText(state === "ok" ? message : `${source} ${state}: ${message}`);
    this.say(`hmn record: ${this.#styled(text, state === "ok" ? "" : STYLES.caution)}`);
  }

  /** A file can't be written, or can again. */
  storage(file: string, reason: string | null): void {
    const text = reason === null
      ? `${escapeText(file)} is written again`
      : `${escapeText(file)} can't be written: ${escapeText(reason)}; sampling goes on`;
    const style = reason === null ? "" : STYLES.critical;
    this.say(
      `hmn record: ${this.#output.color && style !== "" ? `${style}${text}${RESET}` : text}`,
    );
  }

  /** A line of its own. */
  say(text: string): void {
    this.#write(`${this.#isShown ? CLEAR : ""}${text}\n`);
    this.#isShown = false;
  }

  /** Takes the status line away; resolves when everything is written. */
  async clear(): Promise<void> {
    if (this.#isShown) this.#write(CLEAR);
    this.#isShown = false;
    await this.#written;
  }

  /** Pieces go out one after the other; a terminal that went away does not end a recording. */
  #write(text: string): void {
    this.#written = this.#written.then(() => this.#output.write(text)).catch(() => {});
  }
}

const CHANGES: Readonly<Record<AlertChange["change"], string>> = {
  begin: "",
  worse: " (worse)",
  better: " (better)",
  end: "",
};
