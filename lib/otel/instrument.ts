/** What an instrument of OpenTelemetry is here: its definition, and how its values come out of a reading. */
import type { Reading } from "../reading/reading.ts";
import type { Monitored } from "./monitored.ts";

/** The version of the semantic conventions that the names and attributes follow. */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0";

/** `ValueType.INT` and `ValueType.DOUBLE` of OpenTelemetry, whose names would have to be loaded. */
export const VALUE_TYPES = { int: 0, double: 1 } as const;

/** What distinguishes one series of an instrument from the next. */
export type SeriesAttributes = Readonly<Record<string, string | number>>;

/** One value of one series. */
export interface Observation {
  readonly value: number;
  readonly attributes: SeriesAttributes;
}

/** One instrument. */
export interface Instrument {
  readonly name: string;
  /** An up-down counter's values can be added up over its series, a gauge's can't; a counter only rises. */
  readonly kind: "gauge" | "updowncounter" | "counter";
  /** UCUM. */
  readonly unit: string;
  /** Whole numbers, or any. */
  readonly type: "int" | "double";
  /** One English sentence, without a full stop. */
  readonly description: string;
  /** Names of its attributes; what is not known is left out of a series. */
  readonly attributes: readonly string[];
  /** A counter that counts since before this program began, so that its first value is no growth. */
  readonly isOlder?: true;
  /** Its values. What is not known has none: never 0 instead, and never an old value. */
  observations(reading: Reading, monitored: Monitored): readonly Observation[];
}

/** The one value of a series, or none where it is not known. */
export function known(
  value: number | null | undefined,
  attributes: SeriesAttributes = {},
): readonly Observation[] {
  return value === null || value === undefined ? [] : [{ value, attributes }];
}

/** A part as a share of a whole; `null` where one is not known, or there is no whole. */
export function share(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole <= 0 ? null : part / whole;
}

/** One series for each of `states`: 1 for the one that is the case, 0 for the others. */
export function stateSeries(
  attribute: string,
  states: readonly string[],
  current: string,
  attributes: SeriesAttributes,
): readonly Observation[] {
  const all = states.includes(current) ? states : [...states, current];
  return all.map((state) => ({
    value: state === current ? 1 : 0,
    attributes: { ...attributes, [attribute]: state },
  }));
}

/**
 * Its values, less what can't be sent: a number that is none, or no whole one where only those are told, and a second
 * value of one series.
 */
export function observe(
  instrument: Instrument,
  reading: Reading,
  monitored: Monitored,
): readonly Observation[] {
  const isTold = instrument.type === "int" ? Number.isSafeInteger : Number.isFinite;
  const series = new Map<string, Observation>();
  for (const observation of instrument.observations(reading, monitored)) {
    const key = JSON.stringify(observation.attributes);
    if (isTold(observation.value) && !series.has(key)) series.set(key, observation);
  }
  return [...series.values()];
}
