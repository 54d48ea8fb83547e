/** How each source does, from answer to answer: what stays when its numbers are gone. */
import { sourcesOfDevice } from "../device_sources.ts";
import type { Failure, FailureCode } from "../failures.ts";
import type { GpuReply, MemoryReply } from "../protocol.ts";
import { SOURCE_NAMES, type SourceName, SOURCES } from "../sources.ts";
import { ramSource } from "../system.ts";

/** How one source does. */
export interface SourceState {
  readonly source: SourceName;
  /** It answered, or the code of its failure. */
  readonly state: "ok" | FailureCode;
  /** Why it does not answer; `null` where it does. */
  readonly message: string | null;
  /** Since when it is so, milliseconds since the epoch. */
  readonly sinceMs: number;
  /** When it last told a number; `null`: never. */
  readonly lastSuccessMs: number | null;
  /** How often it ceased to answer because a call hung. */
  readonly hangs: number;
}

/** One probe's answers; `null`: nothing came. */
export interface Answers {
  readonly gpu: GpuReply | null;
  readonly memory: MemoryReply | null;
  readonly failures: readonly Failure[];
}

/** Remembers the sources that were heard of. One that nobody needed says nothing, and is not among them. */
export class SourceStates {
  readonly #states = new Map<SourceName, SourceState>();

  /** Every source heard of, in their order. */
  get all(): readonly SourceState[] {
    return SOURCE_NAMES.flatMap((name) => this.#states.get(name) ?? []);
  }

  /** Takes a probe's answers, of the time `atMs`. */
  observe({ gpu, memory, failures }: Answers, atMs: number): void {
    const answered = new Set<SourceName>([
      ...(memory === null ? [] : systemSources(memory)),
      ...(gpu?.devices ?? []).flatMap(sourcesOfDevice),
      ...(gpu?.processes ?? []).map(({ source }) => source),
    ]);
    for (const source of SOURCE_NAMES) {
      const failure = gravest(failures.filter((failure) => failure.source === source));
      if (answered.has(source)) this.#put(source, null, atMs, atMs);
      else if (failure !== null) this.#put(source, failure, atMs, null);
      else if (this.#lostItsDevices(source, gpu)) this.#put(source, VANISHED, atMs, null);
      else if (this.#isLate(source, { gpu, memory })) this.#put(source, LATE, atMs, null);
    }
  }

  /** A driver that told of GPUs and now lists none, without a word, has lost them. */
  #lostItsDevices(source: SourceName, gpu: GpuReply | null): boolean {
    const hasTold = (this.#states.get(source)?.lastSuccessMs ?? null) !== null;
    return gpu?.devices.length === 0 && SOURCES[source].lane === "driver" && hasTold;
  }

  /** It answered until now, and its lane has not. What it failed with before says more. */
  #isLate(source: SourceName, { gpu, memory }: Pick<Answers, "gpu" | "memory">): boolean {
    const answer = SOURCES[source].lane === "driver" ? gpu : memory;
    return answer === null && this.#states.get(source)?.state === "ok";
  }

  #put(
    source: SourceName,
    failure: Pick<Failure, "code" | "message"> | null,
    atMs: number,
    successMs: number | null,
  ): void {
    const before = this.#states.get(source);
    const state = failure?.code ?? "ok";
    const isNew = before?.state !== state;
    this.#states.set(source, {
      source,
      state,
      message: failure?.message ?? null,
      sinceMs: isNew ? atMs : before.sinceMs,
      lastSuccessMs: successMs ?? before?.lastSuccessMs ?? null,
      hangs: (before?.hangs ?? 0) + (isNew && state === "hung" ? 1 : 0),
    });
  }
}

const VANISHED = {
  code: "driver_failed",
  message: "Cannot see a GPU any more: the driver listed some before, and now lists none",
} as const;

const LATE = {
  code: "slow",
  message: "Cannot tell this time: no answer came before the reading was over",
} as const;

function systemSources({ system, processes }: MemoryReply): readonly SourceName[] {
  return system !== null || processes.length > 0 ? [ramSource()] : [];
}

/** That a library is not here says less than anything else about it. */
function gravest(failures: readonly Failure[]): Failure | null {
  return failures.find(({ code }) => code !== "absent") ?? failures[0] ?? null;
}
