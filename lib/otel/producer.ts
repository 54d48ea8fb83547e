/**
 * The instruments as a source of finished metrics, for a reader of OpenTelemetry's SDK to ask beside its own. Nothing
 * of the SDK is loaded here.
 *
 * What an observable instrument does not observe any more, the SDK for JavaScript goes on exporting (its issue 4096):
 * a GPU whose driver hangs would look as it did before. Here a series ends when it is not known any more.
 */
import type { HrTime } from "@opentelemetry/api";
import type { CollectionResult, MetricData, MetricProducer } from "@opentelemetry/sdk-metrics";
import { VERSION } from "../version.ts";
import { type AskedMeter, type CollectOptions, collector } from "./collect.ts";
import { type Instrument, observe, SCHEMA_URL, VALUE_TYPES } from "./instrument.ts";
import { INSTRUMENTS } from "./instruments.ts";

/** `AggregationTemporality.CUMULATIVE` and members of `DataPointType`, whose names would have to be loaded. */
const CUMULATIVE = 1;
const GAUGE = 2;
const SUM = 3;

type Resource = CollectionResult["resourceMetrics"]["resource"];

/**
 * Makes a producer for the option `metricProducers` of a reader. One reading is taken through `meter` for each
 * collection; its values are cumulative, whatever the exporter prefers.
 *
 * @throws {RangeError} naming the wrong option
 *
 * @example
 * ```ts
 * import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
 * import { openMeter } from "hypomnesis";
 * import { memoryProducer } from "hypomnesis/otel";
 *
 * const metricProducers = [memoryProducer(openMeter())];
 * const reader = new PeriodicExportingMetricReader({ exporter, metricProducers });
 * const provider = new MeterProvider({ readers: [reader] });
 * ```
 */
export function memoryProducer(meter: AskedMeter, options: CollectOptions = {}): MetricProducer {
  const collect = collector(meter, options);
  const start = timeOf(Date.now());
  return {
    collect: async () => {
      const reading = await collect();
      const end = timeOf(reading.atMs);
      const metrics = INSTRUMENTS.flatMap((instrument) => {
        const dataPoints = observe(instrument, reading, options).map(({ value, attributes }) => ({
          startTime: startOf(instrument, start, end),
          endTime: end,
          attributes: { ...attributes },
          value,
        }));
        return dataPoints.length === 0 ? [] : [metric(instrument, dataPoints)];
      });
      return {
        resourceMetrics: {
          // A reader takes the resource of its own provider.
          resource: { attributes: {} } as unknown as Resource,
          scopeMetrics: [{
            scope: { name: "hypomnesis", version: VERSION, schemaUrl: SCHEMA_URL },
            metrics,
          }],
        },
        errors: [],
      };
    },
  };
}

function metric(
  { name, kind, unit, type, description }: Instrument,
  dataPoints: Extract<MetricData, { readonly dataPointType: typeof SUM }>["dataPoints"],
): MetricData {
  const descriptor = { name, description, unit, valueType: VALUE_TYPES[type] };
  const base = { descriptor, aggregationTemporality: CUMULATIVE, dataPoints } as const;
  return kind === "gauge"
    ? { ...base, dataPointType: GAUGE }
    : { ...base, dataPointType: SUM, isMonotonic: kind === "counter" };
}

/** The beginning of a time that is not known is 0. */
function startOf({ kind, isOlder }: Instrument, start: HrTime, end: HrTime): HrTime {
  if (kind === "gauge") return end;
  return isOlder ? [0, 0] : start;
}

function timeOf(ms: number): HrTime {
  return [Math.floor(ms / 1_000), (ms % 1_000) * 1_000_000];
}
