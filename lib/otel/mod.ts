/**
 * Memory of the machine, its GPUs and their processes as metrics of OpenTelemetry, under the names of its semantic
 * conventions.
 *
 * @module
 */
export { registerInstruments } from "./register.ts";
export { memoryProducer } from "./producer.ts";
export type { AskedMeter, CollectOptions } from "./collect.ts";
export type { Monitored } from "./monitored.ts";
export { INSTRUMENTS } from "./instruments.ts";
export {
  type Instrument,
  type Observation,
  SCHEMA_URL,
  type SeriesAttributes,
} from "./instrument.ts";
