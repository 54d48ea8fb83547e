/** Writes down what happens: as rows of the events and as lines of the execution log. */
import { formatElapsed } from "../format.ts";
import { escapeText } from "../text.ts";
import type { Alert } from "./alerts/alert.ts";
import type { SessionFiles } from "./files/session_files.ts";
import type { PhaseDetails } from "./phase_span.ts";
import type { EventKind, EventRow, Severity } from "./rows.ts";

/** Something that happens, without its time. */
export interface Happening {
  readonly event: EventKind;
  readonly subject: string;
  readonly message: string;
  readonly severity?: Severity;
  readonly value?: number | null;
  readonly limit?: number | null;
  readonly unit?: string | null;
  readonly details?: PhaseDetails;
}

/** When it happens. */
export interface When {
  readonly atMs: number;
  readonly elapsedMs: number;
  readonly tick: number;
}

/** Writes into the files of one session. */
export class Chronicle {
  readonly #files: SessionFiles;
  readonly #phase: () => string | null;

  /** `phase`: the path of the open phases. */
  constructor(files: SessionFiles, phase: () => string | null) {
    this.#files = files;
    this.#phase = phase;
  }

  /** Something happened. */
  tell(happening: Happening, when: When): void {
    const row = this.#rowOf(happening, when);
    this.#files.add("events", [row]);
    this.log(when, `${KINDS[row.event]} ${row.subject}: ${row.message}`, row.severity);
  }

  /** An alert changed. */
  alert(event: "alert_begin" | "alert_end", alert: Alert, when: When): void {
    const { topic: subject, severity, value, limit, unit, message } = alert;
    this.tell({
      event,
      subject,
      severity: event === "alert_end" ? "info" : severity,
      value,
      limit,
      unit,
      message,
    }, when);
  }

  /** A line of the execution log alone. */
  log({ atMs, elapsedMs }: When, text: string, severity: Severity = "info"): void {
    this.#files.log(logLine(atMs, elapsedMs, severity, text));
  }

  #rowOf(happening: Happening, { atMs, elapsedMs, tick }: When): EventRow {
    const { event, subject, message, severity = "info", details } = happening;
    return {
      time: new Date(atMs).toISOString(),
      elapsedMs,
      tick,
      phase: this.#phase(),
      event,
      subject,
      severity,
      value: happening.value ?? null,
      limit: happening.limit ?? null,
      unit: happening.unit ?? null,
      type: details?.type ?? null,
      step: details?.step ?? null,
      labels: details === undefined ? null : labelText(details.labels),
      message,
    };
  }
}

const KINDS: Readonly<Record<EventKind, string>> = {
  start: "start",
  phase_begin: "phase begins",
  phase_end: "phase ends",
  alert_begin: "alert",
  alert_end: "alert",
  health: "source",
  gap: "gap",
  clock: "clock",
  storage: "storage",
  end: "end",
};

/** `key=value;key=value`; a `;`, `=` or `\` in either has a `\` before it. `null`: there are none. */
export function labelText(labels: Readonly<Record<string, string>>): string | null {
  const escape = (text: string) => text.replace(/[\\;=]/g, "\\$&");
  const parts = Object.entries(labels).map(([key, value]) => `${escape(key)}=${escape(value)}`);
  return parts.length === 0 ? null : parts.join(";");
}

/** A line of the execution log: when, how long into the session, how grave, what. One line, whatever the text holds. */
export function logLine(atMs: number, elapsedMs: number, severity: Severity, text: string): string {
  const time = new Date(atMs).toISOString();
  return `${time}  +${formatElapsed(elapsedMs)}  ${severity.toUpperCase().padEnd(8)}  ` +
    `${escapeText(text)}\n`;
}
