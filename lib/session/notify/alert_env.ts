/** An alert as environment variables, for the command of `--on-alert`. */
import { isWindows } from "../../system.ts";
import type { AlertChange } from "../alerts/alert.ts";

/** An alert that is told, with what the session adds to it. */
export interface Told {
  readonly change: AlertChange;
  /** Name of the session. */
  readonly session: string;
  /** Wall clock, ISO 8601 in UTC. */
  readonly at: string;
}

/** The system refuses to start a program with a longer one (128 KiB on Linux). */
const LONGEST_VALUE = 8_192;
/** `cmd.exe` takes a line of 8,191 characters, its variables put in. */
const LONGEST_ON_WINDOWS = 1_024;

/** The variables, `HMN_ALERT_…`. A number that is not known is an empty text. */
export function alertEnv(
  { change, session, at }: Told,
  windows = isWindows(),
): Record<string, string> {
  const { kind, subject, severity, value, limit, unit, message } = change.alert;
  const values = {
    CHANGE: change.change,
    KIND: kind,
    SUBJECT: subject,
    SEVERITY: severity,
    VALUE: numberText(value),
    LIMIT: numberText(limit),
    UNIT: unit ?? "",
    MESSAGE: message,
    SESSION: session,
    AT: at,
  };
  return Object.fromEntries(
    Object.entries(values).map(([name, text]) => [`HMN_ALERT_${name}`, safeValue(text, windows)]),
  );
}

function numberText(value: number | null): string {
  return value === null ? "" : String(value);
}

/**
 * The first NUL would end it, and a lone surrogate is no text. `cmd.exe` puts a variable into its line before it reads
 * that, so there a name with `&` in it would be a command: what means something to it is taken out.
 */
function safeValue(text: string, windows: boolean): string {
  const safe = text.slice(0, windows ? LONGEST_ON_WINDOWS : LONGEST_VALUE)
    .replaceAll("\0", "\ufffd").toWellFormed();
  return windows ? safe.replace(/["&|<>^%!()\r\n]/g, "_") : safe;
}

/** Our own environment; empty where Deno may not read it. */
export function ownEnv(): Record<string, string> {
  if (!("Deno" in globalThis)) return { ...process.env } as Record<string, string>;
  try {
    return Deno.env.toObject();
  } catch {
    return {};
  }
}
