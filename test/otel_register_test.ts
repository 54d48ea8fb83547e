/** The instruments on the real SDK of OpenTelemetry: what it collects, and that nothing holds it up. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Attributes, ValueType } from "@opentelemetry/api";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  MetricReader,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { openMeter } from "../mod.ts";
import { HypomnesisError } from "../lib/errors.ts";
import { encodeReading } from "../lib/otel/encode.ts";
import {
  type AskedMeter as Asked,
  type CollectOptions,
  INSTRUMENTS,
  memoryProducer,
  registerInstruments,
  SCHEMA_URL,
} from "../lib/otel/mod.ts";
import { ownPid } from "../lib/own_process.ts";
import type { LocalRequest, ReplyTo, Request } from "../lib/protocol.ts";
import { TelemetryBoard } from "../lib/telemetry/board.ts";
import {
  aDevice,
  aFailure,
  aGpuProcess,
  aGpuReply,
  aMemoryReply,
  aProcessMemory,
} from "../lib/testing.ts";
import { VERSION } from "../lib/version.ts";
import { aFullReading } from "./support/metrics_reading.ts";
import { OtlpReceiver, type ReceivedRequest } from "./support/otlp_receiver.ts";
import { repositoryFile, runScript } from "./support/run_script.ts";

/** Collects when it is told to. */
class Collector extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

type AnyRequest = Request | LocalRequest;

/** A meter that answers as it is told, and counts. */
function fakeMeter(
  reply: (request: AnyRequest) => unknown = usual,
): Asked & { readonly asked: AnyRequest[] } {
  const asked: AnyRequest[] = [];
  return {
    asked,
    telemetry: new TelemetryBoard(),
    ask: async <R extends AnyRequest>(request: R): Promise<ReplyTo<R["kind"]>> => {
      asked.push(request);
      return await reply(request) as ReplyTo<R["kind"]>;
    },
  };
}

const FULL = aFullReading();

/** What a machine with one GPU and one process on it answers. */
function usual(request: AnyRequest): unknown {
  if (request.kind === "gpu") {
    return aGpuReply({
      devices: FULL.gpu!.devices,
      processes: [aGpuProcess({ pid: 11, usedBytes: 100 })],
      listedDevices: [0],
    });
  }
  assert.equal(request.kind, "memory");
  const { pids, system } = request as Extract<Request, { kind: "memory" }>;
  return aMemoryReply({
    processes: pids.map((pid) =>
      aProcessMemory({ pid, name: "python", rssBytes: 300, swapBytes: 5 })
    ),
    system: system ? FULL.system : null,
  });
}

interface Way {
  /** Through the instruments of a meter, or as a producer beside them. */
  readonly through?: "instruments" | "producer";
  readonly temporality?: AggregationTemporality;
}

/** Collects with the real SDK, for as long as `action` takes. */
async function collecting(
  meter: Asked,
  options: CollectOptions,
  action: (collect: () => Promise<Collected>, registration: Disposable | null) => Promise<void>,
  { through = "instruments", temporality = AggregationTemporality.CUMULATIVE }: Way = {},
): Promise<void> {
  const reader = new Collector({
    aggregationTemporalitySelector: () => temporality,
    metricProducers: through === "producer" ? [memoryProducer(meter, options)] : [],
  });
  const provider = new MeterProvider({ readers: [reader] });
  const otelMeter = provider.getMeter("hypomnesis", "1", { schemaUrl: SCHEMA_URL });
  const registration = through === "producer"
    ? null
    : registerInstruments(otelMeter, meter, options);
  try {
    await action(async () => {
      const { resourceMetrics, errors } = await reader.collect();
      assert.deepEqual(errors, []);
      return collected(resourceMetrics);
    }, registration);
  } finally {
    await provider.shutdown();
  }
}

/** The SDK keeps what was not observed again, unless it exports differences. */
const DELTA: Way = { temporality: AggregationTemporality.DELTA };

type Collected = ReadonlyMap<string, readonly { value: number; attributes: Attributes }[]>;

