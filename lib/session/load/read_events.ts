/** The rows of a session's events. */
import { textOf } from "../csv_cells.ts";
import type { EventKind, EventRow, Severity } from "../rows.ts";
import type { CsvRow } from "./csv_row.ts";
import type { MakeTaker } from "./read_table.ts";
import { RowTimes, type SessionClock } from "./row_times.ts";
import { SteadyTime } from "./steady_time.ts";

const KINDS: Readonly<Record<EventKind, true>> = {
  start: true,
  phase_begin: true,
  phase_end: true,
  alert_begin: true,
  alert_end: true,
  health: true,
  gap: true,
  clock: true,
  storage: true,
  end: true,
};
const SEVERITIES: Readonly<Record<Severity, true>> = { info: true, warning: true, critical: true };

/** Takers that add rows to `events`. */
export function eventTaker(events: EventRow[], clock: SessionClock): MakeTaker {
  const steady = new SteadyTime();
  return (places) => {
    const times = new RowTimes(places, clock, steady);
    const text = (row: CsvRow, key: keyof EventRow) => {
      const cell = places.get(key);
      return cell === undefined ? null : textOf(row.text(cell));
    };
    const number = (row: CsvRow, key: keyof EventRow) => {
      const cell = places.get(key);
      const value = cell === undefined ? NaN : row.number(cell);
      return Number.isNaN(value) ? null : value;
    };
    return (row) => {
      const elapsedMs = times.timeMs(row);
      const event = text(row, "event");
      if (!(elapsedMs >= 0) || !isKey(KINDS, event)) return false;
      const severity = text(row, "severity");
      events.push({
        time: text(row, "time") ?? "",
        elapsedMs,
        tick: number(row, "tick") ?? 0,
        phase: text(row, "phase"),
        event,
        subject: text(row, "subject") ?? "",
        severity: isKey(SEVERITIES, severity) ? severity : "info",
        value: number(row, "value"),
        limit: number(row, "limit"),
        unit: text(row, "unit"),
        type: text(row, "type"),
        step: text(row, "step"),
        labels: text(row, "labels"),
        message: text(row, "message") ?? "",
      });
      return true;
    };
  };
}

function isKey<K extends string>(keys: Readonly<Record<K, true>>, text: string | null): text is K {
  return text !== null && Object.hasOwn(keys, text);
}
