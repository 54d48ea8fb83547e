/** What each target holds at one tick. */
import type { GpuReply } from "../../protocol.ts";
import type { Bytes, ProcessMemory } from "../../records.ts";
import { swapOf } from "../../run/swap.ts";
import { type Holdings, holdings } from "../../snapshot.ts";
import type { SourceName } from "../../sources.ts";
import type { WatchedSample } from "../tick.ts";
import { cpuRatio } from "./own_cost.ts";
import type { Membership } from "./membership.ts";
import { COMMAND_TARGET, type Target } from "./targets.ts";

/** Sums up targets; keeps the CPU times of the last tick. */
export class WatchedTargets {
  readonly #targets: readonly Target[];
  readonly #membership: Membership;
  readonly #cpuMs = new Map<string, { elapsedMs: number; cpuMs: Map<number, number> }>();

  constructor(targets: readonly Target[], membership: Membership) {
    this.#targets = targets;
    this.#membership = membership;
  }

  get #names(): readonly Pick<Target, "name" | "kind">[] {
    const command = { name: COMMAND_TARGET, kind: "group" } as const;
    return this.#membership.hasCommand ? [...this.#targets, command] : this.#targets;
  }

  /** Nothing of them can be told. */
  unread(gap: string): readonly WatchedSample[] {
    return this.#names.map((target) => unreadSample(target, gap));
  }

  /** What they hold. `gpu` is `null` where the GPUs were not read; `searchGap` is why nobody is known yet. */
  observe(
    memory: ReadonlyMap<number, ProcessMemory>,
    gpu: GpuReply | null,
    elapsedMs: number,
    searchGap: string,
  ): readonly WatchedSample[] {
    const heldBy = gpu === null || gpu.devices.length === 0 ? null : holdings(gpu);
    return this.#names.map(({ name: target, kind }) => {
      if (!this.#membership.isKnown(target)) return unreadSample({ name: target, kind }, searchGap);
      const members = [...this.#membership.of(target)].flatMap((pid) => {
        const process = memory.get(pid);
        return process !== undefined && this.#membership.isSame(process) ? [process] : [];
      });
      const largest = members.reduce<ProcessMemory | null>(
        (most, one) => most === null || (one.rssBytes ?? 0) > (most.rssBytes ?? 0) ? one : most,
        null,
      );
      return {
        target,
        kind,
        pid: kind === "process" ? Number(target) : null,
        name: largest?.name ?? null,
        processCount: members.length,
        rssBytes: sum(members, ({ rssBytes }) => rssBytes),
        swapBytes: swapOf(members),
        ...heldBy === null ? NOT_TOLD : held(members, gpu!, heldBy),
        cpuRatio: this.#cpuRatio(target, members, elapsedMs),
        gap: null,
      };
    });
  }

  #cpuRatio(target: string, members: readonly ProcessMemory[], elapsedMs: number): number | null {
    const cpuMs = new Map(
      members.flatMap(({ pid, cpuTimeMs }) =>
        cpuTimeMs === null ? [] : [[pid, cpuTimeMs] as const]
      ),
    );
    const last = this.#cpuMs.get(target);
    this.#cpuMs.set(target, { elapsedMs, cpuMs });
    if (last === undefined) return null;
    if (members.length === 0) return 0;
    // A process that has just come into sight did not use all its time since the last tick.
    const known = new Map([...cpuMs].filter(([pid]) => last.cpuMs.has(pid)));
    return cpuRatio(last.cpuMs, known, elapsedMs - last.elapsedMs);
  }
}

function unreadSample({ name, kind }: Pick<Target, "name" | "kind">, gap: string): WatchedSample {
  return {
    target: name,
    kind,
    pid: kind === "process" ? Number(name) : null,
    name: null,
    processCount: null,
    rssBytes: null,
    swapBytes: null,
    ...NOT_TOLD,
    cpuRatio: null,
    gap,
  };
}

/** A kernel thread or a zombie has no resident memory: it adds nothing. */
function sum(
  members: readonly ProcessMemory[],
  of: (process: ProcessMemory) => Bytes,
): number {
  return members.reduce((bytes, member) => bytes + (of(member) ?? 0), 0);
}

type Vram = Pick<WatchedSample, "vramBytes" | "vramSource">;
const NOT_TOLD: Vram = { vramBytes: null, vramSource: null };

function held(members: readonly ProcessMemory[], gpu: GpuReply, heldBy: Holdings): Vram {
  let vramBytes = 0;
  let vramSource: SourceName | null = null;
  for (const device of gpu.devices) {
    for (const { pid } of members) {
      const part = heldBy(device, pid);
      if (part === null) return NOT_TOLD;
      vramBytes += part.bytes;
      // A sum drifts as soon as one part of it does.
      if (vramSource !== "pdh") vramSource = part.source;
    }
  }
  return { vramBytes, vramSource };
}
