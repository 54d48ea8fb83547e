/** Phases from the events that begin and end them. Pure. */
import type { PhaseSpan } from "../phase_span.ts";
import type { EventRow } from "../rows.ts";

interface OpenPhase {
  readonly row: EventRow;
  readonly name: string;
  readonly depth: number;
}

/**
 * The phases, in the order of their beginnings. One that has no end (the recorder was killed) ends with the session,
 * with the phase around it, or where it begins anew.
 */
export function phasesFromEvents(events: readonly EventRow[], endMs: number): PhaseSpan[] {
  const spans: PhaseSpan[] = [];
  /** From the outermost to the innermost. */
  const open: OpenPhase[] = [];
  const close = (from: number, atMs: number) => {
    for (const { row, name, depth } of open.splice(from)) {
      spans.push({
        name,
        path: row.subject,
        depth,
        startMs: row.elapsedMs,
        endMs: Math.max(row.elapsedMs, atMs),
        type: row.type,
        step: row.step,
        labels: parseLabels(row.labels),
      });
    }
  };
  for (const row of events) {
    if (row.event !== "phase_begin" && row.event !== "phase_end") continue;
    const known = open.findIndex((phase) => phase.row.subject === row.subject);
    if (known >= 0) close(known, row.elapsedMs);
    if (row.event === "phase_end") continue;
    // What is open and not around the new one has lost its end.
    const around = open.findLastIndex((phase) => row.subject.startsWith(`${phase.row.subject}/`));
    close(around + 1, row.elapsedMs);
    const parent = open[around];
    const name = parent === undefined
      ? row.subject
      : row.subject.slice(parent.row.subject.length + 1);
    open.push({ row, name, depth: open.length });
  }
  close(0, endMs);
  return spans.sort((a, b) => a.startMs - b.startMs || a.depth - b.depth);
}

/** `key=value;key=value`, in which `\` takes the meaning from the character behind it. */
export function parseLabels(text: string | null): Readonly<Record<string, string>> {
  const labels: [string, string][] = [];
  let key: string | null = null;
  let part = "";
  const finish = () => {
    if (key !== null || part !== "") labels.push(key === null ? [part, ""] : [key, part]);
    key = null;
    part = "";
  };
  const characters = (text ?? "")[Symbol.iterator]();
  for (const character of characters) {
    if (character === "\\") part += characters.next().value ?? "";
    else if (character === ";") finish();
    else if (character === "=" && key === null) {
      key = part;
      part = "";
    } else part += character;
  }
  finish();
  return Object.fromEntries(labels);
}
