/** Metrics of the program itself and of its sources: what stays when the numbers of a source are gone. */
import { FAILURES } from "../failures.ts";
import { ownRuntime } from "../own_process.ts";
import type { SourceState } from "../reading/source_states.ts";
import { VERSION } from "../version.ts";
import { type Family, gauges, type Measure, stateSamples } from "./family.ts";
import type { View } from "./view.ts";

const STATES: readonly string[] = ["ok", ...Object.keys(FAILURES)];

const SOURCE_MEASURES: readonly Measure<SourceState>[] = [
  {
    name: "hmn_source_up",
    unit: null,
    help: "1 where the source answered when it was last asked, 0 where it failed.",
    value: ({ state }) => state === "ok" ? 1 : 0,
  },
  {
    name: "hmn_last_success_timestamp_seconds",
    unit: "seconds",
    help: "When the source last told a number.",
    value: ({ lastSuccessMs }) => lastSuccessMs === null ? null : lastSuccessMs / 1000,
  },
];

/** Everything about the program and its sources. */
export const SOURCE_FAMILIES: readonly Family[] = [
  {
    name: "hmn_build_info",
    type: "info",
    unit: null,
    help: "Version of hypomnesis and of the runtime it runs on.",
    samples: () => {
      const [runtime = null, runtime_version = null] = ownRuntime().split(" ");
      return [{ labels: { version: VERSION, runtime, runtime_version }, value: 1 }];
    },
  },
  ...gauges(SOURCE_MEASURES, sourcesOf, sourceLabels),
  {
    name: "hmn_source_state",
    type: "stateset",
    unit: null,
    help: "How the source does: ok, or the code of its failure.",
    samples: (view) =>
      sourcesOf(view).flatMap((source) =>
        stateSamples("hmn_source_state", sourceLabels(source), STATES, source.state)
      ),
  },
  {
    name: "hmn_probe_hangs_total",
    type: "counter",
    unit: null,
    help: "How often the source ceased to answer because a call hung.",
    samples: (view) =>
      sourcesOf(view).map((source) => ({ labels: sourceLabels(source), value: source.hangs })),
  },
  {
    name: "hmn_probe_duration_seconds",
    type: "gauge",
    unit: "seconds",
    help: "How long each lane took to answer; absent where it did not.",
    samples: ({ reading }) =>
      Object.entries(reading.probeMs).map(([lane, ms]) => ({
        labels: { lane },
        value: ms === null ? null : ms / 1000,
      })),
  },
  {
    name: "hmn_memory_alarm",
    type: "gauge",
    unit: null,
    help:
      "1 where a GPU or a slice, the RAM, the limit of the container or an allocator is above 90 percent.",
    samples: ({ reading: { hasMemoryAlarm } }) => [
      { labels: {}, value: hasMemoryAlarm === null ? null : Number(hasMemoryAlarm) },
    ],
  },
];

function sourcesOf({ reading }: View): readonly SourceState[] {
  return reading.sources;
}

function sourceLabels({ source }: SourceState) {
  return { source };
}
