/** The alerts that are on, and how they change. */
import type { Alert, AlertChange, AlertSeverity, Judgement } from "./alert.ts";

/** Turns what the rules say at each tick into the changes since the tick before. */
export class AlertLedger {
  readonly #active = new Map<string, Alert>();
  #count = 0;

  /** The alerts that are on, in the order in which they began, with their latest numbers. */
  get active(): readonly Alert[] {
    return [...this.#active.values()];
  }

  /** Takes what the rules say at one tick. */
  take(judgements: readonly Judgement[], atMs: number): readonly AlertChange[] {
    return judgements.flatMap((judgement) => this.#takeOne(judgement, atMs));
  }

  /** Ends every alert: the session is over, and nobody looks any more. */
  finish(atMs: number): readonly AlertChange[] {
    const changes = this.active.map((alert): AlertChange => ({
      change: "end",
      alert: { ...alert, message: `the session ended while ${alert.message}` },
      atMs,
    }));
    this.#active.clear();
    return changes;
  }

  #takeOne(judgement: Judgement, atMs: number): AlertChange[] {
    const { kind, key, severity } = judgement;
    const place = `${kind} ${key}`;
    const before = this.#active.get(place);
    if (severity === null) {
      if (before === undefined) return [];
      this.#active.delete(place);
      return [{ change: "end", alert: updated(before, judgement, before.severity), atMs }];
    }
    if (before === undefined) {
      const alert = begun(judgement, severity, `${kind}-${++this.#count}`, atMs);
      this.#active.set(place, alert);
      return [{ change: "begin", alert, atMs }];
    }
    const alert = updated(before, judgement, severity);
    this.#active.set(place, alert);
    if (severity === before.severity) return [];
    return [{ change: severity === "critical" ? "worse" : "better", alert, atMs }];
  }
}

function begun(
  { kind, subject, topic, value, limit, unit, message }: Judgement,
  severity: AlertSeverity,
  id: string,
  atMs: number,
): Alert {
  return {
    id,
    kind,
    subject,
    topic,
    severity,
    sinceMs: atMs,
    value,
    limit,
    unit,
    message: message(),
  };
}

/** An alert keeps its subject and topic, by which its beginning and its end find each other. */
function updated(
  alert: Alert,
  { value, limit, unit, message }: Judgement,
  severity: AlertSeverity,
): Alert {
  return { ...alert, severity, value, limit, unit, message: message() };
}
