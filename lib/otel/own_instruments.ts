/** The instruments of the measuring itself: what stays when the numbers of a source are gone. */
import type { FailureCode } from "../failures.ts";
import { type Instrument, known, stateSeries } from "./instrument.ts";

const LANES = ["system", "driver"] as const;

/** What a source can be in. Another state is told all the same, when it is the case. */
const STATES: readonly ("ok" | FailureCode)[] = [
  "ok",
  "permission_denied",
  "driver_failed",
  "bad_value",
  "hung",
  "slow",
  "crashed",
  "absent",
  "not_supported",
  "worker_failed",
];

/** The instruments of the measuring. */
export const OWN_INSTRUMENTS: readonly Instrument[] = [
  {
    name: "hmn.probe.answered",
    kind: "updowncounter",
    unit: "1",
    type: "int",
    description: "1 where the lane answered this reading in time, else 0",
    attributes: ["hmn.lane"],
    observations: ({ probeMs }) =>
      LANES.map((lane) => ({
        value: probeMs[lane] === null ? 0 : 1,
        attributes: { "hmn.lane": lane },
      })),
  },
  {
    name: "hmn.probe.duration",
    kind: "gauge",
    unit: "s",
    type: "double",
    description: "Time that the lane took to answer this reading",
    attributes: ["hmn.lane"],
    observations: ({ probeMs }) =>
      LANES.flatMap((lane) => {
        const ms = probeMs[lane];
        return ms === null ? [] : known(ms / 1_000, { "hmn.lane": lane });
      }),
  },
  {
    name: "hmn.source.state",
    kind: "updowncounter",
    unit: "1",
    type: "int",
    description: "1 for the state that the source is in, 0 for the others",
    attributes: ["hmn.source.name", "hmn.source.state"],
    observations: ({ sources }) =>
      sources.flatMap(({ source, state }) =>
        stateSeries("hmn.source.state", STATES, state, { "hmn.source.name": source })
      ),
  },
  {
    name: "hmn.source.hangs",
    kind: "counter",
    unit: "{hang}",
    type: "int",
    description: "How often the source ceased to answer because a call hung",
    attributes: ["hmn.source.name"],
    observations: ({ sources }) =>
      sources.flatMap(({ source, hangs }) => known(hangs, { "hmn.source.name": source })),
  },
  {
    name: "hmn.source.last_success.age",
    kind: "gauge",
    unit: "s",
    type: "double",
    description: "Time since the source last told a number",
    attributes: ["hmn.source.name"],
    observations: ({ sources, atMs }) =>
      sources.flatMap(({ source, lastSuccessMs }) =>
        lastSuccessMs === null
          ? []
          : known(Math.max(0, atMs - lastSuccessMs) / 1_000, { "hmn.source.name": source })
      ),
  },
  {
    name: "hmn.memory.alarm",
    kind: "gauge",
    unit: "1",
    type: "int",
    description: "1 where an allocator, a GPU, RAM or the container is above 90 %, else 0",
    attributes: [],
    observations: ({ hasMemoryAlarm }) =>
      hasMemoryAlarm === null ? [] : known(hasMemoryAlarm ? 1 : 0),
  },
];