/** What was collected, by name, each held to its instrument. */
function collected({ scopeMetrics }: ResourceMetrics): Collected {
  const found = new Map<string, { value: number; attributes: Attributes }[]>();
  for (const { scope, metrics } of scopeMetrics) {
    assert.deepEqual([scope.name, scope.schemaUrl], ["hypomnesis", SCHEMA_URL]);
    for (const metric of metrics) {
      const { name, unit, description, valueType } = metric.descriptor;
      const instrument = INSTRUMENTS.find((instrument) => instrument.name === name);
      assert.ok(instrument, name);
      assert.deepEqual([unit, description], [instrument.unit, instrument.description]);
      const type = instrument.type === "int" ? ValueType.INT : ValueType.DOUBLE;
      assert.equal(valueType, type, name);
      const kind = metric.dataPointType === DataPointType.GAUGE
        ? "gauge"
        : metric.dataPointType === DataPointType.SUM && metric.isMonotonic
        ? "counter"
        : "updowncounter";
      assert.equal(kind, instrument.kind, name);
      const points = metric.dataPoints as DataPoint<number>[];
      if (points.length > 0) {
        found.set(name, points.map(({ value, attributes }) => ({ value, attributes })));
      }
    }
  }
  return found;
}

const values = (found: Collected, name: string) =>
  (found.get(name) ?? []).map(({ value }) => value);

/** States of sources that are the case: `nvml ok`. */
const states = (found: Collected) =>
  (found.get("hmn.source.state") ?? []).filter(({ value }) => value === 1)
    .map(({ attributes }) => `${attributes["hmn.source.name"]} ${attributes["hmn.source.state"]}`);

const ofGpus = (found: Collected) => [...found.keys()].filter((name) => /^hw\.|gpu/.test(name));

