/** Asks one lane for its part of an answer. */
import type { DeviceNumbers } from "./device_numbers.ts";
import type { Failure } from "./errors.ts";
import type { LaneAnswer } from "./isolation/lane.ts";
import type { Settings } from "./options.ts";
import type { ElementaryReply, ElementaryRequest, FailureReply } from "./protocol.ts";
import { type Lane, type SourceName, sourcesOf } from "./sources.ts";

/** Asks one lane; never rejects. */
export type AskLane = (lane: Lane, request: ElementaryRequest) => Promise<LaneAnswer>;

/** Everything {@linkcode Meter.ask} needs, in one value. */
export interface Composer {
  readonly askLane: AskLane;
  readonly settings: Settings;
  /** The numbers that the GPUs have had. */
  readonly numbers: DeviceNumbers;
}

/** One lane's part of an answer, and what failed. */
export interface Part<R> {
  readonly part: R | null;
  readonly failures: readonly Failure[];
}

/** Asks one lane, unless its sources are all switched off. */
export async function askPart<R extends Exclude<ElementaryReply, FailureReply>>(
  { askLane, settings }: Composer,
  lane: Lane,
  request: ElementaryRequest,
): Promise<Part<R>> {
  const sources = sourcesOf(lane);
  if (request.kind !== "ping" && !sources.some((name) => settings.sources.includes(name))) {
    return { part: null, failures: sources.map(switchedOff) };
  }
  const { reply, failures } = await askLane(lane, request);
  if (reply === null) return { part: null, failures };
  if (reply.kind === "failure") return { part: null, failures: [...failures, reply.failure] };
  return { part: reply as R, failures };
}

/** The failure of a source that the caller left out. */
export function switchedOff(source: SourceName): Failure {
  return {
    code: "absent",
    source,
    message: `Cannot ask ${source}: it is switched off by the list of sources`,
  };
}
