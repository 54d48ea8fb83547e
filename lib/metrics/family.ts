/** What a metric family is: its name, its kind, its help, and how its samples follow from a reading. */
import type { View } from "./view.ts";

/** The kinds of OpenMetrics that are used; in the older format the last two are gauges. */
export type FamilyType = "gauge" | "counter" | "info" | "stateset";

/** Labels of one series, in order. `null`: not known, so the label is left out. Values are untrusted text. */
export type Labels = Readonly<Record<string, string | number | null>>;

/** One series at one time. */
export interface Sample {
  readonly labels: Labels;
  /** `null`: not known, so there is no such series. */
  readonly value: number | null;
}

/** One family. */
export interface Family {
  /** Name of its samples, the same in both formats: a counter ends in `_total`, an info in `_info`. */
  readonly name: string;
  readonly type: FamilyType;
  /** Base unit, which is also the end of the name; `null` where it counts things or has none. */
  readonly unit: string | null;
  /** One English sentence without quotes, backslashes and line breaks. */
  readonly help: string;
  /** Its samples; empty where nothing is known. Labels of a state set end with the state. */
  samples(view: View): readonly Sample[];
}

/** One number of a row, as a gauge. */
export interface Measure<T> {
  readonly name: string;
  readonly unit: string | null;
  readonly help: string;
  value(row: T): number | null;
}

/** One gauge for each measure, with a series for each row. */
export function gauges<T>(
  measures: readonly Measure<T>[],
  rows: (view: View) => readonly T[],
  labels: (row: T) => Labels,
): readonly Family[] {
  return measures.map(({ name, unit, help, value }) => ({
    name,
    type: "gauge",
    unit,
    help,
    samples: (view) => rows(view).map((row) => ({ labels: labels(row), value: value(row) })),
  }));
}

/** How many series the rows make. */
export function seriesCount<T>(measures: readonly Measure<T>[], rows: readonly T[]): number {
  return rows.reduce(
    (count, row) => count + measures.filter(({ value }) => value(row) !== null).length,
    0,
  );
}

/** A state set: one series for each state, 1 for the one that is. Its label is called as the family, as demanded. */
export function stateSamples(
  name: string,
  labels: Labels,
  states: readonly string[],
  current: string,
): readonly Sample[] {
  return states.map((state) => ({
    labels: { ...labels, [name]: state },
    value: state === current ? 1 : 0,
  }));
}