for (const through of ["instruments", "producer"] as const) {
  describe(`one collection, ${through}`, () => {
    it("takes one reading, and has every name, unit, value and attribute", async () => {
      const meter = fakeMeter();
      meter.telemetry.report({ allocatedBytes: 3, reservedBytes: 4, peakBytes: 4, pid: 11 });
      await collecting(meter, { pids: [11] }, async (collect) => {
        const found = await collect();
        assert.deepEqual([...found.keys()], INSTRUMENTS.map(({ name }) => name));
        assert.deepEqual(meter.asked.map(({ kind }) => kind).sort(), ["gpu", "memory", "memory"]);
        assert.deepEqual(found.get("hw.gpu.memory.usage"), [{
          value: 250,
          attributes: {
            "hw.id": "GPU-aa",
            "hw.name": "NVIDIA H200",
            "hw.vendor": "NVIDIA",
            "hw.driver_version": "570.1",
          },
        }]);
        assert.deepEqual(found.get("process.memory.usage"), [{
          value: 300,
          attributes: { "process.pid": 11, "process.executable.name": "python" },
        }]);
        assert.deepEqual(values(found, "hmn.allocator.usage"), [0.75]);
        assert.deepEqual(states(found), ["proc ok", "nvml ok"]);
        await collect();
        assert.equal(meter.asked.length, 6);
      }, { through });
    });

    it("has nothing of before, once a GPU is lost or a process has ended", async () => {
      let hasEnded = false;
      const meter = fakeMeter((request) => {
        if (!hasEnded) return usual(request);
        if (request.kind !== "gpu") return aMemoryReply({ system: FULL.system });
        const failure = aFailure({ code: "driver_failed", source: "nvml" });
        return aGpuReply({
          devices: [aDevice({ uuid: "GPU-aa", state: "lost", usedBytes: null, totalBytes: null })],
          failures: [failure],
        });
      });
      await collecting(
        meter,
        { pids: [11] },
        async (collect) => {
          const before = await collect();
          assert.equal(ofGpus(before).length > 10, true);
          hasEnded = true;
          const after = await collect();
          assert.deepEqual(ofGpus(after), ["hw.status"]);
          assert.equal(after.has("process.memory.usage"), false);
          assert.equal(after.has("system.memory.usage"), true);
        },
        through === "producer" ? { through } : DELTA,
      );
    });

    it("measures this machine", async () => {
      await using meter = openMeter({ sources: ["proc"] });
      await collecting(meter, { pids: [ownPid()] }, async (collect) => {
        const found = await collect();
        const [rss] = values(found, "process.memory.usage");
        assert.ok(rss! > 2 ** 20, String(rss));
        const [used, free] = values(found, "system.memory.usage");
        const [total] = values(found, "system.memory.limit");
        assert.ok(used! > 0 && free! > 0 && used! + free! <= total!);
        assert.equal(states(found).includes("proc ok"), true);
      }, { through });
    });
  });

  describe(`a driver that hangs, ${through}`, () => {
    it("costs a collection its deadline, and no more than its own numbers", async () => {
      let isHung = false;
      const meter = fakeMeter((request) =>
        request.kind === "gpu" && isHung ? new Promise(() => {}) : usual(request)
      );
      await collecting(
        meter,
        { deadlineMs: 200 },
        async (collect) => {
          assert.equal(ofGpus(await collect()).length > 10, true);
          isHung = true;
          for (let i = 0; i < 2; i++) {
            const startMs = performance.now();
            const found = await collect();
            const tookMs = performance.now() - startMs;
            assert.ok(tookMs > 150 && tookMs < 5_000, `${tookMs} ms`);
            assert.deepEqual(ofGpus(found), []);
            assert.equal(values(found, "system.memory.limit").length, 1);
            if (through === "producer") {
              assert.deepEqual(found.get("hmn.probe.answered"), [
                { value: 1, attributes: { "hmn.lane": "system" } },
                { value: 0, attributes: { "hmn.lane": "driver" } },
              ]);
            }
            assert.equal(found.get("hmn.probe.duration")!.length, 1);
          }
        },
        through === "producer" ? { through } : DELTA,
      );
    });

    it("is told by the state of its source, as soon as the meter knows", async () => {
      const failure = aFailure({ code: "hung", source: "nvml" });
      let isHung = false;
      const meter = fakeMeter((request) => {
        if (request.kind !== "gpu" || !isHung) return usual(request);
        throw new HypomnesisError("hung", failure.message, { source: "nvml", failures: [failure] });
      });
      await collecting(meter, {}, async (collect) => {
        assert.deepEqual(states(await collect()), ["proc ok", "nvml ok"]);
        isHung = true;
        const found = await collect();
        assert.deepEqual(states(found), ["proc ok", "nvml hung"]);
        assert.deepEqual(found.get("hmn.source.hangs"), [
          { value: 0, attributes: { "hmn.source.name": "proc" } },
          { value: 1, attributes: { "hmn.source.name": "nvml" } },
        ]);
        if (through === "producer") assert.deepEqual(ofGpus(found), []);
        isHung = false;
        assert.deepEqual(states(await collect()), ["proc ok", "nvml ok"]);
      }, { through });
    });

    it("of which nothing at all answers leaves that to be seen", async () => {
      const dead = fakeMeter(() => new Promise(() => {}));
      await collecting(dead, { deadlineMs: 100, pids: [11] }, async (collect) => {
        const found = await collect();
        assert.deepEqual([...found.keys()], ["hmn.probe.answered"]);
        assert.deepEqual(values(found, "hmn.probe.answered"), [0, 0]);
      }, { through });
      const closed = fakeMeter(() => {
        throw new HypomnesisError("closed", "Cannot ask a closed meter: open a new one");
      });
      await collecting(closed, {}, async (collect) => {
        assert.deepEqual(values(await collect(), "hmn.probe.answered"), [0, 0]);
      }, { through });
    });
  });
}

it("a registration ends when it is disposed of, and the meter stays open", async () => {
  const meter = fakeMeter();
  await collecting(meter, {}, async (collect, registration) => {
    await collect();
    const before = meter.asked.length;
    registration![Symbol.dispose]();
    const found = await collect();
    assert.deepEqual([...found.keys()], []);
    assert.equal(meter.asked.length, before);
  }, DELTA);
});

