/** The alerts of a recording, from its events. Pure. */
import type { EventRow, Severity } from "../rows.ts";
import type { AlertSpan } from "./records.ts";

const GRAVITY: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 };

/**
 * Alerts in the order in which they began. One that became graver is one alert: it has the severity and the message
 * of its gravest moment.
 */
export function alertSpans(events: readonly EventRow[]): readonly AlertSpan[] {
  const spans: AlertSpan[] = [];
  const openAt = new Map<string, number>();
  for (const { event, subject, severity, elapsedMs, message } of events) {
    const at = openAt.get(subject);
    if (event === "alert_end" && at !== undefined) {
      spans[at] = { ...spans[at]!, endMs: elapsedMs };
      openAt.delete(subject);
    }
    if (event !== "alert_begin") continue;
    if (at === undefined) {
      openAt.set(subject, spans.length);
      spans.push({ subject, severity, startMs: elapsedMs, endMs: null, message });
    } else if (GRAVITY[severity] > GRAVITY[spans[at]!.severity]) {
      spans[at] = { ...spans[at]!, severity, message };
    }
  }
  return spans;
}
