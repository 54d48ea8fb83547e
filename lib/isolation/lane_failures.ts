/** What a lane tells its caller when a source did not answer. Pure. */
import type { Failure } from "../errors.ts";
import { type SourceName, SOURCES } from "../sources.ts";
import type { Confinement } from "./quarantine.ts";
import type { Outcome } from "./outcome.ts";

/** The source is left alone for a while. */
export function confinedFailure(source: SourceName, held: Confinement, nowMs: number): Failure {
  const retryInMs = held.untilMs === Infinity ? null : Math.ceil(held.untilMs - nowMs);
  const when = retryInMs === null
    ? "it is not tried again"
    : `it is tried again in ${(retryInMs / 1000).toFixed(retryInMs < 10_000 ? 1 : 0)} s`;
  return {
    code: held.code,
    source,
    message: `Cannot ask ${source}: ${held.detail}, and ${when}`,
    retryInMs,
  };
}

/** A worker that can't be ended sits in the source. */
export function barredFailure(source: SourceName, bar: string): Failure {
  return { code: "hung", source, message: `Cannot ask ${source}: ${bar}`, retryInMs: null };
}

/** The source is past its soft budget. */
export function slowFailure(source: SourceName, detail: string): Failure {
  return { code: "slow", source, message: `Cannot read ${source} in time: ${detail}` };
}

/** The meter was closed. */
export function closedFailure(): Failure {
  return { code: "closed", source: null, message: "Cannot ask a closed meter: open a new one" };
}

/** What an outcome without a reply means to the caller. */
export function failureOf(outcome: Exclude<Outcome, { kind: "reply" }>): Failure {
  if (outcome.kind === "slow") {
    return slowFailure(outcome.source, "the call has not returned and is left running");
  }
  const { source, code, detail } = outcome;
  if (source === null) {
    return { code, source, message: `Cannot start the worker that probes: ${detail}` };
  }
  const doing = SOURCES[source].reads;
  return code === "hung"
    ? { code, source, message: `Cannot read ${source} (${doing}): it hung, ${detail}` }
    : { code, source, message: `Cannot read ${source} (${doing}): the worker died of ${detail}` };
}