describe("exporters", () => {
  it("get it from a reader that exports by itself", async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 });
    const provider = new MeterProvider({ readers: [reader] });
    registerInstruments(
      provider.getMeter("hypomnesis", "1", { schemaUrl: SCHEMA_URL }),
      fakeMeter(),
    );
    await provider.forceFlush();
    await provider.shutdown();
    const found = collected(exporter.getMetrics()[0]!);
    assert.deepEqual(values(found, "hw.gpu.memory.limit"), [1000]);
  });

  for (const through of ["instruments", "producer"] as const) {
    it(`of OpenTelemetry send the same as our own push, ${through}`, async () => {
      const receiver = await OtlpReceiver.start({ looseIntegers: true });
      const exporter = new OTLPMetricExporter({ url: `${receiver.url}/v1/metrics` });
      const meter = fakeMeter();
      const reader = new PeriodicExportingMetricReader({
        exporter,
        exportIntervalMillis: 60_000,
        metricProducers: through === "producer" ? [memoryProducer(meter, { pids: [11] })] : [],
      });
      const provider = new MeterProvider({ readers: [reader] });
      if (through === "instruments") {
        const otelMeter = provider.getMeter("hypomnesis", VERSION, { schemaUrl: SCHEMA_URL });
        registerInstruments(otelMeter, meter, { pids: [11] });
      }
      try {
        await provider.forceFlush();
        const nowMs = Date.now();
        const body = encodeReading(
          {
            ...FULL,
            // Behind the export, whose clock is another.
            atMs: nowMs + 60_000,
            allocators: [],
            gpu: {
              ...FULL.gpu!,
              processes: [aGpuProcess({ pid: 11, usedBytes: 100 })],
              listedDevices: [0],
            },
            processes: [aProcessMemory({ pid: 11, name: "python", rssBytes: 300, swapBytes: 5 })],
          },
          { resource: {}, startMs: nowMs, monitored: { pids: [11] } },
        );
        const headers = { "content-type": "application/json" };
        await fetch(`${receiver.url}/v1/metrics`, { method: "POST", headers, body });
        // What tells of the run itself differs.
        const isOfRun = ({ name }: { readonly name: string }) =>
          /^hmn\.(?:probe|source)\./.test(name);
        const shown = ({ points }: ReceivedRequest) =>
          points.filter((point) => !isOfRun(point))
            .map(({ timeUnixNano: _t, startTimeUnixNano: _s, ...point }) => point);
        const [theirs, ours] = receiver.requests;
        assert.deepEqual(shown(theirs!), shown(ours!));
        assert.equal(shown(theirs!).length > 30, true);
        assert.deepEqual(theirs!.scope, ours!.scope);
        assert.deepEqual(receiver.problems, []);
      } finally {
        await provider.shutdown();
        await receiver.close();
      }
    });
  }
});

it("the example prints what a program's own OpenTelemetry collects", async () => {
  const denoFlags = ["-A", "--no-check", "--config", repositoryFile("deno.json")];
  const end = await runScript(repositoryFile("examples/otel.ts"), { denoFlags });
  assert.equal(end.code, 0, end.stderr);
  assert.match(end.stdout, /^process\.memory\.usage \d+ By \{"process\.pid":\d+/m);
  assert.match(end.stdout, /^hmn\.probe\.answered [01] 1 \{"hmn\.lane":"driver"\}$/m);
});

it("options that can't be used are refused before anything is registered", () => {
  const provider = new MeterProvider();
  const otelMeter = provider.getMeter("hypomnesis");
  const refused = (options: CollectOptions) => () =>
    registerInstruments(otelMeter, fakeMeter(), options);
  assert.throws(refused({ deadlineMs: 0 }), /^RangeError: Cannot collect within 0 ms:/);
  assert.throws(refused({ pids: [1.5] }), /^RangeError: Cannot monitor process 1.5:/);
  assert.throws(refused({ maxProcesses: NaN }), /^RangeError: Cannot monitor NaN processes:/);
});
