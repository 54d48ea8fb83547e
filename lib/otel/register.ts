/** Registers the instruments with the application's own OpenTelemetry. Nothing of it is loaded here. */
import type {
  BatchObservableCallback,
  Meter as OtelMeter,
  MetricOptions,
  Observable,
} from "@opentelemetry/api";
import { type AskedMeter, type CollectOptions, collector } from "./collect.ts";
import { type Instrument, observe, VALUE_TYPES } from "./instrument.ts";
import { INSTRUMENTS } from "./instruments.ts";

/**
 * Registers every instrument on `otelMeter`. One reading is taken through `meter` for each collection. Dispose of
 * what is returned to unregister; the meter stays open.
 *
 * What is not known is not observed. The SDK for JavaScript goes on exporting the last value all the same, where it
 * exports cumulative values (its issue 4096): {@linkcode memoryProducer} has no such values.
 *
 * @throws {RangeError} naming the wrong option
 *
 * @example
 * ```ts
 * import { metrics } from "@opentelemetry/api";
 * import { openMeter } from "hypomnesis";
 * import { registerInstruments, SCHEMA_URL } from "hypomnesis/otel";
 *
 * const otelMeter = metrics.getMeter("my-service", "1.0.0", { schemaUrl: SCHEMA_URL });
 * const registration = registerInstruments(otelMeter, openMeter());
 * ```
 */
export function registerInstruments(
  otelMeter: OtelMeter,
  meter: AskedMeter,
  options: CollectOptions = {},
): Disposable {
  const collect = collector(meter, options);
  const registered = INSTRUMENTS.map((instrument) => ({
    instrument,
    observable: create(otelMeter, instrument),
  }));
  const tell: BatchObservableCallback = async (result) => {
    const reading = await collect();
    for (const { instrument, observable } of registered) {
      for (const { value, attributes } of observe(instrument, reading, options)) {
        result.observe(observable, value, attributes);
      }
    }
  };
  const observables = registered.map(({ observable }) => observable);
  otelMeter.addBatchObservableCallback(tell, observables);
  return {
    [Symbol.dispose]: () => otelMeter.removeBatchObservableCallback(tell, observables),
  };
}

function create(otelMeter: OtelMeter, instrument: Instrument): Observable {
  const { name, kind, unit, type, description } = instrument;
  const options: MetricOptions = { unit, description, valueType: VALUE_TYPES[type] };
  switch (kind) {
    case "gauge":
      return otelMeter.createObservableGauge(name, options);
    case "updowncounter":
      return otelMeter.createObservableUpDownCounter(name, options);
    case "counter":
      return otelMeter.createObservableCounter(name, options);
  }
}
