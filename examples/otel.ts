/** What a program's own OpenTelemetry collects, once: the metrics of this machine and of this process. */
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { memoryProducer } from "../lib/otel/mod.ts";
import { openMeter } from "../mod.ts";

await using meter = openMeter();
// A program has an exporter of its own here, such as OTLPMetricExporter.
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({
  exporter,
  metricProducers: [memoryProducer(meter, { pids: [process.pid] })],
});
const provider = new MeterProvider({ readers: [reader] });
await provider.forceFlush();
for (const { scopeMetrics } of exporter.getMetrics()) {
  for (const { descriptor, dataPoints } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
    for (const { value, attributes } of dataPoints) {
      console.log(`${descriptor.name} ${value} ${descriptor.unit} ${JSON.stringify(attributes)}`);
    }
  }
}
await provider.shutdown();
