/** Which sources answer, and when that changes: the "job health" of a session. */
import { sourcesOfDevice } from "../device_sources.ts";
import type { Failure } from "../errors.ts";
import { ramSource } from "../system.ts";
import type { SessionTick } from "./tick.ts";

/** A source that began or ceased to answer. */
export interface HealthChange {
  readonly source: string;
  /** A failure's code, or `ok`. */
  readonly state: string;
  readonly message: string;
}

/** Remembers the state of each source. */
export class Health {
  readonly #states = new Map<string, string>();

  /** The sources, each with `ok` or a failure's code. */
  get states(): ReadonlyMap<string, string> {
    return this.#states;
  }

  /** Takes a tick; what has changed. The first tick tells everything that does not answer. */
  observe({ gpus, system, failures }: SessionTick): readonly HealthChange[] {
    const answered = new Set<string>([
      ...(system === null ? [] : [ramSource()]),
      ...(gpus ?? []).flatMap(({ device }) => device === null ? [] : sourcesOfDevice(device)),
    ]);
    const failed = new Map<string, Failure>();
    for (const failure of failures) {
      const source = failure.source ?? "hmn";
      // A library that is not on this machine is no patient.
      if (failure.code !== "absent" && !failed.has(source)) failed.set(source, failure);
    }
    const changes: HealthChange[] = [];
    for (const [source, { code, message }] of failed) {
      if (this.#states.get(source) === code) continue;
      this.#states.set(source, code);
      changes.push({ source, state: code, message });
    }
    // A late answer blames nobody; it is over when nothing is late.
    const isQuiet = (source: string) => source === "hmn" ? true : answered.has(source);
    for (const [source, state] of this.#states) {
      if (state === "ok" || failed.has(source) || !isQuiet(source)) continue;
      this.#states.set(source, "ok");
      const message = source === "hmn"
        ? "Every answer comes in time again"
        : `${source} answers again`;
      changes.push({ source, state: "ok", message });
    }
    for (const source of answered) {
      if (!this.#states.has(source)) this.#states.set(source, "ok");
    }
    return changes;
  }
}
