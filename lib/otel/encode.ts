/**
 * Readings as OTLP 1.x JSON: `ExportMetricsServiceRequest` in the JSON mapping of protocol buffers, where 64-bit whole
 * numbers are strings and enumerations are numbers.
 */
import type { Reading } from "../reading/reading.ts";
import { VERSION } from "../version.ts";
import { told } from "./attributes.ts";
import {
  type Instrument,
  type Observation,
  observe,
  SCHEMA_URL,
  type SeriesAttributes,
} from "./instrument.ts";
import { INSTRUMENTS } from "./instruments.ts";
import type { Monitored } from "./monitored.ts";

/** What stands beside the values. */
export interface EncodeOptions {
  /** Attributes of whoever sends: `service.name`, `host.name`. `null`: not known. */
  readonly resource: Readonly<Record<string, string | number | null>>;
  /** When counting began, milliseconds since the epoch. */
  readonly startMs: number;
  /** The processes that are told of one by one. */
  readonly monitored?: Monitored;
}

/** `AGGREGATION_TEMPORALITY_CUMULATIVE` */
const CUMULATIVE = 2;

/** The request that sends one reading. */
export function encodeReading(
  reading: Reading,
  { resource, startMs, monitored = {} }: EncodeOptions,
): string {
  const metrics = INSTRUMENTS.flatMap((instrument) => {
    const observations = observe(instrument, reading, monitored);
    // A metric without values is left out: it would say nothing.
    return observations.length === 0
      ? []
      : [metric(instrument, observations, reading.atMs, startMs)];
  });
  return JSON.stringify({
    resourceMetrics: [{
      resource: { attributes: keyValues(told(resource)) },
      scopeMetrics: [{
        scope: { name: "hypomnesis", version: VERSION },
        metrics,
        schemaUrl: SCHEMA_URL,
      }],
      schemaUrl: SCHEMA_URL,
    }],
  });
}

function metric(
  { name, kind, unit, type, description, isOlder }: Instrument,
  observations: readonly Observation[],
  atMs: number,
  startMs: number,
) {
  const begun = kind === "gauge" || isOlder
    ? {}
    // A clock that was set back does not end a time before it begins.
    : { startTimeUnixNano: nanoseconds(Math.min(startMs, atMs)) };
  const dataPoints = observations.map(({ value, attributes }) => ({
    attributes: keyValues(attributes),
    ...begun,
    timeUnixNano: nanoseconds(atMs),
    ...type === "int" ? { asInt: String(value) } : { asDouble: value },
  }));
  const data = kind === "gauge" ? { gauge: { dataPoints } } : {
    sum: {
      dataPoints,
      aggregationTemporality: CUMULATIVE,
      isMonotonic: kind === "counter",
    },
  };
  return { name, description, unit, ...data };
}

/** Nanoseconds are above what a number holds exactly. */
function nanoseconds(ms: number): string {
  return String(BigInt(Math.max(0, Math.round(ms))) * 1_000_000n);
}

function keyValues(attributes: SeriesAttributes) {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: string | number) {
  if (typeof value === "string") return { stringValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
