/** Native calls that answer with a status, each told of: to the doctor, or as a raw value for debugging. */
import type { Host } from "../host/host.ts";

/** Told of each call: the C function or method, what it answered by name, how long it took. */
export type OnCall = (name: string, outcome: string, durationMs: number) => void;

/** Makes a call and gives its status as an unsigned number. */
export type Call = (name: string, call: () => number) => number;

/** How calls are made where statuses are named by `nameOf`. */
export function toldCalls(
  host: Host,
  nameOf: (status: number) => string,
  onCall: OnCall | null,
): Call {
  if (onCall === null) return (_name, call) => call() >>> 0;
  return (name, call) => {
    const startMs = host.now();
    const status = call() >>> 0;
    onCall(name, nameOf(status), host.now() - startMs);
    return status;
  };
}

/** Tells of each call of a source in the raw values of `HMN_DEBUG`. */
export function debugCalls(host: Host, source: string): OnCall {
  return (name, outcome, ms) =>
    host.debug(() => `${source} ${name}: ${outcome}, ${ms.toFixed(3)} ms`);
}
